"""The text of a script: put together once from its file and the pieces of ``lua/lib`` that it includes."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass
from functools import cache
from importlib.resources import files


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

    text = re.sub(r"^-- include: (.+)\n", expand, text, flags=re.MULTILINE)
    role = re.search(r"^-- Role  (.+)$", text, flags=re.MULTILINE)
    return Script(
        name,
        text,
        hashlib.sha1(text.encode()).hexdigest(),
        text.startswith("#!lua flags=no-writes"),
        tuple(role[1].split()) if role else (),
    )


def script_names() -> list[str]:
    """The names of all scripts."""
    return sorted(file.name.removesuffix(".lua") for file in (files("cleo_core") / "lua").iterdir() if file.is_file())
