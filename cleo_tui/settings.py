"""What the console was started with. Nothing here imports Textual or the engine."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

AUTO_THEME = "auto"
THEME_NAMES = (AUTO_THEME, "dark", "light", "contrast", "16")
FRAMES = 15
FRAMES_ON_SLOW_LINK = 4
LEAST_REFRESH, MOST_REFRESH = 0.2, 3_600.0


@dataclass(frozen=True, slots=True)
class Thresholds:
    """From when on something is an alert. Ages are seconds, shares from 0 to 1, ``None`` never alerts.

    Attributes:
        oldest: how long the oldest task of a queue may wait.
        growth: by how many tasks a second a backlog may grow while it is older than ``oldest`` allows.
        failures: the share of attempts that may fail.
        no_worker: how long tasks may wait in a queue from which nothing is taken.
        dead: how many dead letters a queue may hold.
        memory: the share of the server's ``maxmemory`` that may be used.
    """

    oldest: float | None = 60.0
    growth: float | None = 0.0
    failures: float | None = 0.05
    no_worker: float | None = 10.0
    dead: float | None = None
    memory: float | None = 0.9


@dataclass(frozen=True, slots=True)
class ConsoleSettings:
    """How the console behaves: ``refresh`` is seconds between readings, ``frames`` the most drawings a second.

    The theme ``auto`` is dark, or the one of 16 colours on a terminal that has no more. ``profile`` is the name that
    the operator gave the server; with ``production`` it is marked, and every change has to be confirmed by typing.
    ``only_looks`` is ``read_only`` by the command line: it holds for whichever server is switched to.
    ``if_lost`` is what to do when the server is gone, where starting it anew is not what helps.
    ``bell`` and ``notify`` call for attention when an alert is new; ``keys`` says which keys an action has, by name.
    """

    read_only: bool = False
    theme: str = AUTO_THEME
    refresh: float = 2.0
    frames: int = FRAMES
    profile: str = ""
    production: bool = False
    thresholds: Thresholds = Thresholds()
    bell: bool = False
    notify: bool = False
    only_looks: bool = False
    if_lost: str = ""
    keys: Mapping[str, tuple[str, ...]] = field(default_factory=dict[str, tuple[str, ...]])
