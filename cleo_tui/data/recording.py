"""Keeps what the console saw: each answer of the server and each batch of events, with its moment, in one file.

The file is gzip of JSON lines: a head with the version, then ``c`` (a call), ``a`` (its answer) and ``t`` (when), or
``e`` (events). An answer is written by the type that its method declares, and read back by the same, so nothing in a
file can be anything else than data. Passwords are no part of any answer; what looks like one in a URL is taken out.
"""

from __future__ import annotations

import gzip
import json
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any, TextIO, cast, get_type_hints

from pydantic import TypeAdapter

from cleo_core import Cleo, Event, EventGap
from cleo_core.errors import CleoError
from cleo_tui import crash
from cleo_tui.data.private import make_private

VERSION = 1
HEAD = "cleo_recording"
FLUSH_EVERY = 1.0
# What is asked and changes nothing, by the service that is asked; "" is the ``Cleo`` itself.
READS: dict[str, frozenset[str]] = {
    "": frozenset({"ping", "server_info", "explain", "doctor"}),
    "access": frozenset({"whoami", "permissions"}),
    "analytics": frozenset({"minutes"}),
    "audit": frozenset({"list"}),
    "dead_letters": frozenset({"kinds", "list", "get", "retries", "trash"}),
    "events": frozenset({"recent"}),
    "groups": frozenset({"list", "find", "get", "rules", "preview"}),
    "history": frozenset({"queue", "group", "worker", "task", "everything", "stats", "series"}),
    "locks": frozenset({"list", "holder", "is_locked"}),
    "queues": frozenset({"names", "count", "exists", "stats", "tasks", "get_task"}),
    "schedules": frozenset({"list", "get", "next"}),
    "workers": frozenset({"list", "count", "get", "signature", "signatures", "stuck"}),
}
OWN = READS[""]
SERVICES = tuple(name for name in READS if name)
# What a list is asked for in order to keep a row in sight; the answer is the list, wherever the row is in it.
PLACE = ("offset", "around")
EVENTS = TypeAdapter[list[Event | EventGap]](list[Event | EventGap])


@cache
def adapter_of(method: Callable[..., Any]) -> TypeAdapter[Any] | None:
    """What writes and reads the answers of a method; None if its type can't be told."""
    try:
        return TypeAdapter(get_type_hints(method)["return"])
    except (NameError, KeyError, TypeError):
        return None


def key_of(service: str, method: str, args: tuple[Any, ...], kwargs: dict[str, Any]) -> str:
    """What tells one question from all others."""
    return json.dumps([service, method, args, kwargs], default=str, sort_keys=True)


def loose_key_of(key: str) -> str | None:
    """The same question wherever the row is that it is asked around; None if it is not asked around a row."""
    service, method, args, kwargs = json.loads(key)
    if kwargs.get("around") is None:
        return None
    return "~" + key_of(service, method, args, {name: value for name, value in kwargs.items() if name not in PLACE})


class NotRecorded(CleoError):
    """Nobody looked at that while it was recorded."""


class RecordingError(Exception):
    """A recording can't be written or read; the message says why."""


class Recorder:
    """Writes a recording of what is asked through ``cleo`` from now on; ``tell`` hears why it ended before its time."""

    def __init__(
        self,
        path: Path,
        cleo: Cleo,
        clock: Callable[[], float],
        tell: Callable[[str], None] = lambda _text: None,
    ) -> None:
        self._path = path
        self._tell = tell
        self._over = False
        self._clock = clock
        self._last: dict[str, int] = {}
        self._flushed = time.monotonic()
        try:
            make_private(path)
            self._file: TextIO = gzip.open(path, "wt", encoding="utf-8")  # noqa: SIM115 - closed by close()
        except FileExistsError:
            raise RecordingError(f"There is a file {path} already. Name another one to record into.") from None
        except OSError as error:
            raise RecordingError(f"{path} can't be written: {error.strerror or error}.") from None
        self._write({HEAD: VERSION, "t": clock(), "address": cleo.address, "namespace": cleo.namespace})
        for name in SERVICES:
            setattr(cleo, name, _Recorded(name, getattr(cleo, name), self))
        for name in OWN:
            setattr(cleo, name, self.heard_of("", name, getattr(cleo, name)))

    def _write(self, line: dict[str, Any]) -> None:
        if self._over:
            return
        try:
            self._file.write(crash.without_passwords(json.dumps(line, ensure_ascii=False)) + "\n")
            if time.monotonic() - self._flushed > FLUSH_EVERY:
                # A console that is killed leaves all but the last second.
                self._flushed = time.monotonic()
                self._file.flush()
        except OSError as error:
            self.close()
            self._tell(f"The recording has ended: {self._path} can't be written ({error.strerror or error}).")

    def heard_of(self, service: str, name: str, method: Callable[..., Awaitable[Any]]) -> Callable[..., Awaitable[Any]]:
        """The method, with its answers written down."""
        adapter = adapter_of(getattr(method, "__func__", method))

        async def asked(*args: Any, **kwargs: Any) -> Any:
            answer = await method(*args, **kwargs)
            if adapter is not None:
                key = key_of(service, name, args, kwargs)
                told = adapter.dump_json(answer).decode()
                if self._last.get(key) != (known := hash(told)):
                    self._last[key] = known
                    self._write({"t": self._clock(), "c": key, "a": told})
            return answer

        return asked

    async def batches(
        self, events: AsyncIterator[Sequence[Event | EventGap]]
    ) -> AsyncIterator[Sequence[Event | EventGap]]:
        """The events, each batch written down as it comes."""
        async for batch in events:
            if batch:
                self._write({"t": self._clock(), "e": EVENTS.dump_json(list(batch), exclude_defaults=True).decode()})
            yield batch

    def close(self) -> None:
        """Write no more."""
        self._over = True
        # What could not be written can't be when it is closed either.
        with suppress(OSError):
            self._file.close()


class _Recorded:
    """A service of which the answers are written down."""

    def __init__(self, name: str, service: object, recorder: Recorder) -> None:
        self._name, self._service, self._recorder = name, service, recorder
        self._methods: dict[str, Any] = {}

    def __getattr__(self, name: str) -> Any:
        if name not in self._methods:
            member = getattr(self._service, name)
            if name in READS[self._name]:
                member = self._recorder.heard_of(self._name, name, member)
            elif self._name == "events" and name == "batches":
                member = self._batches
            self._methods[name] = member
        return self._methods[name]

    def _batches(self, *queues: str, **options: Any) -> AsyncIterator[Sequence[Event | EventGap]]:
        return self._recorder.batches(cast("Any", self._service).batches(*queues, **options))
