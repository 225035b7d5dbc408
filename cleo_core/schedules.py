"""Schedules: tasks that are stored at set times, by cron expression or interval."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic_core import from_json

from cleo_core.backend import Backend
from cleo_core.errors import InvalidOption, ScheduleNotFound, WrongState
from cleo_core.models import ScheduleInfo, SchedulePage, TaskPriority, TaskState
from cleo_core.names import check_name
from cleo_core.queues import clamp
from cleo_core.scripts.schedules import NewSchedule
from cleo_core.tasks.declared import MAX_ID_BYTES, fields_of
from cleo_core.tasks.handle import TaskHandle
from cleo_core.tasks.options import CallOptions
from cleo_core.tasks.producer import Destination, Producer, new_task_id
from cleo_core.tasks.registry import Registry
from cleo_core.tasks.signature import encode_raw
from cleo_core.when import Cron, Every, check_when, read_when, write_when

MAX_NEXT = 1_000
# Three times what workers take to say again what they declare.
ABANDONED_AFTER = 180.0


class Schedules:
    """The schedules of a namespace's queues. Every call raises ``ServerError`` when the server can't be used."""

    def __init__(self, backend: Backend, producer: Producer, registry: Registry) -> None:
        self._backend = backend
        self._producer = producer
        self._registry = registry

    # --- changes -------------------------------------------------------------------------------------

    async def add(
        self,
        queue: str,
        schedule_id: str,
        task: str,
        arguments: Mapping[str, Any] | None = None,
        /,
        *,
        when: Cron | Every,
        **options: Any,
    ) -> bool:
        """Have a task stored at set times: ``cleo.schedules.add("mail", "digest", "send_digest", when=Cron(...))``.

        A schedule of that id is replaced; it stays due as it was if its times are the same, and paused if it is.
        Options are those of ``Task.options`` but ``queue``, ``task_id`` and ``delay``. If the task is declared on this
        ``Cleo``, its arguments are checked and its declared options hold. Audited. False if it was so already.

        Raises:
            InvalidName, InvalidOption, InvalidArguments, PayloadTooLarge: it is refused, and nothing was changed.
            WrongState: a schedule of that id is declared with a task; it is changed there.
        """
        _check_id(queue, schedule_id)
        check_name("task", task)
        check_when(when)
        for name in ("task_id", "delay"):
            if name in options:
                raise InvalidOption(f"A schedule has no option {name!r}: it names its tasks and times itself.")
        call = CallOptions.checked({**options, "queue": queue})
        declared = self._registry.find(task)
        limit = self._backend.limits.payload_bytes
        if declared is None:
            data = encode_raw(task, arguments or {}, limit)
            to = Destination.of(task, queue, "", TaskPriority.NORMAL, self._registry.defaults, call)
        else:
            data = declared.signature.encode(arguments or {}, limit)
            to = Destination.of(task, queue, declared.group, declared.priority, declared.options_declared, call)
        scripts = await self._backend.scripts()
        now = await scripts.time()
        due = when.next_ms(now, now)
        if due is None:
            raise InvalidOption(f"The schedule {schedule_id!r} ({when}) never comes.")
        await self._backend.know_queue(queue)
        new = NewSchedule(schedule_id, due, fields_of(schedule_id, to, data, when, self._backend.signing))
        answer = await scripts.schedule(queue, self._backend.actor, now, new)
        if answer == "declared":
            raise WrongState(
                f"The schedule {schedule_id!r} of {queue} is declared with the task {task!r}. Change it there, or "
                "choose another id."
            )
        return answer != "same"

    async def remove(self, queue: str, schedule_id: str) -> bool:
        """Forget a schedule; tasks that it stored stay. False if there was none. Audited.

        One that is declared with a task comes back when a worker of that code starts; pause it instead.
        """
        _check_id(queue, schedule_id)
        return await (await self._backend.scripts()).unschedule(queue, self._backend.actor, schedule_id)

    async def pause(self, queue: str, schedule_id: str) -> bool:
        """Let a schedule store no tasks until ``resume``. False if it was paused. Audited.

        Raises:
            ScheduleNotFound: there is none of that id.
        """
        _check_id(queue, schedule_id)
        scripts = await self._backend.scripts()
        return _held(
            await scripts.hold_schedule(queue, self._backend.actor, schedule_id, "1", None, ""), schedule_id, queue
        )

    async def resume(self, queue: str, schedule_id: str) -> bool:
        """Let a schedule go on. Times that passed while it was paused are not made up for. False if it was not paused.
        Audited. Raises what ``pause`` raises.
        """
        scripts = await self._backend.scripts()
        while True:
            info, anchor = await self._read(queue, schedule_id)
            if info.when is None:
                raise WrongState(f"The times of the schedule {schedule_id!r} can't be understood. Add it anew.")
            when = info.when
            due = when.next_ms(await scripts.time(), anchor)
            answer = await scripts.hold_schedule(queue, self._backend.actor, schedule_id, "0", due, write_when(when))
            if answer != -2:
                return _held(answer, schedule_id, queue)

    async def run_now(self, queue: str, schedule_id: str) -> TaskHandle[Any]:
        """Store a task of a schedule now, out of turn, paused or not; its times stay as they are. Audited.

        Raises:
            ScheduleNotFound: there is none of that id.
        """
        _check_id(queue, schedule_id)
        scripts = await self._backend.scripts()
        task_id = f"{schedule_id}@now-{new_task_id()}"
        if not await scripts.run_schedule(queue, self._backend.actor, schedule_id, task_id):
            raise _not_found(schedule_id, queue)
        return TaskHandle(self._producer, queue, task_id)

    # --- a look --------------------------------------------------------------------------------------

    async def list(self, queue: str, *, offset: int = 0, limit: int = 100) -> SchedulePage:
        """A window onto the schedules of a queue: at most ``limit`` (up to 1,000) from ``offset``, those that are due
        first first and paused ones last.
        """
        check_name("queue", queue)
        scripts = await self._backend.scripts()
        start = max(0, offset)
        now, total, rows = await scripts.schedules(queue, start, clamp(limit))
        return SchedulePage(
            queue=queue, offset=start, total=total, items=[_info_of(queue, row, now)[0] for row in rows], at=now / 1000
        )

    async def get(self, queue: str, schedule_id: str) -> ScheduleInfo:
        """One schedule.

        Raises:
            ScheduleNotFound: there is none of that id.
        """
        return (await self._read(queue, schedule_id))[0]

    async def next(self, queue: str, schedule_id: str, count: int = 10) -> list[float]:
        """When a schedule will be due, the next ``count`` times (1 to 1,000), in seconds since the epoch; as if it were
        not paused.

        Raises:
            ScheduleNotFound: there is none of that id.
        """
        info, anchor = await self._read(queue, schedule_id)
        found: list[float] = []
        at: int | None = await (await self._backend.scripts()).time()
        if info.next_at is not None:
            at = min(at, round(info.next_at * 1000) - 1)
        while info.when is not None and len(found) < max(1, min(count, MAX_NEXT)):
            at = info.when.next_ms(at, anchor)
            if at is None:
                break
            found.append(at / 1000)
        return found

    async def _read(self, queue: str, schedule_id: str) -> tuple[ScheduleInfo, int]:
        _check_id(queue, schedule_id)
        scripts = await self._backend.scripts()
        now, _, rows = await scripts.schedules(queue, 0, 1, schedule_id)
        if not rows:
            raise _not_found(schedule_id, queue)
        return _info_of(queue, rows[0], now)


def _check_id(queue: str, schedule_id: str) -> None:
    check_name("queue", queue)
    check_name("schedule", schedule_id)
    if len(schedule_id.encode()) > MAX_ID_BYTES:
        raise InvalidOption(
            f"The id of the schedule {schedule_id[:40]!r}... is longer than {MAX_ID_BYTES} bytes. Shorten it: the "
            "ids of its tasks are made of it and their times."
        )


def _not_found(schedule_id: str, queue: str) -> ScheduleNotFound:
    return ScheduleNotFound(
        f"There is no schedule {schedule_id!r} in {queue}; cleo.schedules.list({queue!r}) has those."
    )


def _held(answer: int, schedule_id: str, queue: str) -> bool:
    if answer == -1:
        raise _not_found(schedule_id, queue)
    return answer == 1


def _info_of(queue: str, row: list[Any], now: int) -> tuple[ScheduleInfo, int]:
    """A schedule as it is handed out, and its anchor (ms)."""
    (task, args, head, group, priority, when, paused, due, anchor, created, last, last_task, runs, skipped, module,
     seen, seen_by) = row[1]  # fmt: skip
    try:
        times = read_when(when)
    except ValueError:
        times = None
    is_paused = paused == b"1"
    info = ScheduleInfo(
        id=row[0].decode(errors="replace"),
        queue=queue,
        task=task.decode(errors="replace"),
        arguments=_json(args, {}),
        options={name: value for name, value in _json(head, {}).items() if name not in {"v", "headers"}},
        group=group.decode(errors="replace"),
        priority=TaskPriority(int(priority)) if priority in {b"0", b"1", b"2", b"3"} else TaskPriority.NORMAL,
        when=times,
        paused=is_paused,
        declared=bool(module),
        created_at=_seconds(created) or 0.0,
        next_at=None if is_paused else _seconds(due),
        last_at=_seconds(last),
        last_task=last_task.decode(errors="replace"),
        last_state=TaskState(row[2].decode()) if row[2] else None,
        runs=int(runs or 0),
        skipped=int(skipped or 0),
        declared_at=_seconds(seen),
        declared_by=seen_by.decode(errors="replace"),
        abandoned=bool(module) and now / 1000 - (_seconds(seen) or 0.0) > ABANDONED_AFTER,
    )
    return info, int(anchor) if anchor.isdigit() else 0


def _json(data: bytes, instead: Any) -> Any:
    try:
        return from_json(data)
    except ValueError:
        return instead


def _seconds(milliseconds: bytes) -> float | None:
    return int(milliseconds) / 1000 if milliseconds.isdigit() else None
