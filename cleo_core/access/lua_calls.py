"""What a script calls: each Redis command in its text, with the keys that it is called on, as patterns.

The scripts are plain Lua in which every key is spelled out as ``Q .. 'task:' .. id``, at the call or where a local, a
parameter or a table was given its value. Following those is enough to know for each command which keys it can touch,
so an access list needs no second list of keys that would go stale. Functions that nothing calls are left out. What
can't be followed is an error, not a wider permission.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cache
from typing import NamedTuple

from cleo_core.access.lua_tokens import tokens_of
from cleo_core.errors import CleoError
from cleo_core.scripts.loading import load

ALL_ARGUMENTS = {"EXISTS", "DEL", "UNLINK", "MGET", "TOUCH"}
TWO_KEYS = {"RENAME", "RENAMENX", "LMOVE", "SMOVE", "RPOPLPUSH", "COPY", "ZRANGESTORE"}
NO_KEY = {"TIME", "PING"}
# Stands for the prefix of a queue's keys, which all of them begin with; no text of a script contains it.
PREFIX = "\0"
ANY = "*"
Patterns = frozenset[str]


class UnreadableScript(CleoError):
    """A script names a key in a way that can't be followed; the message says where."""


class Call(NamedTuple):
    """A command, the patterns of the keys that one call of it touches together, and of the channels it publishes on.

    Patterns lack the prefix that all keys of a queue have.
    """

    command: str
    keys: tuple[str, ...] = ()
    channels: tuple[str, ...] = ()


