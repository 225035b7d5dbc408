"""Access lists: a role, narrowed to a namespace and to queues, as commands for ``redis-cli``.

A user is made of one list of what it may read, and of selectors: each says which commands may be used on which keys.
So a worker may add to the history and not to the audit, and nobody can do more by a script of his own than with the
same commands on the same keys.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Sequence

from cleo_core.access.rules import DIAGNOSTICS, Rules, rules_of
from cleo_core.errors import InvalidName, InvalidOption
from cleo_core.keys import glob_of
from cleo_core.models import Role
from cleo_core.names import check_name

# The server looks through a list in its order at each command, so what a worker needs for every task comes first.
OFTEN = (
    "Qtask:*",
    "Qgroup:*",
    "Qqueue",
    "Qlane:*:*",
    "Qring",
    "Qrunning:*",
    "Qgroups",
    "Qactive",
    "Qleases",
    "Qthrottled",
)
HASH = re.compile(r"#[0-9a-f]{64}")


def acl_lines(
    role: Role | str, *, user: str, password: str, namespace: str, queues: Sequence[str] | None = None
) -> list[str]:
    """The commands that make a user of a role, to be piped into ``redis-cli``; run again they replace it.

    The user is off until the last one, so it never has half of a list. Only a hash of the password is in them.

    Args:
        role: what it may do.
        user: its name.
        password: its password, or the SHA-256 of it as ``#`` and 64 hexadecimal digits.
        namespace: the only one in which it may.
        queues: the only queues in which it may; None for all, those of later too.

    Raises:
        InvalidOption: no such role, no password, or no queue in the list.
        InvalidName: a name that can't be, or that an access list can't hold (it has spaces).
    """
    try:
        role = Role(role)
    except ValueError:
        raise InvalidOption(f"There is no role {role!r}. The roles are {', '.join(Role)}.") from None
    _check("user", user)
    if not password:
        raise InvalidOption(f"The user {user!r} needs a password. Without one anybody could be that user.")
    namespaced = f"{glob_of(_check('namespace', check_name('namespace', namespace)))}:"
    if queues is not None and not queues:
        raise InvalidOption("No queue is named. Leave the queues out to allow all of them.")
    names = [glob_of(_check("queue", check_name("queue", queue))) for queue in queues] if queues is not None else ["*"]
    spread = _Spread(namespaced, [f"{namespaced}{{{name}}}:" for name in dict.fromkeys(names)])
    secret = password if HASH.fullmatch(password) else "#" + hashlib.sha256(password.encode()).hexdigest()
    begin = f"ACL SETUSER {_quoted(user)}"
    rules = rules_of(role)
    body = _of_admin(rules, spread) if role is Role.ADMIN else _of_others(rules, spread)
    return [f"{begin} reset resetchannels {secret}", *(f"{begin} {line}" for line in body), f"{begin} on"]


class _Spread:
    """Patterns of rules as patterns of keys: those of a queue once for each queue."""

    def __init__(self, namespaced: str, queues: Sequence[str]) -> None:
        self.namespaced = namespaced
        self.queues = queues

    def over(self, patterns: Iterable[str], mark: str) -> list[str]:
        """The words of an access list for these patterns."""
        return [
            _quoted(f"{mark}{prefix}{pattern[1:]}")
            for pattern in sorted(patterns, key=_place)
            for prefix in (self.queues if pattern[0] == "Q" else [self.namespaced])
        ]

    def events(self, patterns: Iterable[str]) -> list[str]:
        """As ``over``, for channels that are subscribed to. To listen to all queues' events takes the very pattern."""
        words = [_quoted(f"&{prefix}{p[1:]}") for p in sorted(patterns) if p[0] == "Q" for prefix in self.queues]
        return words + [_quoted(f"&{self.namespaced}{p[1:]}") for p in sorted(patterns) if p[0] == "N"]


def _of_others(rules: Rules, spread: _Spread) -> list[str]:
    seldom: list[str] = []
    together: dict[frozenset[str], set[str]] = {}
    for keys, commands in rules.writes.items():
        if len(keys) == 1:
            together.setdefault(frozenset(commands), set()).add(keys[0])
        else:
            # Keys of one command must be in one selector; for several queues each has one of its own.
            seldom += [
                _selector(commands, _Spread(spread.namespaced, [queue]).over(keys, "~")) for queue in spread.queues
            ]
    in_order = sorted(together.items(), key=lambda item: (min(map(_place, item[1])), sorted(item[0])))
    lines = [_selector(commands, spread.over(keys, "~")) for commands, keys in in_order] + seldom
    if rules.publishes:
        lines.append(_selector({"publish"}, spread.over(rules.publishes, "&")))
    gates = {f"{kind}{gate}" for gate in rules.gates for kind in "QN"}
    if gates:
        lines.append(_selector({"del"}, spread.over(gates, "%W~")))
    first = [
        " ".join(f"+{command}" for command in sorted(rules.commands)),
        " ".join([*spread.over(rules.readable, "%R~"), *spread.events(rules.heard)]),
    ]
    return [*first, *lines]


def _of_admin(rules: Rules, spread: _Spread) -> list[str]:
    """An admin may use all commands of the others on all keys."""
    commands = rules.commands.union(*rules.writes.values(), {"publish", "del"}, DIAGNOSTICS)
    keys = {"Q*"} | {pattern for keys in rules.writes for pattern in keys if pattern[0] == "N"}
    keys |= {pattern for pattern in rules.readable if pattern[0] == "N"} | {f"N{gate}" for gate in rules.gates}
    channels = {"Q*"} | rules.heard | {pattern for pattern in rules.publishes if pattern[0] == "N"}
    return [
        " ".join(f"+{command}" for command in sorted(commands)),
        " ".join([*spread.over(keys, "~"), *spread.events(channels)]),
    ]


def _place(pattern: str) -> tuple[int, str]:
    return (OFTEN.index(pattern) if pattern in OFTEN else len(OFTEN), pattern)


def _selector(commands: Iterable[str], words: Sequence[str]) -> str:
    return f"({' '.join([*(f'+{command}' for command in sorted(commands)), *words])})"


def _check(kind: str, name: str) -> str:
    """Refuse what an access list can't hold."""
    if not name or not name.isprintable() or any(c.isspace() for c in name):
        raise InvalidName(
            f"The {kind} {name!r} can't be in an access list: Redis takes no spaces there, and not nothing."
        )
    return name


def _quoted(word: str) -> str:
    """A word as ``redis-cli`` reads it."""
    if not re.search(r"[\"'\\]", word):
        return word
    return '"' + word.replace("\\", "\\\\").replace('"', '\\"') + '"'
