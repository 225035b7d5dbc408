"""What stands in the edges of a frame: its name above, and below what helps on.

It is content and never markup, because names are as others wrote them, and a ``[`` in one would be taken for a tag. And
only an edge that says something else is drawn: Textual draws the frame with all that is in it when a title is set.
"""

# pyright: reportPrivateUsage=false

from __future__ import annotations

from textual.content import Content
from textual.geometry import Region
from textual.widget import Widget


def tell_edges(frame: Widget, upper: Content | None = None, lower: Content | None = None) -> None:
    """Have this in the upper edge and that in the lower one; None leaves an edge as it is."""
    if upper is not None and not _is_there(upper, frame._border_title):
        frame._border_title = _first_line(upper)
        _redraw(frame, 0)
    if lower is not None and not _is_there(lower, frame._border_subtitle):
        frame._border_subtitle = _first_line(lower)
        _redraw(frame, frame.outer_size.height - 1)


def _is_there(content: Content, edge: Content | None) -> bool:
    return edge is not None and _first_line(content).is_same(edge)


def _first_line(content: Content) -> Content:
    return content.split()[0]


def _redraw(frame: Widget, line: int) -> None:
    # Before it has a size all of it is still to be drawn.
    if frame.outer_size:
        left, top = frame.content_offset
        frame.refresh(Region(-left, line - top, frame.outer_size.width, 1))
