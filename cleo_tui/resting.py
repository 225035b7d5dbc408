"""What the console sees to beside what it shows: no key waits for the collector, and nothing is kept for good.

Python's collector looks through all objects that have lived long, again and again: a tenth of a second each time, twice
a second while many events come. Nearly all of them are modules, styles and widgets that stay as long as the console, so
once they are there they are put out of its sight, and it has next to nothing left to look through.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc

from textual._styles_cache import StylesCache

from cleo_tui.widgets.plotting import prepare

REST = 1.0
# Seconds after which memory is given back that nobody uses.
GIVE_BACK = 30.0


def begin() -> None:
    """Collect nothing while the console starts; ``settle`` has it done again."""
    gc.disable()


async def rest() -> None:
    """See to all of it, for as long as the console runs."""
    await settle()
    while True:
        await asyncio.sleep(GIVE_BACK)
        give_back()


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


def give_back() -> None:
    """Give the system back what lies free between the pieces that are in use, in about a millisecond.

    glibc does so by itself only at the end of its heap. What is read and drawn comes and goes in pieces of all sizes,
    so the heap of a console grew by a megabyte every few minutes while as much was in use as before.
    """
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None)
    if trim is not None:
        trim(0)
