"""Errors of a kind: what makes two failures the same for who looks for a pattern."""

from __future__ import annotations

import hashlib
import re
from functools import lru_cache

MAX_PATTERN = 200

# What differs from one failure to the next, the longest kinds first.
_VARIABLE = re.compile(
    r"(?P<uuid>\b[0-9a-fA-F]{8}-(?:[0-9a-fA-F]{4}-){3}[0-9a-fA-F]{12}\b)"
    r"|(?P<email>[\w.+-]+@[\w-]+(?:\.[\w-]+)+)"
    r"|(?P<url>\b[a-z][a-z0-9+.-]*://\S+)"
    r"|(?P<address>\b\d{1,3}(?:\.\d{1,3}){3}(?::\d+)?\b)"
    r"|(?P<hex>\b0x[0-9a-fA-F]+\b|\b(?=[a-fA-F]*\d)[0-9a-fA-F]{8,}\b)"
    r"|(?P<path>(?<![\w/])/(?:[\w.-]+/)+[\w.-]*)"
    r"|(?P<n>\d+(?:[.,:]\d+)*)"
)


def pattern_of(error_type: str, message: str) -> str:
    """The error with what varies replaced by its kind, at most 200 characters: ``KeyError: no user <n>``.

    Numbers, ids, addresses and paths vary; of a message of several lines only the first counts.
    """
    first = message.strip().split("\n", 1)[0][: 4 * MAX_PATTERN]
    told = _VARIABLE.sub(lambda match: f"<{match.lastgroup}>", " ".join(first.split()))
    return f"{error_type}: {told}"[:MAX_PATTERN]


@lru_cache(maxsize=4096)
def fingerprint_of(pattern: str) -> str:
    """The twelve hexadecimal digits by which errors of this pattern are found."""
    return hashlib.sha1(pattern.encode("utf-8", "replace")).hexdigest()[:12]


def kind_of(error_type: str, message: str) -> tuple[str, str]:
    """The fingerprint and the pattern of an error."""
    pattern = pattern_of(error_type, message)
    return fingerprint_of(pattern), pattern
