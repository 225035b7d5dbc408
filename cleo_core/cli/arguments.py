"""Arguments of tasks as they are written on a command line."""

from __future__ import annotations

import json
from typing import Any, cast

from cleo_core.cli.exits import Misused


def arguments_of(pairs: list[str], text: str | None) -> dict[str, Any]:
    """Arguments by name, of ``NAME=VALUE`` and of a JSON object; what is given by name wins."""
    whole = object_of(text, "--args") if text is not None else {}
    for pair in pairs:
        name, equals, value = pair.partition("=")
        if not equals or not name:
            raise Misused(f"{pair!r} is no argument. Write NAME=VALUE, or all of them as --args JSON.")
        whole[name] = _value(value)
    return whole


def _value(text: str) -> Any:
    try:
        return json.loads(text)
    except ValueError:
        return text


def object_of(text: str, where: str) -> dict[str, Any]:
    """A JSON object; ``where`` says in a message where it was written."""
    try:
        value = json.loads(text)
    except ValueError as error:
        raise Misused(f"{where} is not JSON: {error}.") from error
    if not isinstance(value, dict):
        raise Misused(f'{where} is no JSON object, such as {{"to": "ada"}}.')
    return cast("dict[str, Any]", value)
