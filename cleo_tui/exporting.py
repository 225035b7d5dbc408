"""``:export FILE``: writes the list in front into a file."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Sequence
from typing import TYPE_CHECKING, Any, cast

from cleo_tui.actions import Action

if TYPE_CHECKING:
    from cleo_tui.app import CleoApp
    from cleo_tui.data.pages import Rows
    from cleo_tui.data.snapshot import Snapshot
    from cleo_tui.screens.base import CleoScreen


def _no_words(_words: Sequence[str], _snapshot: Snapshot) -> Sequence[str]:
    return ()


EXPORT_ACTIONS = (
    Action(
        "export", (), "Write all that this list holds and matches into a file.", takes=_no_words,
        usage="FILE.csv|FILE.json",
    ),
)  # fmt: skip


class Exporting:
    """The part of the app that writes lists."""

    def do_export(self, *words: str) -> None:
        """Write the list in front."""
        from cleo_tui.data.export import ExportError, checked_path  # noqa: PLC0415 - it brings the engine
        from cleo_tui.screens.export import ExportScreen  # noqa: PLC0415 - as above

        app = cast("CleoApp", self)
        front = app.front()
        rows = front.export_rows if front is not None else None
        if front is None or rows is None or app.is_web:
            app.warn("There is no list here that could be written." if not app.is_web else "Not from a browser.")
            return
        if not words:
            app.warn("Name a file: `:export tasks.csv` or `:export tasks.json`.")
            return
        try:
            path = checked_path(" ".join(words))
        except ExportError as error:
            app.warn(str(error))
            return
        dialog = ExportScreen(path, _matching(front, rows), front.export_fields, rows.total)
        app.push_screen(dialog, lambda told: app.say(told) if told else None)


async def _matching(front: CleoScreen, rows: Rows[Any]) -> AsyncGenerator[Sequence[Any]]:
    from cleo_tui.data.export import pages_of  # noqa: PLC0415 - it brings the engine

    async for page in pages_of(rows):
        yield [row for row in page if front.exports(row)]
