"""What a worker publishes of its tasks: how each is called, for those who have no code of it."""

from __future__ import annotations

import hashlib
import inspect
from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from pydantic.errors import PydanticUserError
from pydantic_core import PydanticSerializationError, to_json, to_jsonable_python

from cleo_core.models import TaskSignature
from cleo_core.tasks.definition import Task

MAX_SIGNATURE = 65_536


def signature_of(task: Task[..., Any, Any]) -> TaskSignature:
    """How a task is called. A schema that can't be told, or is too large, is that of any object."""
    declared = TaskSignature(
        name=task.name,
        queue=task.queue,
        group=task.group,
        priority=task.priority,
        doc=(inspect.getdoc(task.function) or "").partition("\n")[0][:500],
        json_schema={"type": "object"},
        options=task.options_declared.model_dump(mode="json", exclude={"v"}, exclude_unset=True),
    )
    try:
        full = declared.model_copy(
            update={"json_schema": task.signature.json_schema(), "defaults": _defaults_of(task.signature.defaults)}
        )
        return full if len(full.model_dump_json()) <= MAX_SIGNATURE else declared
    except (PydanticUserError, PydanticSerializationError, ValueError):
        return declared


def _defaults_of(defaults: dict[str, Any]) -> dict[str, Any]:
    return {
        name: to_jsonable_python(value, fallback=repr, inf_nan_mode="strings", serialize_unknown=True)
        for name, value in defaults.items()
    }


@dataclass(frozen=True)
class SignatureSet:
    """The signatures of all tasks of a program. The same code makes the same ``digest``, whoever runs it."""

    signatures: dict[str, bytes]

    @classmethod
    def of(cls, tasks: Iterable[Task[..., Any, Any]]) -> SignatureSet:
        """The set of these tasks."""
        return cls({task.name: to_json(signature_of(task)) for task in sorted(tasks, key=lambda task: task.name)})

    @cached_property
    def digest(self) -> str:
        """What names the set."""
        return hashlib.sha256(b"\n".join(self.signatures.values())).hexdigest()[:32]
