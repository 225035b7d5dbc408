"""Driving the console in tests: start it on a server, press keys, read what is on its screen."""

from __future__ import annotations

import asyncio
import time
from collections.abc import AsyncGenerator, Callable
from contextlib import asynccontextmanager
from typing import Any

from textual import events
from textual.pilot import Pilot
from textual.widgets import Input

from cleo_core import Cleo
from cleo_tui.app import CleoApp
from cleo_tui.settings import ConsoleSettings
from tests.waiting import until

FAST = ConsoleSettings(refresh=0.3)


class Console:
    """A running console."""

    def __init__(self, app: CleoApp, pilot: Pilot[Any]) -> None:
        self.app = app
        self.pilot = pilot

    def text(self) -> str:
        """What is on the screen now, line by line."""
        strips = self.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
        return "\n".join(strip.text.rstrip() for strip in strips)

    async def press(self, *keys: str) -> None:
        """Press keys, and wait until they were dealt with."""
        await self.pilot.press(*keys)
        await self.pilot.pause()

    async def type(self, text: str) -> None:
        """Paste a text into the field that has the focus, which takes a test less time than its keys would."""
        await until(lambda: isinstance(self.app.focused, Input), what="a field to type into")
        self.app.post_message(events.Paste(text))
        await self.pilot.pause()

    async def see(self, *texts: str, within: float = 30.0) -> str:
        """Wait until all of the texts are on the screen."""
        return await self._look_for(lambda screen: all(text in screen for text in texts), f"{texts}", within)

    async def see_no_more(self, text: str, within: float = 30.0) -> None:
        """Wait until the text is not on the screen."""
        await self._look_for(lambda screen: text not in screen, f"no {text!r}", within)

    async def _look_for(self, condition: Callable[[str], bool], what: str, within: float) -> str:
        """Look at the screen every other frame: putting it into words costs as much as drawing it."""
        deadline = time.monotonic() + within
        while not condition(screen := self.text()):
            assert time.monotonic() < deadline, f"Not within {within:g} s: {what} on\n{screen}"
            await asyncio.sleep(0.1)
        return screen

    async def listens(self, cleo: Cleo) -> None:
        """Wait until the console hears what happens, which may be a moment after it has read the counts."""

        async def heard() -> int:
            await cleo.queues.add("noise", "nothing", {}, delay=3_600)
            return self.app.live.log.heard

        await until(heard)

    async def command(self, text: str) -> None:
        """Type a command."""
        await self.press("colon")
        await self.type(text)
        await self.press("enter")


@asynccontextmanager
async def console(
    connect: Callable[[], Cleo],
    *,
    size: tuple[int, int] = (120, 36),
    settings: ConsoleSettings = FAST,
    clock: Callable[[], float] | None = None,
) -> AsyncGenerator[Console]:
    """A console on what ``connect`` makes, once its first screen is there, and it is known what may be changed."""
    app = CleoApp(connect, settings=settings, clock=clock) if clock else CleoApp(connect, settings=settings)
    async with app.run_test(size=size, notifications=True) as pilot:
        running = Console(app, pilot)
        await running.see("1 Over")
        await until(lambda: app.snapshot and (app.snapshot.server or app.snapshot.link.trouble))
        yield running
