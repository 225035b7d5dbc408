"""The options of a task: what is declared with it, and what travels with each call of it."""

from __future__ import annotations

from functools import lru_cache
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import from_json, to_json

from cleo_core.errors import InvalidOption
from cleo_core.headers import split_head
from cleo_core.models import TaskPriority
from cleo_core.names import check_name
from cleo_core.scripts import MAX_DELIVERIES
from cleo_core.tasks.backoff import Backoff

RECORD_VERSION = 1
MAX_DELAY = 86_400.0 * 365 * 10
MAX_KEPT = 86_400 * 365 * 10

Executor = Literal["thread", "process"]


class RunOptions(BaseModel):
    """What a worker needs to know to run a task. It travels with the task, so that a producer may set it a call.

    ``max_retries`` is how many attempts follow a failed first one, ``timeout`` bounds each attempt (None: no bound),
    ``retention`` how long the record is kept after success (None: the default of the ``Cleo``), ``max_deliveries``
    how many workers it may take down.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    v: Literal[1] = RECORD_VERSION
    max_retries: Annotated[int, Field(ge=0, le=1_000)] = 3
    backoff: Backoff = Backoff.exponential(1.0, maximum=300.0)
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    retention: Annotated[int, Field(ge=0, le=MAX_KEPT)] | None = None
    max_deliveries: Annotated[int, Field(ge=1)] = MAX_DELIVERIES

    def __hash__(self) -> int:
        """By value, as equality is; said here because frozen models' own is not known to type checkers."""
        return hash((self.max_retries, self.backoff, self.timeout, self.retention, self.max_deliveries))

    def head(self) -> bytes:
        """The options as they travel: JSON with the record's version and only what was said, be it the default."""
        return _write_head(self, frozenset(self.model_fields_set))


@lru_cache(maxsize=4096)
def _write_head(options: RunOptions, said: frozenset[str]) -> bytes:
    return to_json({"v": RECORD_VERSION, **options.model_dump(mode="json", include=set(said) - {"v"})})


@lru_cache(maxsize=4096)
def read_head(head: bytes, group_options: bytes = b"") -> RunOptions:
    """The options that travelled with a task; what it doesn't say is as its group has it. Each pair is parsed once.

    Raises:
        pydantic.ValidationError: another version of the record, or not JSON.
    """
    head, _ = split_head(head)
    if not group_options:
        return RunOptions.model_validate_json(head)
    own = from_json(head)
    if not isinstance(own, dict):
        return RunOptions.model_validate(own)
    group = from_json(group_options)
    group.pop("dead_retention", None)
    return RunOptions.model_validate({**group, **own})


class CallOptions(BaseModel):
    """The options of one enqueue: where the task goes and when, and how it runs. None means: as declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    task_id: str | None = None
    queue: str | None = None
    group: str | None = None
    priority: TaskPriority | None = None
    delay: Annotated[float, Field(ge=0, le=MAX_DELAY, allow_inf_nan=False)] | None = None
    max_retries: Annotated[int, Field(ge=0, le=1_000)] | None = None
    backoff: Backoff | None = None
    timeout: Annotated[float, Field(gt=0, allow_inf_nan=False)] | None = None
    retention: Annotated[int, Field(ge=0, le=MAX_KEPT)] | None = None
    max_deliveries: Annotated[int, Field(ge=1)] | None = None

    @classmethod
    def checked(cls, values: dict[str, Any]) -> CallOptions:
        """Make options of what a caller gave.

        Raises:
            InvalidOption: an unknown option or a value out of range; the message names it.
            InvalidName: a task id, queue or group that can't be one.
        """
        try:
            options = cls.model_validate(values)
        except ValidationError as error:
            raise InvalidOption(_explain(error)) from None
        if options.task_id is not None:
            check_name("task id", options.task_id)
        if options.queue is not None:
            check_name("queue", options.queue)
        if options.group is not None:
            check_name("group", options.group, may_be_empty=True)
        return options

    def run_options(self, declared: RunOptions) -> RunOptions:
        """The declared options with what this call changes."""
        changes: dict[str, Any] = {
            name: value
            for name in ("max_retries", "backoff", "timeout", "retention", "max_deliveries")
            if (value := getattr(self, name)) is not None
        }
        return declared.model_copy(update=changes) if changes else declared


def checked_run_options(values: dict[str, Any]) -> RunOptions:
    """Make run options of what a declaration gave.

    Raises:
        InvalidOption: an unknown option or a value out of range.
    """
    try:
        return RunOptions.model_validate(values)
    except ValidationError as error:
        raise InvalidOption(_explain(error)) from None


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    name = ".".join(str(part) for part in first["loc"]) or "options"
    if first["type"] == "extra_forbidden":
        return f"There is no option {name!r}. Check its spelling."
    return f"The option {name} can't be {first['input']!r}: {first['msg']}."
