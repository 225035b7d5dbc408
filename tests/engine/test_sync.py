"""``cleo.sync``: the blocking face, in threads, forked processes, web servers, and where it must refuse."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from flask import Flask, request

from cleo_core import (
    Cleo,
    CleoError,
    LoopBlocked,
    Middleware,
    TaskCancelled,
    TaskFailed,
    TaskState,
)
from cleo_core.errors import ServerUnavailable
from cleo_core.middleware import OutgoingTask
from tests.processes import ROOT
from tests.raw import ask_at
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
def shop(server: Server, namespace: str) -> Iterator[Cleo]:
    made = Cleo(server.url, namespace=namespace)

    @made.task(queue="q", max_retries=0)
    async def double(n: int) -> int:
        if n < 0:
            raise ValueError("negative")
        return n * 2

    yield made
    made.sync.close()


@pytest.fixture
def worker(shop: Cleo) -> Iterator[None]:
    """A worker in a loop and thread of its own, as another process would have it."""
    stop: list[Callable[[], object]] = []
    started = threading.Event()

    async def work() -> None:
        loop = asyncio.get_running_loop()
        ended = asyncio.Event()
        stop.append(lambda: loop.call_soon_threadsafe(ended.set))
        async with shop, shop.worker(queues=["q"]):
            started.set()
            await ended.wait()

    thread = threading.Thread(target=lambda: asyncio.run(work()))
    thread.start()
    assert started.wait(30)
    yield
    stop[0]()
    thread.join(30)


def _double(shop: Cleo) -> Any:
    return shop.tasks.get("double")


def test_a_script_enqueues_waits_and_asks_without_an_event_loop(shop: Cleo, worker: None) -> None:
    handle = shop.sync.enqueue(_double(shop), 4)
    assert handle.result(timeout=30) == 8
    assert handle.status() is TaskState.COMPLETED
    assert not handle.cancel()
    assert shop.sync.queues.get_task("q", handle.id).result == 8
    handles = shop.sync.enqueue_many(_double(shop), [(n,) for n in range(20)])
    assert [handle.result(timeout=30) for handle in handles] == [2 * n for n in range(20)]
    assert shop.sync.queues.handle("q", handles[3].id).result(timeout=30) == 6
    assert shop.sync.queues.stats("q").completed == 21
    assert shop.sync.queues.names() == ["q"]
    with pytest.raises(TaskFailed, match="negative"):
        shop.sync.enqueue(_double(shop), -1).result(timeout=30)


def test_options_names_and_cancels_work_as_in_the_other_face(shop: Cleo) -> None:
    call = _double(shop).options(task_id="one", delay=60)
    first, again = shop.sync.enqueue(call, 1), shop.sync.enqueue(call, 1)
    assert (first.created, again.created) == (True, False)
    added = shop.sync.queues.add("q", "double", {"n": 3}, delay=60)
    assert shop.sync.queues.cancel("q", [added.id]).done == 1
    with pytest.raises(TaskCancelled):
        added.result(timeout=30)
    with pytest.raises(TimeoutError, match="It goes on"):
        first.result(timeout=0.05)
    assert first.cancel()
    assert shop.sync.run(lambda cleo: cleo.queues.pause("q"))


def test_what_can_not_be_enqueued_raises_here_and_the_middleware_is_the_same(shop: Cleo) -> None:
    seen: list[str] = []

    class Watch(Middleware):
        async def before_enqueue(self, task: OutgoingTask) -> None:
            seen.append(threading.current_thread().name)

    shop.use(Watch())
    with pytest.raises(ValueError, match="n:"):
        shop.sync.enqueue(_double(shop), "many")
    shop.sync.enqueue(_double(shop), 1)
    assert seen == ["cleo-sync"]


def test_many_threads_share_one_loop_and_one_connection(shop: Cleo, worker: None) -> None:
    with ThreadPoolExecutor(16) as threads:
        results = list(threads.map(lambda n: shop.sync.enqueue(_double(shop), n).result(timeout=30), range(200)))
    assert results == [2 * n for n in range(200)]
    assert sum(thread.name == "cleo-sync" for thread in threading.enumerate()) == 1


async def test_in_a_running_loop_it_refuses_and_says_what_to_do(shop: Cleo) -> None:
    with pytest.raises(LoopBlocked, match=r"asyncio\.to_thread"):
        shop.sync.enqueue(_double(shop), 1)
    handle = await asyncio.to_thread(shop.sync.enqueue, _double(shop), 1)
    assert handle.created
    await asyncio.to_thread(shop.sync.close)


def test_it_does_not_disturb_the_loop_of_the_same_cleo(shop: Cleo) -> None:
    async def both() -> tuple[int, int]:
        async with shop, shop.worker(queues=["q"]):
            theirs = await asyncio.to_thread(shop.sync.enqueue, _double(shop), 1)
            mine = await _double(shop).enqueue(2)
            return await asyncio.to_thread(theirs.result, 10), await mine.result(timeout=30)

    assert asyncio.run(both()) == (2, 4)


def test_a_forked_process_has_its_own_thread_and_the_parents_goes_on(shop: Cleo, worker: None) -> None:
    before = shop.sync.enqueue(_double(shop), 1)
    children: list[int] = []
    for n in range(3):
        pid = os.fork()
        if pid == 0:
            code = 1
            try:
                good = shop.sync.enqueue(_double(shop), 10 + n).result(timeout=30) == 20 + 2 * n
                good = good and before.result(timeout=30) == 2
                code = 0 if good else 2
            finally:
                os._exit(code)
        children.append(pid)
    assert [os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) for pid in children] == [0, 0, 0]
    assert shop.sync.enqueue(_double(shop), 5).result(timeout=30) == 10


def test_closing_ends_the_thread_tells_who_waits_and_the_next_call_starts_anew(shop: Cleo, server: Server) -> None:
    handle = shop.sync.enqueue(_double(shop), 1)
    told: list[BaseException] = []

    def wait() -> None:
        try:
            handle.result(timeout=60)
        except CleoError as error:
            told.append(error)

    waiter = threading.Thread(target=wait)
    waiter.start()
    asyncio.run(until(lambda: _somebody_waits(server, shop.namespace)))
    shop.sync.close()
    waiter.join(30)
    assert not waiter.is_alive()
    assert len(told) == 1
    assert all(thread.name != "cleo-sync" for thread in threading.enumerate())
    assert shop.sync.queues.stats("q").waiting == 1


async def _somebody_waits(server: Server, namespace: str) -> bool:
    return bool(await ask_at(server.url, "PUBSUB", "CHANNELS", f"{namespace}:*:done:*"))


def test_a_server_that_is_away_is_an_error_and_not_a_hang() -> None:
    cleo = Cleo("redis://127.0.0.1:1/0")
    with pytest.raises(ServerUnavailable):
        cleo.sync.queues.stats("q")
    cleo.sync.close()


def test_a_script_that_does_not_close_it_ends_cleanly(server: Server, namespace: str) -> None:
    script = f"""
from cleo_core import Cleo
cleo = Cleo({server.url!r}, namespace={namespace!r})
@cleo.task(queue="q")
def work(n: int) -> int: return n
print(cleo.sync.enqueue(work, 1).created)
"""
    ran = subprocess.run(
        [sys.executable, "-W", "error", "-X", "dev", "-c", script], cwd=ROOT, capture_output=True, text=True,
        timeout=60, check=False,
    )  # fmt: skip
    assert (ran.returncode, ran.stdout, ran.stderr) == (0, "True\n", "")


def test_a_flask_application_enqueues_and_waits(shop: Cleo, worker: None) -> None:
    app = Flask("shop")

    @app.post("/double")
    def double() -> dict[str, Any]:  # pyright: ignore[reportUnusedFunction]
        handle = shop.sync.enqueue(_double(shop), request.json["n"])
        return {"id": handle.id, "result": handle.result(timeout=30)}

    client = app.test_client()
    with ThreadPoolExecutor(8) as threads:
        answers = list(threads.map(lambda n: client.post("/double", json={"n": n}).json, range(40)))
    assert [answer["result"] for answer in answers if answer] == [2 * n for n in range(40)]
