"""How a command ends when something is wrong: one sentence, its exit code, and no traceback."""

from __future__ import annotations

import asyncio
import json
import os
import signal
from pathlib import Path

import pytest

from cleo_core import Cleo
from tests.cli.conftest import World
from tests.cli.running import Console, Ended, command
from tests.raw import ask, keys_of
from tests.servers import Server, free_port
from tests.terminal import open_terminal
from tests.waiting import until


def _is_a_sentence(ended: Ended) -> bool:
    return ended.err.startswith("cleo: ") and "Traceback" not in ended.err and ended.out == ""


async def test_a_server_that_is_not_there(console: Console) -> None:
    port = free_port()
    ended = await console.process("queues", "list", CLEO_REDIS_URL=f"redis://127.0.0.1:{port}")
    assert ended.code == 3
    assert _is_a_sentence(ended)
    assert f"127.0.0.1:{port}: can't reach it" in ended.err


@pytest.fixture
def guarded(tmp_path: Path):
    """A server with a password, and a user who may only read."""
    acl = ["user default on >secret ~* &* +@all", "user reader on >reader ~* &* +@read +@connection +info +time"]
    (tmp_path / "users.acl").write_text("\n".join(acl) + "\n")
    running = Server(tmp_path / "guarded", "--aclfile", str(tmp_path / "users.acl"))
    running.start()
    yield running
    running.stop()


@pytest.mark.parametrize(
    ("user", "words", "said"),
    [
        ("", "queues list", "wants a password and none was given"),
        ("default:wrong@", "queues list", "refused the user name and password"),
        ("reader:reader@", "queues pause emails --new", "has no permission for this"),
    ],
)
async def test_a_server_that_refuses(console: Console, guarded: Server, user: str, words: str, said: str) -> None:
    ended = await console(*words.split(), CLEO_REDIS_URL=f"redis://{user}127.0.0.1:{guarded.port}")
    assert ended.code == 3
    assert said in ended.err
    assert "secret" not in ended.err
    assert "wrong" not in ended.err


@pytest.mark.parametrize(
    ("line", "code", "said"),
    [
        ("queues show emials", 4, "There is no queue 'emials' in the namespace"),
        ("queues show emials", 4, "Did you mean emails?"),
        ("queues show other", 4, "`cleo queues list` shows those that there are."),
        ("queues show emails --namespace nowhere", 4, "It has no queues at all; check --url and --namespace."),
        ("tasks list other", 4, "There is no queue 'other'"),
        ("tasks show emails nope", 4, "There is no task nope in emails."),
        ("tasks remove emails nope", 4, "There is no task nope in emails."),
        ("explain nope", 4, "There is no task nope in any queue."),
        ("schema nope", 4, "There is no command 'nope'"),
        ("queues list --url http://host", 2, "unknown scheme 'http'"),
        ("queues list --namespace a{b", 2, "braces"),
        ("queues rate-limit emails often", 2, "The rate limit 'often' can't be understood."),
        ("tasks list emails --state gone", 2, "'gone' is not one of 'waiting', 'delayed'"),
        ("tasks list emails --limit 0", 2, "--limit"),
        ("tasks cancel emails", 2, "Name the tasks by their ids, or all of a state by --state"),
        ("tasks cancel emails a --state waiting", 2, "Name the tasks by their ids"),
        ("tasks cancel emails --state dead", 2, "Tasks that are dead have ended"),
        ("groups configure emails acme", 2, "Nothing is to be changed."),
        ("groups configure emails acme --concurrency few", 2, "--concurrency takes a whole number or none, not 'few'."),
        ("groups configure emails acme --concurrency 0", 2, "The setting concurrency can't be"),
        ("groups configure emails acme --backoff soon", 2, "--backoff can't be 'soon'."),
        ("groups configure emails acme --order any", 2, "There is no order 'any'."),
        ("groups strategy emails any", 2, "'any' is not one of"),
        ("enqueue emails send number", 2, "'number' is no argument. Write NAME=VALUE"),
        ("enqueue emails send --args [1]", 2, "--args is no JSON object"),
        ("enqueue emails send --args {1", 2, "--args is not JSON"),
        ("enqueue emails send --delay -1", 2, "The option delay can't be -1.0"),
        ("enqueue emails send --priority soon", 2, "There is no priority 'soon'."),
        ("enqueue emails send --lines /no/such/file", 2, "/no/such/file can't be read"),
        ("enqueue e{mails send", 2, "braces"),
        ("dlq retry emails", 2, "Name the dead letters by their ids"),
        ("dlq show emails nope", 4, "There is no dead letter nope in emails."),
        ("dlq undo emails nope", 4, "nope"),
        ("dlq carry-on emails nope", 4, "There is no retry 'nope'"),
        ("dlq retry emails a --all", 2, "or --all that fit the filters"),
        ("dlq discard emails a --name send", 2, "or --all that fit the filters"),
        ("dlq retry emails --all", 2, "add --yes to do it"),
        ("workers show nope", 4, "No worker 'nope' is alive."),
        ("workers pause nope", 4, "No worker 'nope' is alive."),
        ("schedules show emails nope", 4, "nope"),
        ("schedules add emails s send", 2, "Say when: --cron EXPRESSION or --every LENGTH."),
        ("schedules add emails s send --cron daily-at-four", 2, "daily-at-four"),
        ("schedules add emails s send --every soon", 2, "'soon' is no length of time."),
        ("metrics --port 1 --address 192.0.2.1", 1, "Nothing can be served on 192.0.2.1:1"),
        ("audit --follow --before 2h", 2, "--follow shows what is to come"),
        ("dlq list emails --since soon", 2, "'soon' is no time. Write 2h"),
        ("queues lst", 2, "No such command 'lst'. Did you mean 'list'?"),
        ("queus", 2, "There is no command 'queus'. Did you mean queues"),
        ("queues show", 2, "Missing argument 'QUEUE'."),
        ("queues list --quickly", 2, "No such option"),
    ],
)
@pytest.mark.usefixtures("world")
async def test_what_can_not_be_is_told(line: str, code: int, said: str, console: Console) -> None:
    ended = await console(*line.split())
    assert (ended.code, ended.out) == (code, "")
    assert said in ended.err
    assert "Traceback" not in ended.err


