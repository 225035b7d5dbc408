"""From what the scripts keep of dead letters to the models that are handed out."""

from __future__ import annotations

from typing import Any

from pydantic_core import from_json

from cleo_core.models import DeadLetter, DeadLetterKind, DeadLetterRecord, DeathReason, Discard, Outcome, TaskState
from cleo_core.records import read_line, record_of, summary_of
from cleo_core.scripts.retries import LetterParts

_DEATHS = {
    Outcome.TIMED_OUT: DeathReason.TIMED_OUT,
    Outcome.REFUSED: DeathReason.REFUSED,
    Outcome.LOST: DeathReason.POISON,
}
END = 7


def _death_of(end: bytes) -> DeathReason:
    """Why a task is dead, of the line that tells of its end."""
    if not end:
        return DeathReason.FAILED
    return _DEATHS.get(read_line(end)[11], DeathReason.FAILED)


def letter_of(queue: str, raw: list[Any]) -> DeadLetter | None:
    """What a list shows of a dead letter, of ``find_dead.lua``'s values; None if its record is gone."""
    task_id, receipt, fields, fingerprint, pattern = raw
    summary = summary_of(queue, TaskState.DEAD, [task_id, receipt, fields], None)
    if summary is None:
        return None
    return DeadLetter(
        **summary.model_dump(),
        fingerprint=fingerprint.decode(errors="replace"),
        pattern=pattern.decode(errors="replace"),
        death=_death_of(fields[END]),
    )


def letter_record_of(queue: str, task_id: str, raw: list[Any]) -> DeadLetterRecord | None:
    """Everything that is kept of a dead letter, of what ``record.lua`` returns; None if there is none of that id."""
    record = record_of(queue, task_id, raw)
    if record is None or record.state is not TaskState.DEAD:
        return None
    stored: dict[bytes, bytes] = dict(zip(raw[1][::2], raw[1][1::2], strict=True))
    return DeadLetterRecord(
        **record.model_dump(),
        fingerprint=stored.get(b"fp", b"").decode(errors="replace"),
        pattern=stored.get(b"pattern", b"").decode(errors="replace"),
        death=_death_of(stored.get(b"end", b"")),
    )


def parts_of(raw: list[Any]) -> LetterParts:
    """What an edit leaves as it is, of ``record.lua``'s values."""
    stored: dict[bytes, bytes] = dict(zip(raw[1][::2], raw[1][1::2], strict=True))
    return LetterParts(*(stored.get(field, b"") for field in (b"name", b"head", b"group")))


def kind_of_letters(raw: list[Any]) -> DeadLetterKind:
    """A kind, of ``dead_kinds.lua``'s values."""
    fingerprint, pattern, count, first, last, latest, deaths = raw
    return DeadLetterKind(
        fingerprint=fingerprint.decode(errors="replace"),
        pattern=pattern.decode(errors="replace"),
        count=count,
        first_at=int(first) / 1000,
        last_at=int(last) / 1000,
        latest=latest.decode(errors="replace"),
        deaths=deaths,
    )


def discard_of(queue: str, raw: list[Any]) -> Discard:
    """A discard, of ``trash.lua``'s values."""
    discard, at, goes, count, by = raw
    return Discard(
        id=discard.decode(),
        queue=queue,
        count=count,
        at=int(at) / 1000,
        expires_at=int(goes) / 1000,
        by=from_json(by).get("os", ""),
    )
