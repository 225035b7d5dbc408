"""The ``cleo-tui`` command. It reads its arguments and little else, so that the first frame is on screen at once."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Sequence

from cleo_tui.running import run
from cleo_tui.settings import AUTO_THEME, FRAMES, FRAMES_ON_SLOW_LINK, ConsoleSettings

URL_VARIABLE = "CLEO_REDIS_URL"
DEFAULT_URL = "redis://localhost:6379/0"
THEME_NAMES = (AUTO_THEME, "dark", "light", "contrast", "16")
LEAST_REFRESH = 0.2


def _seconds(text: str) -> float:
    try:
        seconds = float(text)
    except ValueError:
        seconds = 0.0
    if not LEAST_REFRESH <= seconds <= 3600:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of seconds from {LEAST_REFRESH} to 3600.")
    return seconds


def parser() -> argparse.ArgumentParser:
    """The arguments."""
    made = argparse.ArgumentParser(
        prog="cleo-tui",
        description="The terminal console of Cleo: see what the queues do, know why, and mend it.",
        epilog="`cleo-tui demo` shows it with a workload of its own and needs no server.",
    )
    made.add_argument(
        "url",
        nargs="?",
        default=os.environ.get(URL_VARIABLE, DEFAULT_URL),
        help=f"`demo`, or the server: redis://[user:password@]host:port/db, rediss://... or unix://... "
        f"(default: ${URL_VARIABLE}, else {DEFAULT_URL})",
    )
    made.add_argument("--namespace", default="cleo", help="the namespace to look at (default: cleo)")
    made.add_argument("--read-only", action="store_true", help="change nothing; the keys that would are hidden")
    made.add_argument("--theme", choices=THEME_NAMES, default=AUTO_THEME, help="the colours (default: dark, or 16)")
    made.add_argument(
        "--refresh", type=_seconds, default=2.0, metavar="SECONDS", help="between two readings (default: 2)"
    )
    made.add_argument("--slow-link", action="store_true", help="draw at most 4 times a second instead of 15")
    return made


def main(arguments: Sequence[str] | None = None) -> None:
    """Run the console until it is left."""
    options = parser().parse_args(arguments)
    settings = ConsoleSettings(
        read_only=options.read_only,
        theme=options.theme,
        refresh=options.refresh,
        frames=FRAMES_ON_SLOW_LINK if options.slow_link else FRAMES,
    )
    if options.url == "demo":
        from cleo_tui.demo.run import main as demo  # noqa: PLC0415 - the demo brings a workload that only it needs

        sys.exit(demo(os.environ.get(URL_VARIABLE, "embedded://"), settings))
    sys.exit(run(options.url, options.namespace, settings))