@dataclass(eq=False)
class Function:
    """A function of the script, or its main chunk (without a name): what its names are given, by which expressions."""

    name: str
    parent: Function | None
    parameters: list[str] = field(default_factory=list[str])
    # By name: (position of an expression in the tokens, what it gives: "value", or the "items" or "keys" of a table)
    bindings: dict[str, list[tuple[int, str]]] = field(default_factory=dict[str, list[tuple[int, str]]])
    returns: list[int] = field(default_factory=list[int])


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
    """The text of one script, read once."""

    def __init__(self, name: str, text: str, *, read_only: bool) -> None:
        self._name = name
        self._read_only = read_only
        self._tokens = list(tokens_of(text))
        self._main = Function("", None)
        self._functions: dict[str, Function] = {}
        self._owner = [self._main] * len(self._tokens)
        self._table_keys: dict[str, list[int]] = {}
        self._uses: dict[str, list[int]] = {}
        self._following: set[tuple[int, str]] = set()
        self._read_structure()

    # --- structure -----------------------------------------------------------------------------------

    def _read_structure(self) -> None:
        blocks: list[Function | None] = []
        owner = self._main
        at = 0
        while at < len(self._tokens):
            self._owner[at] = owner
            token = self._tokens[at]
            if token.kind == "name":
                self._uses.setdefault(token.text, []).append(at)
            if token.text == "function" and token.kind == "name":
                owner = self._open_function(at, owner)
                blocks.append(owner)
            elif token.kind == "name" and token.text in {"if", "do", "repeat"}:
                blocks.append(None)
            elif token.kind == "name" and token.text in {"end", "until"}:
                closed = blocks.pop()
                if closed is not None:
                    owner = closed.parent or self._main
            at += 1
        for at in range(len(self._tokens)):
            self._read_statement(at)

    def _open_function(self, at: int, parent: Function) -> Function:
        named = self._text(at + 1) != "("
        function = Function(self._text(at + 1) if named else "", parent)
        position = at + (3 if named else 2)
        while self._text(position) != ")":
            if self._tokens[position].kind == "name":
                function.parameters.append(self._text(position))
            position += 1
        if named:
            self._functions[function.name] = function
        return function

    def _read_statement(self, at: int) -> None:
        owner, text = self._owner[at], self._text(at)
        if self._tokens[at].kind != "name":
            return
        if text == "return":
            owner.returns.append(at + 1)
        elif text == "for":
            self._read_loop(at, owner)
        elif text == "list_of" and self._text(at + 1) == "(":
            first, second = self._arguments(at + 1)[:2]
            self._table_keys.setdefault(self._text(first), []).append(second)
        elif self._text(at - 1) not in {".", ",", "for", "function"} or self._text(at - 2) == "local":
            self._read_assignment(at, owner)

    def _read_assignment(self, at: int, owner: Function) -> None:
        """``a, b = x, y``, with or without ``local``; and ``t[key] = x``, which gives the table a key."""
        names = [self._text(at)]
        position = at + 1
        if self._text(position) == "[":
            end = self._close(position)
            if self._text(end + 1) == "=":
                self._table_keys.setdefault(names[0], []).append(position + 1)
                owner.bindings.setdefault(names[0] + "[]", []).append((end + 2, "value"))
            return
        while self._text(position) == "," and self._tokens[position + 1].kind == "name":
            names.append(self._text(position + 1))
            position += 2
        if self._text(position) != "=" or self._inside_table(at):
            return
        for name, expression in zip(names, self._list(position + 1), strict=False):
            owner.bindings.setdefault(name, []).append((expression, "value"))

    def _read_loop(self, at: int, owner: Function) -> None:
        """``for k, v in pairs(t) do``: the names are given what the table has."""
        if self._text(at + 2) != "," or self._text(at + 4) != "in" or self._text(at + 5) not in {"pairs", "ipairs"}:
            return
        table = at + 7
        if self._text(at + 5) == "pairs":
            owner.bindings.setdefault(self._text(at + 1), []).append((table, "keys"))
        owner.bindings.setdefault(self._text(at + 3), []).append((table, "items"))

    def _inside_table(self, at: int) -> bool:
        """Whether ``name =`` is a field of a table constructor rather than a statement."""
        return self._text(at - 1) in {"{", ","} and self._text(at - 2) != "local" and self._text(at + 1) == "="

    def _text(self, at: int) -> str:
        return self._tokens[at].text if 0 <= at < len(self._tokens) else ""

    def _close(self, at: int) -> int:
        """Where the bracket that opens here is closed."""
        depth = 0
        while True:
            if self._tokens[at].kind == "op" and self._text(at) in "([{":
                depth += 1
            elif self._tokens[at].kind == "op" and self._text(at) in ")]}":
                depth -= 1
                if depth == 0:
                    return at
            at += 1

    def _arguments(self, bracket: int) -> list[int]:
        """Where the arguments of a call (or the items of a table) begin."""
        if bracket + 1 == self._close(bracket):
            return []
        starts = [bracket + 1]
        at, end = bracket + 1, self._close(bracket)
        while at < end:
            if self._tokens[at].kind == "op" and self._text(at) in "([{":
                at = self._close(at)
            elif self._text(at) == "," and at + 1 < end:
                starts.append(at + 1)
            at += 1
        return starts

    def _list(self, at: int) -> Iterator[int]:
        """Where the expressions of the right side of an assignment begin."""
        while True:
            yield at
            at = self._end(at)
            if self._text(at) != ",":
                return
            at += 1

    def _end(self, at: int) -> int:
        """Where the expression that begins here ends: an operand is followed by an operator, or it was the last."""
        while True:
            at = self._after_operand(at)
            if self._text(at) not in {
                "..",
                "and",
                "or",
                "+",
                "-",
                "*",
                "/",
                "^",
                "%",
                "==",
                "~=",
                "<",
                ">",
                "<=",
                ">=",
            }:
                return at
            at += 1

    def _after_operand(self, at: int) -> int:
        while self._text(at) in {"not", "-", "#"}:
            at += 1
        if self._text(at) == "function":
            depth = 0
            while True:
                depth += self._text(at) in {"function", "if", "do", "repeat"}
                depth -= self._text(at) in {"end", "until"}
                at += 1
                if depth == 0:
                    return at
        at = self._close(at) + 1 if self._tokens[at].kind == "op" and self._text(at) in "({" else at + 1
        while self._text(at) in {"(", "[", "."}:
            at = self._close(at) + 1 if self._text(at) in "([" else at + 2
        return at

    # --- values --------------------------------------------------------------------------------------

    def _values(self, at: int) -> Patterns:
        """The texts that the expression can be, ``*`` where it is not known; alternatives by ``and`` and ``or``."""
        found: set[str] = set()
        end = self._end(at)
        while at < end:
            chain, at = self._chain(at, end)
            found |= chain
            at += 1  # past the operator
        return frozenset(found)

    def _chain(self, at: int, end: int) -> tuple[Patterns, int]:
        parts: Patterns = frozenset({""})
        while True:
            after = self._after_operand(at)
            operand = self._operand(at, after)
            parts = frozenset(one + two for one in parts for two in operand)
            if after >= end or self._text(after) != "..":
                return parts, after
            at = after + 1

    def _operand(self, at: int, after: int) -> Patterns:
        token = self._tokens[at]
        if token.kind == "name":
            return self._of_name(at, after)
        if token.kind == "string" and after == at + 1:
            return frozenset({token.text[1:-1]})
        return self._values(at + 1) if token.text == "(" else frozenset({ANY})

    def _of_name(self, at: int, after: int) -> Patterns:
        """A name, or the item of a table, or what a function gives."""
        name, owner = self._text(at), self._owner[at]
        found: Patterns = frozenset()
        if name == "KEYS":
            found = frozenset({f"{PREFIX}queue"})
        elif name == "Q" and after == at + 1:
            found = frozenset({PREFIX})
        elif after == at + 1:
            found = self._named(name, owner, "value")
        elif self._close(at + 1) + 1 == after and self._text(at + 1) == "[":
            found = self._named(name, owner, "items")
        elif self._close(at + 1) + 1 == after and self._text(at + 1) == "(" and name in self._functions:
            found = self._union(self._functions[name].returns)
        return found or frozenset({ANY})

    def _union(self, places: list[int]) -> Patterns:
        return frozenset[str]().union(*(self._values(place) for place in places))

    def _named(self, name: str, owner: Function | None, kind: str) -> Patterns:
        """What a name stands for where it is used, or what is in the table of that name."""
        while owner is not None:
            if name in owner.bindings:
                return self._bound(name, owner, kind)
            if name in owner.parameters:
                return self._passed(name, owner)
            owner = owner.parent
        return frozenset({ANY})

    def _bound(self, name: str, owner: Function, kind: str) -> Patterns:
        found: set[str] = set()
        for place, how in owner.bindings[name]:
            wanted = how if kind == "value" else kind
            if (place, wanted) in self._following:
                continue
            self._following.add((place, wanted))
            found |= self._values(place) if wanted == "value" else self._content(place, wanted)
            self._following.discard((place, wanted))
        for place, _ in owner.bindings.get(name + "[]", []) if kind == "items" else ():
            if (place, "put in") not in self._following:
                self._following.add((place, "put in"))
                found |= self._values(place)
                self._following.discard((place, "put in"))
        return frozenset(found) or frozenset({ANY})

    def _content(self, at: int, wanted: str) -> Patterns:
        """The keys or items of a table: of a constructor, or of a name that is one."""
        if self._text(at) != "{":
            name = self._text(at)
            keys = self._union(self._table_keys.get(name, [])) if wanted == "keys" else frozenset[str]()
            return keys | (self._named(name, self._owner[at], wanted) - {ANY}) or frozenset({ANY})
        found: set[str] = set()
        for item in self._arguments(at):
            named = self._text(item + 1) == "="
            if wanted == "keys" and named:
                found.add(self._text(item))
            elif wanted == "items":
                found |= self._values(item + 2 if named else item)
        return frozenset(found)

    def _passed(self, name: str, function: Function) -> Patterns:
        """What callers give to a parameter."""
        index = function.parameters.index(name)
        found: set[str] = set()
        for use in self._uses.get(function.name, ()) if function.name else ():
            if self._text(use + 1) != "(" or self._text(use - 1) == "function":
                continue
            arguments = self._arguments(use + 1)
            if index < len(arguments) and (arguments[index], "passed") not in self._following:
                self._following.add((arguments[index], "passed"))
                found |= self._values(arguments[index])
                self._following.discard((arguments[index], "passed"))
        return frozenset(found) or frozenset({ANY})

    # --- calls ---------------------------------------------------------------------------------------

    def _reached(self) -> set[Function]:
        """The functions that the main chunk can come to."""
        names = {use: name for name in self._functions for use in self._uses.get(name, ())}
        reached = {self._main}
        while True:
            more = {
                self._functions[name]
                for use, name in names.items()
                if self._text(use - 1) != "function" and self._outer(self._owner[use]) & reached
            } - reached
            if not more:
                return reached
            reached |= more

    def _outer(self, function: Function) -> set[Function]:
        """The named function (or the main chunk) that the code belongs to."""
        while not function.name and function.parent is not None:
            function = function.parent
        return {function}

    def calls(self) -> Iterator[Call]:
        """Every call that can be reached."""
        reached = self._reached()
        for at, token in enumerate(self._tokens):
            is_call = token.text in {"call", "variadic", "pcall"} and self._text(at + 1) == "("
            if not is_call or self._text(at - 1) == "function" or self._owner[at].name == "variadic":
                continue
            if self._outer(self._owner[at]) & reached:
                arguments = self._arguments(at + 1)
                for command in self._values(arguments[0]):
                    if command.isupper():
                        yield from self._calls_of(command, arguments[1:], token.line)

    def _calls_of(self, command: str, arguments: list[int], line: int) -> Iterator[Call]:
        if command in NO_KEY:
            yield Call(command)
            return
        if command == "PUBLISH":
            # A channel whose beginning the caller gives is not of the queue.
            own = {value for value in self._values(arguments[0]) if value.startswith(PREFIX)}
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
        values = {value for value in self._values(at) if value.startswith(PREFIX)}
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
