"""The screens, one file each. A file that holds a ``SPEC`` is a screen of its own, and needs no other mention."""

from __future__ import annotations

import pkgutil
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from cleo_tui.actions import Completer
    from cleo_tui.screens.base import CleoScreen


@dataclass(frozen=True, slots=True)
class ScreenSpec:
    """A screen: the key, the name (as ``:`` calls it), the title, and how to make it.

    One without a key has no place in the bar; it is reached by its name and through the palette.
    ``short`` is what the bar calls it where there is no room for all titles. ``takes`` completes the words that its
    command takes; they are handed to the screen's ``visit``.
    """

    key: str
    name: str
    title: str
    make: Callable[[], CleoScreen]
    takes: Completer | None = None
    usage: str = ""
    short: str = ""


def discover() -> list[ScreenSpec]:
    """The screens that there are, in the order of their keys (``0`` last, then those that have none)."""
    modules = (import_module(f"{__name__}.{module.name}") for module in pkgutil.iter_modules(__path__))
    specs = [module.SPEC for module in modules if hasattr(module, "SPEC")]
    return sorted(specs, key=lambda spec: (not spec.key, spec.key == "0", spec.key))
