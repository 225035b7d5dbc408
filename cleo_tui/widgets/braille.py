"""A drawing of dots, eight to a character, for charts that are small and redrawn often.

Own rather than plotext's: what the overview needs of a chart is one screen of dots, and importing plotext takes as long
as importing Textual (0.4 s). plotext 6 draws on one figure that belongs to its module; a drawing here is a value, so
two charts on one screen share nothing. For the charts of the history, with rulers, dates and legends, plotext is worth
it.
"""

from __future__ import annotations

from collections.abc import Sequence

DOTS_ACROSS, DOTS_DOWN = 2, 4
_BITS = ((0x01, 0x08), (0x02, 0x10), (0x04, 0x20), (0x40, 0x80))
_EMPTY = 0x2800


class Canvas:
    """``width`` by ``height`` characters. Each character takes the ink of whatever was drawn in it last."""

    def __init__(self, width: int, height: int) -> None:
        self.width, self.height = width, height
        self._dots = [[0] * width for _ in range(height)]
        self._inks = [[-1] * width for _ in range(height)]

    def dot(self, x: int, y: int, ink: int) -> None:
        """Set a dot; ``y`` counts from the bottom."""
        row, bit_row = divmod(self.height * DOTS_DOWN - 1 - y, DOTS_DOWN)
        column, bit_column = divmod(x, DOTS_ACROSS)
        if 0 <= row < self.height and 0 <= column < self.width:
            self._dots[row][column] |= _BITS[bit_row][bit_column]
            self._inks[row][column] = ink

    def line(self, heights: Sequence[float | None], ink: int, *, dashed: bool = False) -> None:
        """Draw a line through one height (0 to 1) for each column of dots; None leaves a gap."""
        top = self.height * DOTS_DOWN - 1
        before: int | None = None
        for x, height in enumerate(heights):
            if height is None:
                before = None
                continue
            y = round(max(0.0, min(1.0, height)) * top)
            if not dashed or x % 4 < 2:
                for between in range(min(y, before if before is not None else y), max(y, before or y) + 1):
                    self.dot(x, between, ink)
            before = y

    def row(self, index: int) -> list[tuple[str, int]]:
        """A row of characters, each with its ink (-1 for none)."""
        return [
            (chr(_EMPTY + dots) if dots else " ", ink)
            for dots, ink in zip(self._dots[index], self._inks[index], strict=True)
        ]


def stretched(values: Sequence[float | None], columns: int) -> list[float | None]:
    """The values spread over so many columns, straight lines between them."""
    if len(values) < 2 or columns < 2:
        return list(values[:1]) * columns
    result: list[float | None] = []
    for column in range(columns):
        place = column * (len(values) - 1) / (columns - 1)
        left = int(place)
        first, second = values[left], values[min(left + 1, len(values) - 1)]
        if first is None or second is None:
            result.append(first if place - left < 0.5 else second)
        else:
            result.append(first + (second - first) * (place - left))
    return result


_BARS = "▁▂▃▄▅▆▇█"


def spark(values: Sequence[float], width: int) -> str:
    """The last ``width`` values as little bars, against the highest of them."""
    shown = values[-width:]
    highest = max(shown, default=0)
    if highest <= 0:
        return "▁" * len(shown)
    return "".join(_BARS[round(value / highest * (len(_BARS) - 1))] for value in shown)
