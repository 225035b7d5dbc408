"""What docs/security.md says of commands of one's own: much is possible within one's queues, nothing beyond them."""

from __future__ import annotations

import pytest

from cleo_core import Cleo
from cleo_core.errors import PermissionDenied
from cleo_core.keys import QueueKeys
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import dump, seed
from tests.raw import ask, keys_of

COMMANDS = [
    ("HSET", "queue", "paused", "1"),
    ("HSET", "group:acme", "concurrency", "1000"),
    ("HSET", "task:waiting-1", "cancel", "1"),
    ("HMGET", "task:waiting-1", "args"),
    ("ZRANGE", "lane:1:acme", "0", "-1"),
    ("ZRANGE", "dead", "0", "-1"),
    ("EXPIRE", "events", "60"),
]


def _on(keys: QueueKeys, command: str, part: str, *values: str) -> tuple[str, ...]:
    return (command, f"{keys.prefix}{part}", *values)


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_a_producer_with_commands_of_its_own_reaches_its_queue_and_no_other(
    cleo: Cleo, as_role: AsRole, command: tuple[str, str, *tuple[str, ...]]
) -> None:
    for queue in ("emails", "reports"):
        await seed(cleo, queue)
    producer = await as_role("producer", ["emails"])
    before = await dump(cleo)
    with pytest.raises(PermissionDenied):
        await ask(producer, *_on(keys_of(cleo, "reports"), *command))
    assert await dump(cleo) == before
    await ask(producer, *_on(keys_of(cleo, "emails"), *command))


@pytest.mark.parametrize("command", COMMANDS, ids=" ".join)
async def test_a_viewer_with_commands_of_its_own_changes_nothing(
    cleo: Cleo, as_role: AsRole, command: tuple[str, str, *tuple[str, ...]]
) -> None:
    await seed(cleo)
    viewer = await as_role("viewer")
    before = await dump(cleo)
    if command[0] in {"HMGET", "ZRANGE"}:
        await ask(viewer, *_on(keys_of(cleo, "emails"), *command))
    else:
        with pytest.raises(PermissionDenied):
            await ask(viewer, *_on(keys_of(cleo, "emails"), *command))
    assert await dump(cleo) == before
