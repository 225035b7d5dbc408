"""The audit: who did what, on what, how many, and with which result."""

from __future__ import annotations

import getpass
import json
import re
import socket
import time

import pytest

from cleo_core import Cleo, GroupStrategy
from cleo_core.errors import InvalidOption
from cleo_core.scripts.loading import load, script_names
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import Seeded, seed
from tests.raw import ask, keys_of


async def test_an_entry_tells_who_did_what_on_what_how_many_and_the_result(
    cleo: Cleo, seeded: Seeded, as_role: AsRole
) -> None:
    operator = await as_role("operator")
    before = time.time()
    await operator.queues.cancel("emails", [seeded.waiting, seeded.delayed, seeded.dead, "nobody"])
    (entry,) = await cleo.audit.list("emails", limit=1)
    assert (entry.queue, entry.action, entry.target, entry.count) == ("emails", "cancel", seeded.waiting, 2)
    assert entry.result == "done for 2 of 4"
    assert entry.redis_user.startswith("operator-")
    assert entry.os_user == f"{getpass.getuser()}@{socket.gethostname()}"
    assert before - 1 < entry.at < time.time() + 1


async def test_an_entry_names_the_first_that_it_was_done_to_not_the_first_that_was_asked_for(
    cleo: Cleo, seeded: Seeded
) -> None:
    scripts = await cleo.backend.scripts()
    for action, asked, done in (
        ("cancel", ["nobody", seeded.dead, seeded.waiting], seeded.waiting),
        ("retry", ["nobody", seeded.delayed, seeded.dead], seeded.dead),
        ("remove", ["nobody", seeded.delayed], seeded.delayed),
    ):
        match action:
            case "cancel":
                await cleo.queues.cancel("emails", asked)
            case "retry":
                await cleo.dead_letters.retry("emails", asked)
            case _:
                await scripts.remove("emails", cleo.backend.actor, asked)
        (entry,) = await cleo.audit.list("emails", limit=1)
        assert (entry.action, entry.target, entry.result) == (action, done, f"done for 1 of {len(asked)}")


async def test_the_entries_of_all_queues_come_newest_first(cleo: Cleo) -> None:
    for queue in ("one", "two", "three"):
        await cleo.queues.add(queue, "send")
    for queue in ("two", "one", "three", "one"):
        await (cleo.queues.resume if (await cleo.queues.stats(queue)).paused else cleo.queues.pause)(queue)
    entries = await cleo.audit.list()
    assert sorted((entry.queue, entry.action) for entry in entries) == [
        ("one", "pause"), ("one", "resume"), ("three", "pause"), ("two", "pause"),
    ]  # fmt: skip
    assert [entry.at for entry in entries] == sorted((entry.at for entry in entries), reverse=True)
    assert [entry.action for entry in entries if entry.queue == "one"] == ["resume", "pause"]
    assert [entry.queue for entry in await cleo.audit.list("one")] == ["one", "one"]
    assert await cleo.audit.list(limit=2) == entries[:2]
    assert await cleo.audit.list(before=entries[1].at) == [entry for entry in entries if entry.at < entries[1].at]


async def test_entries_are_found_by_actor_and_by_action(cleo: Cleo, as_role: AsRole) -> None:
    await seed(cleo)
    operator = await as_role("operator")
    await operator.queues.pause("emails")
    await cleo.queues.resume("emails")
    await cleo.groups.set_strategy("emails", GroupStrategy.FIFO)
    me = (await operator.access.whoami()).user
    assert [entry.action for entry in await cleo.audit.list(actor=me)] == ["pause"]
    assert [entry.redis_user for entry in await cleo.audit.list(action="resume")] == ["default"]
    assert len(await cleo.audit.list(actor=getpass.getuser())) == 4
    assert await cleo.audit.list(actor="nobody else") == []


async def test_a_filter_that_leaves_few_finds_them_behind_many(cleo: Cleo) -> None:
    await cleo.queues.pause("emails")
    key = keys_of(cleo, "emails").audit
    for number in range(350):
        await ask(cleo, "XADD", key, "*", "actor", "{}", "action", "noise", "target", number, "count", 1)
    await cleo.backend.know_queue("emails")
    assert [entry.action for entry in await cleo.audit.list(action="pause")] == ["pause"]
    assert len(await cleo.audit.list(limit=300)) == 300


async def test_an_entry_written_by_hand_is_shown_as_it_is(cleo: Cleo) -> None:
    await ask(cleo, "XADD", keys_of(cleo, "emails").audit, "*", "actor", "[1", "action", "x")
    await ask(cleo, "EXPIRE", keys_of(cleo, "emails").audit, 60)
    (entry,) = await cleo.audit.list("emails")
    assert (entry.redis_user, entry.action, entry.count) == ("[1", "x", 0)


async def test_what_changed_nothing_is_not_in_the_audit(cleo: Cleo, seeded: Seeded) -> None:
    before = await cleo.audit.list()
    await cleo.queues.resume("emails")
    await cleo.queues.cancel("emails", [seeded.dead])
    await cleo.groups.configure("emails", "acme", weight=2)
    assert await cleo.audit.list() == before


async def test_the_pause_of_a_queue_that_has_had_no_task_is_found(cleo: Cleo) -> None:
    await cleo.queues.pause("new")
    assert [(entry.queue, entry.action) for entry in await cleo.audit.list()] == [("new", "pause")]


async def test_none_asked_for_is_refused(cleo: Cleo) -> None:
    with pytest.raises(InvalidOption):
        await cleo.audit.list(limit=0)
    assert await cleo.audit.list() == []


@pytest.mark.parametrize("name", script_names())
def test_every_script_that_only_operators_and_admins_run_audits(name: str) -> None:
    script = load(name)
    if not set(script.roles) <= {"operator", "admin"}:
        assert "'audit'" not in script.text, "what others may run must not need to write the audit"
        return
    calls = re.findall(r"(?<!function )\baudit\((\S+)", script.text)
    assert calls, f"{name}.lua changes something for an operator and doesn't say so in the audit"
    assert all(actor == "ARGV[1]," for actor in calls)


def test_the_actor_is_json(cleo: Cleo) -> None:
    assert set(json.loads(cleo.backend.actor)) == {"redis", "os"}
