"""The text of a script: put together once from its file and the pieces of ``lua/lib`` that it includes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

# They touch no key but the one that the caller names, so the access list refuses the first command or none; and ``may``
# touches nothing.
UNGATED = {"write_anyway", "sample", "publish", "may"}


@dataclass(frozen=True, slots=True)
class Script:
    """The text of a script and its hash; ``read_only`` if its first line says that it writes nothing.

    ``roles`` are the least roles that may run it, from the line ``-- Role`` of its head.
    """

    name: str
    text: str
    sha: str
    read_only: bool
    roles: tuple[str, ...]


@cache
def load(name: str) -> Script:
    """Put a script together from ``lua/<name>.lua`` and what its ``-- include:`` line names."""
    folder = files("cleo_core") / "lua"
    text = (folder / f"{name}.lua").read_text(encoding="utf-8")

    def expand(match: re.Match[str]) -> str:
        return "".join((folder / "lib" / f"{piece}.lua").read_text(encoding="utf-8") for piece in match[1].split())

    role = re.search(r"^-- Role  (.+)$", text, flags=re.MULTILINE)
    roles = tuple(role[1].split()) if role else ()
    read_only = text.startswith("#!lua flags=no-writes")
    text = _gated(name, text, roles, "GET" if read_only else "DEL")
    text = re.sub(r"^-- include: (.+)\n", expand, text, flags=re.MULTILINE)
    return Script(name, text, hashlib.sha1(text.encode()).hexdigest(), read_only, roles)


def gate_of(roles: tuple[str, ...]) -> str:
    """The last part of the key on which a script of these roles asks whether it may run."""
    return "may:" + "+".join(sorted(roles))


def _gated(name: str, text: str, roles: tuple[str, ...], command: str) -> str:
    """A script that looks at its caller first.

    The server checks each command of a script against the access list of the caller, so a script of another role
    would be stopped only at the first command that it may not do, after others. The gate is a key that is never
    written: only the access lists of the roles that may run the script let one touch it, and asking whether it may
    be touched changes nothing.
    """
    if name in UNGATED or not roles:
        return text
    gate = (
        f"if not redis.acl_check_cmd('{command}', string.match(KEYS[1], '^.*:') .. '{gate_of(roles)}') then "
        "return redis.error_reply('NOPERM another role is needed') end\n"
    )
    return re.sub(r"\A((?:(?:#!|-- (?!include:))[^\n]*\n)*)", lambda head: head[1] + gate, text)


def script_names() -> list[str]:
    """The names of all scripts."""
    return sorted(file.name.removesuffix(".lua") for file in (files("cleo_core") / "lua").iterdir() if file.is_file())
