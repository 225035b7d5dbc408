"""What every service of a ``Cleo`` stands on: the settings, the keys, and a connection of the running event loop."""

from __future__ import annotations

import asyncio
import getpass
import json
import os
import socket
from collections.abc import Sequence
from functools import cached_property
from typing import Any

from cleo_core.connection import check_version, describe, read_info, user_of
from cleo_core.embedded import resolve
from cleo_core.errors import PermissionDenied
from cleo_core.keys import Keys
from cleo_core.scripts import Scripts
from cleo_core.settings import Limits, RedisSettings
from cleo_core.signing import SigningKey, Trust
from cleo_core.wire import Wire


class Backend:
    """One namespace on one server. Connects at the first use, and anew in another event loop."""

    def __init__(self, redis: RedisSettings, namespace: str, limits: Limits) -> None:
        self.redis = redis
        self.keys = Keys(namespace)
        self.limits = limits
        self._loop: asyncio.AbstractEventLoop | None = None
        self._wire: Wire | None = None
        self._scripts: Scripts | None = None
        self._connecting: tuple[asyncio.AbstractEventLoop, asyncio.Lock] | None = None
        # With which key tasks are signed here, and whose tasks workers here run; set by Cleo.
        self.signing: SigningKey | None = None
        self.trust: Trust | None = None
        self._known_queues: set[str] = set()
        # The connection on which the user was found to see all queues.
        self._sees_all: Scripts | None = None

    @cached_property
    def resolved(self) -> RedisSettings:
        """The settings with the address of the embedded server in place of ``embedded://``."""
        url = resolve(self.redis.url)
        return self.redis if url == self.redis.url else self.redis.model_copy(update={"url": url})

    @property
    def connected(self) -> bool:
        """Whether a connection was made that is not closed."""
        return self._wire is not None

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
        return json.dumps({"redis": user_of(self.resolved), "os": f"{self.os_user}@{socket.gethostname()}"})

    @cached_property
    def os_user(self) -> str:
        """The user of this machine under whom the process runs."""
        try:
            return getpass.getuser()
        except (KeyError, OSError):
            return str(os.getuid())

    async def scripts(self) -> Scripts:
        """The scripts on the connection of the running loop, to a server that was found new enough.

        Raises:
            ServerError: the server can't be used; the message says why and what to do.
        """
        if self._scripts is not None and self._loop is asyncio.get_running_loop():
            return self._scripts
        async with self._lock_of_loop():
            return await self._connect()

    def _lock_of_loop(self) -> asyncio.Lock:
        """So that of many first uses at once one connects and the others wait for it."""
        loop = asyncio.get_running_loop()
        if self._connecting is None or self._connecting[0] is not loop:
            self._connecting = (loop, asyncio.Lock())
        return self._connecting[1]

    async def _connect(self) -> Scripts:
        loop = asyncio.get_running_loop()
        if self._scripts is None or self._loop is not loop:
            wire = Wire(self.resolved)
            try:
                check_version(read_info(await wire.ask("INFO", "server")), self.resolved)
            except BaseException:
                await wire.close()
                raise
            self._wire, self._loop = wire, loop
            self._scripts = Scripts(wire, self.keys)
        return self._scripts

    async def ask(self, *command: str | bytes | float) -> Any:
        """Send one command and return its answer, undecoded. Raises what ``scripts`` raises."""
        await self.scripts()
        assert self._wire is not None
        return await self._wire.ask(*command)

    async def ask_all(self, *commands: tuple[str | bytes | float, ...]) -> list[Any]:
        """Send several commands at once and return their answers. Raises what ``scripts`` raises."""
        return await asyncio.gather(*(self.ask(*command) for command in commands))

    async def know_queue(self, queue: str) -> None:
        """Enter a queue into the registry, once for this process."""
        if queue not in self._known_queues:
            scripts = await self.scripts()
            await scripts.write_anyway("ZADD", self.keys.queues, 0, queue)
            self._known_queues.add(queue)

    async def sees_all(self) -> bool:
        """Whether the Redis user may look into every queue; yes if the server won't tell, as it refuses by itself."""
        scripts = await self.scripts()
        if self._sees_all is not scripts:
            try:
                # A name that no queue can have: allowed only if all queues are.
                if not (await scripts.may([("HGET", self.keys.of_queue("\x7f").queue)]))[0]:
                    return False
            except PermissionDenied:
                pass
            self._sees_all = scripts
        return True

    async def visible(self, queues: Sequence[str]) -> list[str]:
        """Those of these queues that the Redis user may look into."""
        if await self.sees_all() or not queues:
            return list(queues)
        scripts = await self.scripts()
        allowed = await scripts.may([("HGET", self.keys.of_queue(queue).queue) for queue in queues])
        return [queue for queue, may in zip(queues, allowed, strict=True) if may]

    async def close(self) -> None:
        """Close the connection of this loop. The backend connects anew when it is used again."""
        wire, self._wire, self._scripts = self._wire, None, None
        if wire is not None and self._loop is asyncio.get_running_loop():
            await wire.close()
