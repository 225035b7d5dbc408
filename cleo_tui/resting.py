"""What the console sees to once it has started, so that no key waits for it later.

Python's collector looks through all objects that have lived long, again and again: a tenth of a second each time, twice
a second while many events come. Nearly all of them are modules, styles and widgets that stay as long as the console, so
once they are there they are put out of its sight, and it has next to nothing left to look through.
"""

from __future__ import annotations

import asyncio
import gc

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
