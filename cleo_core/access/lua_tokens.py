"""The words of a script, without its comments."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import NamedTuple

TOKEN = re.compile(
    r"(?P<comment>--[^\n]*|#![^\n]*)|(?P<space>\s+)|(?P<string>'(?:\\.|[^'\\])*'|\"(?:\\.|[^\"\\])*\")"
    r"|(?P<number>\d[\w.]*)|(?P<name>[A-Za-z_]\w*)|(?P<op>\.\.\.|\.\.|==|~=|<=|>=|.)"
)


class Token(NamedTuple):
    """A word of Lua."""

    kind: str
    text: str
    line: int


def tokens_of(text: str) -> Iterator[Token]:
    """The words in their order, each with its line."""
    line = 1
    for match in TOKEN.finditer(text):
        kind = match.lastgroup or ""
        if kind not in {"comment", "space"}:
            yield Token(kind, match[0], line)
        line += match[0].count("\n")
