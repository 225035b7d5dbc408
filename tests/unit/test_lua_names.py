"""Each name in a script is declared before its use: Lua would look for any other among the globals."""

from __future__ import annotations

import pytest

from cleo_core.access.lua_tokens import TOKEN
from cleo_core.scripts.loading import load, script_names

_LIBRARY = {"KEYS", "ARGV", "redis", "cjson", "math", "string", "table"}
_FUNCTIONS = {"tonumber", "tostring", "type", "pairs", "ipairs", "next", "select", "unpack", "pcall", "setmetatable"}
_WORDS = set(
    """and break do else elseif end false for function if in local nil not or repeat return then true until
    while""".split()  # noqa: SIM905
)


class _Reader:
    """Goes through the words of a script with a set of names for each open block."""

    def __init__(self, text: str) -> None:
        words = (match[0] for match in TOKEN.finditer(text) if match.lastgroup not in {"comment", "space", "string"})
        self._words = [*words, ""]
        self._at = 0
        self._blocks: list[set[str]] = [set()]
        self._unknown: set[str] = set()

    def read(self) -> set[str]:
        while self._at < len(self._words) - 1:
            self._step(self._words[self._at])
        assert len(self._blocks) == 1
        return self._unknown

    def _step(self, word: str) -> None:
        before = self._words[self._at - 1]
        self._at += 1
        match word:
            case "local" if self._words[self._at] == "function":
                self._blocks[-1].add(self._words[self._at + 1])
                self._at += 2
                self._blocks.append(self._names())
            case "local":
                self._blocks[-1] |= self._names()
            case "function":
                self._blocks.append(self._names())
            case "for":
                names = self._names()
                while self._words[self._at] != "do":
                    self._step(self._words[self._at])
                self._at += 1
                self._blocks.append(names)
            case "then" | "repeat" | "do":
                self._blocks.append(set())
            case "else":
                self._blocks[-1] = set()
            case "end" | "elseif":
                self._blocks.pop()
            case "until":  # its condition sees the names of the block
                names = self._blocks.pop()
                self._blocks[-1] |= names
            case _:
                if _is_name(word) and before not in {".", ":"} and not self._is_field(before):
                    self._look_up(word)

    def _names(self) -> set[str]:
        """The names of a declaration, which may stand in parentheses; goes past them."""
        begin = self._at
        while _is_name(self._words[self._at]) or self._words[self._at] in {"(", ",", "..."}:
            self._at += 1
        return set(filter(_is_name, self._words[begin : self._at]))

    def _is_field(self, before: str) -> bool:
        """Whether the word just read is the name of a field: ``{ a = 1, b = 2 }``."""
        return self._words[self._at] == "=" and before in {"{", ","}

    def _look_up(self, word: str) -> None:
        if word not in _LIBRARY | _FUNCTIONS and not any(word in names for names in self._blocks):
            self._unknown.add(word)


def _is_name(word: str) -> bool:
    return word.isidentifier() and word not in _WORDS


@pytest.mark.parametrize("name", script_names())
def test_every_name_in_every_script_is_declared(name: str) -> None:
    """If this fails: the piece of ``lua/lib`` that declares it is missing in ``-- include:``, or comes too late."""
    assert _Reader(load(name).text).read() == set()


@pytest.mark.parametrize(
    ("text", "unknown"),
    [
        ("local a = 1 return a", set[str]()),
        ("return a", {"a"}),
        ("local function f(a, ...) return a end return f(1)", set()),
        ("local function f(a) return g(a) end local function g(b) return b end", {"g"}),
        ("local function f() return f() end", set()),
        ("if KEYS[1] then local a = 1 else return a end", {"a"}),
        ("for i, x in ipairs(ARGV) do local y = x end return i, y", {"i", "y"}),
        ("while true do local a = 1 break end return a", {"a"}),
        ("local t = { a = 1, ['b'] = 2 } return t.a, t:b()", set()),
        ("-- a\nreturn 'b'", set()),
        ("counter = 1", {"counter"}),
        ("local f = function(a) return a end return f(a)", {"a"}),
        ("repeat local a = 1 until a > KEYS[1]", set()),
        ("if a then return 1 elseif b then return 2 else return 3 end", {"a", "b"}),
    ],
)
def test_names_that_are_not_declared_are_found(text: str, unknown: set[str]) -> None:
    assert _Reader(text).read() == unknown
