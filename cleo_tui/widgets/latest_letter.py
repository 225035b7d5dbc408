"""The latest dead letter of a kind in a few lines, so that one sees what a kind is about without opening it."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from cleo_core.models import DeadLetterRecord
from cleo_tui import say
from cleo_tui.theme import Role, inked
from cleo_tui.widgets.edges import tell_edges
from cleo_tui.widgets.json_view import json_text


class LatestLetter(Static):
    """Its task, its last error with the end of the traceback, and its arguments."""

    def __init__(self) -> None:
        super().__init__(classes="frame")
        self._shown: tuple[DeadLetterRecord | None, str] = (None, "")

    def tell(self, letter: DeadLetterRecord | None, now: float, instead: str = "") -> None:
        """Show a letter, or say why there is none."""
        when = say.ago(max(0.0, now - letter.finished_at)) if letter is not None and letter.finished_at else ""
        head = inked("Latest of this kind", Role.STRONG)
        tell_edges(self, Content.assemble(head, inked(f"  {when}" if when else "", Role.MUTED)))
        if (letter, instead) != self._shown:
            self._shown = (letter, instead)
            self.update(_content(letter) if letter is not None else inked(instead, Role.MUTED))


def _content(letter: DeadLetterRecord) -> Content:
    where = f"   group {letter.group}" if letter.group else ""
    after = f"   after {say.plural(len(letter.attempts), 'attempt')}" if letter.attempts else ""
    on = f" on {letter.worker}" if letter.worker else ""
    lines = [
        Content.assemble(inked(f"{letter.name}  {letter.id}", Role.STRONG), inked(f"{where}{after}{on}", Role.MUTED)),
        inked(letter.error, Role.BAD),
    ]
    last = letter.attempts[-1] if letter.attempts else None
    if last is not None and last.traceback:
        # Its first line is always the same, and its last is the error.
        lines.append(inked("\n".join(last.traceback.rstrip().split("\n")[1:-1][-4:]), Role.MUTED))
    return Content("\n").join([*lines, json_text(letter.arguments)])
