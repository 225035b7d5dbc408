"""What every service of a ``Cleo`` stands on: the settings, the keys, and a client of the running event loop."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import socket
from functools import cached_property

from redis.asyncio import Redis

from cleo_core.connection import acting_on, check_version, describe, make_client
from cleo_core.embedded import resolve
from cleo_core.keys import Keys
from cleo_core.scripts import Scripts
from cleo_core.settings import Limits, RedisSettings
from cleo_core.wire import Wire


class Backend:
    """One namespace on one server. Connects at the first use, and anew in another event loop."""

    def __init__(self, redis: RedisSettings, namespace: str, limits: Limits) -> None:
        self.redis = redis
        self.keys = Keys(namespace)
        self.limits = limits
        self._loop: asyncio.AbstractEventLoop | None = None
        self._client: Redis | None = None
        self._scripts: Scripts | None = None
        self._known_queues: set[str] = set()

    @cached_property
    def resolved(self) -> RedisSettings:
        """The settings with the address of the embedded server in place of ``embedded://``."""
        url = resolve(self.redis.url)
        return self.redis if url == self.redis.url else self.redis.model_copy(update={"url": url})

    @property
    def connected(self) -> bool:
        """Whether a client was made that is not closed."""
        return self._client is not None

    def point_to(self, redis: RedisSettings, namespace: str) -> None:
        """Use another server or namespace from now on. Nothing may be connected."""
        self.redis = redis
        self.keys = Keys(namespace)
        self._known_queues.clear()
        self.__dict__.pop("resolved", None)
        self.__dict__.pop("actor", None)

    @property
    def server_name(self) -> str:
        """What to call the server in a message."""
        return describe(self.resolved.url)

    @cached_property
    def actor(self) -> str:
        """Who acts through this backend, for the audit: JSON with the Redis user and the user of this machine."""
        try:
            user = getpass.getuser()
        except (KeyError, OSError):
            user = str(os.getuid())
        return json.dumps({"redis": self.redis.username or "default", "os": f"{user}@{socket.gethostname()}"})

    async def client(self) -> Redis:
        """The client of the running loop, whose server has been found new enough.

        Raises:
            ServerError: the server can't be used; the message says why and what to do.
        """
        loop = asyncio.get_running_loop()
        if self._client is None or self._loop is not loop:
            client = make_client(self.resolved)
            with acting_on(self.resolved):
                check_version(await client.info("server"), self.resolved)
            self._client, self._loop = client, loop
            self._scripts = Scripts(Wire(self.resolved), self.keys)
        return self._client

    async def scripts(self) -> Scripts:
        """The scripts on the client of the running loop. Raises what ``client`` raises."""
        if self._scripts is None or self._loop is not asyncio.get_running_loop():
            await self.client()
        assert self._scripts is not None
        return self._scripts

    async def ping(self) -> None:
        """Make sure that the server can be used. Raises what ``client`` raises."""
        client = await self.client()
        with acting_on(self.resolved):
            await client.ping()

    async def know_queue(self, queue: str) -> None:
        """Enter a queue into the registry, once for this process."""
        if queue not in self._known_queues:
            client = await self.client()
            with acting_on(self.resolved):
                await client.zadd(self.keys.queues, {queue: 0})
            self._known_queues.add(queue)

    async def close(self) -> None:
        """Close the connections of this loop. The backend connects anew when it is used again."""
        client, scripts, self._client, self._scripts = self._client, self._scripts, None, None
        if client is not None and scripts is not None and self._loop is asyncio.get_running_loop():
            await scripts.close()
            await client.aclose()
            await client.connection_pool.disconnect()
