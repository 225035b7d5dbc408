"""``cleo.access``: whom the server takes this connection for, and what that user may do."""

from __future__ import annotations

import time
from collections.abc import Sequence

from cleo_core.backend import Backend
from cleo_core.connection import user_of
from cleo_core.errors import PermissionDenied, ServerRefused
from cleo_core.models import Identity, Role

# No access list names this queue, so what is allowed in it is allowed in all.
NO_QUEUE = "\x7f"
KNOWN_QUEUES = 500
# How old (s) the answer of ``permissions`` may be.
FRESH = 30.0


class Access:
    """Asks the server; nothing of an access list is kept here, but its last answer for a while."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend
        self._answer: tuple[float, Identity] | None = None

    async def whoami(self) -> Identity:
        """Whom the server takes this connection for, and the roles that it has, by what the server says that it would
        allow.
        """
        identity = await identity_of(self._backend)
        self._answer = (time.monotonic(), identity)
        return identity

    async def permissions(self) -> Identity:
        """As ``whoami``, but the answer may be 30 s old: to be asked often, such as ``(await
        cleo.access.permissions()).may(Role.OPERATOR, "emails")``.
        """
        if self._answer is not None and time.monotonic() - self._answer[0] < FRESH:
            return self._answer[1]
        return await self.whoami()


async def identity_of(backend: Backend) -> Identity:
    """As ``Access.whoami``."""
    try:
        user = (await backend.ask("ACL", "WHOAMI")).decode()
    except (PermissionDenied, ServerRefused):
        user = user_of(backend.resolved)
    try:
        everywhere = await _roles_in(backend, [NO_QUEUE])
        scripts = await backend.scripts()
        unrestricted, registry = await scripts.may([("FLUSHALL", ""), ("ZRANGE", backend.keys.queues)])
    except PermissionDenied:
        return Identity(user=user, known=False)
    roles = everywhere[NO_QUEUE]
    if len(roles) == len(Role) or not registry:
        return Identity(user=user, roles=roles, unrestricted=unrestricted)
    queues = [name.decode() for name in await backend.ask("ZRANGE", backend.keys.queues, 0, KNOWN_QUEUES - 1)]
    others = [role for role in Role if role not in roles]
    by_queue = {queue: [*roles, *more] for queue, more in (await _roles_in(backend, queues, others)).items() if more}
    return Identity(user=user, roles=roles, by_queue=by_queue)


async def _roles_in(backend: Backend, queues: list[str], roles: Sequence[Role] = tuple(Role)) -> dict[str, list[Role]]:
    """Those of the roles that the connection's user has in each queue: those whose gate it may touch (see
    scripts.loading).
    """
    scripts = await backend.scripts()
    checks = [_check_of(backend, queue, role) for queue in queues for role in roles]
    answers = iter(await scripts.may(checks)) if checks else iter(())
    return {queue: [role for role in roles if next(answers)] for queue in queues}


def _check_of(backend: Backend, queue: str, role: Role) -> tuple[str, str]:
    """What only a user of the role may do. Viewers may touch no gate; of those who only read they read the audit."""
    keys = backend.keys.of_queue(queue)
    return ("XRANGE", keys.audit) if role is Role.VIEWER else ("DEL", f"{keys.prefix}may:{role}")
