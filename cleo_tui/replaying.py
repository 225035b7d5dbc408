"""The keys of a replay: pause, seek, speed. Elsewhere they do nothing and are not offered."""

from __future__ import annotations

import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, cast

from cleo_tui import say
from cleo_tui.actions import Action

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp
    from cleo_tui.data.replay import Player
    from cleo_tui.data.snapshot import Snapshot


def _to(_words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    return ()


REPLAY_ACTIONS = (
    Action("play", ("z",), "Replay: pause, or go on.", label="play"),
    Action("back-10", ("comma",), "Replay: 10 seconds back.", does="seek", given=("-10",)),
    Action("on-10", ("full_stop",), "Replay: 10 seconds on.", does="seek", given=("+10",)),
    Action("back-60", ("less_than_sign",), "Replay: a minute back.", does="seek", given=("-60",)),
    Action("on-60", ("greater_than_sign",), "Replay: a minute on.", does="seek", given=("+60",)),
    Action("slower", ("minus",), "Replay: half as fast.", does="pace", given=("0.5",)),
    Action("faster", ("plus",), "Replay: twice as fast.", does="pace", given=("2",)),
    Action("seek", (), "Replay: go to a time of day, or some seconds back or on.", takes=_to, usage="HH:MM:SS|-90|+90"),
)
NAMES = {action.name for action in REPLAY_ACTIONS}


class Replaying:
    """The part of the app that plays a recording."""

    player: Player | None = None

    @property
    def _replay_app(self) -> CleoApp:
        return cast("CleoApp", self)

    @property
    def plays(self) -> bool:
        """Whether the recording goes on by itself now."""
        player = self.player
        return player is not None and player.playing and player.now() < player.recording.end

    def label_of(self, action: Action) -> str:
        """What plays can be paused."""
        return "pause" if action.name == "play" and self.plays else action.label

    def replay_text(self) -> str:
        """Where in the recording one is, in a line; nothing if nothing is replayed."""
        player = self.player
        if player is None:
            return ""
        now, recording = player.now(), player.recording
        glyph = "►" if self.plays else "‖"
        length = recording.end - recording.start
        at, whole = say.duration(min(round(now - recording.start), length)), say.duration(length)
        return f"{glyph} Replay of {recording.path.name} · {say.hour(now)} · {at} of {whole} · speed {player.speed:g}"

    def do_play(self) -> None:
        """Pause, or go on."""
        if self.player is not None:
            self.player.toggle()
            self._replay_app.changed()

    def do_pace(self, factor: str) -> None:
        """Go faster or slower."""
        if self.player is not None:
            self.player.pace(float(factor))
            self._replay_app.changed()

    def do_seek(self, to: str = "") -> None:
        """Go to another moment of the recording."""
        app, player = self._replay_app, self.player
        if player is None:
            return
        moment = _moment(to, player)
        if moment is None:
            app.warn("Name a time of day or a number of seconds: `:seek 14:03:30`, `:seek -90`.")
            return
        player.seek(moment)
        app.run_worker(self._again(), name="seek", group="ctx", exclusive=True)

    async def _again(self) -> None:
        """Forget what was known, for it may be of a later moment, and come back to the screen that was in front."""
        from cleo_tui import start  # noqa: PLC0415 - it brings the engine

        app = self._replay_app
        mode, cleo = app.current_mode, app.cleo
        await app.let_go()
        await app.clear_screens()
        await start.show(app, cleo)
        app.go(mode)


def _moment(text: str, player: Player) -> float | None:
    try:
        if text[:1] in {"+", "-"}:
            return player.now() + float(text)
        hours, minutes, seconds = [*map(int, text.split(":")), 0, 0][:3]
    except ValueError:
        return None
    day = time.localtime(player.recording.start)
    return time.mktime((day.tm_year, day.tm_mon, day.tm_mday, hours, minutes, seconds, 0, 0, -1))
