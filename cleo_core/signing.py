"""Signed tasks: who may submit which tasks, decided by the workers and not by whoever can write to the server.

A signature is an HMAC-SHA256 over everything that decides what will run: the id, the task's name, the queue, the group,
the arguments and the options, byte for byte as they are stored. It travels as a header of the task. A schedule is
signed once, with its own id in place of a task's: that signature holds for each of the tasks that it stores.
"""

from __future__ import annotations

import hashlib
import hmac
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from fnmatch import fnmatchcase

from cleo_core.errors import InvalidOption
from cleo_core.headers import split_head, with_headers

HEADER = "cleo-signature"
# Before a signature that holds for the tasks of a schedule, whose ids begin with the schedule's and an @.
SCHEDULE = "schedule:"
MIN_SECRET = 16
_ID = re.compile(r"[A-Za-z0-9_.\-]{1,64}")


@dataclass(frozen=True, slots=True)
class SigningKey:
    """What a producer signs with. ``secret`` has at least 16 bytes; it is in no message and no ``repr``.

    Raises:
        InvalidOption: the id has other characters than letters, digits, dots, dashes and underscores, or the secret is
            too short.
    """

    id: str
    secret: bytes | str = field(repr=False)

    def __post_init__(self) -> None:
        _check(self.id, self.secret)

    def sign(self, task_id: str, name: str, queue: str, group: str, arguments: bytes, head: bytes) -> bytes:
        """The head of a task with its signature added; one that it had before is replaced."""
        return self._signed("", task_id, name, queue, group, arguments, head)

    def sign_schedule(
        self, schedule_id: str, name: str, queue: str, group: str, arguments: bytes, head: bytes
    ) -> bytes:
        """The head of a schedule's tasks with a signature that holds for all of them."""
        return self._signed(SCHEDULE, schedule_id, name, queue, group, arguments, head)

    def _signed(
        self, kind: str, own_id: str, name: str, queue: str, group: str, arguments: bytes, head: bytes
    ) -> bytes:
        bare, _ = split_signature(head)
        parts = (own_id.encode(), name.encode(), queue.encode(), group.encode(), arguments, bare)
        options, headers = split_head(bare)
        return with_headers(options, {**headers, HEADER: f"{self.id}:{kind}{_mac(self.secret, kind, parts)}"})


@dataclass(frozen=True, slots=True)
class TrustedKey:
    """What a worker checks with, and which tasks the key may submit: ``tasks`` are names or patterns with ``*``, ``?``
    and ``[...]``.

    Raises:
        InvalidOption: as for ``SigningKey``, or no tasks are named.
    """

    id: str
    secret: bytes | str = field(repr=False)
    tasks: Sequence[str] = ("*",)

    def __post_init__(self) -> None:
        _check(self.id, self.secret)
        if isinstance(self.tasks, str) or not self.tasks:
            raise InvalidOption(f"The key {self.id!r} must name the tasks that it may submit, as a list of patterns.")

    def allows(self, name: str) -> bool:
        """Whether the key may submit tasks of this name."""
        return any(fnmatchcase(name, pattern) for pattern in self.tasks)


class Trust:
    """The keys that a worker trusts. With ``required`` a task without a signature is refused."""

    def __init__(self, keys: Iterable[TrustedKey], *, required: bool) -> None:
        self._keys: dict[str, TrustedKey] = {}
        for key in keys:
            if key.id in self._keys:
                raise InvalidOption(f"Two trusted keys have the id {key.id!r}. Give each its own.")
            self._keys[key.id] = key
        self.required = required
        if required and not self._keys:
            raise InvalidOption("Signatures are required, but no key is trusted: every task would be refused.")

    def refusal(self, task_id: bytes, name: bytes, queue: str, group: bytes, arguments: bytes, head: bytes) -> str:
        """Why a task must not run, or '' if it may."""
        bare, signature = split_signature(head)
        if not signature:
            return "It has no signature, and this worker requires one." if self.required else ""
        key_id, _, mac = signature.partition(":")
        key = self._keys.get(key_id)
        if key is None:
            return f"It is signed with the key {key_id[:64]!r}, which this worker doesn't trust."
        kind = SCHEDULE if mac.startswith(SCHEDULE) else ""
        own_id = task_id.rpartition(b"@")[0] if kind else task_id
        expected = kind + _mac(key.secret, kind, (own_id, name, queue.encode(), group, arguments, bare))
        if not hmac.compare_digest(expected.encode(), mac.encode()):
            return f"Its signature by the key {key_id!r} is wrong: it was changed after it was signed, or forged."
        text = name.decode(errors="replace")
        return "" if key.allows(text) else f"The key {key_id!r} may not submit the task {text!r}."


def split_signature(head: bytes) -> tuple[bytes, str]:
    """A head as it was when it was signed, and the signature ('' if there is none)."""
    if HEADER.encode() not in head:
        return head, ""
    options, headers = split_head(head)
    signature = headers.pop(HEADER, "")
    return (with_headers(options, headers) if headers else options), signature


def _mac(secret: bytes | str, kind: str, parts: Sequence[bytes]) -> str:
    """Each part with its length before it, so that no two tasks, and no task and schedule, make the same message."""
    message = b"cleo1" + kind.encode() + b"".join(len(part).to_bytes(8) + part for part in parts)
    return hmac.new(secret.encode() if isinstance(secret, str) else secret, message, hashlib.sha256).hexdigest()


def _check(key_id: str, secret: bytes | str) -> None:
    if _ID.fullmatch(key_id) is None:
        raise InvalidOption(
            f"A key can't have the id {key_id!r}: use 1 to 64 letters, digits, dots, dashes, underscores."
        )
    if len(secret) < MIN_SECRET:
        raise InvalidOption(f"The secret of the key {key_id!r} is too short: at least {MIN_SECRET} bytes are needed.")
