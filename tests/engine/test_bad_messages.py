"""Messages that a worker can't run go to the dead letters with the reason; the worker goes on."""

from __future__ import annotations

from typing import cast

import pytest

from cleo_core import Cleo, Middleware, Task, TaskContext, TaskFailed, TaskState
from cleo_core.models import Outcome
from cleo_core.scripts import NewTask
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until

HEADS = {
    "another version": ('{"v":2}', "version 2"),
    "no JSON": ("garbage", "no JSON object"),
    "a number": ("5", "no JSON object"),
    "null": ("null", "no JSON object"),
    "a list": ("[]", "no JSON object"),
    "nothing": ("", "no JSON object"),
    "not UTF-8": (b"\xff\xfe", "no JSON object"),
    "an unknown option": ('{"v":1,"nosuch":1}', None),
    "a bad option": ('{"v":1,"max_retries":"many"}', None),
}
ARGUMENTS = {
    "no JSON": "garbage",
    "a list": "[1]",
    "null": "null",
    "nothing": "",
    "not UTF-8": b"\xff\xfe",
    "a wrong type": '{"n":"x"}',
    "too few": "{}",
    "too many": '{"n":1,"m":2}',
    "NaN": '{"n":NaN}',
    "twice": '{"n":1,"n":"x"}',
    "too deep": '{"n":' + "[" * 5000 + "]" * 5000 + "}",
}


def _echo(cleo: Cleo) -> Task[[int], object, int]:
    @cleo.task(queue="q")
    async def echo(n: int) -> int:
        return n

    return echo


async def _refused(cleo: Cleo, task: Task[[int], object, int], field: str, value: str | bytes) -> str:
    """Spoil a waiting task, let a worker meet it, and return the reason it is dead for; a good task must run beside
    it.
    """
    bad, good = await task.enqueue_many([(1,), (2,)])
    await ask(cleo, "HSET", keys_of(cleo, "q").task(bad.id), field, value)
    async with cleo.worker():
        assert await good.result(timeout=30) == 2
        with pytest.raises(TaskFailed) as told:
            await bad.result(timeout=30)
        assert await (await task.enqueue(3)).result(timeout=30) == 3
    record = await cleo.queues.get_task("q", bad.id)
    assert record.state is TaskState.DEAD
    assert [attempt.outcome for attempt in record.attempts] == [Outcome.REFUSED]
    page = await cleo.dead_letters.list("q")
    assert [item.id for item in page.items] == [bad.id]
    return told.value.error


@pytest.mark.parametrize(("head", "said"), HEADS.values(), ids=HEADS.keys())
async def test_a_head_that_cannot_be_read(cleo: Cleo, head: str | bytes, said: str | None) -> None:
    task = _echo(cleo)
    reason = await _refused(cleo, task, "head", head)
    assert said is None or said in reason


@pytest.mark.parametrize("arguments", ARGUMENTS.values(), ids=ARGUMENTS.keys())
async def test_arguments_that_cannot_be_read(cleo: Cleo, arguments: str | bytes) -> None:
    reason = await _refused(cleo, _echo(cleo), "args", arguments)
    assert "arguments don't fit the task 'echo'" in reason


async def test_the_whole_message_is_kept_with_a_dead_letter(cleo: Cleo) -> None:
    await _refused(cleo, _echo(cleo), "args", "garbage")
    page = await cleo.dead_letters.list("q")
    record = await cleo.queues.get_task("q", page.items[0].id)
    assert record.arguments == "garbage"
    assert record.name == "echo"


async def test_a_task_that_this_worker_does_not_know(cleo: Cleo) -> None:
    echo = _echo(cleo)
    unknown = await cleo.queues.add("q", "nosuch", {"n": 1})
    async with cleo.worker():
        with pytest.raises(TaskFailed, match=r"No task 'nosuch' is declared here \(declared: echo\)"):
            await unknown.result(timeout=30)
        assert await (await echo.enqueue(1)).result(timeout=30) == 1


async def test_a_name_that_is_no_text(cleo: Cleo) -> None:
    await _refused(cleo, _echo(cleo), "name", b"\xff\xfe")


