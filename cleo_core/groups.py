"""Groups: which group of a queue goes next, what each may do, and what would happen under other rules."""

from __future__ import annotations

import json
from collections.abc import Mapping
from enum import Enum, StrEnum
from typing import Annotated, Any, Final, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError, field_serializer

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption
from cleo_core.governing import SLICE, govern
from cleo_core.group_rows import group_of, page_of_groups
from cleo_core.models import (
    GroupInfo,
    GroupOrder,
    GroupPage,
    GroupRules,
    GroupStrategy,
    TaskState,
    TaskSummary,
)
from cleo_core.names import check_name
from cleo_core.queues import QueueManager, clamp
from cleo_core.rate_limit import RateLimit
from cleo_core.records import summary_of
from cleo_core.tasks.backoff import Backoff
from cleo_core.tasks.handle import TaskHandle
from cleo_core.tasks.options import MAX_KEPT

MAX_PREVIEW = 200

E = TypeVar("E", bound=StrEnum)


class Unset(Enum):
    """Says that a setting is left as it is; ``None`` takes it away, so that the default holds."""

    UNSET = "unset"


UNSET: Final = Unset.UNSET


class _Settings(BaseModel):
    """The settings of a group, or of all groups of a queue that have none of their own."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    concurrency: Annotated[int, Field(ge=1, le=1_000_000)] | None = None
    weight: Annotated[float, Field(ge=0.001, le=1_000_000, allow_inf_nan=False)] | None = None
    priority: Annotated[int, Field(ge=-1_000, le=1_000)] | None = None
    order: GroupOrder | None = None
    rate_limit: RateLimit | None = None
    paused: bool | None = None


class _Options(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")

    max_retries: Annotated[int, Field(ge=0, le=1_000)] | None = None
    backoff: Backoff | None = None
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    retention: Annotated[int, Field(ge=0, le=MAX_KEPT)] | None = None
    max_deliveries: Annotated[int, Field(ge=1)] | None = None
    dead_retention: Annotated[int, Field(ge=60, le=MAX_KEPT)] | None = None

    @field_serializer("backoff")
    def _backoff(self, backoff: Backoff | None) -> dict[str, Any] | None:
        return backoff.model_dump() if backoff is not None else None


class TaskGroup:
    """The groups of a namespace's queues. Every call raises ``ServerError`` when the server can't be used as it is.

    A group is a name that tasks of a queue share: a tenant, a video, a customer. It needs no making. Tasks without a
    group are in the group with the empty name, which is like any other.
    """

    def __init__(self, backend: Backend, queues: QueueManager) -> None:
        self._backend = backend
        self._queues = queues

    async def add_task(
        self, queue: str, group: str, name: str, arguments: Mapping[str, Any] | None = None, /, **options: Any
    ) -> TaskHandle[Any]:
        """Store a task by name in a group; as ``queues.add``."""
        return await self._queues.add(queue, name, arguments, **{**options, "group": group})

    # --- rules that all groups share -----------------------------------------------------------------

    async def set_strategy(
        self, queue: str, strategy: GroupStrategy | str, *, order: GroupOrder | str | None = None
    ) -> bool:
        """Change how the groups take turns, and with ``order`` how each group's tasks do, unless it has its own.
        Audited.

        No task is moved and no worker waits. When the call returns, the new order holds exactly; meanwhile claims
        follow the new order among the groups that were reached, and no limit is broken. If the call is cut short, the
        workers complete the change. With another strategy the turns begin anew: no group owes any or is owed any. False
        if all was so already.

        Raises:
            InvalidOption: there is no such strategy or order.
        """
        fields = {"strategy": _one_of(GroupStrategy, "strategy", strategy).value}
        if order is not None:
            fields["order"] = _one_of(GroupOrder, "order", order).value
        return await govern(self._backend, queue, "set strategy", "ring", fields)

    async def set_order(self, queue: str, order: GroupOrder | str) -> bool:
        """Change in which order the tasks of each group are taken that has no order of its own. As ``set_strategy``."""
        return await govern(
            self._backend, queue, "set order", "ring", {"order": _one_of(GroupOrder, "order", order).value}
        )

    async def set_defaults(
        self,
        queue: str,
        *,
        concurrency: int | Unset | None = UNSET,
        weight: float | Unset | None = UNSET,
        rate_limit: RateLimit | str | tuple[int, float] | Unset | None = UNSET,
        **options: Any,
    ) -> bool:
        """Limits and options that hold for each group which has none of its own, known now or not. Audited.

        As ``configure``; so each of many tenants may have at most 3 running tasks, without naming any.
        """
        given = _given(concurrency=concurrency, weight=weight, rate_limit=rate_limit)
        fields = {f"each_{name}": value for name, value in _fields(given).items()}
        if options:
            fields["each_options"] = _changes(options)
        return await govern(self._backend, queue, "set defaults", "throttled", fields)

    async def rules(self, queue: str) -> GroupRules:
        """What all groups of the queue share."""
        return (await self.list(queue, limit=1)).rules

    # --- one group -----------------------------------------------------------------------------------

    async def configure(
        self,
        queue: str,
        group: str,
        *,
        concurrency: int | Unset | None = UNSET,
        weight: float | Unset | None = UNSET,
        priority: int | Unset | None = UNSET,
        rate_limit: RateLimit | str | tuple[int, float] | Unset | None = UNSET,
        order: GroupOrder | str | Unset | None = UNSET,
        paused: bool | Unset | None = UNSET,
        **options: Any,
    ) -> bool:
        """Change a group's settings. What is not named stays; ``None`` takes a setting away. Audited, told as
        GROUP_CHANGE.

        Args:
            queue: the queue.
            group: the group; it needs no tasks.
            concurrency: how many of its tasks may run at once, from 1 on, counted by their leases.
            weight: its share beside other groups under ROUND_ROBIN and DYNAMIC, from 0.001 to 1,000,000; 1 unless set.
            priority: its rank under PRIORITY, from -1,000 to 1,000; 0 unless set.
            rate_limit: how many of its tasks are claimed in a time: ``"100/s"``, ``"60/m burst 10"``.
            order: in which order its tasks are taken.
            paused: whether workers leave it alone.
            options: ``max_retries``, ``backoff``, ``timeout``, ``retention``, ``max_deliveries``, ``dead_retention``:
            what
                its tasks do that don't say otherwise themselves.

        Returns:
            False if all was so already.

        Raises:
            InvalidName, InvalidOption: a name or value that can't be.
        """
        check_name("queue", queue)
        check_name("group", group, may_be_empty=True)
        fields = _fields(
            _given(
                concurrency=concurrency,
                weight=weight,
                priority=priority,
                rate_limit=rate_limit,
                order=order,
                paused=paused,
            )
        )
        if options:
            fields["options"] = _changes(options)
        return await self._configure(queue, group, "configure group", fields)

    async def pause(self, queue: str, group: str) -> bool:
        """Let no worker claim from the group; what runs goes on. False if it was paused already. Audited."""
        return await self._configure(queue, group, "pause group", {"paused": "1"})

    async def resume(self, queue: str, group: str) -> bool:
        """Let workers claim from the group again. False if it was not paused. Audited."""
        return await self._configure(queue, group, "resume group", {"paused": ""})

    async def set_priority(self, queue: str, group: str, priority: int) -> bool:
        """Set the group's rank under PRIORITY, from -1,000 to 1,000. Audited."""
        return await self.configure(queue, group, priority=priority)

    async def _configure(self, queue: str, group: str, action: str, fields: Mapping[str, str]) -> bool:
        check_name("queue", queue)
        check_name("group", group, may_be_empty=True)
        await self._backend.know_queue(queue)
        scripts = await self._backend.scripts()
        return await scripts.configure(queue, self._backend.actor, action, group, fields)

    # --- a look --------------------------------------------------------------------------------------

    async def get(self, queue: str, group: str) -> GroupInfo:
        """A group as it is now; one that nobody has used is idle, with the defaults of its queue."""
        scripts = await self._backend.scripts()
        check_name("group", group, may_be_empty=True)
        now, _, _, rules, rows = await scripts.groups(check_name("queue", queue), 0, 1, "", [group])
        return group_of(queue, now, rules, rows[0])

    async def list(self, queue: str, *, offset: int = 0, limit: int = 100, around: str | None = None) -> GroupPage:
        """A window onto the groups that have tasks or settings, those with most waiting tasks first.

        At most ``limit`` (up to 1,000) from ``offset``, or with the group ``around`` in the middle.
        """
        scripts = await self._backend.scripts()
        raw = await scripts.groups(check_name("queue", queue), max(0, offset), clamp(limit), around or "")
        return page_of_groups(queue, raw)

    async def find(self, queue: str, text: str, *, limit: int = 100) -> GroupPage:
        """Groups whose names contain a text, at most ``limit`` (up to 1,000). Looks at all groups, in small slices."""
        scripts = await self._backend.scripts()
        pattern = "*" + "".join(f"\\{c}" if c in "*?[]\\^-" else c for c in text) + "*"
        cursor, names = b"0", list[str]()
        while len(names) < clamp(limit):
            cursor, found = await scripts.find_groups(check_name("queue", queue), cursor, pattern, SLICE)
            names += (name.decode(errors="replace") for name in found)
            if cursor == b"0":
                break
        names = sorted(set(names))[: clamp(limit)]
        if not names:
            page = await self.list(queue, limit=1)
            return page.model_copy(update={"items": [], "total": 0, "offset": 0})
        page = page_of_groups(queue, await scripts.groups(queue, 0, 1, "", names))
        return page.model_copy(update={"total": len(names), "offset": 0})

    async def preview(
        self,
        queue: str,
        strategy: GroupStrategy | str | None = None,
        limit: int = 10,
        *,
        order: GroupOrder | str | None = None,
    ) -> list[TaskSummary]:
        """The next ``limit`` tasks (up to 200) that workers would claim now, in that order, if none ended meanwhile.

        With a strategy or an order: those that they would claim once it was set. It is the scheduler's own code, run on
        tables, so it is what would happen; nothing is changed. That the queue is paused or over its own rate limit is
        left out of account, for that changes not which tasks come next but when. Under other rules all groups are
        looked at, in small slices: of 100,000 groups that takes a second or two, and no call holds the server up.
        """
        check_name("queue", queue)
        if not 1 <= limit <= MAX_PREVIEW:
            raise InvalidOption(f"A preview shows from 1 to {MAX_PREVIEW} tasks, not {limit!r}.")
        scripts = await self._backend.scripts()
        supposed = _one_of(GroupStrategy, "strategy", strategy).value if strategy is not None else ""
        supposed_order = _one_of(GroupOrder, "order", order).value if order is not None else ""
        rules = await self.rules(queue)
        # What is so already is no change, and the turns go on; also under another order, unless it decides on them.
        anew = supposed not in {"", rules.strategy}
        by_sequence = (supposed or rules.strategy) in {GroupStrategy.FIFO, GroupStrategy.LIFO}
        groups: list[bytes] = []
        if anew or (by_sequence and supposed_order not in {"", rules.order}):
            groups = await self._first_groups(queue, supposed, supposed_order, limit)
        _, tasks = await scripts.preview(queue, supposed, supposed_order, limit, groups)
        summaries = (summary_of(queue, TaskState.WAITING, task, None) for task in tasks)
        return [summary for summary in summaries if summary is not None]

    async def _first_groups(self, queue: str, strategy: str, order: str, limit: int) -> list[bytes]:
        """The groups that would be first under other rules; one more than tasks are wanted is enough."""
        scripts = await self._backend.scripts()
        cursor, best = b"0", dict[bytes, float]()
        while True:
            cursor, found = await scripts.survey(queue, strategy, order, cursor, SLICE, limit + 1)
            best.update((group, score) for score, group in found)
            if len(best) > 4 * limit or cursor == b"0":
                best = dict(sorted(best.items(), key=lambda item: (item[1], item[0]))[: limit + 1])
            if cursor == b"0":
                return list(best)


