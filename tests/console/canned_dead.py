"""Dead letters, the trash and retries, as a ``CannedCleo`` knows them."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from cleo_core.models import (
    Attempt,
    DeadLetter,
    DeadLetterKind,
    DeadLetterKinds,
    DeadLetterPage,
    DeadLetterRecord,
    DeathReason,
    Discard,
    Outcome,
    RetryRun,
    RetryState,
    StopReason,
    TaskSummary,
)

PATTERNS = (
    "ConnectionError: smtp.acme.example refused the connection",
    "TimeoutError: no answer from smtp.acme.example within <n> s",
    "ValueError: 'to' is no address: <email>",
    "It took down <n> workers",
)
DEATHS = (DeathReason.FAILED, DeathReason.TIMED_OUT, DeathReason.REFUSED, DeathReason.POISON)


class CannedDeadLetters:
    """The service; ``dead`` says how many letters a queue has, ``letter`` makes the one of a number."""

    def __init__(self, now: float, dead: Callable[[str], int], letter: Callable[[str, int], TaskSummary]) -> None:
        self._now, self._dead, self._letter = now, dead, letter
        self.runs: list[RetryRun] = runs_at(now)
        self.discards = [
            _discard(now, "5b1c00d1f00d", 12, 140.0, "ada@bastion"),
            _discard(now, "77aa12bb34cc", 1_204, 555.0, "grace@bastion"),
        ]

    async def kinds(
        self, queue: str, *, offset: int = 0, limit: int = 100, parts: int = 0, span: float = 0.0
    ) -> DeadLetterKinds:
        left, kinds = self._dead(queue), list[DeadLetterKind]()
        for number, pattern in enumerate(PATTERNS):
            count = left if number == len(PATTERNS) - 1 else (left + 1) // 2
            left -= count
            if count:
                kinds.append(
                    DeadLetterKind(
                        fingerprint=f"{number:012x}", pattern=pattern, count=count,
                        first_at=self._now - 86_400 * (number + 1), last_at=self._now - 20 * 30**number,
                        latest=f"latest-{number}", deaths=[] if number > 2 else [
                            (part * part + number) % 5 if part > 4 * number else 0 for part in range(parts)
                        ],
                    )
                )  # fmt: skip
        return DeadLetterKinds(queue=queue, offset=0, total=len(kinds), items=kinds, at=self._now)

    async def list(
        self,
        queue: str,
        *,
        offset: int = 0,
        limit: int = 100,
        around: str | None = None,
        look: int = 5_000,
        **filters: Any,
    ) -> DeadLetterPage:
        total = self._dead(queue)
        if filters.get("fingerprint"):
            kinds = (await self.kinds(queue)).items
            total = next(kind.count for kind in kinds if kind.fingerprint == filters["fingerprint"])
        numbers = range(offset, min(total, offset + limit))
        if fingerprint := filters.get("fingerprint"):
            numbers = [3 * number + int(fingerprint, 16) % 3 for number in numbers]
        items = [self._dead_letter(queue, number) for number in numbers]
        text = filters.get("text", "")
        found = [letter for letter in items if text in letter.error or text in letter.id]
        return DeadLetterPage(
            queue=queue, offset=offset, total=total, items=found, looked=len(items), next_offset=None, at=self._now
        )

    def _dead_letter(self, queue: str, number: int) -> DeadLetter:
        return DeadLetter(
            **self._letter(queue, number).model_dump(),
            fingerprint=f"{number % 3:012x}", pattern=PATTERNS[number % 3], death=DEATHS[(number // 3) % 4],
        )  # fmt: skip

    async def get(self, queue: str, task_id: str) -> DeadLetterRecord:
        number = int(task_id[-1]) if task_id.startswith("latest") else int(task_id[4:12], 16)
        letter = self._dead_letter(queue, number)
        error_type, _, message = PATTERNS[number % len(PATTERNS)].partition(": ")
        attempt = Attempt(
            number=4, outcome=Outcome.FAILED, at=self._now - 20, wait=0.1, run=1.5, worker=letter.worker,
            error_type=error_type, error_message=message,
            traceback='Traceback (most recent call last):\n  File "shop/mail.py", line 31, in send_email\n'
            "    await smtp.send(message)\nConnectionError: smtp.acme.example refused the connection",
        )  # fmt: skip
        return DeadLetterRecord.model_validate(
            letter.model_dump()
            | {"headers": {}, "arguments": {"message": {"to": "ada@example.com", "subject": "Welcome"}}}
            | {"options": {}, "attempts": [attempt], "logs": [], "reason": letter.error, "expires_at": None}
        )

    async def trash(self, queue: str, *, limit: int = 100) -> Sequence[Discard]:
        return self.discards[:limit] if queue == "emails" else []

    async def retries(self, queue: str, *, limit: int = 20) -> Sequence[RetryRun]:
        return self.runs[:limit]


def _discard(now: float, name: str, count: int, past: float, by: str) -> Discard:
    return Discard(id=name, queue="emails", count=count, at=now - past, expires_at=now - past + 600, by=by)


def runs_at(now: float) -> list[RetryRun]:
    """A retry in each condition."""
    known: dict[str, Any] = {
        "queue": "emails", "state": RetryState.RUNNING, "stopped_by": None, "total": 2_400, "looked": 640,
        "retried": 640, "succeeded": 590, "failed": 31, "unjudged": 19, "failure_rate": 0.04, "first": 10, "rate": 20.0,
        "stop_at_failure_rate": 0.5, "started_at": now - 48, "at": now, "idle": 0.4, "by": "ada@bastion",
    }  # fmt: skip
    plain = {"first": None, "rate": None, "stop_at_failure_rate": None, "failure_rate": None, "unjudged": 0}
    plain |= {"succeeded": 0, "failed": 0}
    changes: list[dict[str, Any]] = [
        {},
        {"idle": 95.0, "started_at": now - 400},
        {"state": RetryState.STOPPED, "stopped_by": StopReason.FAILURES, "retried": 10, "looked": 10, "succeeded": 2,
         "failed": 8, "unjudged": 0, "failure_rate": 0.8, "started_at": now - 4_000, "by": "grace@bastion"},
        {"state": RetryState.STOPPED, "stopped_by": StopReason.HAND, "started_at": now - 90_000} | plain,
        {"state": RetryState.DONE, "looked": 2_400, "retried": 2_398, "started_at": now - 200_000} | plain,
    ]  # fmt: skip
    return [RetryRun.model_validate(known | change | {"id": f"{n:012x}"}) for n, change in enumerate(changes)]