async def test_what_is_done_in_part_is_told_and_is_a_failure(console: Console, world: World) -> None:
    ended = await console("dlq", "retry", "emails", world.dead[0], "gone", world.completed, "--yes")
    assert (ended.code, ended.out) == (1, "1 task retried.\n")
    assert "2 tasks were not retried:" in ended.err
    assert "gone: There is no such task any more." in ended.err
    assert f"{world.completed}: It is completed, so it can't be retried." in ended.err


async def test_many_are_not_changed_where_nobody_can_be_asked(console: Console, world: World, cleo: Cleo) -> None:
    ended = await console("tasks", "cancel", "emails", "--state", "waiting")
    assert ended.code == 2
    assert "This would cancel 6 tasks of emails." in ended.err
    assert "add --yes to do it, or --dry-run to look first" in ended.err
    assert (await cleo.queues.stats("emails")).waiting == len(world.waiting)


@pytest.mark.parametrize(("answer", "left", "code"), [("n", 6, 1), ("", 6, 1), ("y", 0, 0)])
@pytest.mark.usefixtures("world")
async def test_a_person_is_asked(answer: str, left: int, code: int, console: Console, cleo: Cleo) -> None:
    environment = [f"{name}={value}" for name, value in console.environment.items() if name != "COLUMNS"]
    words = ["env", *environment, *command("tasks", "cancel", "emails", "--state", "waiting")]

    def talk() -> str:
        with open_terminal(words) as terminal:
            asked = terminal.wait_for("Go on? [y/N]")
            terminal.type(*answer, "Enter")
            terminal.wait_for(f"ended with {code}")
            return asked

    asked = await asyncio.to_thread(talk)
    assert "This will cancel 6 tasks of emails." in asked
    assert (await cleo.queues.stats("emails")).waiting == left


@pytest.mark.usefixtures("world")
async def test_a_reader_that_goes_away_is_no_error(console: Console) -> None:
    reader, writer = os.pipe()
    os.close(reader)
    process = console.start("events", "-n", "500", stdout=writer)
    os.close(writer)
    _, said = await asyncio.to_thread(process.communicate, timeout=60)
    assert (process.returncode, said) == (141, b"")


