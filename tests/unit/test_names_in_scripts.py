"""No script uses a name that neither it nor a piece it includes gives a value: the server would stop it half-way."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from cleo_core.access.lua_structure import Structure
from cleo_core.scripts.loading import load, script_names

WORDS = frozenset(
    """
    and break do else elseif end false for function if in local nil not or repeat return then true until while
    """.split()  # noqa: SIM905
)
OF_THE_SERVER = frozenset(
    """
    KEYS ARGV redis cjson cmsgpack bit struct math string table pairs ipairs next select tonumber tostring type unpack
    setmetatable pcall error assert
    """.split()  # noqa: SIM905
)


def _names(script: Structure, at: int) -> Iterator[str]:
    """The names from here on that commas part."""
    while script.tokens[at].kind == "name":
        yield script.text(at)
        at += 2 if script.text(at + 1) == "," else 1
        if script.text(at - 1) != ",":
            return


def _given(script: Structure) -> set[str]:
    """What is given a value anywhere: by ``local``, as a function or its parameter, by a loop."""
    given = set(script.functions)
    for at, token in enumerate(script.tokens):
        if token.kind == "name" and token.text in {"local", "for"}:
            given.update(_names(script, at + 1))
        elif token.kind == "name" and token.text == "function":
            given.update(_names(script, at + (2 if script.text(at + 1) == "(" else 3)))
    return given


def unknown_names(text: str) -> set[str]:
    """The names that are used where the script can come to, and never given a value."""
    script = Structure(text)
    reached = script.reached()
    used = {
        token.text
        for at, token in enumerate(script.tokens)
        if token.kind == "name"
        and script.outer(script.owner[at]) & reached
        and script.text(at - 1) not in {".", ":"}
        and not (script.text(at - 1) in {"{", ","} and script.text(at + 1) == "=")
    }
    return used - _given(script) - WORDS - OF_THE_SERVER


@pytest.mark.parametrize("name", script_names())
def test_every_name_in_a_script_is_given_a_value(name: str) -> None:
    """If this fails the script's ``include`` line lacks a piece."""
    assert unknown_names(load(name).text) == set()


def test_an_unknown_name_is_found_where_it_can_be_come_to() -> None:
    text = """
    local function used(a, b)
      local c, d = a + b
      return keeping().x + c + d
    end
    local function unused() return nowhere() end
    for key, value in pairs({ field = 1 }) do used(key, value) end
    """
    assert unknown_names(text) == {"keeping"}
