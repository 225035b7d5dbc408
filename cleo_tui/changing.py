"""Whether something may be changed from here, and if not, why."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cleo_tui.settings import ConsoleSettings

if TYPE_CHECKING:
    from cleo_core.models import ServerInfo

FEW = 3
NOT_KNOWN = "It is not known yet whether this Redis user may write."
READ_ONLY = "The console was started with --read-only, so it changes nothing."


def reason_against(queue: str | None, server: ServerInfo | None, settings: ConsoleSettings, *, replays: bool) -> str:
    """Why nothing may be changed in that queue (None: in any), or nothing if it may."""
    if replays:
        return "This is a replay of a recording, in which nothing can be changed."
    if settings.read_only:
        by_profile = settings.profile and not settings.only_looks
        return f"The profile {settings.profile} is read-only, so nothing is changed." if by_profile else READ_ONLY
    if server is None:
        return NOT_KNOWN
    return "" if server.may_change(queue) else _refusal(queue, server)


def _refusal(queue: str | None, server: ServerInfo) -> str:
    if server.role == "slave":
        return f"{server.address} is a read-only replica. Connect to its primary to change something."
    if not server.writable:
        return f"The Redis user {server.user!r} may not write. Ask whoever runs the server for one that may."
    may = server.writable_queues or []
    where = ", ".join(may) if len(may) <= FEW else f"{len(may)} others"
    return f"The Redis user {server.user!r} may change nothing in {queue}, only in {where}."