@pytest.mark.usefixtures("world")
async def test_ctrl_c_ends_a_stream_quietly(console: Console, cleo: Cleo) -> None:
    process = console.start("events", "--follow", "--json", "-n", "1")
    try:
        assert process.stdout is not None
        assert b'"queue":"emails"' in await asyncio.to_thread(process.stdout.readline)
        line = asyncio.create_task(asyncio.to_thread(process.stdout.readline))

        async def heard() -> bool:
            await cleo.queues.add("emails", "send", {"number": 1})
            return line.done()

        await until(heard)
        assert b'"task_added"' in await line
        process.send_signal(signal.SIGINT)
        _, said = await asyncio.to_thread(process.communicate, timeout=60)
        assert (process.returncode, said) == (130, b"")
    finally:
        process.kill()
        process.communicate()


async def test_followed_what_the_limit_left_out_is_not_told_as_new_though_of_the_same_millisecond(
    console: Console, cleo: Cleo
) -> None:
    await cleo.backend.know_queue("emails")
    key = keys_of(cleo, "emails").audit
    for number in (1, 2, 3):
        await ask(cleo, "XADD", key, f"1000-{number}", "actor", "{}", "action", "a", "target", number, "count", 1)
    await ask(cleo, "EXPIRE", key, 60)
    process = console.start("audit", "--follow", "--json", "--queue", "emails", "-n", "1")
    try:
        assert process.stdout is not None
        assert json.loads(await asyncio.to_thread(process.stdout.readline))["target"] == "3"
        await ask(cleo, "XADD", key, "1000-4", "actor", "{}", "action", "a", "target", 4, "count", 1)
        assert json.loads(await asyncio.to_thread(process.stdout.readline))["target"] == "4"
    finally:
        process.kill()
        process.communicate()


@pytest.mark.usefixtures("world")
async def test_the_audit_is_followed_a_line_each_the_oldest_first(console: Console, cleo: Cleo) -> None:
    process = console.start("audit", "--follow", "--json", "--queue", "emails", "-n", "1")
    try:
        assert process.stdout is not None
        first = json.loads(await asyncio.to_thread(process.stdout.readline))
        assert (first["action"], first["queue"]) == ("pause", "emails")
        await cleo.queues.resume("emails")
        second = json.loads(await asyncio.to_thread(process.stdout.readline))
        assert second["action"] == "resume"
        process.send_signal(signal.SIGINT)
        _, said = await asyncio.to_thread(process.communicate, timeout=60)
        assert (process.returncode, said) == (130, b"")
    finally:
        process.kill()
        process.communicate()


async def test_ids_are_read_from_standard_input(console: Console, world: World) -> None:
    ended = await console("tasks", "cancel", "emails", "-", "--yes", stdin="\n".join(world.waiting[:2]) + "\n\n")
    assert (ended.code, ended.out) == (0, "2 tasks cancelled.\n")


async def test_a_task_for_each_line_of_a_file_is_enqueued(console: Console, cleo: Cleo, tmp_path: Path) -> None:
    (tmp_path / "lines").write_text("".join(f'{{"number": {number}}}\n' for number in range(1_200)))
    ended = await console("enqueue", "emails", "send", "--lines", str(tmp_path / "lines"), "--group", "acme")
    assert ended.code == 0
    assert len(set(ended.out.split())) == (await cleo.queues.stats("emails")).waiting == 1_200
    assert ended.err == "1,200 tasks were enqueued.\n"


async def test_a_line_that_is_no_object_is_named(console: Console, tmp_path: Path) -> None:
    (tmp_path / "lines").write_text('{"number": 1}\nnonsense\n')
    ended = await console("enqueue", "emails", "send", "--lines", str(tmp_path / "lines"))
    assert (ended.code, ended.out) == (2, "")
    assert "Line 2 of" in ended.err


async def test_options_before_the_command_hold_too_and_those_after_it_win(console: Console, world: World) -> None:
    assert (await console("--namespace", "nowhere", "queues", "list", "--json")).out == "[]\n"
    here = console.environment["CLEO_NAMESPACE"]
    ended = await console("--namespace", "nowhere", "tasks", "show", "emails", world.completed, "--namespace", here)
    assert ended.code == 0
