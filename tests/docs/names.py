"""Names that documents mention, looked up in the code."""

from __future__ import annotations

import inspect
import pkgutil
import re
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from importlib.util import find_spec
from types import ModuleType

import cleo_core
import cleo_tui
from cleo_core import Cleo
from cleo_tui.actions import Action, shown
from tests.docs.documents import ROOT

FOLDERS = ("cleo_core", "cleo_tui", "tests", "benchmarks", "docs", "examples", "screenshots")
SERVICES = (
    "queues",
    "schedules",
    "groups",
    "locks",
    "dead_letters",
    "events",
    "workers",
    "analytics",
    "tasks",
    "history",
)
_DOTTED = re.compile(r"@?([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)")


@cache
def modules() -> list[ModuleType]:
    """All modules of the engine and the console but those that run something when they are imported."""
    found = [
        import_module(info.name)
        for package in (cleo_core, cleo_tui)
        for info in pkgutil.walk_packages(package.__path__, f"{package.__name__}.")
        if not info.name.endswith("__main__")
    ]
    return [cleo_core, *found]


@cache
def classes() -> dict[str, type]:
    """Every class of the engine and the console, by name."""
    return {name: member for module in modules() for name, member in inspect.getmembers(module, inspect.isclass)}


def shown_keys() -> set[str]:
    """Every key of the console, as it is printed."""
    found: set[str] = set()
    for module in modules():
        for value in vars(module).values():
            for member in value if isinstance(value, tuple) else ():  # pyright: ignore[reportUnknownVariableType]
                if isinstance(member, Action):
                    found.update(map(shown, member.keys))
        spec = getattr(module, "SPEC", None)
        if spec is not None:
            found.add(spec.key)
    return found


def missing(code: str) -> str | None:
    """The part of a mentioned name that doesn't exist, or None if all of it does or it is no name of the project."""
    if code.split("/", maxsplit=1)[0] in FOLDERS and "/" in code:
        return _missing_path(code)
    found = _DOTTED.match(code)
    if found is None or "://" in code or code.startswith("cleo "):
        return None
    name = found[1]
    owner, parts = _owner_of(*name.split("."))
    return name if owner is None else _missing_attribute(owner, name, parts)


def _owner_of(root: str, *parts: str) -> tuple[object | None, list[str]]:
    """What the first part of a name is, and the parts to look for in it; None if it ought to be and isn't."""
    if root == "cleo_core":
        return cleo_core, [*parts]
    if parts and root in {"cleo", "Cleo"}:
        return Cleo(), [*parts]
    if parts and root in SERVICES:
        return Cleo(), [root, *parts]
    looks_like_a_class = re.match(r"[A-Z][a-z]", root) and (parts or re.search(r"[a-z][A-Z]", root))
    return (classes().get(root), [*parts]) if looks_like_a_class else (cleo_core, [])


def _missing_attribute(owner: object, name: str, parts: list[str]) -> str | None:
    for part in parts:
        if part in _fields_of(owner):
            return None
        if hasattr(owner, "__path__") and inspect.ismodule(owner) and find_spec(f"{owner.__name__}.{part}"):
            import_module(f"{owner.__name__}.{part}")
        if not hasattr(owner, part):
            return name
        owner = getattr(owner, part)
    return None


def _fields_of(owner: object) -> Iterator[str]:
    for base in inspect.getmro(owner) if isinstance(owner, type) else ():
        yield from getattr(base, "__annotations__", {})


def _missing_path(code: str) -> str | None:
    path, _, test = code.partition("::")
    if not (ROOT / path).exists():
        # NAME stands for a file that the reader is to write.
        return None if "NAME" in path and (ROOT / path).parent.is_dir() else path
    if test and f"def {test}(" not in (ROOT / path).read_text():
        return code
    return None
