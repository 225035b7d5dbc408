"""Arguments against a JSON schema that a worker has published, for those who have no code of the task."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import islice
from typing import TYPE_CHECKING, Any, Protocol, cast

from pydantic_core import from_json

if TYPE_CHECKING:
    from jsonschema.exceptions import ValidationError


class _Validator(Protocol):
    """The part of a validator that is used, typed in full."""

    def iter_errors(self, instance: Any) -> Iterator[ValidationError]: ...


MAX_COMPLAINTS = 3
MAX_MESSAGE = 200


def complaints_of(schema: Mapping[str, Any], data: bytes) -> list[str] | None:
    """What is wrong with arguments (a JSON object), at most three complaints; None if the schema itself is no use.

    A schema may only refer to its own parts: nothing is fetched from anywhere, and no code is made of it.
    """
    # Imported here because it takes longer to import than all the rest, and few programs edit arguments.
    from jsonschema import Draft202012Validator  # noqa: PLC0415
    from jsonschema.exceptions import SchemaError  # noqa: PLC0415
    from referencing import Registry  # noqa: PLC0415
    from referencing.exceptions import Unresolvable  # noqa: PLC0415

    try:
        Draft202012Validator.check_schema(schema)
        validator = cast("_Validator", Draft202012Validator(schema, registry=Registry()))
        found = list(islice(validator.iter_errors(from_json(data)), MAX_COMPLAINTS + 1))
    except (SchemaError, Unresolvable, re.error, RecursionError):
        return None
    told = [_told(error) for error in found[:MAX_COMPLAINTS]]
    return [*told, "and more"] if len(found) > MAX_COMPLAINTS else told


def _told(error: ValidationError) -> str:
    place = ".".join(str(part) for part in error.absolute_path) or "arguments"
    message = error.message if len(error.message) <= MAX_MESSAGE else f"{error.message[:MAX_MESSAGE]}..."
    return f"{place}: {message}"
