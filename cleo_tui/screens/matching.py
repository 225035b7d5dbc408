"""How a filter matches: any of its words must not be missing, and a ``!`` in front turns it round."""

from __future__ import annotations

from collections.abc import Callable, Iterable


def matcher(text: str) -> Callable[[Iterable[str]], bool]:
    """A test of whether the fields of a row match a filter as it was typed."""
    inverted = text.startswith("!")
    words = text.removeprefix("!").lower().split()

    def matches(fields: Iterable[str]) -> bool:
        hay = "\n".join(fields).lower()
        return all(word in hay for word in words) is not inverted

    return matches if words else lambda _fields: True
