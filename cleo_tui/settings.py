"""What the console was started with."""

from __future__ import annotations

from dataclasses import dataclass

FRAMES = 15
FRAMES_ON_SLOW_LINK = 4


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """How the console behaves: ``refresh`` is seconds between readings, ``frames`` the most drawings a second."""

    read_only: bool = False
    theme: str = "dark"
    refresh: float = 2.0
    frames: int = FRAMES
