"""Messages that other programs wrote, well or badly: what can be run is run, the rest is kept with the reason."""

from __future__ import annotations

from typing import Any

import pytest

from cleo_core import Cleo, Task, TaskFailed, TaskState
from tests.raw import ask, keys_of
from tests.waiting import until

pytestmark = pytest.mark.garbles_data

GOOD: dict[str, str | bytes] = {"name": "echo", "args": '{"n":1}', "head": '{"v":1}', "at": "0"}
BAD: dict[str, tuple[dict[str, str | bytes], str]] = {
    "newer": ({"head": '{"v":99}'}, "version 99 of the format; this worker knows version 1"),
    "version as text": ({"head": '{"v":"1"}'}, "version '1'"),
    "head of nothing": ({"head": ""}, "no JSON object"),
    "head of pickle": ({"head": b"\x80\x04N."}, "no JSON object"),
    "args of pickle": ({"args": b"\x80\x04N."}, "arguments don't fit"),
    "args of another task": ({"args": '{"to":"ada"}'}, "n: Field required"),
    "args of a wrong type": ({"args": '{"n":[]}'}, "n: Input should be a valid integer"),
    "unknown task": ({"name": "nosuch"}, "No task 'nosuch' is declared here"),
    "unknown task with a path": ({"name": "os.system"}, "No task 'os.system'"),
}


# All in one step, as another program's transaction would.
WRITE = """
local prefix, id = ARGV[1], ARGV[2]
redis.call('HSET', prefix .. 'task:' .. id, 'state', 'waiting', 'seq', 1, unpack(ARGV, 3))
redis.call('ZADD', prefix .. 'lane:1:', 1, id)
redis.call('ZINCRBY', prefix .. 'groups', 1, '')
redis.call('HINCRBY', prefix .. 'queue', 'waiting', 1)
redis.call('ZADD', prefix .. 'ring', 'NX', 0, '')
redis.call('LPUSH', prefix .. 'wake', 1)
"""


async def _write(cleo: Cleo, task_id: str, **fields: str | bytes) -> None:
    """Put a message into the queue past the engine."""
    keys = keys_of(cleo, "q")
    flat = [part for field in fields.items() for part in field]
    await ask(cleo, "EVAL", WRITE, 1, keys.queue, keys.prefix, task_id, *flat)


def _echo(cleo: Cleo, ran: list[int] | None = None) -> Task[[int], object, int]:
    @cleo.task(queue="q")
    async def echo(n: int) -> int:
        if ran is not None:
            ran.append(n)
        return n

    return echo


async def _dead(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).dead == count


async def test_a_well_formed_message_of_another_program_is_run(cleo: Cleo) -> None:
    _echo(cleo)
    await _write(cleo, "by-hand", **GOOD)
    async with cleo.worker():
        assert await cleo.queues.handle("q", "by-hand").result(timeout=30) == 1


async def test_every_bad_message_is_a_dead_letter_with_its_reason_and_one_worker_goes_on(cleo: Cleo) -> None:
    echo = _echo(cleo)
    async with cleo.worker(concurrency=1) as worker:
        for task_id, (fields, _) in BAD.items():
            await _write(cleo, task_id, **{**GOOD, **fields})
            await echo.enqueue(1)
        await until(lambda: _dead(cleo, len(BAD)))
        assert await (await echo.enqueue(7)).result(timeout=30) == 7
        # The result is told by the server, before the worker has heard that its call was taken.
        await until(lambda: worker.processed == 2 * len(BAD) + 1)
    letters = {item.id: item for item in (await cleo.dead_letters.list("q")).items}
    assert set(letters) == set(BAD)
    for task_id, (_, reason) in BAD.items():
        assert reason in letters[task_id].error
        with pytest.raises(TaskFailed, match="Refused"):
            await cleo.queues.handle("q", task_id).result(timeout=30)
    assert (await cleo.queues.stats("q")).active == 0


async def test_a_flood_of_garbage_does_not_hold_up_good_tasks(cleo: Cleo) -> None:
    ran: list[int] = []
    echo = _echo(cleo, ran)
    for n in range(300):
        await _write(cleo, f"bad-{n}", **{**GOOD, "head": "garbage"})
    await echo.enqueue_many([(n,) for n in range(50)])
    async with cleo.worker(concurrency=5):
        await until(lambda: len(ran) == 50)
        await until(lambda: _dead(cleo, 300))


async def test_a_group_that_is_to_run_but_has_no_tasks_does_not_stop_the_worker(cleo: Cleo) -> None:
    echo = _echo(cleo)
    await ask(cleo, "ZADD", f"{keys_of(cleo, 'q').prefix}ring", 0, "nobody")
    async with cleo.worker():
        assert await (await echo.enqueue(1)).result(timeout=30) == 1
        assert await (await echo.options(group="g").enqueue(2)).result(timeout=30) == 2


async def test_no_refused_message_is_tried_again_by_itself(cleo: Cleo) -> None:
    _echo(cleo)
    await _write(cleo, "bad", **{**GOOD, "head": '{"v":1,"max_retries":50}', "args": "{}"})
    async with cleo.worker():
        await until(lambda: _dead(cleo, 1))
    assert len((await cleo.queues.get_task("q", "bad")).attempts) == 1


async def test_a_dead_letter_of_an_unknown_task_runs_when_a_worker_that_knows_it_comes(
    cleo: Cleo, namespace: str
) -> None:
    _echo(cleo)
    handle = await cleo.queues.add("q", "later", {"n": 5})
    async with cleo.worker():
        with pytest.raises(TaskFailed):
            await handle.result(timeout=30)
    async with Cleo(cleo.backend.redis.url, namespace=namespace) as upgraded:

        @upgraded.task(queue="q")
        async def later(n: int) -> int:  # pyright: ignore[reportUnusedFunction]
            return 2 * n

        assert (await cleo.dead_letters.retry("q", [handle.id])).done == 1
        async with upgraded.worker():
            assert await handle.result(timeout=30) == 10


@pytest.mark.parametrize("task_id", list(BAD))
async def test_a_refused_message_can_be_looked_at_whole(cleo: Cleo, task_id: str) -> None:
    _echo(cleo)
    fields, reason = BAD[task_id]
    await _write(cleo, task_id, **{**GOOD, **fields})
    async with cleo.worker():
        await until(lambda: _dead(cleo, 1))
    record = await cleo.queues.get_task("q", task_id)
    assert record.state is TaskState.DEAD
    assert reason in record.reason
    assert record.model_dump_json()


RESULTS: dict[str, tuple[str, Any]] = {
    "of another type": ('"text"', "text"),
    "that is null": ("null", None),
    "of more than was declared": ('{"n":1}', {"n": 1}),
}


@pytest.mark.parametrize(("stored", "given"), RESULTS.values(), ids=RESULTS.keys())
async def test_a_result_other_than_declared_is_given_as_it_is(cleo: Cleo, stored: str, given: Any) -> None:
    echo = _echo(cleo)
    async with cleo.worker():
        handle = await echo.enqueue(1)
        await handle.result(timeout=30)
    await ask(cleo, "HSET", keys_of(cleo, "q").task(handle.id), "result", stored)
    assert await handle.result(timeout=30) == given
