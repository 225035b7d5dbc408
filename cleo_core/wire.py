"""One connection that many callers share: their commands are pipelined, their answers come in the same order.

redis-py's client takes a connection from a pool for each command. The scripts are short and never block, so one
connection serves all callers of a loop with less work for each and better batches on the wire.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import suppress
from dataclasses import dataclass, field
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import (
    AuthenticationError,
    AuthorizationError,
    BusyLoadingError,
    ReadOnlyError,
    RedisError,
    ResponseError,
)
from redis.exceptions import ConnectionError as BrokenConnection
from redis.exceptions import TimeoutError as NoAnswer

from cleo_core.complaints import acting_on
from cleo_core.connection import answers_in_the_clear, make_client
from cleo_core.settings import RedisSettings

# Errors that are an answer; redis-py makes some of them kinds of a broken connection, which they are not.
REFUSALS = (ResponseError, AuthenticationError, AuthorizationError, BusyLoadingError)


@dataclass(eq=False)
class _Link:
    """A connection that is made, who waits for its answers, in order, and who reads them."""

    connection: AbstractConnection
    answers: deque[asyncio.Future[Any]] = field(default_factory=deque[asyncio.Future[Any]])
    reader: asyncio.Task[None] | None = None
    broken: bool = False


class Wire:
    """A shared connection, made at the first call and again after it broke. It belongs to one event loop."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self._pool = make_client(settings, retries=0, pool_size=1).connection_pool
        self._link: _Link | None = None
        self._connecting = asyncio.Lock()

    async def ask(self, *command: Any) -> Any:
        """As ``call``, but what goes wrong is told as a ``ServerError``."""
        with acting_on(self.settings):
            return await self.call(*command)

    async def call(self, *command: Any) -> Any:
        """Send a command and wait for its answer.

        Raises:
            redis.exceptions.RedisError: the server refused it, or the connection broke; then it may have run or not.
        """
        packed = cast("bytes", cast("Any", hiredis).pack_command(command))
        link = self._usable() or await self._connect()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        link.answers.append(answer)
        try:
            async with asyncio.timeout(self.settings.timeout):
                await link.connection.send_packed_command(packed, check_health=False)
                return await answer
        except TimeoutError:
            await self._break(link, NoAnswer("Timeout reading from the server"))
            raise NoAnswer("Timeout reading from the server") from None
        except ReadOnlyError as error:
            # It is a replica now: the address may lead to who took over, which only a new connection finds out.
            await self._break(link, error)
            raise
        except REFUSALS:
            raise
        except Exception as error:
            # Also what redis-py raises when the connection is closed while it writes, which is not one of its errors.
            await self._break(link, error)
            raise BrokenConnection(str(error)) from error

    def _usable(self) -> _Link | None:
        """The link, unless it broke. One that redis-py has closed would connect anew by itself, with nobody reading."""
        link = self._link
        return link if link is not None and not link.broken and link.connection.is_connected else None

    async def _connect(self) -> _Link:
        async with self._connecting:
            link = self._usable()
            if link is not None:
                return link
            if self._link is not None:
                await self._break(self._link, BrokenConnection("The connection was closed."))
            connection = self._pool.make_connection()
            try:
                await connection.connect()
                # A write needs no timer: every call has a bound of its own here.
                cast("Any", connection).socket_timeout = None
            except BaseException as error:
                await connection.disconnect(nowait=True)  # Also when the caller is cancelled in the midst of it.
                if isinstance(error, NoAnswer) and await answers_in_the_clear(self.settings):
                    raise BrokenConnection("[SSL] the server answers in the clear") from error
                raise
            link = self._link = _Link(connection)
            link.reader = asyncio.create_task(self._read(link), name="cleo-wire")
            return link

    async def _read(self, link: _Link) -> None:
        while True:
            try:
                value: Any = await cast("Any", link.connection).read_response(
                    timeout=math.inf, disconnect_on_error=False
                )
            except REFUSALS as error:
                value = error
            except Exception as error:
                await self._break(link, error)
                return
            answer = link.answers.popleft()
            if answer.done():
                continue
            if isinstance(value, Exception):
                answer.set_exception(value)
            else:
                answer.set_result(value)

    async def _break(self, link: _Link, error: Exception) -> None:
        """Give a link up and tell everybody who waits for an answer of it."""
        if link.broken:
            return
        link.broken = True
        if self._link is link:
            self._link = None
        for answer in link.answers:
            if not answer.done():
                answer.set_exception(BrokenConnection(str(error)))
                answer.exception()
        link.answers.clear()
        if link.reader is not None and link.reader is not asyncio.current_task():
            link.reader.cancel()
        with suppress(RedisError, OSError, TimeoutError):
            await link.connection.disconnect(nowait=True)

    async def close(self) -> None:
        """Close the connection. The wire connects anew when it is used again."""
        link = self._link
        if link is None:
            return
        await self._break(link, BrokenConnection("The connection was closed here."))
        if link.reader is not None:
            with suppress(asyncio.CancelledError):
                await link.reader
