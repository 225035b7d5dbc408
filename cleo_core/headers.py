"""Headers: short texts that middleware sends along with a task, such as the context of a trace.

They stand at the end of the task's head, after the options, so that the options of tasks which differ in their headers
alone are parsed once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, cast

from pydantic_core import from_json, to_json

from cleo_core.errors import InvalidHeaders

MAX_HEADERS = 32
MAX_BYTES = 8_192
_MARK = b',"headers":'
_NAME = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


def with_headers(head: bytes, headers: Mapping[str, str]) -> bytes:
    """A head with headers added.

    Raises:
        InvalidHeaders: more than 32, more than 8 KiB of JSON, or a name or value that can't be one.
    """
    for name, value in cast("Mapping[Any, Any]", headers).items():
        if not isinstance(name, str) or _NAME.fullmatch(name) is None:
            raise InvalidHeaders(
                f"{name!r} can't be a header's name: it has 1 to 64 letters, digits, dots, dashes and underscores."
            )
        if not isinstance(value, str):
            raise InvalidHeaders(f"The header {name!r} is a {type(value).__name__}; make it a str.")
    try:
        data = to_json(headers)
    except ValueError as error:
        raise InvalidHeaders(f"The headers can't be written as JSON: {error}.") from None
    if len(headers) > MAX_HEADERS or len(data) > MAX_BYTES:
        raise InvalidHeaders(
            f"{len(headers)} headers with {len(data):,} bytes are too many: at most {MAX_HEADERS} and {MAX_BYTES:,} "
            "bytes travel with a task. Put data into its arguments."
        )
    own, _ = split_head(head)
    return own[:-1] + _MARK + data + b"}"


def split_head(head: bytes) -> tuple[bytes, dict[str, str]]:
    """A head without its headers, and them. What is no such head is left as it is."""
    if b'"headers"' not in head:
        return head, {}
    own, mark, rest = head.partition(_MARK)
    if not mark or not own.startswith(b"{"):
        return _split_json(head)
    try:
        return own + b"}", _checked(from_json(rest[:-1]))
    except ValueError:
        return _split_json(head)


def _split_json(head: bytes) -> tuple[bytes, dict[str, str]]:
    """As ``split_head``, of a head that another program wrote in another order."""
    try:
        fields = from_json(head)
        if not isinstance(fields, dict):
            return head, {}
        headers = _checked(cast("dict[str, Any]", fields).pop("headers", {}))
        return to_json(fields), headers
    except ValueError:
        return head, {}


def _checked(headers: object) -> dict[str, str]:
    if not isinstance(headers, dict):
        return {}
    return {name: value for name, value in cast("dict[str, Any]", headers).items() if isinstance(value, str)}
