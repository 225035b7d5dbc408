"""Dead letters: finding, retrying, discarding."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from cleo_core.scripts.calls import Calls


class DeadLetterScripts(Calls):
    """What operators do to dead letters, and what is known of them."""

    async def dead_kinds(
        self, queue: str, offset: int, size: int, parts: int, part_ms: int
    ) -> tuple[int, int, list[Any]]:
        """When (ms), how many kinds there are, and those of the window, raw; with their deaths in so many parts."""
        now, total, kinds = await self._run("dead_kinds", queue, offset, size, parts, part_ms)
        return now, total, kinds

    async def dead_from_last(
        self, queue: str, fingerprint: str, filter_: bytes, look: int, wanted: int, offset: int, around: str
    ) -> tuple[int, int, int, int, list[Any]]:
        """When (ms), how many letters there are, where the window begins, how many were looked at, and those that
        match, raw.
        """
        now, total, begin, looked, letters, _, _ = await self._run(
            "find_dead", queue, fingerprint, filter_, look, wanted, "last", offset, around
        )
        return now, total, begin, looked, letters

    async def dead_from_first(
        self, queue: str, fingerprint: str, filter_: bytes, look: int, after: tuple[bytes, bytes]
    ) -> tuple[int, list[bytes], tuple[bytes, bytes]]:
        """How many were looked at, the ids of those that match, and what to go on after."""
        _, _, _, looked, letters, score, last = await self._run(
            "find_dead", queue, fingerprint, filter_, look, look, "first", *after
        )
        return looked, [letter[0] for letter in letters], (score, last)

    async def retry(self, queue: str, actor: str, ids: Sequence[str]) -> list[str]:
        """Put dead letters back; for each 'waiting', or the state that forbids it."""
        return [answer.decode() for answer in await self._run("retry", queue, actor, *ids)]

    async def discard(self, queue: str, actor: str, discard: str, kept_ms: int, ids: Sequence[str]) -> list[str]:
        """Move dead letters into the trash; for each 'discarded', or the state that forbids it."""
        return [answer.decode() for answer in await self._run("discard", queue, actor, discard, kept_ms, *ids)]

    async def undo(
        self, queue: str, actor: str, discard: str, offset: int, slice_size: int
    ) -> tuple[int, int, list[bytes]]:
        """How many letters came back, the next offset (-1: the end, -2: no such discard), and those that could not
        (flat: id, why).
        """
        done, offset, refused = await self._run("undo", queue, actor, discard, offset, slice_size)
        return done, offset, refused

    async def forget(self, queue: str, actor: str, discard: str, slice_size: int) -> tuple[int, int]:
        """How many letters of a discard were forgotten, and how many are left (-1: no such discard)."""
        done, left = await self._run("forget", queue, actor, discard, slice_size)
        return done, left

    async def trash(self, queue: str, size: int) -> list[Any]:
        """What was discarded, raw."""
        return await self._run("trash", queue, size)
