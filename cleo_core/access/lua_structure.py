"""How the text of a script is built: its functions, what each name is given, and where expressions end."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from cleo_core.access.lua_tokens import tokens_of

OPERATORS = {"..", "and", "or", "+", "-", "*", "/", "^", "%", "==", "~=", "<", ">", "<=", ">="}


@dataclass(eq=False)
class Function:
    """A function of the script, or its main chunk (without a name): what its names are given, by which expressions."""

    name: str
    parent: Function | None
    parameters: list[str] = field(default_factory=list[str])
    # By name: (position of an expression in the tokens, what it gives: "value", or the "items" or "keys" of a table)
    bindings: dict[str, list[tuple[int, str]]] = field(default_factory=dict[str, list[tuple[int, str]]])
    returns: list[int] = field(default_factory=list[int])


class Structure:
    """The text of one script, read once. Places in it are indexes of ``tokens``; ``owner`` tells in which function each
    is, ``uses`` where each name is, and ``table_keys`` where the keys are that a table of a name is given.
    """

    def __init__(self, text: str) -> None:
        self.tokens = list(tokens_of(text))
        self.main = Function("", None)
        self.functions: dict[str, Function] = {}
        self.owner = [self.main] * len(self.tokens)
        self.table_keys: dict[str, list[int]] = {}
        self.uses: dict[str, list[int]] = {}
        self._read_structure()

    def _read_structure(self) -> None:
        blocks: list[Function | None] = []
        owner = self.main
        at = 0
        while at < len(self.tokens):
            self.owner[at] = owner
            token = self.tokens[at]
            if token.kind == "name":
                self.uses.setdefault(token.text, []).append(at)
            if token.text == "function" and token.kind == "name":
                owner = self._open_function(at, owner)
                blocks.append(owner)
            elif token.kind == "name" and token.text in {"if", "do", "repeat"}:
                blocks.append(None)
            elif token.kind == "name" and token.text in {"end", "until"}:
                closed = blocks.pop()
                if closed is not None:
                    owner = closed.parent or self.main
            at += 1
        for at in range(len(self.tokens)):
            self._read_statement(at)

    def _open_function(self, at: int, parent: Function) -> Function:
        named = self.text(at + 1) != "("
        function = Function(self.text(at + 1) if named else "", parent)
        position = at + (3 if named else 2)
        while self.text(position) != ")":
            if self.tokens[position].kind == "name":
                function.parameters.append(self.text(position))
            position += 1
        if named:
            self.functions[function.name] = function
        return function

    def _read_statement(self, at: int) -> None:
        owner, text = self.owner[at], self.text(at)
        if self.tokens[at].kind != "name":
            return
        if text == "return":
            owner.returns.append(at + 1)
        elif text == "for":
            self._read_loop(at, owner)
        elif text == "list_of" and self.text(at + 1) == "(":
            first, second = self.arguments(at + 1)[:2]
            self.table_keys.setdefault(self.text(first), []).append(second)
        elif self.text(at - 1) not in {".", ",", "for", "function"} or self.text(at - 2) == "local":
            self._read_assignment(at, owner)

    def _read_assignment(self, at: int, owner: Function) -> None:
        """``a, b = x, y``, with or without ``local``; and ``t[key] = x``, which gives the table a key."""
        names = [self.text(at)]
        position = at + 1
        if self.text(position) == "[":
            end = self.close(position)
            if self.text(end + 1) == "=":
                self.table_keys.setdefault(names[0], []).append(position + 1)
                owner.bindings.setdefault(names[0] + "[]", []).append((end + 2, "value"))
            return
        while self.text(position) == "," and self.tokens[position + 1].kind == "name":
            names.append(self.text(position + 1))
            position += 2
        if self.text(position) != "=" or self._inside_table(at):
            return
        for name, expression in zip(names, self._list(position + 1), strict=False):
            owner.bindings.setdefault(name, []).append((expression, "value"))

    def _read_loop(self, at: int, owner: Function) -> None:
        """``for k, v in pairs(t) do``: the names are given what the table has."""
        if self.text(at + 2) != "," or self.text(at + 4) != "in" or self.text(at + 5) not in {"pairs", "ipairs"}:
            return
        table = at + 7
        if self.text(at + 5) == "pairs":
            owner.bindings.setdefault(self.text(at + 1), []).append((table, "keys"))
        owner.bindings.setdefault(self.text(at + 3), []).append((table, "items"))

    def _inside_table(self, at: int) -> bool:
        """Whether ``name =`` is a field of a table constructor rather than a statement."""
        return self.text(at - 1) in {"{", ","} and self.text(at - 2) != "local" and self.text(at + 1) == "="

    def text(self, at: int) -> str:
        """The word there, or none past the ends."""
        return self.tokens[at].text if 0 <= at < len(self.tokens) else ""

    def close(self, at: int) -> int:
        """Where the bracket that opens here is closed."""
        depth = 0
        while True:
            if self.tokens[at].kind == "op" and self.text(at) in "([{":
                depth += 1
            elif self.tokens[at].kind == "op" and self.text(at) in ")]}":
                depth -= 1
                if depth == 0:
                    return at
            at += 1

    def arguments(self, bracket: int) -> list[int]:
        """Where the arguments of a call (or the items of a table) begin."""
        if bracket + 1 == self.close(bracket):
            return []
        starts = [bracket + 1]
        at, end = bracket + 1, self.close(bracket)
        while at < end:
            if self.tokens[at].kind == "op" and self.text(at) in "([{":
                at = self.close(at)
            elif self.text(at) == "," and at + 1 < end:
                starts.append(at + 1)
            at += 1
        return starts

    def _list(self, at: int) -> Iterator[int]:
        """Where the expressions of the right side of an assignment begin."""
        while True:
            yield at
            at = self.end(at)
            if self.text(at) != ",":
                return
            at += 1

    def end(self, at: int) -> int:
        """Where the expression that begins here ends: an operand is followed by an operator, or it was the last."""
        while True:
            at = self.after_operand(at)
            if self.text(at) not in OPERATORS:
                return at
            at += 1

    def after_operand(self, at: int) -> int:
        """Where the operand that begins here ends."""
        while self.text(at) in {"not", "-", "#"}:
            at += 1
        if self.text(at) == "function":
            depth = 0
            while True:
                depth += self.text(at) in {"function", "if", "do", "repeat"}
                depth -= self.text(at) in {"end", "until"}
                at += 1
                if depth == 0:
                    return at
        at = self.close(at) + 1 if self.tokens[at].kind == "op" and self.text(at) in "({" else at + 1
        while self.text(at) in {"(", "[", "."}:
            at = self.close(at) + 1 if self.text(at) in "([" else at + 2
        return at

    def reached(self) -> set[Function]:
        """The functions that the main chunk can come to."""
        names = {use: name for name in self.functions for use in self.uses.get(name, ())}
        reached = {self.main}
        while True:
            more = {
                self.functions[name]
                for use, name in names.items()
                if self.text(use - 1) != "function" and self.outer(self.owner[use]) & reached
            } - reached
            if not more:
                return reached
            reached |= more

    def outer(self, function: Function) -> set[Function]:
        """The named function (or the main chunk) that the code belongs to."""
        while not function.name and function.parent is not None:
            function = function.parent
        return {function}