@pytest.mark.parametrize("middleware", [[], [Middleware()]], ids=["plain", "with middleware"])
async def test_a_group_that_is_no_text_for_a_task_that_is_told_its_group(
    server: Server, namespace: str, middleware: list[Middleware]
) -> None:
    async with Cleo(server.url, namespace=namespace, middleware=middleware) as cleo:

        @cleo.task(queue="q")
        async def where(context: TaskContext) -> str:
            return context.group

        group = cast("str", b"\xff\xfe")  # As another program may send it; no call of Cleo does.
        scripts = await cleo.backend.scripts()
        await scripts.enqueue("q", [NewTask("bad", "where", b"{}", b'{"v":1}', group, 1, 0)])
        good = await where.enqueue_many([()] * 5)
        async with cleo.worker():
            assert [await handle.result(timeout=30) for handle in good] == [""] * 5
            with pytest.raises(TaskFailed, match="can't be read: UnicodeDecodeError"):
                await cleo.queues.handle("q", "bad").result(timeout=30)
        assert (await cleo.queues.stats("q")).active == 0


@pytest.mark.garbles_data
@pytest.mark.parametrize("field", ["args", "head", "name", "state"])
async def test_a_record_that_lacks_a_field_does_not_stop_the_worker(cleo: Cleo, field: str) -> None:
    echo = _echo(cleo)
    bad, good = await echo.enqueue_many([(1,), (2,)])
    await ask(cleo, "HDEL", keys_of(cleo, "q").task(bad.id), field)
    async with cleo.worker():
        assert await good.result(timeout=30) == 2
        assert await (await echo.enqueue(3)).result(timeout=30) == 3


@pytest.mark.garbles_data
@pytest.mark.parametrize("field", ["tries", "losses", "prio", "seq", "ready", "at"])
async def test_a_count_that_is_no_number_does_not_stop_the_worker(cleo: Cleo, field: str) -> None:
    echo = _echo(cleo)
    bad, good = await echo.enqueue_many([(1,), (2,)])
    await ask(cleo, "HSET", keys_of(cleo, "q").task(bad.id), field, "many")
    async with cleo.worker(sweep=0.05):
        assert await good.result(timeout=30) == 2
        assert await (await echo.enqueue(3)).result(timeout=30) == 3


@pytest.mark.garbles_data
async def test_a_task_whose_record_was_deleted_by_hand_does_not_stop_the_worker(cleo: Cleo) -> None:
    echo = _echo(cleo)
    handles = await echo.enqueue_many([(n,) for n in range(5)])
    for handle in handles[:4]:
        await ask(cleo, "DEL", keys_of(cleo, "q").task(handle.id))
    async with cleo.worker():
        assert await handles[4].result(timeout=30) == 4
    assert (await cleo.queues.stats("q")).waiting == 0


@pytest.mark.garbles_data
async def test_lanes_that_were_deleted_by_hand_do_not_stop_the_worker(cleo: Cleo) -> None:
    echo = _echo(cleo)
    await echo.enqueue_many([(n,) for n in range(5)])
    await ask(cleo, "DEL", f"{keys_of(cleo, 'q').prefix}lane:1:")
    async with cleo.worker():
        assert await (await echo.enqueue(9)).result(timeout=30) == 9
        await until(lambda: _waits(cleo, 0))


async def _waits(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("q")).waiting == count


@pytest.mark.garbles_data
@pytest.mark.parametrize("key", ["ring", "leases", "active", "delayed", "events", "history", "wake"])
async def test_a_key_of_the_wrong_type_is_told_and_the_worker_recovers_when_it_is_gone(cleo: Cleo, key: str) -> None:
    echo = _echo(cleo)
    name = keys_of(cleo, "q").prefix + key
    async with cleo.worker(sweep=0.05, heartbeat=0.1, idle_wait=0.5):
        assert await (await echo.enqueue(1)).result(timeout=30) == 1
        await ask(cleo, "DEL", name)
        await ask(cleo, "SET", name, "not ours")
        await until(cleo.workers.count)
        await ask(cleo, "DEL", name)
        assert await (await echo.enqueue(2)).result(timeout=30) == 2
