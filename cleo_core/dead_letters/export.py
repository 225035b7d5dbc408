"""Dead letters as JSON lines, a few in memory at a time."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator

from cleo_core.backend import Backend
from cleo_core.dead_letters.filters import Wanted
from cleo_core.dead_letters.letters import letter_record_of

LOOK = 500
AT_ONCE = 10


async def lines(backend: Backend, queue: str, wanted: Wanted) -> AsyncIterator[str]:
    """A line of JSON for each letter that matches and was dead when the first was asked for, those that expire first
    at the beginning. A letter that is retried or discarded before its turn is left out.
    """
    seconds, microseconds = await backend.ask("TIME")
    now = 1000 * int(seconds) + int(microseconds) // 1000
    bounded = wanted._replace(rest={**wanted.rest, "until_then": min(wanted.rest.get("until_then", now), now)})
    after = (b"", b"")
    looked = LOOK
    while looked:
        scripts = await backend.scripts()
        looked, found, after = await scripts.dead_from_first(queue, wanted.fingerprint, bounded.written, LOOK, after)
        ids = [task_id.decode(errors="replace") for task_id in found]
        for first in range(0, len(ids), AT_ONCE):
            some = ids[first : first + AT_ONCE]
            raws = await asyncio.gather(*(scripts.record(queue, task_id) for task_id in some))
            for task_id, raw in zip(some, raws, strict=True):
                letter = letter_record_of(queue, task_id, raw)
                if letter is not None:
                    yield letter.model_dump_json()
