"""The dialog that writes dead letters to a file: where to, how far it is, and a way to stop."""

from __future__ import annotations

import time
from collections.abc import Sequence
from contextlib import suppress
from pathlib import Path
from typing import IO, Any

from textual.app import ComposeResult
from textual.binding import BindingType
from textual.containers import Vertical
from textual.widgets import Input, ProgressBar, Static
from textual.worker import Worker

from cleo_core import Cleo
from cleo_core.errors import CleoError
from cleo_tui import say
from cleo_tui.actions import app_of
from cleo_tui.data.export import reason_of
from cleo_tui.data.private import make_private
from cleo_tui.data.understanding import understood
from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges

REDRAW = 200
Part = tuple[str, int, dict[str, Any]]


class ExportLettersScreen(Dialog[None]):
    """Writes a line of JSON for each letter. A file that is there already is never overwritten, and one that is not
    finished does not stay.
    """

    AUTO_FOCUS = "#asked"
    BINDINGS: list[BindingType] = [("escape", "leave", "Leave it")]  # noqa: RUF012 - as Textual declares it

    def __init__(self, cleo: Cleo, queue: str, parts: Sequence[Part]) -> None:
        super().__init__()
        self._cleo, self._queue, self._parts = cleo, queue, parts
        self._letters = sum(size for _, size, _ in parts)
        stamp = time.strftime("%Y%m%d-%H%M%S", time.localtime())
        name = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in queue)
        self._input = Input(f"dead-{name}-{stamp}.jsonl", id="asked", compact=True)
        self._input.cursor_blink = False
        self._wrong = Static(id="wrong")
        self._progress = ProgressBar(total=max(1, self._letters), show_eta=False)
        self._under_way = False
        self._writing: Worker[None] | None = None

    def compose(self) -> ComposeResult:
        """What is written, and the line that says where to."""
        with Vertical(classes="dialog frame") as box:
            title = f"Write {say.plural(self._letters, 'dead letter')} of {self._queue} to a file"
            tell_edges(box, inked(title, Role.STRONG), inked("↵ writes · esc stops or leaves it", Role.MUTED))
            for label, _, _ in self._parts[:5]:
                yield Static(inked(f"  {label}", Role.PLAIN), classes="sample")
            yield Static(
                inked(f"A line of JSON each, with the arguments and every attempt. In {Path.cwd()}:", Role.MUTED)
            )
            yield self._input
            yield self._wrong
            yield self._progress

    def on_mount(self) -> None:
        """Nothing is wrong yet."""
        self._wrong.display = self._progress.display = False

    def on_input_changed(self) -> None:
        """What was wrong with the name before is not wrong with this one."""
        self._wrong.display = False

    def on_input_submitted(self, event: Input.Submitted) -> None:
        """Write, if the file can be made."""
        if self._under_way:
            return
        name = event.value.strip()
        try:
            path = Path(name).expanduser()
            make_private(path)
            file = path.open("w", encoding="utf-8")
        except (OSError, RuntimeError) as error:
            self._refuse(f"{name} can't be made: {reason_of(error)}.")
            return
        self._under_way = self._progress.display = True
        self._input.disabled = True
        self._writing = self.run_worker(self._write(path, file), name="export")

    async def _write(self, path: Path, file: IO[str]) -> None:
        written, whole = 0, False
        try:
            with understood(), file:
                for _, _, filters in self._parts:
                    async for line in self._cleo.dead_letters.export(self._queue, **filters):
                        file.write(line + "\n")
                        written += 1
                        if written % REDRAW == 0:
                            self._progress.update(progress=min(written, self._letters))
            whole = True
        except (CleoError, OSError) as error:
            self._again(f"Stopped after {say.plural(written, 'letter')}: {error}")
        finally:
            if not whole:
                _remove(path)
        if whole:
            app_of(self).say(f"{say.plural(written, 'dead letter')} of {self._queue} written to {path}.")
            self.dismiss(None)

    def _again(self, why: str) -> None:
        self._under_way = self._progress.display = False
        self._input.disabled = False
        self._input.focus()
        self._refuse(why)

    def _refuse(self, why: str) -> None:
        self._wrong.update(inked(f"✗ {why}", Role.BAD))
        self._wrong.display = True

    def action_leave(self) -> None:
        """Leave it; what is being written is not finished and does not stay."""
        if self._writing is not None:
            self._writing.cancel()
        self.dismiss(None)


def _remove(path: Path) -> None:
    with suppress(OSError):
        path.unlink(missing_ok=True)
