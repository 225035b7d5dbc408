"""Which dead letters are meant: by the kind of their error, by what they are, by when they died."""

from __future__ import annotations

import json
from math import isfinite
from typing import Any, NamedTuple, TypedDict

from cleo_core.errors import InvalidOption

MAX_TEXT = 200


class DeadLetterFilter(TypedDict, total=False):
    """What a dead letter must be to be meant; those given must all hold.

    ``fingerprint`` of its error, ``name`` of its task, ``group`` ("" for those without one), ``worker`` of its last
    attempt (or what the id begins with, such as a host), ``text`` in its id, its error or its arguments (of at most
    16 kB; upper and lower case are the same), and the time of its death, from ``since`` to ``until`` (seconds since
    the epoch).
    """

    fingerprint: str | None
    name: str | None
    group: str | None
    worker: str | None
    text: str | None
    since: float | None
    until: float | None


class Wanted(NamedTuple):
    """A checked filter: the fingerprint finds its letters by an index, the rest is looked at in each of them."""

    fingerprint: str
    rest: dict[str, Any]

    @property
    def written(self) -> bytes:
        """The rest as the scripts take it."""
        return json.dumps(self.rest, ensure_ascii=False).encode(errors="replace")


def wanted(given: DeadLetterFilter) -> Wanted:
    """Check a filter.

    Raises:
        InvalidOption: something that is no part of a filter, or can't be looked for.
    """
    rest: dict[str, Any] = {}
    unknown = set(given) - set(DeadLetterFilter.__annotations__)
    if unknown:
        raise InvalidOption(
            f"Dead letters can't be filtered by {min(unknown)!r}. "
            f"The filters are {', '.join(DeadLetterFilter.__annotations__)}."
        )
    for key in ("name", "group", "worker"):
        value = given.get(key)
        if value is not None:
            rest[key] = _text(key, value)
    if given.get("text"):
        rest["text"] = _text("text", given.get("text")).encode(errors="replace").lower().decode()
    for key, field in (("since", "since"), ("until", "until_then")):
        value = given.get(key)
        if value is not None:
            rest[field] = _milliseconds(key, value)
    return Wanted(_text("fingerprint", given.get("fingerprint") or ""), rest)


def _text(key: str, value: object) -> str:
    if not isinstance(value, str) or len(value) > MAX_TEXT:
        raise InvalidOption(f"The filter {key} is a text of at most {MAX_TEXT} characters, not {value!r:.60}.")
    return value


def _milliseconds(key: str, value: object) -> float:
    if not isinstance(value, int | float) or not isfinite(value):
        raise InvalidOption(f"The filter {key} is a time in seconds since the epoch, not {value!r:.60}.")
    return value * 1000
