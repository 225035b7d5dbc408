"""Listening to channels: redis-py's pub/sub on a connection of its own, with types and Cleo's errors."""

from __future__ import annotations

from contextlib import suppress
from typing import Any, NamedTuple, cast

from redis.exceptions import RedisError

from cleo_core.complaints import acting_on
from cleo_core.connection import make_client
from cleo_core.settings import RedisSettings


class Message(NamedTuple):
    """What was published, and where."""

    channel: str
    data: bytes


class Channels:
    """A subscription to channels. It connects anew by itself; what was published meanwhile is lost.

    Every call raises ``ServerError`` when the server can't be used as it is.
    """

    def __init__(self, settings: RedisSettings, *, retries: int = 0) -> None:
        self._settings = settings
        self._client = make_client(settings, retries=retries, pool_size=2)
        self._pubsub: Any = cast("Any", self._client).pubsub(ignore_subscribe_messages=True)

    async def subscribe(self, *channels: str) -> None:
        """Listen to channels too."""
        with acting_on(self._settings):
            await self._pubsub.subscribe(*channels)

    async def subscribe_pattern(self, pattern: str) -> None:
        """Listen to all channels of a pattern too."""
        with acting_on(self._settings):
            await self._pubsub.psubscribe(pattern)

    async def unsubscribe(self, channel: str) -> None:
        """Listen to a channel no more."""
        with suppress(RedisError, OSError):
            await self._pubsub.unsubscribe(channel)

    async def stand(self) -> None:
        """Come back when the server has taken the subscriptions, so that what is published from here on is heard."""
        with acting_on(self._settings):
            await self._pubsub.ping()
            while True:
                message = await self._pubsub.get_message(timeout=self._settings.timeout)
                if message is None or message["type"] == "pong":
                    return

    async def next(self, timeout: float) -> Message | None:
        """The next message, or None when there is none within ``timeout`` seconds."""
        with acting_on(self._settings):
            message = await self._pubsub.get_message(timeout=timeout)
        if message is None or message["type"] not in {"message", "pmessage"}:
            return None
        return Message(message["channel"].decode(), message["data"])

    async def close(self) -> None:
        """Close the connection."""
        with suppress(RedisError, OSError):
            await self._pubsub.aclose()
        await self._client.aclose()
        await self._client.connection_pool.disconnect()
