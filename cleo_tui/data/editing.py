"""Arguments of a task as text for an editor, and back, with what is wrong or different said in words."""

from __future__ import annotations

import json
import os
import shlex
import signal
import subprocess
import tempfile
from collections.abc import Mapping
from pathlib import Path
from typing import Any, cast

from cleo_core import Cleo
from cleo_core.errors import InvalidArguments
from cleo_core.models import ArgumentsCheck
from cleo_tui.data.plans import Plan, Target, Verb, one_by_one

DEFAULT_EDITOR = "vi"
SHOWN = 40
MOST_CHANGES = 4
_CHECKED = {
    ArgumentsCheck.DECLARED: "",
    ArgumentsCheck.PUBLISHED: "",
    ArgumentsCheck.UNCHECKED: "No live worker has published the task, so only a worker will see whether they fit.",
}


class EditorFailed(Exception):
    """There is no such editor, or it said that it had failed."""


def text_of(arguments: object) -> str:
    """The arguments as they are edited."""
    return json.dumps(arguments, indent=2, ensure_ascii=False) + "\n"


def arguments_of(text: str) -> dict[str, Any]:
    """The arguments that a text means.

    Raises:
        InvalidArguments: it is no JSON, or none that could be arguments; with the place of the mistake.
    """
    try:
        read: object = json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise InvalidArguments(
            f"This is no JSON: {error.msg}, in line {error.lineno}, column {error.colno}."
        ) from error
    except RecursionError as error:
        raise InvalidArguments("This is nested too deeply.") from error
    if not isinstance(read, dict):
        raise InvalidArguments("Arguments are given by name, so this has to be an object in braces.")
    return cast("dict[str, Any]", read)


def _no_number(name: str) -> None:
    raise InvalidArguments(f"{name} is no number in JSON.")


def changes(before: Mapping[str, Any], after: Mapping[str, Any]) -> list[str]:
    """What is different, an argument a line; nothing if nothing is."""
    lines: list[str] = []
    for name in [*before, *(name for name in after if name not in before)]:
        if name not in after:
            lines.append(f"{name}: {_short(before[name])} → left out")
        elif name not in before:
            lines.append(f"{name}: new, {_short(after[name])}")
        elif before[name] != after[name] or type(before[name]) is not type(after[name]):
            lines.append(f"{name}: {_short(before[name])} → {_short(after[name])}")
    rest = len(lines) - MOST_CHANGES
    return [*lines[:MOST_CHANGES], f"and {rest} more"] if rest > 0 else lines


def _short(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= SHOWN else f"{text[: SHOWN - 1]}…"


def edited(text: str, name: str) -> str:
    """The text after an editor had it; to be called while the terminal is the editor's.

    The file is for its owner alone and does not stay.

    Raises:
        EditorFailed: the file can't be written, the editor not be started, or it ended with an error, by which most say
            that nothing is to be done.
    """
    command = os.environ.get("VISUAL") or os.environ.get("EDITOR") or DEFAULT_EDITOR
    try:
        with tempfile.TemporaryDirectory(prefix="cleo-") as folder:
            path = Path(folder) / f"{name}.json"
            path.write_text(text, encoding="utf-8")
            _edit(command, path)
            return path.read_text(encoding="utf-8", errors="replace")
    except (OSError, ValueError) as error:
        raise EditorFailed(f"What is to be edited can't be kept in a file: {error}.") from error


def _edit(command: str, path: Path) -> None:
    # ^C is meant for the editor; a handler, unlike ignoring it, is not handed down to it.
    before = signal.signal(signal.SIGINT, lambda _number, _frame: None)
    try:
        code = subprocess.call([*shlex.split(command), str(path)])
    except (OSError, ValueError) as error:
        raise EditorFailed(
            f"The editor {command!r} can't be used: {error}. Name another by VISUAL or EDITOR."
        ) from error
    finally:
        signal.signal(signal.SIGINT, before)
    if code:
        raise EditorFailed(f"The editor ended with {code}, so nothing was changed.")


def edit_plan(cleo: Cleo, queue: str, target: Target, before: Mapping[str, Any], after: dict[str, Any]) -> Plan:
    """Retry a dead letter with other arguments."""
    checked: list[ArgumentsCheck] = []

    async def retry(task_id: str) -> str:
        checked[:] = [await cleo.dead_letters.edit_and_retry(queue, task_id, after)]
        return ""

    lines = "\n".join(f"  {line}" for line in changes(before, after))
    return Plan(
        Verb.RETRY,
        queue,
        (target,),
        f"{lines}\nIt goes back to the end of its queue with these arguments, and all its retries before it.",
        one_by_one((target,), retry),
        question=f"Retry 1 task of {queue} with other arguments?",
        outcome=f"1 task of {queue} retried with other arguments.",
        tail=lambda: _CHECKED[checked[0]] if checked else "",
    )
