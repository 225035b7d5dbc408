"""What is read out of the scripts: which commands they call on which keys."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

import cleo_core
from cleo_core.access.lua_calls import Call, UnreadableScript, calls_in, calls_of
from cleo_core.access.rules import DIAGNOSTICS, DIRECT, INCLUDES, KEYS_OF_SCRIPTS, rules_of
from cleo_core.models import Role
from cleo_core.scripts.loading import UNGATED, gate_of, load, script_names


@pytest.mark.parametrize("name", script_names())
def test_every_key_of_every_script_can_be_followed(name: str) -> None:
    """If this fails for a new script: spell its keys out, or enter its one key into ``KEYS_OF_SCRIPTS``."""
    assert calls_of(name) or name in UNGATED


@pytest.mark.parametrize("name", script_names())
def test_every_script_looks_at_its_caller_before_anything_else(name: str) -> None:
    script = load(name)
    if name in UNGATED:
        return
    code = [line for line in script.text.splitlines() if not line.startswith(("#!", "--"))]
    assert code[0].startswith("if not redis.acl_check_cmd(")
    assert gate_of(script.roles) in code[0]


@pytest.mark.parametrize("role", Role)
def test_no_role_but_the_admin_may_use_a_writing_command_on_any_key(role: Role) -> None:
    for keys in rules_of(role).writes:
        assert all(key.strip("QN*:") for key in keys), keys


def test_what_each_role_includes_it_may_do() -> None:
    for role, included in INCLUDES.items():
        mine = rules_of(role)
        for other in included:
            assert rules_of(other).commands <= mine.commands
            assert rules_of(other).gates <= mine.gates


def test_the_commands_that_the_engine_calls_without_a_script_are_in_the_rules() -> None:
    known = {command.upper() for direct in DIRECT for command in direct.commands.split()}
    known |= {command.upper() for command in DIAGNOSTICS}
    known |= {command.split("|")[0] for command in known}
    known |= {command.upper() for command in rules_of(Role.VIEWER).commands}
    called: dict[str, str] = {}
    for file in Path(cleo_core.__file__).parent.rglob("*.py"):
        for match in re.finditer(r"(?:\.ask|\.call|ask|\()\(\s*\"([A-Z]{3,})\"", file.read_text()):
            called[match[1]] = file.name
    assert {"ZRANGE", "BLPOP", "XRANGE", "INFO"} <= set(called)
    assert {command: file for command, file in called.items() if command not in known} == {}


def test_scripts_without_a_queue_say_which_keys_they_take() -> None:
    for name in script_names():
        head = re.search(r"^-- KEYS  (.*)$", load(name).text, flags=re.MULTILINE)
        assert head
        assert ("the queue's hash" in head[1]) == (name not in KEYS_OF_SCRIPTS), head[1]


A_AND_B = {Call("GET", ("a",)), Call("GET", ("b",))}


# --- the reader itself -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("code", "found"),
    [
        ("call('HSET', QUEUE, 'a', 1)", {Call("HSET", ("queue",))}),
        ("call('GET', Q .. 'task:' .. id)", {Call("GET", ("task:*",))}),
        ("local key = Q .. 'x:' .. a .. ':y' call('DEL', key)", {Call("DEL", ("x:*:y",))}),
        ("local a, b = Q .. 'a', Q .. 'b' call('RENAME', a, b)", {Call("RENAME", ("a", "b"))}),
        ("call(newest and 'ZPOPMAX' or 'ZPOPMIN', Q .. 'z')", {Call("ZPOPMAX", ("z",)), Call("ZPOPMIN", ("z",))}),
        ("local function f(key) call('GET', key) end f(Q .. 'a') f(Q .. 'b')", A_AND_B),
        ("local function f(key) call('GET', key) end", set()),
        ("for _, key in ipairs({ Q .. 'a', Q .. 'b' }) do call('GET', key) end", A_AND_B),
        ("local t = { x = Q .. 'a', y = Q .. 'b' } call('GET', t[name])", A_AND_B),
        ("local t = {} t[Q .. 'a'] = 1 for key, v in pairs(t) do call('GET', key) end", {Call("GET", ("a",))}),
        ("local function k(id) return Q .. 'a:' .. id end call('GET', k(1))", {Call("GET", ("a:*",))}),
        ("call('PUBLISH', Q .. 'events', 1)", {Call("PUBLISH", (), ("events",))}),
        ("call('EXISTS', Q .. 'a', Q .. 'b')", {Call("EXISTS", ("a", "b"))}),
        ("local key = Q .. 'a' local function f() local key = Q .. 'b' call('GET', key) end f() call('DEL', key)",
         {Call("GET", ("b",)), Call("DEL", ("a",))}),
    ],
)  # fmt: skip
def test_keys_are_followed(code: str, found: set[Call]) -> None:
    assert calls_in("test", f"local QUEUE = KEYS[1]\n{code}\n") == found


@pytest.mark.parametrize(
    "code",
    ["call('DEL', ARGV[1])", "call('DEL', Q .. ARGV[1])", "local f = function(key) call('DEL', key) end f(Q .. 'a')"],
)
def test_a_key_that_can_not_be_followed_is_an_error_and_no_wider_permission(code: str) -> None:
    with pytest.raises(UnreadableScript, match=r"test\.lua, line 1"):
        calls_in("test", code)
