"""What the console sees to beside what it shows: no key waits for the collector, and nothing is kept for good.

Python's collector looks through all objects that have lived long, again and again: a tenth of a second each time, twice
a second while many events come. Nearly all of them are modules, styles and widgets that stay as long as the console, so
once they are there they are put out of its sight, and it has next to nothing left to look through.
"""

from __future__ import annotations

import asyncio
import gc

from textual._styles_cache import StylesCache

from cleo_tui.widgets.plotting import prepare

REST = 1.0


def begin() -> None:
    """Collect nothing while the console starts; ``settle`` has it done again."""
    gc.disable()


async def settle() -> None:
    """Wait until the first screen has come to rest, and see to all that a key would have to wait for later."""
    await asyncio.sleep(REST)
    await asyncio.to_thread(prepare)
    # Another server may be looked at by now: what there was of the one before is to be collected.
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    gc.enable()


def forget() -> None:
    """Let go of the screens that were left.

    Textual remembers the grounds of the last 1,024 widgets by the very object that has all their drawn lines: up to
    75 kB each, of widgets that are gone too.
    """
    StylesCache.get_inner_outer.cache_clear()
