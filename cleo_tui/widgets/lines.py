"""Laying text out on one line: what comes left, what comes right, and what gives way when there is no room."""

from __future__ import annotations

from textual.content import Content


def spread(left: Content, right: Content, width: int) -> Content:
    """Both on one line; when they don't fit, the left one ends in an ellipsis."""
    room = max(0, width - right.cell_length)
    left = left.truncate(max(0, room - 1), ellipsis=True)
    return Content.assemble(left, " " * (room - left.cell_length), right)
