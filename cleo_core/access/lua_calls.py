"""What a script calls: each Redis command in its text, with the keys that it is called on, as patterns.

The scripts are plain Lua in which every key is spelled out as ``Q .. 'task:' .. id``, at the call or where a local, a
parameter or a table was given its value. Following those is enough to know for each command which keys it can touch,
so an access list needs no second list of keys that would go stale. Functions that nothing calls are left out. What
can't be followed is an error, not a wider permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from functools import cache
from typing import NamedTuple

from cleo_core.access.lua_structure import Structure
from cleo_core.access.lua_values import ANY, PREFIX, Values
from cleo_core.errors import CleoError
from cleo_core.scripts.loading import load

ALL_ARGUMENTS = {"EXISTS", "DEL", "UNLINK", "MGET", "TOUCH"}
TWO_KEYS = {"RENAME", "RENAMENX", "LMOVE", "SMOVE", "RPOPLPUSH", "COPY", "ZRANGESTORE"}
NO_KEY = {"TIME", "PING"}


class UnreadableScript(CleoError):
    """A script names a key in a way that can't be followed; the message says where."""


class Call(NamedTuple):
    """A command, the patterns of the keys that one call of it touches together, and of the channels it publishes on.

    Patterns lack the prefix that all keys of a queue have.
    """

    command: str
    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@cache
def calls_of(name: str) -> frozenset[Call]:
    """All calls that a script can make.

    Raises:
        UnreadableScript: a key can't be followed to its name.
    """
    script = load(name)
    return calls_in(name, script.text, read_only=script.read_only)


def calls_in(name: str, text: str, *, read_only: bool = False) -> frozenset[Call]:
    """As ``calls_of``, for the text of a script. One that only reads may read keys that can't be followed."""
    return frozenset(_Reader(name, text, read_only=read_only).calls())


class _Reader:
    """The calls of one script."""

    def __init__(self, name: str, text: str, *, read_only: bool) -> None:
        self._name = name
        self._read_only = read_only
        self._script = Structure(text)
        self._values = Values(self._script)

    def calls(self) -> Iterator[Call]:
        """Every call that can be reached."""
        reached = self._script.reached()
        for at, token in enumerate(self._script.tokens):
            is_call = token.text in {"call", "variadic", "pcall"} and self._script.text(at + 1) == "("
            if not is_call or self._script.text(at - 1) == "function" or self._script.owner[at].name == "variadic":
                continue
            if self._script.outer(self._script.owner[at]) & reached:
                arguments = self._script.arguments(at + 1)
                for command in self._values.at(arguments[0]):
                    if command.isupper():
                        yield from self._calls_of(command, arguments[1:], token.line)

    def _calls_of(self, command: str, arguments: list[int], line: int) -> Iterator[Call]:
        if command in NO_KEY:
            yield Call(command)
            return
        if command == "PUBLISH":
            # A channel whose beginning the caller gives is not of the queue.
            own = {value for value in self._values.at(arguments[0]) if value.startswith(PREFIX)}
            yield Call(command, channels=tuple(sorted(_glob(value) for value in own)))
            return
        size = len(arguments) if command in ALL_ARGUMENTS else 2 if command in TWO_KEYS else 1
        together = [self._keys(argument, command, line) for argument in arguments[:size]]
        if size == 1:
            for key in together[0]:
                yield Call(command, (key,))
        else:
            yield Call(command, tuple(sorted({key for keys in together for key in keys})))

    def _keys(self, at: int, command: str, line: int) -> set[str]:
        values = {value for value in self._values.at(at) if value.startswith(PREFIX)}
        keys = {_glob(value) for value in values}
        if not keys or ANY in keys:
            if self._read_only:
                return {ANY}
            raise UnreadableScript(
                f"{self._name}.lua, line {line} with its pieces: the key of this {command} can't be followed. Spell it "
                "as Q .. 'name' at the call, or give a local that value."
            )
        return {key for key in keys if not any(key != other and covers(other, key) for other in keys)}


def covers(pattern: str, other: str) -> bool:
    """Whether a pattern of this kind matches all that another one does."""
    return re.fullmatch(".*".join(map(re.escape, pattern.split(ANY))), other) is not None


def _glob(value: str) -> str:
    """A pattern without the prefix, several stars made one."""
    return re.sub(r"\*+", "*", value.removeprefix(PREFIX).replace(PREFIX, "*"))
