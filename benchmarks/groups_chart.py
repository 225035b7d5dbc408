"""The picture of the waits: plain SVG that follows the reader's light or dark theme."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from html import escape

from benchmarks.groups_fairness import SMALL_GROUPS, Waits
from cleo_core.models import GroupStrategy

_WIDTH, _LEFT, _RIGHT = 760, 150, 40
_TOP, _ROW, _BAR = 84, 58, 16
_ACCENT = GroupStrategy.ROUND_ROBIN.name
_STYLE = """
  text { fill: #1f2328; font-size: 13px; }
  text { font-family: system-ui, -apple-system, 'Segoe UI', Helvetica, Arial, sans-serif; }
  .title { font-size: 16px; font-weight: 600; }
  .quiet { fill: #59636e; }
  .name { font-weight: 600; }
  .grid { stroke: #d1d9e0; stroke-width: 1; }
  .bar { fill: #b1b8c0; }
  .dot { fill: #59636e; }
  .accent.bar { fill: #7cb4f5; }
  .accent.dot { fill: #0969da; }
  @media (prefers-color-scheme: dark) {
    text { fill: #e6edf3; }
    .quiet { fill: #9198a1; }
    .grid { stroke: #3d444d; }
    .bar { fill: #545d68; }
    .dot { fill: #b1bac4; }
    .accent.bar { fill: #1f5fae; }
    .accent.dot { fill: #79b8ff; }
  }"""


def fairness_chart(waits: Sequence[Waits], big: int, small: int) -> str:
    """A bar for each strategy, from the shortest to the longest wait of a small group's task, and a dot for the
    middle one.
    """
    longest = max(wait.tasks_before[-1] for wait in waits)
    step = _step(longest)
    end = step * -(-longest // step)
    bottom = _TOP + _ROW * len(waits)
    lines = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {_WIDTH} {bottom + 56}" role="img" '
        f'aria-labelledby="title">',
        f"<style>{_STYLE}\n</style>",
        '<text id="title" class="title" x="20" y="28">How long tasks of small groups wait beside a large one</text>',
        f'<text class="quiet" x="20" y="50">1 group with {big:,} tasks, then {SMALL_GROUPS} groups with {small:,} '
        "each. Bar: shortest to longest wait; dot: median.</text>",
        *_axis(end, step, bottom),
    ]
    for number, wait in enumerate(waits):
        lines += _row(wait, _TOP + _ROW * number, end)
    return "\n".join([*lines, "</svg>"]) + "\n"


def _axis(end: int, step: int, bottom: int) -> Iterator[str]:
    for value in range(0, end + 1, step):
        x = _x(value, end)
        yield f'<line class="grid" x1="{x:.1f}" y1="{_TOP - 12}" x2="{x:.1f}" y2="{bottom}"/>'
        yield f'<text class="quiet" x="{x:.1f}" y="{bottom + 18}" text-anchor="middle">{value:,}</text>'
    middle = (_LEFT + _WIDTH - _RIGHT) / 2
    yield f'<text x="{middle:.0f}" y="{bottom + 42}" text-anchor="middle">wait (tasks served before it)</text>'


def _row(wait: Waits, top: int, end: int) -> Iterator[str]:
    accent = " accent" if wait.strategy == _ACCENT else ""
    first, last, middle = (_x(value, end) for value in (wait.tasks_before[0], wait.tasks_before[-1], wait.middle_tasks))
    center = top + _BAR / 2
    yield f'<text class="name" x="{_LEFT - 14}" y="{center + 4.5}" text-anchor="end">{escape(wait.strategy)}</text>'
    width = max(3.0, last - first)
    yield f'<rect class="bar{accent}" x="{first:.1f}" y="{top}" width="{width:.1f}" height="{_BAR}" rx="3"/>'
    yield f'<circle class="dot{accent}" cx="{middle:.1f}" cy="{center}" r="6"/>'
    text = f"median {wait.middle_tasks:,.0f}, longest {wait.tasks_before[-1]:,}"
    if last < _WIDTH / 2:
        yield f'<text x="{last + 12:.1f}" y="{center + 4.5}">{text}</text>'
    else:
        yield f'<text x="{first - 12:.1f}" y="{center + 4.5}" text-anchor="end">{text}</text>'


def _x(value: float, end: int) -> float:
    return _LEFT + (_WIDTH - _RIGHT - _LEFT) * value / end


def _step(longest: int) -> int:
    """A round number that divides the axis into at most six parts."""
    size = 1
    while True:
        for factor in (1, 2, 5):
            if longest <= 6 * factor * size:
                return factor * size
        size *= 10
