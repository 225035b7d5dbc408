"""What the console was started with."""

from __future__ import annotations

from dataclasses import dataclass

AUTO_THEME = "auto"
FRAMES = 15
FRAMES_ON_SLOW_LINK = 4


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """How the console behaves: ``refresh`` is seconds between readings, ``frames`` the most drawings a second.

    The theme ``auto`` is dark, or the one of 16 colours on a terminal that has no more.
    """

    read_only: bool = False
    theme: str = AUTO_THEME
    refresh: float = 2.0
    frames: int = FRAMES
