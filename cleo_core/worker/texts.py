"""Errors as text that can be kept, whatever the error does when it is asked for its text."""

from __future__ import annotations

import traceback
from types import TracebackType


def message_of(error: BaseException) -> str:
    """The error's message, also when the error can't tell it."""
    try:
        return clean(str(error))[:2000]
    except Exception as worse:
        return f"<its message can't be read: {type(worse).__name__}>"


def trace_of(error: BaseException, trace: TracebackType | None) -> str:
    """The traceback as text, also when the error can't be written."""
    try:
        return "".join(traceback.format_exception(type(error), error, trace))
    except Exception:
        return "".join(traceback.format_tb(trace))


def clean(text: str) -> str:
    """Text that JSON can hold: lone surrogates are written out."""
    return text.encode("utf-8", "backslashreplace").decode()
