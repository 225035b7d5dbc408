"""Redis users made from ``cleo acl``'s lines, what they find in a namespace, and how it looks byte by byte."""

from __future__ import annotations

import json
import shlex
from collections.abc import Sequence
from dataclasses import dataclass

from cleo_core import Cleo
from cleo_core.access import acl_lines
from cleo_core.scripts import Settled
from tests.ghosts import claim_and_die
from tests.raw import ask, ask_at

SECRET = "a secret"
ROLES = ("viewer", "operator", "admin", "producer", "worker")


@dataclass(frozen=True)
class Grant:
    """A user with a role."""

    role: str
    user: str
    namespace: str
    queues: Sequence[str] | None = None

    def url(self, port: int) -> str:
        """The address with the user in it."""
        return f"redis://{self.user}:{SECRET.replace(' ', '%20')}@127.0.0.1:{port}/0"

    async def give(self, server: str) -> None:
        """Make the user, as somebody would who pipes the lines into redis-cli."""
        lines = acl_lines(self.role, user=self.user, password=SECRET, namespace=self.namespace, queues=self.queues)
        for line in lines:
            await ask_at(server, *shlex.split(line))

    async def give_too(self, server: str) -> None:
        """Give an existing user this role besides those that it has."""
        lines = acl_lines(self.role, user=self.user, password=SECRET, namespace=self.namespace, queues=self.queues)
        for line in lines[1:-1]:
            await ask_at(server, *shlex.split(line))

    async def take_back(self, server: str) -> None:
        """Remove the user."""
        await ask_at(server, "ACL", "DELUSER", self.user)


@dataclass(frozen=True)
class Seeded:
    """The ids of what is there. All are in the queue ``emails``; the last two only where a test put them there."""

    waiting: str
    delayed: str
    active: str
    receipt: bytes
    dead: str
    discard: str = ""
    run: str = ""


async def seed(cleo: Cleo, queue: str = "emails") -> Seeded:
    """Put something of everything into a queue."""
    await cleo.queues.add(queue, "send", {"to": 1}, task_id="dead-1", max_retries=0)
    scripts = await cleo.backend.scripts()
    claimed = (await claim_and_die(cleo, queue, 1, lease=60))[0]
    failure = json.dumps(["ValueError", "no", "", "failed", "abc", "no"]).encode()
    await scripts.cycle(
        queue, "ghost-1", 0, 60_000, (86_400, 3_600),
        [Settled(claimed.id, claimed.receipt, claimed.group, "dead", 5, failure, 0)],
    )  # fmt: skip
    await cleo.queues.add(queue, "send", {"to": 2}, task_id="active-1")
    active = (await claim_and_die(cleo, queue, 1, lease=600))[0]
    await cleo.queues.add(queue, "send", {"to": 3}, task_id="waiting-1", group="acme")
    await cleo.queues.add(queue, "send", {"to": 4}, task_id="delayed-1", delay=3_600)
    await cleo.groups.configure(queue, "acme", weight=2)
    return Seeded("waiting-1", "delayed-1", "active-1", active.receipt, "dead-1")


async def dump(cleo: Cleo) -> dict[bytes, bytes]:
    """Every key of the namespace with its value, as the server would save it."""
    found: dict[bytes, bytes] = {}
    cursor: bytes = b"0"
    while True:
        cursor, keys = await ask(cleo, "SCAN", cursor, "MATCH", f"{cleo.namespace}:*", "COUNT", 1000)
        for key in keys:
            found[key] = await ask(cleo, "DUMP", key)
        if cursor == b"0":
            return found
