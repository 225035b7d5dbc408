"""What forgetting a past would drop: counted by the same names by which it is dropped, and nothing is changed."""

from __future__ import annotations

from collections.abc import AsyncGenerator, Iterable, Iterator, Sequence
from itertools import islice
from typing import Any

from cleo_core.backend import Backend
from cleo_core.records import read_line

KINDS = ("g", "w", "n")
PAGE = 500
MOST_UNFOLDED = 2_880


class Extent:
    """The keys of a queue's past. ``span`` is what ``clear_history.lua`` takes."""

    def __init__(self, backend: Backend, queue: str, span: Sequence[int]) -> None:
        self._backend = backend
        self._keys = backend.keys.of_queue(queue)
        self._span = span
        self._found: set[str] = set()

    async def whole(self) -> int:
        """How many keys there are of all of it."""
        unfolded = await self._unfolded()
        for suffix in ("", *(f":{kind}+" for kind in KINDS)):
            await self._look(self._names(suffix, self._span, unfolded))
        for minute in unfolded:
            for kind in KINDS:
                members = f"minute:{minute}:{kind}"
                names = await self._backend.ask("SMEMBERS", self._keys.of_past(members))
                await self._look(f"{members}:{_text(name)}" for name in names)
        async for kinds in self._pages("errors"):
            await self._look(f"error:{kind}" for kind in kinds)
        async for lists in self._pages("histories"):
            await self._look(f"history:{member}" for member in lists)
        for day in range(self._span[6], self._span[7] + 1):
            span = (day * 24, day * 24 + 23, day, day, day // 32, day // 32)
            for kind in KINDS:
                async for members in self._pages(f"times:{day}:{kind}"):
                    for member in members:
                        await self._look(self._names(f":{kind}:{member}", span, ()))
        return len(self._found)

    async def member(self, kind: str, name: str) -> int:
        """How many keys there are of a group (``g``) or worker (``w``)."""
        await self._look(self._names(f":{kind}:{name}", self._span, await self._unfolded()))
        return len(self._found)

    async def task(self, task_id: str) -> int:
        """How many attempts at a task are known, in its record and in the lists that its own lines name."""
        attempts, end, group = await self._backend.ask("HMGET", self._keys.task(task_id), "attempts", "end", "group")
        lists = [""] if group is None else ["", f":g:{_text(group)}"]
        fences: set[str] = set()
        self._note(task_id, [*(attempts or b"").split(b"\n"), end or b""], fences, lists)
        for suffix in lists:  # It grows while it is gone through.
            start = 0
            while lines := await self._backend.ask(
                "LRANGE", self._keys.of_past(f"history{suffix}"), start, start + PAGE - 1
            ):
                self._note(task_id, lines, fences, lists)
                start += PAGE
        return len(fences)

    def _note(self, task_id: str, lines: Iterable[bytes], fences: set[str], lists: list[str]) -> None:
        """Note the attempts at a task in these lines, and the lists of their groups and workers."""
        for line in lines:
            try:
                values: Any = read_line(line)
                told, _, group, fence, _, worker = values[:6]
            except (ValueError, TypeError):
                continue
            if told == task_id:
                fences.add(str(fence))
                lists += [suffix for suffix in (f":g:{group}", f":w:{worker}") if suffix not in lists]

    def _names(self, suffix: str, span: Sequence[int], unfolded: Sequence[int]) -> Iterator[str]:
        yield f"history{suffix}"
        yield from (f"minute:{minute}{suffix}" for minute in unfolded)
        for name, first, last in (("minutes", *span[:2]), ("hours", *span[2:4]), ("days", *span[4:6])):
            yield from (f"{name}:{number}{suffix}" for number in range(first, last + 1))

    async def _unfolded(self) -> list[int]:
        return [
            int(minute)
            for minute in await self._backend.ask("ZRANGE", self._keys.of_past("unfolded"), 0, MOST_UNFOLDED)
        ]

    async def _pages(self, index: str) -> AsyncGenerator[list[str]]:
        start = 0
        while members := await self._backend.ask("ZRANGE", self._keys.of_past(index), start, start + PAGE - 1):
            yield [_text(member) for member in members]
            start += PAGE

    async def _look(self, names: Iterable[str]) -> None:
        """Note which of these keys there are."""
        left = iter(names)
        while some := list(islice(left, PAGE)):
            there = await self._backend.ask_all(*(("EXISTS", self._keys.of_past(name)) for name in some))
            self._found.update(name for name, exists in zip(some, there, strict=True) if exists)


def _text(member: bytes) -> str:
    return member.decode("utf-8", "surrogateescape")
