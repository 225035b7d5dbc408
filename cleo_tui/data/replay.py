"""Plays a recording: a ``Cleo`` that answers as the server did at the moment that is shown, and changes nothing."""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from bisect import bisect_right
from collections.abc import AsyncGenerator, Iterator
from pathlib import Path
from typing import Any, cast

from pydantic import TypeAdapter

from cleo_core import Cleo, Event, EventGap
from cleo_core.models import MinuteStats
from cleo_tui.data.recording import (
    EVENTS,
    HEAD,
    OWN,
    READS,
    SERVICES,
    VERSION,
    NotRecorded,
    RecordingError,
    adapter_of,
    key_of,
    loose_key_of,
)

STEP = 0.05
SLOWEST, FASTEST = 0.25, 64.0
MOST_MINUTES = 60
LOOKED_BACK = 500
MINUTES = TypeAdapter[list[MinuteStats]](list[MinuteStats])


class Recording:
    """A recording in memory: the answers to each question and the batches of events, in the order of their moments.

    Raises:
        RecordingError: the file is none, or of another version.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self._moments: dict[str, list[float]] = {}
        self._answers: dict[str, list[str]] = {}
        self.event_moments: list[float] = []
        self._events: list[str] = []
        try:
            with gzip.open(path, "rt", encoding="utf-8") as file:
                line: object = json.loads(file.readline() or "null")
                head = cast("dict[str, Any]", line) if isinstance(line, dict) else {}
                if head.get(HEAD) != VERSION:
                    raise RecordingError(f"{path} is no recording of this version of the console.")
                self.address, self.namespace = str(head["address"]), str(head["namespace"])
                self.start = self.end = float(head["t"])
                self._read(file)
        except (OSError, ValueError, KeyError) as error:
            raise RecordingError(f"{path} can't be played: {error}.") from None

    def _read(self, file: Any) -> None:
        try:
            for text in file:
                line = json.loads(text)
                self.end = max(self.end, float(line["t"]))
                if "e" in line:
                    self.event_moments.append(self.end)
                    self._events.append(line["e"])
                else:
                    self._keep(line["c"], line["a"])
                    if loose := loose_key_of(line["c"]):
                        self._keep(loose, line["a"])
        except (EOFError, zlib.error, json.JSONDecodeError):
            # The console that wrote it was killed; what it had written until then is there.
            return

    def _keep(self, key: str, answer: str) -> None:
        self._moments.setdefault(key, []).append(self.end)
        self._answers.setdefault(key, []).append(answer)

    def answers(self, key: str, at: float) -> list[tuple[float, str]]:
        """What the server had answered by then, and when; the first answer if that came a little later."""
        moments = self._moments.get(key, [])
        known = max(1, bisect_right(moments, at))
        return list(zip(moments[:known], self._answers.get(key, []), strict=False))

    def answer(self, key: str, at: float) -> str | None:
        """What the server had last answered by then. Of a list that nobody looked at around that row, what it showed
        around another one.
        """
        if key not in self._moments and (loose := loose_key_of(key)):
            key = loose
        moments = self._moments.get(key)
        if not moments:
            return None
        return self._answers[key][max(0, bisect_right(moments, at) - 1)]

    def events(self, first: int) -> list[Event | EventGap]:
        """One batch."""
        return EVENTS.validate_json(self._events[first])

    def heard_before(self, at: float) -> Iterator[tuple[float, list[Event | EventGap]]]:
        """The latest batches that were heard by then, each with its moment."""
        place = bisect_right(self.event_moments, at)
        for index in range(max(0, place - LOOKED_BACK), place):
            yield self.event_moments[index], self.events(index)


class Player:
    """Where in a recording one is, and how fast it goes on."""

    def __init__(self, recording: Recording) -> None:
        self.recording = recording
        self.speed = 1.0
        self.playing = True
        self._at = recording.start
        self._since = time.monotonic()

    def now(self) -> float:
        """The moment that is shown, in seconds since the epoch. At the end it stands still."""
        moved = (time.monotonic() - self._since) * self.speed if self.playing else 0.0
        return min(self._at + moved, self.recording.end)

    def _settle(self) -> None:
        self._at, self._since = self.now(), time.monotonic()

    def toggle(self) -> None:
        """Pause, or go on."""
        self._settle()
        self.playing = not self.playing

    def pace(self, factor: float) -> None:
        """Go faster or slower."""
        self._settle()
        self.speed = min(FASTEST, max(SLOWEST, self.speed * factor))

    def seek(self, at: float) -> None:
        """Go to a moment, or the nearest one that there is."""
        self._settle()
        self._at = min(max(at, self.recording.start), self.recording.end)


class ReplayCleo(Cleo):
    """Answers out of a recording."""

    def __init__(self, player: Player) -> None:
        recording = player.recording
        super().__init__("redis://recording.invalid", namespace=recording.namespace)
        self._player = player
        for name in SERVICES:
            setattr(self, name, _Replayed(name, getattr(self, name), player))
        for name in OWN:
            setattr(self, name, _answering("", name, getattr(Cleo, name), player))

    @property
    def address(self) -> str:
        """What was looked at."""
        return self._player.recording.address

    async def close(self) -> None:
        """Nothing is open."""


class _Replayed:
    """A service that answers what was answered."""

    def __init__(self, name: str, service: object, player: Player) -> None:
        self._name, self._service, self._player = name, service, player

    def __getattr__(self, name: str) -> Any:
        member = getattr(type(self._service), name)
        own = {"events.batches": self._batches, "dead_letters.export": _no_export, "analytics.minutes": self._minutes}
        return own.get(f"{self._name}.{name}") or _answering(self._name, name, member, self._player)

    async def _minutes(self, queue: str, count: int = 60) -> list[MinuteStats]:
        """The minutes as all answers together tell them: after the first one only the latest are asked for."""
        player = self._player
        told = sorted(
            answer
            for asked in range(1, MOST_MINUTES + 1)
            for answer in player.recording.answers(key_of(self._name, "minutes", (queue, asked), {}), player.now())
        )
        known = {minute.at: minute for _, answer in told for minute in MINUTES.validate_json(answer)}
        return [known[at] for at in sorted(known)][-count:]

    async def _batches(self, *_queues: str, **_options: Any) -> AsyncGenerator[list[Event | EventGap]]:
        recording = self._player.recording
        place = bisect_right(recording.event_moments, self._player.now())
        while True:
            while place < len(recording.event_moments) and recording.event_moments[place] <= self._player.now():
                yield recording.events(place)
                place += 1
            await asyncio.sleep(STEP)


async def _no_export(*_args: Any, **_filters: Any) -> AsyncGenerator[str]:
    raise NotRecorded("This is a replay: a recording holds no dead letters but those that were looked at.")
    yield ""


def _answering(service: str, name: str, method: Any, player: Player) -> Any:
    async def asked(*args: Any, **kwargs: Any) -> Any:
        if name not in READS[service]:
            raise NotRecorded("This is a replay: nothing can be changed.")
        told = player.recording.answer(key_of(service, name, args, kwargs), player.now())
        adapter = adapter_of(method)
        if told is None or adapter is None:
            raise NotRecorded("Nobody looked at this while it was recorded.")
        return adapter.validate_json(told)

    return asked
