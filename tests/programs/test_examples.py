"""The examples run as they are, on a real server, and print what they are there to show."""

from __future__ import annotations

import asyncio
import json
import os
import subprocess
import sys
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import httpx
import pytest

from examples import web_service
from tests.processes import ROOT
from tests.servers import Server
from tests.waiting import until

EXAMPLES = sorted(path.stem for path in (ROOT / "examples").glob("[a-z]*.py"))
SHOWS = {
    "basic": ["Sent 'Hello' to ada@example.com", "is completed", "3 completed, 0 dead"],
    "task_history": [
        "worker: 28 attempts",
        "queue: 28 attempts",
        "group: 28 attempts",
        "everything: 28 attempts",
        "task 3, attempt 1: failed TimeoutError: try again\ntask 3, attempt 2: completed\n",
        "success rate 57% of 28 attempts, 4 dead letters",
        "run time: average 0.0",
        "8 times ConnectionError: mailbox <n> is away\n4 times TimeoutError: try again\n",
        "mailbox 4 failed 2 times",
    ],
    "worker_with_groups": [
        "next: big small big big small big",
        "at most 2 of small at once, more of big: True",
        "tick\n",
        "scheduled: nightly_report",
    ],
    "advanced": [
        "round_robin: big small big small big big",
        "fifo: big big big big small small",
        "priority: small small big big big big",
        "worked in attempt 3",
        "ValueError: This can never work",
        "a dead letter after 1 attempt: ValueError",
        "done after 3 tries",
        "locked: []",
    ],
}


def _run(name: str, url: str, **more: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-W", "error", str(ROOT / "examples" / f"{name}.py")],
        cwd=ROOT,
        env={**os.environ, "PYTHONPATH": str(ROOT), "CLEO_REDIS_URL": url, **more},
        capture_output=True,
        text=True,
        timeout=100,
        check=False,
    )


@pytest.mark.parametrize("name", sorted(SHOWS))
def test_an_example_runs_and_shows_what_it_is_there_for(name: str, own_server: Server) -> None:
    ran = _run(name, own_server.url)
    assert (ran.returncode, ran.stderr) == (0, "")
    for line in SHOWS[name]:
        assert line in ran.stdout


def test_every_example_is_run_here() -> None:
    text = Path(__file__).read_text()
    assert [name for name in EXAMPLES if name not in text] == []


# --- the script and its worker -----------------------------------------------------------------------


@pytest.fixture
def worker_of() -> Iterator[Any]:
    """Start ``cleo worker`` on an example."""
    started: list[subprocess.Popen[bytes]] = []

    def start(example: str, url: str) -> None:
        started.append(
            subprocess.Popen(
                [sys.executable, "-m", "cleo_core.cli.main", "worker", f"examples.{example}:cleo"],
                cwd=ROOT,
                env={**os.environ, "PYTHONPATH": str(ROOT), "CLEO_REDIS_URL": url},
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.DEVNULL,
            )
        )

    yield start
    for process in started:
        process.terminate()
        process.wait(30)


def test_the_script_waits_for_a_worker_without_an_event_loop(own_server: Server, worker_of: Any) -> None:
    worker_of("blocking_script", own_server.url)
    ran = _run("blocking_script", own_server.url)
    assert (ran.returncode, ran.stderr) == (0, "")
    assert ran.stdout.splitlines() == [
        "100x75", "75x100", "100x100", "ZeroDivisionError: division by zero", "3 completed, 1 dead",
    ]  # fmt: skip


# --- the web service ---------------------------------------------------------------------------------


@pytest.fixture
async def client(server: Server, namespace: str) -> AsyncIterator[httpx.AsyncClient]:
    """A client of the running web service, on the tests' server."""
    web_service.cleo.configure(redis=server.url, namespace=namespace)
    transport = httpx.ASGITransport(web_service.app)
    async with (
        web_service.app.router.lifespan_context(web_service.app),
        httpx.AsyncClient(transport=transport, base_url="http://test") as made,
    ):
        yield made


async def test_the_web_service_enqueues_into_a_group_and_streams_the_progress(client: httpx.AsyncClient) -> None:
    answer = await client.post("/api/groups/acme/tasks", json={"pages": 4})
    assert answer.status_code == 202
    told = answer.json()
    stream = await client.get(told["events"], timeout=30)
    assert stream.headers["content-type"].startswith("text/event-stream")
    states = [json.loads(line.removeprefix("data: ")) for line in stream.text.splitlines() if line]
    assert (states[-1]["state"], states[-1]["result"]) == ("completed", "acme-4.pdf")
    assert states[-1]["group"] == "acme"
    fractions = [state["progress"] for state in states if state["progress"]]
    assert fractions == sorted(fractions)
    assert fractions[-1] == 1
    shown = await client.get(f"/api/tasks/{told['id']}")
    assert shown.json() == states[-1]


async def test_the_web_service_says_what_is_wrong(client: httpx.AsyncClient) -> None:
    assert (await client.post("/api/groups/acme/tasks", json={"pages": 0})).status_code == 422
    assert (await client.post("/api/groups/a%7Bb/tasks", json={"pages": 1})).status_code == 422
    assert (await client.get("/api/tasks/unknown/events")).status_code == 404
    assert (await client.get("/api/tasks/unknown")).status_code == 404


async def test_many_streams_each_follow_their_own_task(client: httpx.AsyncClient) -> None:
    posted = [await client.post(f"/api/groups/g{n}/tasks", json={"pages": n + 1}) for n in range(5)]
    streams = await asyncio.gather(*(client.get(answer.json()["events"], timeout=30) for answer in posted))
    for n, stream in enumerate(streams):
        assert f"g{n}-{n + 1}.pdf" in stream.text.splitlines()[-2]
    await until(lambda: _all_done(client, [answer.json()["id"] for answer in posted]))


async def _all_done(client: httpx.AsyncClient, ids: list[str]) -> bool:
    answers = await asyncio.gather(*(client.get(f"/api/tasks/{task_id}") for task_id in ids))
    return {answer.json()["state"] for answer in answers} == {"completed"}
