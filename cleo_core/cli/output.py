"""What a command writes: JSON for scripts or text for people, and what is only said, on standard error."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from cleo_core.cli.tables import Look


class Output:
    """Standard output and standard error of one command. ``shape`` is the type of what it shows."""

    def __init__(self, shape: Any, *, as_json: bool) -> None:
        self.as_json = as_json
        self.look = Look.of(sys.stdout)
        self._shape = shape
        self._adapter: Any = None

    def show(self, value: Any, text: Callable[[Look], str]) -> None:
        """Write a value: as one JSON document, or as the text that is made of it."""
        if self.as_json:
            dumped = self._dump(value)
            # A terminal is read by a person even then.
            sys.stdout.write(f"{json.dumps(json.loads(dumped), indent=2) if self.look.width else dumped}\n")
        elif shown := text(self.look):
            sys.stdout.write(f"{shown}\n")

    def stream(self, value: Any, text: Callable[[Look], str]) -> None:
        """Write one of many values as a line, and at once."""
        sys.stdout.write(f"{self._dump(value) if self.as_json else text(self.look)}\n")
        sys.stdout.flush()

    def line(self, text: str) -> None:
        """Write a line that is JSON already."""
        sys.stdout.write(f"{text}\n")
        sys.stdout.flush()

    def say(self, sentence: str) -> None:
        """Tell a person something that is not part of the result. With ``--json`` nothing is told."""
        if not self.as_json:
            sys.stderr.write(f"{sentence}\n")
            sys.stderr.flush()

    def _dump(self, value: Any) -> str:
        if self._adapter is None:
            from pydantic import TypeAdapter  # noqa: PLC0415

            self._adapter = TypeAdapter(self._shape)
        return self._adapter.dump_json(value).decode()
