"""The dialog of an export: asks before it overwrites, shows how far it is, and can be stopped."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Callable, Sequence
from contextlib import aclosing
from pathlib import Path
from typing import Any

from textual.app import ComposeResult
from textual.binding import Binding
from textual.containers import Horizontal, Vertical
from textual.widgets import Button, ProgressBar, Static

from cleo_core.errors import CleoError
from cleo_tui import say
from cleo_tui.data.export import ExportError, Fields, write
from cleo_tui.data.understanding import understood
from cleo_tui.screens.dialog import Dialog
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges


class ExportScreen(Dialog[str | None]):
    """Writes the pages into the file, and gives back what came of it; None if it was left."""

    AUTO_FOCUS = "#no"
    BINDINGS = [  # noqa: RUF012 - as Textual declares it
        Binding("escape,n", "no", "No"),
        Binding("y", "yes", "Yes"),
        Binding("left,right,h,l", "app.focus_next", "The other button"),
    ]

    def __init__(
        self, path: Path, pages: AsyncGenerator[Sequence[Any]], told: Callable[[Any], Fields], total: int
    ) -> None:
        super().__init__()
        self._path, self._pages, self._told, self._total = path, pages, told, total
        self._asks = path.exists()
        self._stopping = False
        self._how_far = Static(inked(f"0 of {say.count(total)} rows", Role.MUTED))
        self._bar = ProgressBar(total=max(1, total), show_eta=False)
        self._yes = Button("Overwrite", id="yes", compact=True)
        self._no = Button("No, leave it" if self._asks else "Stop", id="no", compact=True)

    def compose(self) -> ComposeResult:
        """What is written where."""
        with Vertical(classes="dialog frame") as box:
            title = f"Overwrite {self._path.name}?" if self._asks else f"Export to {self._path.name}"
            tell_edges(box, inked(title, Role.STRONG))
            yield Static(inked(str(self._path), Role.MUTED))
            if self._asks:
                yield Static(inked("There is such a file already. What is in it would be lost.", Role.WARN))
            yield self._how_far
            yield self._bar
            with Horizontal(id="buttons"):
                yield self._no
                yield self._yes

    def on_mount(self) -> None:
        """Begin, unless there is something to ask."""
        self._how_far.display = self._bar.display = not self._asks
        self._yes.display = self._asks
        if not self._asks:
            self.run_worker(self._write(), name="export")

    def on_button_pressed(self, event: Button.Pressed) -> None:
        """Do what was chosen."""
        if event.button is self._yes:
            self.action_yes()
        else:
            self.action_no()

    def action_yes(self) -> None:
        """Overwrite."""
        if not self._asks:
            return
        self._asks = False
        self._how_far.display = self._bar.display = True
        self._yes.display = False
        self._no.label = "Stop"
        self._no.focus()
        self.run_worker(self._write(), name="export")

    def action_no(self) -> None:
        """Leave the file, or stop after the page that is under way."""
        if self._asks:
            self.dismiss(None)
        else:
            self._stopping = True

    async def _write(self) -> None:
        try:
            with understood():
                async with aclosing(self._pages), aclosing(write(self._path, self._pages, self._told)) as steps:
                    written = 0
                    async for written in steps:
                        how_far = f"{say.count(written)} of {say.count(self._total)} rows"
                        self._how_far.update(inked(how_far, Role.MUTED))
                        self._bar.update(progress=min(written, self._total))
                        if self._stopping:
                            self.dismiss("Stopped; nothing was written.")
                            return
        except (ExportError, CleoError) as error:
            self.dismiss(str(error))
            return
        self.dismiss(f"{say.plural(written, 'row')} written to {self._path}.")
