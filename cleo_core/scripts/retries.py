"""Retries of many dead letters."""

from __future__ import annotations

from typing import Any, NamedTuple

from cleo_core.scripts.calls import Calls


class LetterParts(NamedTuple):
    """What of a dead letter an edit leaves as it is, but for the signature in its head; as stored."""

    name: bytes
    head: bytes
    group: bytes


class RetryScripts(Calls):
    """Beginning, carrying on and steering retries of many dead letters. Each gives when (ms), and the run, raw."""

    async def begin_retry(
        self,
        queue: str,
        actor: str,
        run: str,
        fingerprint: str,
        filter_: bytes,
        said: str,
        stage: tuple[float, float, float] | None,
    ) -> tuple[int, list[Any]]:
        """Note a run; ``stage`` is how many first, how many a second then, at which failure rate to stop."""
        pace = ("", "", "") if stage is None else stage
        now, told = await self._run("begin_retry", queue, actor, run, fingerprint, filter_, said, *pace)
        return now, told

    async def retry_step(
        self, queue: str, actor: str, run: str, look: int, most: int
    ) -> tuple[int, list[Any], float] | None:
        """Carry a run on by a slice; also in how many seconds the next step is worth it. None: no such run."""
        answer = await self._run("retry_step", queue, actor, run, look, most)
        return (answer[0], answer[1], answer[2] / 1000) if answer else None

    async def steer_retry(self, queue: str, actor: str, run: str, action: str) -> tuple[int, list[Any]] | None:
        """``stop`` a run or let it go on (``resume``). None: no such run."""
        answer = await self._run("steer_retry", queue, actor, run, action)
        return (answer[0], answer[1]) if answer else None

    async def retries(self, queue: str, size: int, run: str = "") -> tuple[int, list[Any]]:
        """All runs, or one."""
        now, runs = await self._run("retries", queue, size, run)
        return now, runs

    async def edit_retry(
        self, queue: str, actor: str, task_id: str, arguments: bytes, head: bytes, before: LetterParts
    ) -> str:
        """Put a dead letter back with other arguments and another head, if it is still the one of ``before``.

        Returns 'retried', or what forbids it.
        """
        return (await self._run("edit_retry", queue, actor, task_id, arguments, head, *before)).decode()
