"""A recording leaves nothing out: every call that looks is kept, and every screen that was seen is seen again."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import count
from pathlib import Path

import pytest

from cleo_core import Cleo, TaskState
from cleo_tui.app import CleoApp
from cleo_tui.data.link import LinkState
from cleo_tui.data.recording import READS, NotRecorded, Recorder
from cleo_tui.data.replay import Player, Recording, ReplayCleo
from cleo_tui.profiles import Profile
from cleo_tui.screens import discover
from cleo_tui.settings import ConsoleSettings
from cleo_tui.widgets.statecard import Absence, StateCard
from tests.console.driving import Console
from tests.engine.access.calls import a_retry, a_schedule, a_worker
from tests.engine.access.calls_that_change import OPERATING, PRODUCING, WORKING
from tests.engine.access.calls_that_look import LOOKING
from tests.engine.access.users import seed
from tests.engine.dead_letters.burying import bury
from tests.raw import ask
from tests.servers import Server
from tests.waiting import until

FAST = ConsoleSettings(refresh=0.3)
# What looks and is no answer: streams, a file of any length, what no screen has, and dry runs of what changes.
NOT_KEPT = {
    "events.batches", "audit.follow", "dead_letters.export", "handle.status",
    "history.clear_queue", "history.clear_worker", "history.clear_task",
}  # fmt: skip
# The servers are those of the person who looks at the recording.
NOT_SHOWN = {"servers"}


def test_every_call_that_looks_is_recorded_and_no_other() -> None:
    """If this fails for a new call that changes nothing: name it in ``READS``, so that screens may make it."""
    kept = {f"{service}.{name}".lstrip(".") for service, names in READS.items() for name in names}
    assert kept == {case.call for case in LOOKING} - NOT_KEPT
    assert kept.isdisjoint(case.call for case in (*OPERATING, *PRODUCING, *WORKING))


async def test_every_answer_is_replayed_as_it_was(cleo: Cleo, tmp_path: Path) -> None:
    seeded = await seed(cleo)
    for prepare in (a_schedule, a_worker, a_retry):
        seeded = await prepare(cleo, seeded)
    cases = [case for case in LOOKING if case.call not in NOT_KEPT]
    recorder = Recorder(tmp_path / "all.cleo", cleo, lambda: 1.0)
    answers = [await case.make(cleo, seeded) for case in cases]
    recorder.close()
    replayed = ReplayCleo(Player(Recording(tmp_path / "all.cleo")))
    assert [await case.make(replayed, seeded) for case in cases] == answers


async def test_a_list_that_nobody_looked_at_around_that_row_is_shown_as_it_was_seen(cleo: Cleo, tmp_path: Path) -> None:
    moment = 1.0
    recorder = Recorder(tmp_path / "list.cleo", cleo, lambda: moment)
    handles = [await cleo.queues.add("emails", "send", {}) for _ in range(3)]
    await cleo.queues.tasks("emails", TaskState.WAITING, around=handles[0].id)
    moment = 2.0
    await cleo.queues.cancel("emails", [handles[0].id])
    seen = await cleo.queues.tasks("emails", TaskState.WAITING, around=handles[2].id)
    recorder.close()
    player = Player(Recording(tmp_path / "list.cleo"))
    player.toggle()
    replayed = ReplayCleo(player)
    assert (await replayed.queues.tasks("emails", TaskState.WAITING, around=handles[1].id)).total == 3
    player.seek(2.0)
    assert await replayed.queues.tasks("emails", TaskState.WAITING, around=handles[1].id) == seen
    with pytest.raises(NotRecorded):
        await replayed.queues.tasks("emails", TaskState.DEAD, around=handles[1].id)
    with pytest.raises(NotRecorded):
        await replayed.queues.tasks("emails", TaskState.WAITING)


async def test_minutes_are_what_all_answers_together_told(cleo: Cleo, tmp_path: Path) -> None:
    await cleo.queues.add("emails", "send", {})
    moments = count(1.0)
    recorder = Recorder(tmp_path / "minutes.cleo", cleo, lambda: next(moments))
    whole = await cleo.analytics.minutes("emails", 60)
    await cleo.queues.add("emails", "send", {})
    latest = await cleo.analytics.minutes("emails", 2)
    recorder.close()
    player = Player(Recording(tmp_path / "minutes.cleo"))
    player.seek(player.recording.end)
    replayed = ReplayCleo(player)
    known = {minute.at: minute for minute in [*whole, *latest]}
    expected = [known[at] for at in sorted(known)]
    assert await replayed.analytics.minutes("emails", 60) == expected[-60:]
    assert await replayed.analytics.minutes("emails", 7) == expected[-7:]
    assert await replayed.analytics.minutes("nobody-looked") == []


# --- every screen ------------------------------------------------------------------------------------

# The screen, the keys that are pressed on it, and what is seen then.
Step = tuple[str, Sequence[str], Sequence[str]]
WALK: Sequence[Step] = (
    ("overview", (), ("emails", "Throughput")),
    ("queues", (), ("emails", "last 16 min")),
    ("tasks waiting @emails", (), ("waiting-1", "1 task")),
    ("tasks active @emails", (), ("active-1", "ghost-1")),
    ("tasks delayed @emails", (), ("delayed-1", "1 task")),
    ("tasks dead @emails", ("enter",), ("ValueError: no", "dead-1")),
    ("tasks waiting @emails", ("enter",), ("why it is not running", "waiting-1")),
    ("groups @emails", (), ("acme", "no group")),
    ("groups @emails", ("enter",), ("acme · waiting", "waiting-1")),
    ("workers", (), ("somebody",)),
    ("workers", ("enter",), ("somebody", "emails")),
    ("dead @emails", (), ("ValueError: no",)),
    ("dead @emails", ("enter",), ("dead-1",)),
    ("dead @emails", ("u",), ("emails · trash", " min")),
    ("dead @emails", ("t",), ("emails · retries", "0 of 1")),
    ("stuck @emails", (), ("active-1", "silent")),
    ("live", (), ("added", "noise")),
    ("history @emails", (), ("emails", "success rate")),
    ("history @emails 24h", ("l", "l"), ("emails", "send")),
    ("more", (), ("Schedules", "Audit")),
    ("schedules @emails", (), ("nightly", "every 1 h")),
    ("locks @emails", (), ("acme",)),
    ("audit", (), ("retry all", "configure group")),
    ("audit @emails", (), ("emails · audit", "add schedule")),
    ("doctor", (), ("memory", "noeviction")),
)


async def _furnish(cleo: Cleo) -> None:
    """Something to see on every screen, for as long as the test may take."""
    await bury(cleo, ["trashed-1"], queue="emails")
    await cleo.dead_letters.discard("emails", ["trashed-1"])
    seeded = await seed(cleo)
    for prepare in (a_schedule, a_worker, a_retry):
        seeded = await prepare(cleo, seeded)
    await ask(cleo, "PERSIST", cleo.backend.keys.worker("somebody"))
    await ask(cleo, "ZINCRBY", cleo.backend.keys.workers, 3_600_000, "somebody")


async def _settle(shop: Console) -> None:
    """Wait until nothing on the screen waits for an answer."""

    def settled() -> bool:
        return not any(card.startswith(Absence.CONNECTING.glyph) for card in _cards(shop))

    try:
        await until(settled)
    except AssertionError as error:
        raise AssertionError(f"The screen is still reading:\n{shop.text()}") from error


def _cards(shop: Console) -> list[str]:
    return [str(card.render()).strip() for card in shop.app.screen.query(StateCard) if card.is_on_screen]


async def _walk(shop: Console) -> None:
    await shop.see("emails")
    await until(lambda: shop.app.snapshot and shop.app.snapshot.workers and shop.app.snapshot.server)
    for command, keys, texts in WALK:
        await shop.command(command)
        await _settle(shop)
        for key in keys:
            await shop.press(key)
            await _settle(shop)
        await shop.see(*texts)
        bad = [card for card in _cards(shop) if card[:1] in {Absence.ERROR.glyph, Absence.DENIED.glyph}]
        assert not bad, f":{command} shows {bad}"
        assert shop.app.snapshot is not None
        assert shop.app.snapshot.link.state is LinkState.CONNECTED
        while len(shop.app.screen_stack) > 1:
            await shop.press("escape")


def test_the_walk_leads_to_every_screen() -> None:
    assert {command.split()[0] for command, _, _ in WALK} == {spec.name for spec in discover()} - NOT_SHOWN


async def test_every_screen_is_seen_again_when_the_server_is_gone(own_server: Server, tmp_path: Path) -> None:
    path = tmp_path / "incident.cleo"
    async with Cleo(own_server.url, namespace="shop") as cleo, cleo.locks.group("emails", "acme", drain=False):
        await _furnish(cleo)
        app = CleoApp(profile=Profile("", own_server.url, "shop", settings=FAST), record=path)
        async with app.run_test(size=(120, 36), notifications=True) as pilot:
            shop = Console(app, pilot)
            await shop.see("emails")
            await shop.listens(cleo)
            await _walk(shop)
    own_server.stop()
    player = Player(Recording(path))
    app = CleoApp(lambda: ReplayCleo(player), settings=FAST, clock=player.now)
    app.player = player
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        shop = Console(app, pilot)
        await shop.see("Replay of incident.cleo")
        await shop.command("seek +600")
        await app.workers.wait_for_complete([worker for worker in app.workers if worker.name == "seek"])
        await _walk(shop)