def _one_of(kind: type[E], name: str, value: str) -> E:
    try:
        return kind(value.lower())
    except (ValueError, AttributeError):
        known = ", ".join(kind)
        raise InvalidOption(f"There is no {name} {value!r}. Choose one of {known}.") from None


def _given(**settings: Any) -> dict[str, Any]:
    return {name: value for name, value in settings.items() if value is not UNSET}


def _checked(model: type[BaseModel], values: dict[str, Any]) -> Any:
    try:
        return model.model_validate(values)
    except ValidationError as error:
        first = error.errors()[0]
        name = ".".join(str(part) for part in first["loc"][:1])
        if first["type"] == "extra_forbidden":
            raise InvalidOption(f"A group has no setting {name!r}. Check its spelling.") from None
        raise InvalidOption(f"The setting {name} can't be {first['input']!r}: {first['msg']}.") from None


def _fields(given: dict[str, Any]) -> dict[str, str]:
    """Settings as they are stored: texts, '' for what is taken away."""
    if given.get("rate_limit") is not None:
        given = {**given, "rate_limit": RateLimit.parse(given["rate_limit"])}
    if isinstance(given.get("order"), str):
        given = {**given, "order": _one_of(GroupOrder, "order", given["order"])}
    settings = _checked(_Settings, given)
    fields: dict[str, str] = {}
    for name in given:
        value = getattr(settings, name)
        if name == "rate_limit":
            fields |= RateLimit.fields(value)
        elif name == "paused":
            fields["paused"] = "1" if value else ""
        elif name == "weight":
            fields["weight"] = f"{value:.17g}" if value is not None else ""
        else:
            fields[name] = str(value) if value is not None else ""
    return fields


def _changes(options: dict[str, Any]) -> str:
    """Changes of options as the scripts take them: JSON, null for what is taken away."""
    checked = _checked(_Options, options)
    return json.dumps({name: checked.model_dump(mode="json")[name] for name in options}, sort_keys=True)
