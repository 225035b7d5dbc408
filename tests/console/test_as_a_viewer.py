"""A Redis user of the role viewer sees all that the console shows: no screen asks for what the server refuses."""

from __future__ import annotations

from cleo_core import Cleo
from cleo_tui.screens import discover
from tests.console.driving import Console, console
from tests.engine.access.users import Grant, seed
from tests.raw import ask
from tests.servers import Server
from tests.waiting import until

# What the doctor asks of the server is for admins; what it may not ask it calls unknown.
OF_THE_DOCTOR = {"config|get", "client|list", "latency|latest", "scan", "memory|usage", "acl|list", "role"}


async def _show(shop: Console, viewer: Cleo, command: str) -> None:
    """Open a screen, and wait until the console has read what it shows a few times."""
    scripts = await viewer.backend.scripts()
    before = scripts.calls
    await shop.command(command)
    await until(lambda: scripts.calls > before + 3)


async def test_no_screen_asks_for_what_a_viewer_may_not_see(server: Server, cleo: Cleo, namespace: str) -> None:
    await seed(cleo)
    grant = Grant("viewer", f"viewer-{namespace}", namespace)
    await grant.give(server.url)
    try:
        viewer = Cleo(grant.url(server.port), namespace=namespace)
        async with cleo.worker(["reports"]), console(lambda: viewer) as shop:
            await shop.see("read-only")
            screens = [spec.name for spec in discover() if spec.name != "servers"]
            for command in (*screens, "task waiting-1", "task dead-1"):
                await _show(shop, viewer, command)
        assert await _refused(cleo, grant.user) == []
    finally:
        await grant.take_back(server.url)


async def _refused(cleo: Cleo, user: str) -> list[tuple[str, str]]:
    entries = [dict(zip(flat[::2], flat[1::2], strict=True)) for flat in await ask(cleo, "ACL", "LOG", 128)]
    return [
        (entry[b"object"].decode(), entry[b"context"].decode())
        for entry in entries
        if entry[b"username"].decode() == user and entry[b"object"].decode() not in OF_THE_DOCTOR
    ]
