"""The pictures of the documentation, out of the running console on a fixed data set: identical each time.

``make screenshots`` runs this.
"""

from __future__ import annotations

import asyncio
import os
import sys
import time
from pathlib import Path

from tests.console.canned import CannedCleo
from tests.console.test_pictures import after, app_on

FOLDER = Path(__file__).parents[2] / "screenshots"
SIZE = (120, 36)
PICTURES: dict[str, tuple[str, ...]] = {
    "overview": (),
    "queues": ("2",),
    "tasks": ("3", "right_square_bracket"),
    "task": ("3", "right_square_bracket", "l", "l", "enter"),
    "groups": ("4", "right_square_bracket"),
    "dead-letters": ("6", "right_square_bracket"),
    "workers": ("5",),
    "stuck": ("7",),
    "live": ("8",),
    "history": ("9",),
    "doctor": ("0", "j", "j", "j", "enter"),
}


async def take(name: str, keys: tuple[str, ...]) -> None:
    """Press the keys and save what is then on screen."""
    app = app_on(CannedCleo())
    async with app.run_test(size=SIZE) as pilot:
        await after(*keys)(pilot)
        app.save_screenshot(filename=f"{name}.svg", path=str(FOLDER))
    print(f"screenshots/{name}.svg")


def main() -> None:
    """Take all pictures, or those named on the command line."""
    os.environ["TZ"] = "UTC"
    time.tzset()
    os.environ.pop("NO_COLOR", None)
    os.environ["TEXTUAL_ANIMATIONS"] = "none"
    FOLDER.mkdir(exist_ok=True)
    for name in sys.argv[1:] or PICTURES:
        asyncio.run(take(name, PICTURES[name]))


if __name__ == "__main__":
    main()
