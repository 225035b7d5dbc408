"""Each command works once for people and once as JSON, and the JSON is what its schema says."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest
from pydantic import TypeAdapter

from cleo_core.cli.tree import commands, shape_of
from tests.cli.conftest import World
from tests.cli.running import Console


@dataclass(frozen=True)
class Case:
    """A command line, and what a person reads of it."""

    line: str
    says: str


CASES = [
    Case("enqueue emails send number=9 --args {} --group acme --priority high", "\n"),
    Case("queues list", "emails"),
    Case("queues show emails", "oldest waiting"),
    Case("queues pause emails", "emails was paused already."),
    Case("queues resume emails", "emails is running again."),
    Case("queues rate-limit emails 100/s", "emails starts at most 100/s."),
    Case("tasks list emails", "acme"),
    Case("tasks list emails --state dead --error number", "ValueError"),
    Case("tasks show emails DEAD", "ValueError: there is no number -1"),
    Case("tasks cancel emails WAITING", "1 task cancelled."),
    Case("tasks cancel emails --state waiting --group beta --yes", "3 tasks cancelled."),
    Case("tasks cancel emails --state waiting --dry-run", "Would cancel 6 tasks of emails"),
    Case("tasks remove emails COMPLETED", "1 task removed."),
    Case("tasks remove emails COMPLETED WAITING --yes", "2 tasks removed."),
    Case("explain WAITING", "The queue emails is paused."),
    Case("explain WAITING --queue emails", "is waiting."),
    Case("groups list emails", "beta"),
    Case("groups list emails --find bet", "beta"),
    Case("groups show emails acme", "concurrency"),
    Case("groups configure emails acme --concurrency 3 --weight none --backoff fixed:2", "group acme: changed."),
    Case("groups defaults emails --concurrency 10 --timeout 30", "emails: changed."),
    Case("groups pause emails acme", "group acme: changed."),
    Case("groups resume emails acme", "it was so already."),
    Case("groups strategy emails fifo", "emails: changed."),
    Case("groups strategy emails lifo --dry-run", "beta"),
    Case("groups order emails lifo", "emails: changed."),
    Case("groups order emails lifo --group acme", "group acme: changed."),
    Case("groups order emails lifo --dry-run", "acme"),
    Case("groups preview emails --strategy lifo -n 3", "beta"),
    Case("locks list emails", "a test"),
    Case("locks release emails beta", "Nobody holds the lock."),
    Case("locks release emails locked --dry-run", "is held by a test"),
    Case("workers list", "running"),
    Case("workers show WORKER", "last heartbeat"),
    Case("workers signatures", 'number, to="ada"'),
    Case("workers pause WORKER", "was told to pause."),
    Case("workers resume WORKER", "was not paused."),
    Case("workers drain WORKER", "was told to drain."),
    Case("workers stop WORKER", "was told to stop."),
    Case("dlq kinds emails", "ValueError: there is no number -<n>"),
    Case("dlq list emails", "KeyError"),
    Case("dlq list emails --name send --text number --since 1h", "ValueError"),
    Case("dlq show emails DEAD", "Traceback"),
    Case("dlq retry emails DEAD", "1 task retried."),
    Case("dlq retry emails DEAD --dry-run", "Would retry 1 task of emails"),
    Case("dlq discard emails DEAD", "1 task discarded."),
    Case("dlq discard emails DEAD --dry-run", "Would discard 1 task of emails"),
    Case("dlq discard emails --all --name send --yes", "3 tasks discarded."),
    Case("dlq retry emails --all --text ValueError --yes", "2 dead letters retried"),
    Case("dlq retry emails --all --staged --first 5 --dry-run", "Would retry 3 tasks of emails"),
    Case("dlq retries emails", "done"),
    Case("dlq carry-on emails STOPPED", "0 dead letters retried"),
    Case("dlq stop emails STOPPED", "was stopped"),
    Case("dlq export emails --name send", "ValueError"),
    Case("dlq trash emails", "@"),
    Case("dlq undo emails DISCARD", "1 task brought back."),
    Case("dlq forget emails DISCARD", "1 dead letter forgotten."),
    Case("schedules list emails", "nightly"),
    Case("schedules show emails nightly", "30 4 * * * UTC"),
    Case("schedules next emails nightly -n 2", ":30:00"),
    Case("schedules add emails often send number=3 --every 5m", "often of emails is set."),
    Case("schedules pause emails nightly", "nightly of emails is paused."),
    Case("schedules resume emails nightly", "nightly of emails was not paused."),
    Case("schedules run emails nightly", "nightly@now"),
    Case("schedules remove emails nightly", "nightly of emails is forgotten."),
    Case("dlq edit emails DEAD number=3", "edited and retried"),
    Case("stuck list emails", "HEALTH"),
    Case("stuck recover emails --all", "0 tasks taken back."),
    Case("stuck recover emails --kind worker_blocked --dry-run", "Would take back 0 tasks"),
    Case("history list --queue emails --outcome failed", "ValueError"),
    Case("history list --task COMPLETED", "completed"),
    Case("history clear --queue emails --group acme --yes", "The past of the group acme is forgotten"),
    Case("history clear --queue emails --dry-run", "Would forget the past of the queue emails: "),
    Case("history clear --queue emails --task DEAD --dry-run", "Would forget the past of the task "),
    Case("stats --queue emails --last 15m", "throughput"),
    Case("doctor", "ok"),
    Case("audit --queue emails", "pause"),
    Case("audit --queue emails --action pause --who nobody", "WHO"),
    Case("metrics --once", 'cleo_queue_waiting{queue="emails"} 6.0'),
    Case("events emails -n 500 --kind task_completed", "task_completed"),
    Case("events", "emails"),
]
WITHOUT_JSON = {"worker", "acl", "schema"}


def _words(case: Case, world: World) -> list[str]:
    ids = {
        "DEAD": world.dead[0],
        "WAITING": world.waiting[0],
        "COMPLETED": world.completed,
        "DISCARD": world.discard,
        "STOPPED": world.stopped,
        "WORKER": world.worker,
    }
    return [ids.get(word, word) for word in case.line.split()]


def _command_of(line: str) -> str:
    words = line.split()
    return " ".join(words[:2]) if " ".join(words[:2]) in commands() else words[0]


def test_each_command_has_a_case() -> None:
    assert {_command_of(case.line) for case in CASES} == set(commands()) - WITHOUT_JSON


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
async def test_a_command_tells_people(case: Case, console: Console, world: World) -> None:
    ended = await console(*_words(case, world))
    assert ended.code == 0, ended.err
    assert case.says in ended.out
    assert "\x1b" not in ended.out


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.line)
async def test_a_command_writes_json_that_its_schema_describes(case: Case, console: Console, world: World) -> None:
    ended = await console(*_words(case, world), "--json")
    assert (ended.code, ended.err) == (0, "")
    shape = shape_of(commands()[_command_of(case.line)])
    assert shape is not None
    kind, lines = shape
    documents = ended.out.splitlines() if lines else [ended.out]
    assert documents
    adapter = TypeAdapter(kind)
    for document in documents:
        value = adapter.validate_json(document, strict=True)
        assert json.loads(adapter.dump_json(value)) == json.loads(document)


@pytest.mark.parametrize("name", sorted(set(commands()) - WITHOUT_JSON))
async def test_a_command_has_a_schema(name: str, console: Console) -> None:
    ended = await console("schema", *name.split())
    assert ended.code == 0
    assert json.loads(ended.out)["title"] == f"cleo {name} --json"


async def test_there_is_no_schema_of_what_writes_no_json(console: Console) -> None:
    ended = await console("schema", "worker")
    assert ended.code == 4
    assert "There is no command 'worker' that writes JSON" in ended.err


@pytest.mark.parametrize("name", sorted(commands()))
async def test_a_command_has_help(name: str, console: Console) -> None:
    ended = await console(*name.split(), "--help")
    assert ended.code == 0
    assert f"Usage: cleo {name}" in ended.out
    if name not in WITHOUT_JSON:
        assert {"--json", "--url", "--namespace"} <= set(ended.out.split())
