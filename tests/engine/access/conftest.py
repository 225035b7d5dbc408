"""Users of every role on the shared server, and a namespace with something of everything in it."""

from __future__ import annotations

import uuid
from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import AsyncExitStack
from dataclasses import dataclass

import pytest

from cleo_core import Cleo
from tests.engine.access.users import Grant, Seeded, seed
from tests.servers import Server

AsRole = Callable[..., Awaitable[Cleo]]


@dataclass
class _Users:
    """What the fixture makes and takes away."""

    server: Server
    namespace: str
    stack: AsyncExitStack

    async def __call__(self, role: str, queues: Sequence[str] | None = None, namespace: str | None = None) -> Cleo:
        """A Cleo that is connected as a new user of that role."""
        grant = Grant(role, f"{role}-{uuid.uuid4().hex[:8]}", namespace or self.namespace, queues)
        await grant.give(self.server.url)
        self.stack.push_async_callback(grant.take_back, self.server.url)
        return await self.stack.enter_async_context(Cleo(grant.url(self.server.port), namespace=self.namespace))


@pytest.fixture
async def as_role(server: Server, namespace: str) -> AsyncIterator[AsRole]:
    """Connect as a role: ``await as_role("viewer", queues=["emails"])``."""
    async with AsyncExitStack() as stack:
        yield _Users(server, namespace, stack)


@pytest.fixture
async def seeded(cleo: Cleo) -> Seeded:
    """Tasks in every state, a group with settings and a lock."""
    return await seed(cleo)
