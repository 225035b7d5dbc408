"""The pace of drawing: what is new is drawn with the next frame, and there are only so many frames a second."""

from __future__ import annotations

import os
import time
from typing import TYPE_CHECKING, cast

from cleo_tui.settings import FRAMES_ON_SLOW_LINK

if TYPE_CHECKING:
    from textual.timer import Timer

    from cleo_tui.app import CleoApp

FRAMES_OUT_OF_FOCUS = 1
FRAMES_OF_EVENTS = 6
STILL = 0.8


class Paced:
    """The part of the app that knows when the next frame is due."""

    next_frame: Timer | None = None
    _due_at = 0.0
    _drawn_at = 0.0

    def changed(self) -> None:
        """Something is new: draw it with the next frame."""
        self._draw_within(cast("CleoApp", self).settings.frames)

    def heard(self) -> None:
        """Something has happened on the server, as it does all the time: fewer frames do than for what keys do."""
        self._draw_within(min(cast("CleoApp", self).settings.frames, FRAMES_OF_EVENTS))

    def answered(self) -> None:
        """What somebody waits for has come: draw it at once."""
        self._draw_within(float("inf"))

    def _draw_within(self, frames: float) -> None:
        """Have a frame drawn when one is due at so many a second, unless one is due before."""
        app = cast("CleoApp", self)
        if not app.follows:
            return
        now = time.monotonic()
        due = max(self._drawn_at + 1 / (frames if app.app_focus else FRAMES_OUT_OF_FOCUS), now + 0.001)
        if self.next_frame is not None:
            if self._due_at <= due:
                return
            self.next_frame.stop()
        self._due_at = due
        self.next_frame = app.set_timer(due - now, self._draw)

    @property
    def flashes(self) -> bool:
        """Whether what changes is to flash: not over a slow link, and not where colour or motion is off."""
        if os.environ.get("NO_COLOR") or os.environ.get("TEXTUAL_ANIMATIONS") == "none":
            return False
        return cast("CleoApp", self).settings.frames > FRAMES_ON_SLOW_LINK

    def _tick(self) -> None:
        """Ages grow although nothing happens; a frame that was just drawn has shown them."""
        if time.monotonic() - self._drawn_at > STILL:
            self.changed()

    def _draw(self) -> None:
        self.next_frame = None
        self._drawn_at = time.monotonic()
        cast("CleoApp", self).draw_frame()
