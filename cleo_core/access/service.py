"""``cleo.access``: whom the server takes this connection for, and what that user may do."""

from __future__ import annotations

from cleo_core.backend import Backend
from cleo_core.connection import user_of
from cleo_core.errors import PermissionDenied, ServerRefused
from cleo_core.models import Identity, Role

# No access list names this queue, so what is allowed in it is allowed in all.
NO_QUEUE = "\x7f"
KNOWN_QUEUES = 500


class Access:
    """Asks the server; nothing of an access list is kept here."""

    def __init__(self, backend: Backend) -> None:
        self._backend = backend

    async def whoami(self) -> Identity:
        """Whom the server takes this connection for, and the roles that it has, by what the server says that it would
        allow.
        """
        return await identity_of(self._backend)


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
    if roles or not registry:
        return Identity(user=user, roles=roles, unrestricted=unrestricted)
    queues = [name.decode() for name in await backend.ask("ZRANGE", backend.keys.queues, 0, KNOWN_QUEUES - 1)]
    by_queue = await _roles_in(backend, queues)
    return Identity(user=user, by_queue={queue: held for queue, held in by_queue.items() if held})


async def _roles_in(backend: Backend, queues: list[str]) -> dict[str, list[Role]]:
    """The roles that the connection's user has in each queue: those whose gate it may touch (see scripts.loading)."""
    scripts = await backend.scripts()
    checks = [_check_of(backend, queue, role) for queue in queues for role in Role]
    answers = iter(await scripts.may(checks)) if checks else iter(())
    return {queue: [role for role in Role if next(answers)] for queue in queues}


def _check_of(backend: Backend, queue: str, role: Role) -> tuple[str, str]:
    """What only a user of the role may do. Viewers may touch no gate; of those who only read they read the audit."""
    keys = backend.keys.of_queue(queue)
    return ("XRANGE", keys.audit) if role is Role.VIEWER else ("DEL", f"{keys.prefix}may:{role}")
