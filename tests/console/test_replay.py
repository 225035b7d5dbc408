"""A recording: what it holds, what it doesn't, and how it is played."""

from __future__ import annotations

import asyncio
import gzip
import io
import stat
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cleo_core import Cleo, TaskState
from cleo_tui.app import CleoApp
from cleo_tui.data.recording import Recorder, RecordingError
from cleo_tui.data.replay import Player, Recording, ReplayCleo
from cleo_tui.profiles import Profile
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console
from tests.servers import Server
from tests.waiting import until

FAST = ConsoleSettings(refresh=0.3)


@asynccontextmanager
async def running(app: CleoApp) -> AsyncGenerator[Console]:
    async with app.run_test(size=(120, 36), notifications=True) as pilot:
        yield Console(app, pilot)


async def record(server: Server, cleo: Cleo, path: Path) -> None:
    """Look at a queue into which three tasks come, of which the first was cancelled at last."""
    url = server.url.replace("redis://", "redis://default:hunter2@")
    app = CleoApp(profile=Profile("", url, cleo.namespace, settings=FAST), record=path)
    async with running(app) as shop:
        await shop.see("No queues in the namespace")
        await shop.listens(cleo)
        await cleo.queues.add("emails", "send", {}, task_id="mail-1")
        await shop.see("emails")
        await shop.command("tasks waiting @emails")
        await shop.see("mail-1")
        await shop.pilot.pause(1.0)
        await cleo.queues.add("emails", "send", {}, task_id="mail-2")
        await shop.see("mail-2")
        await cleo.queues.cancel("emails", ["mail-1"])
        await shop.see_no_more("mail-1")


def replay_of(path: Path) -> tuple[CleoApp, Player]:
    player = Player(Recording(path))
    app = CleoApp(lambda: ReplayCleo(player), settings=FAST, clock=player.now)
    app.player = player
    return app, player


async def test_a_recording_is_played_with_pause_seek_and_speed(server: Server, cleo: Cleo, tmp_path: Path) -> None:
    path = tmp_path / "incident.cleo"
    await record(server, cleo, path)
    app, player = replay_of(path)
    async with running(app) as shop:
        await shop.see("Replay of incident.cleo", "read-only", "emails")
        await shop.press("plus", "plus")
        assert player.speed == 4.0
        await shop.command("seek +600")
        await until(lambda: player.now() == player.recording.end)
        await shop.see("z play")
        await shop.command("tasks waiting @emails")
        await shop.see("mail-2")
        assert "mail-1" not in shop.text()
        await shop.press("K")
        assert not app.screen.is_modal
        assert "replay" in app.read_only_reason
        await shop.press("z")
        await shop.command("seek -600")
        await shop.see("‖ Replay")
        assert player.now() == player.recording.start
        await shop.press("8")
        await shop.see("Nothing has happened yet")
        await shop.press("z")
        await shop.see("mail-1")
        await until(lambda: player.now() == player.recording.end)
        await shop.press(*["minus"] * 4)
        await shop.command("seek -600")
        await shop.see("► Replay", "z pause")


async def test_dead_letters_can_not_be_written_out_of_a_recording(server: Server, cleo: Cleo, tmp_path: Path) -> None:
    @cleo.task(queue="emails", max_retries=0)
    async def send() -> None:
        raise LookupError("no mailbox")

    task = await send.enqueue()
    async with cleo.worker(queues=["emails"]):

        async def died() -> bool:
            return await task.status() is TaskState.DEAD

        await until(died)
    path = tmp_path / "incident.cleo"
    live = CleoApp(profile=Profile("", server.url, cleo.namespace, settings=FAST), record=path)
    async with running(live) as shop:
        await shop.see("emails")
        await shop.press("6")
        await shop.see("LookupError: no mailbox", "e export")
    app, _ = replay_of(path)
    async with running(app) as shop:
        await shop.see("Replay of incident.cleo", "read-only", "emails")
        await shop.press("6")
        await shop.see("LookupError: no mailbox")
        assert "e export" not in shop.text()
        await shop.press("e")
        await shop.see("A recording holds what was seen")


async def test_a_recording_holds_no_password_and_survives_a_kill(server: Server, cleo: Cleo, tmp_path: Path) -> None:
    path = tmp_path / "incident.cleo"
    await record(server, cleo, path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    data = await asyncio.to_thread(path.read_bytes)
    assert b"hunter2" not in gzip.decompress(data)
    await asyncio.to_thread(path.write_bytes, data[: len(data) * 2 // 3])
    assert Recording(path).end > Recording(path).start


async def test_what_is_there_is_not_written_over(cleo: Cleo, tmp_path: Path) -> None:
    path = tmp_path / "incident.cleo"
    path.touch()
    with pytest.raises(RecordingError, match="already"):
        Recorder(path, cleo, lambda: 1.0)
    with pytest.raises(RecordingError, match=r"can't be played|no recording"):
        Recording(path)


async def test_a_replay_refuses_every_change(server: Server, cleo: Cleo, tmp_path: Path) -> None:
    path = tmp_path / "incident.cleo"
    recorder = Recorder(path, cleo, lambda: 1.0)
    await cleo.queues.names()
    recorder.close()
    replayed = ReplayCleo(Player(Recording(path)))
    assert await replayed.queues.names() == []
    for change in (replayed.queues.pause("emails"), replayed.dead_letters.retry("emails", ["a"])):
        with pytest.raises(Exception, match="nothing can be changed"):
            await change
    with pytest.raises(Exception, match="Nobody looked at this"):
        await replayed.queues.stats("emails")
    with pytest.raises(Exception, match="no dead letters but those"):
        [line async for line in replayed.dead_letters.export("emails")]


async def test_a_recording_that_finds_no_room_ends_says_so_and_what_is_asked_is_answered(
    cleo: Cleo, tmp_path: Path
) -> None:
    told: list[str] = []
    recorder = Recorder(tmp_path / "incident.cleo", cleo, lambda: 1.0, told.append)
    recorder.close()
    recorder._over = False  # pyright: ignore[reportPrivateUsage]
    full = await asyncio.to_thread(open, "/dev/full", "wb", 0)
    recorder._file = io.TextIOWrapper(full, write_through=True)  # pyright: ignore[reportPrivateUsage]
    assert await cleo.queues.names() == []
    await cleo.ping()
    assert len(told) == 1
    assert "The recording has ended" in told[0]
    assert "No space left" in told[0]
    recorder.close()
