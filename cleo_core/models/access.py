"""Who may do what, and who did what."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from cleo_core.models.base import Model


class Role(StrEnum):
    """What a Redis user of Cleo may do; ``docs/security.md`` lists it call by call.

    ``VIEWER`` looks. ``OPERATOR`` looks and changes what there is: pauses, retries, cancels, sets limits. ``PRODUCER``
    adds tasks and waits for their results. ``WORKER`` runs tasks, and adds some. ``ADMIN`` does all of it, and what
    can't be undone, and looks into the server.
    """

    VIEWER = "viewer"
    OPERATOR = "operator"
    ADMIN = "admin"
    PRODUCER = "producer"
    WORKER = "worker"


class Identity(Model):
    """Whom the server takes this connection for, and what it would let it do.

    ``roles`` are those that hold in every queue, ``by_queue`` those in each known queue (of the first 500) where there
    are more. ``known`` is False when the server would not tell; then nothing is known of either.
    ``unrestricted`` says that no access list narrows the user at all.
    """

    user: str
    roles: list[Role] = Field(default_factory=list[Role])
    by_queue: dict[str, list[Role]] = Field(default_factory=dict[str, list[Role]])
    unrestricted: bool = False
    known: bool = True

    def may(self, role: Role, queue: str | None = None) -> bool:
        """Whether it may do what a role may: in that queue, or in any queue. Yes where the server would not tell, since
        it refuses by itself.
        """
        if not self.known or role in self.roles:
            return True
        lists = self.by_queue.values() if queue is None else (self.by_queue.get(queue, ()),)
        return any(role in roles for roles in lists)

    def queues_for(self, role: Role) -> list[str] | None:
        """The only queues in which it may do what a role may, of those known; None if it may in all of them."""
        if not self.known or role in self.roles:
            return None
        return [queue for queue, roles in self.by_queue.items() if role in roles]


class AuditEntry(Model):
    """What somebody did.

    ``redis_user`` and ``os_user`` (with the host) are as the acting program told them; the server checks that it may
    act, not what it calls itself. ``queue`` is empty for what concerns no queue. ``target`` is on what it was done (of
    many, the first) and ``count`` on how many. ``position`` names the entry within its queue.
    """

    at: float
    queue: str
    action: str
    target: str
    count: int
    result: str
    redis_user: str
    os_user: str
    position: str


class CheckStatus(StrEnum):
    """What a check of ``cleo.doctor()`` found. ``UNKNOWN``: it could not be found out."""

    OK = "ok"
    WARN = "warn"
    BAD = "bad"
    UNKNOWN = "unknown"


class Check(Model):
    """One thing that was looked at: what was ``measured``, what that ``means`` and the command that would ``mend`` it
    (empty if all is well).
    """

    name: str
    status: CheckStatus
    measured: str
    means: str
    mend: str = ""
