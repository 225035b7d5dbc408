"""What an expression of a script can be: the texts that it can give, followed through names, tables and calls."""

from __future__ import annotations

from cleo_core.access.lua_structure import Function, Structure

# Stands for the prefix of a queue's keys, which all of them begin with; no text of a script contains it.
PREFIX = "\0"
ANY = "*"
Patterns = frozenset[str]


class Values:
    """Asks what the expressions of one script can be."""

    def __init__(self, script: Structure) -> None:
        self._script = script
        self._following: set[tuple[int, str]] = set()

    def at(self, at: int) -> Patterns:
        """The texts that the expression can be, ``*`` where it is not known; alternatives by ``and`` and ``or``."""
        found: set[str] = set()
        end = self._script.end(at)
        while at < end:
            chain, at = self._chain(at, end)
            found |= chain
            at += 1  # past the operator
        return frozenset(found)

    def _chain(self, at: int, end: int) -> tuple[Patterns, int]:
        parts: Patterns = frozenset({""})
        while True:
            after = self._script.after_operand(at)
            operand = self._operand(at, after)
            parts = frozenset(one + two for one in parts for two in operand)
            if after >= end or self._script.text(after) != "..":
                return parts, after
            at = after + 1

    def _operand(self, at: int, after: int) -> Patterns:
        token = self._script.tokens[at]
        if token.kind == "name":
            return self._of_name(at, after)
        if token.kind == "string" and after == at + 1:
            return frozenset({token.text[1:-1]})
        return self.at(at + 1) if token.text == "(" else frozenset({ANY})

    def _of_name(self, at: int, after: int) -> Patterns:
        """A name, or the item of a table, or what a function gives."""
        name, owner, functions = self._script.text(at), self._script.owner[at], self._script.functions
        found: Patterns = frozenset()
        if name == "KEYS":
            found = frozenset({f"{PREFIX}queue"})
        elif name == "Q" and after == at + 1:
            found = frozenset({PREFIX})
        elif after == at + 1:
            found = self._named(name, owner, "value")
        elif self._script.close(at + 1) + 1 == after and self._script.text(at + 1) == "[":
            found = self._named(name, owner, "items")
        elif self._script.close(at + 1) + 1 == after and self._script.text(at + 1) == "(" and name in functions:
            found = self._union(functions[name].returns)
        return found or frozenset({ANY})

    def _union(self, places: list[int]) -> Patterns:
        return frozenset[str]().union(*(self.at(place) for place in places))

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
            found |= self.at(place) if wanted == "value" else self._content(place, wanted)
            self._following.discard((place, wanted))
        for place, _ in owner.bindings.get(name + "[]", []) if kind == "items" else ():
            if (place, "put in") not in self._following:
                self._following.add((place, "put in"))
                found |= self.at(place)
                self._following.discard((place, "put in"))
        return frozenset(found) or frozenset({ANY})

    def _content(self, at: int, wanted: str) -> Patterns:
        """The keys or items of a table: of a constructor, or of a name that is one."""
        if self._script.text(at) != "{":
            name = self._script.text(at)
            keys = self._union(self._script.table_keys.get(name, [])) if wanted == "keys" else frozenset[str]()
            return keys | (self._named(name, self._script.owner[at], wanted) - {ANY}) or frozenset({ANY})
        found: set[str] = set()
        for item in self._script.arguments(at):
            named = self._script.text(item + 1) == "="
            if wanted == "keys" and named:
                found.add(self._script.text(item))
            elif wanted == "items":
                found |= self.at(item + 2 if named else item)
        return frozenset(found)

    def _passed(self, name: str, function: Function) -> Patterns:
        """What callers give to a parameter."""
        index = function.parameters.index(name)
        found: set[str] = set()
        for use in self._script.uses.get(function.name, ()) if function.name else ():
            if self._script.text(use + 1) != "(" or self._script.text(use - 1) == "function":
                continue
            arguments = self._script.arguments(use + 1)
            if index < len(arguments) and (arguments[index], "passed") not in self._following:
                self._following.add((arguments[index], "passed"))
                found |= self.at(arguments[index])
                self._following.discard((arguments[index], "passed"))
        return frozenset(found) or frozenset({ANY})
