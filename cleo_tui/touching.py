"""Draws of the screen only what a change touches.

Textual draws all that lies between the uppermost and the lowest change, each widget with all its lines. Counts at the
top and in a table below change all the time, so that was the whole screen, six times a second.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING

from textual._compositor import ChopsUpdate, Compositor
from textual.geometry import Region

if TYPE_CHECKING:
    from textual.strip import Strip

_Renders = Iterable[tuple[Region, Region, list["Strip"]]]


class TouchedOnly(Compositor):
    """A compositor that asks widgets for the lines that are to be written, and for no others."""

    def __init__(self) -> None:
        super().__init__()
        self._touched: tuple[Region, ...] = ()

    def render_partial_update(self) -> ChopsUpdate | None:
        """What has changed since the last time, or None if nothing has."""
        self._touched = tuple(self._dirty_regions)
        try:
            return super().render_partial_update()
        finally:
            self._touched = ()

    def _get_renders(self, crop: Region | None = None) -> _Renders:
        return self._get_touched(self._touched) if self._touched else super()._get_renders(crop)

    def _get_touched(self, touched: tuple[Region, ...]) -> _Renders:
        """Of each widget, from the front to the back, the lines that are touched."""
        for widget, (region, clip) in self.visible_widgets.items():
            seen = region.intersection(clip)
            for first, end in _runs(seen.intersection(change) for change in touched):
                lines = Region(seen.x, first, seen.width, end - first)
                yield region, lines, widget.render_lines(lines.translate(-region.offset))


def _runs(places: Iterable[Region]) -> Iterable[tuple[int, int]]:
    """The lines that the places are on: the first of each run of them, and the one after its last."""
    runs: list[tuple[int, int]] = []
    for first, end in sorted((place.y, place.bottom) for place in places if place):
        if runs and first <= runs[-1][1]:
            runs[-1] = (runs[-1][0], max(end, runs[-1][1]))
        else:
            runs.append((first, end))
    return runs
