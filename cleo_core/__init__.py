"""Cleo: a distributed task queue on Redis with task groups.

The names are those of ``cleo_core.public``. They are imported at their first use, so that a part of the package that
needs none of them, such as ``cleo --help``, starts quickly.
"""

from __future__ import annotations

from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from cleo_core.public import *  # noqa: F403


def __getattr__(name: str) -> Any:
    # ``from cleo_core import queues`` asks here first; the module is then imported by whoever asked.
    internal = name.startswith("__") and name not in {"__all__", "__version__"}
    if internal or find_spec(f"cleo_core.{name}") is not None:
        raise AttributeError(f"module 'cleo_core' has no attribute {name!r}")
    public = import_module("cleo_core.public")
    if name != "__all__" and name not in public.__all__:
        raise AttributeError(f"module 'cleo_core' has no attribute {name!r}")
    value = globals()[name] = getattr(public, name)
    return value


def __dir__() -> list[str]:
    return sorted({*globals(), *import_module("cleo_core.public").__all__})
