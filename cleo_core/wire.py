"""One connection that many callers share: their commands are pipelined, their answers come in the same order.

redis-py's client takes a connection from a pool for each command. The scripts are short and never block, so one
connection serves all callers of a loop with less work for each and better batches on the wire.
"""

from __future__ import annotations

import asyncio
import math
from collections import deque
from contextlib import suppress
from typing import Any, cast

import hiredis
from redis.asyncio.connection import AbstractConnection
from redis.exceptions import ConnectionError as BrokenConnection
from redis.exceptions import RedisError
from redis.exceptions import TimeoutError as NoAnswer

from cleo_core.complaints import acting_on
from cleo_core.connection import answers_in_the_clear, make_client
from cleo_core.settings import RedisSettings


class Wire:
    """A shared connection, made at the first call and again after it broke. It belongs to one event loop."""

    def __init__(self, settings: RedisSettings) -> None:
        self.settings = settings
        self._pool = make_client(settings, retries=0, pool_size=1).connection_pool
        self._connection: AbstractConnection | None = None
        self._connecting = asyncio.Lock()
        self._answers: deque[asyncio.Future[Any]] = deque()
        self._reader: asyncio.Task[None] | None = None

    async def ask(self, *command: Any) -> Any:
        """As ``call``, but what goes wrong is told as a ``ServerError``."""
        with acting_on(self.settings):
            return await self.call(*command)

    async def call(self, *command: Any) -> Any:
        """Send a command and wait for its answer.

        Raises:
            redis.exceptions.RedisError: the server refused it, or the connection broke; then it may or may not have
            run.
        """
        packed = cast("bytes", cast("Any", hiredis).pack_command(command))
        connection = self._connection
        if connection is None or not connection.is_connected:  # It would else reconnect by itself, with no reader.
            connection = await self._connect()
        answer: asyncio.Future[Any] = asyncio.get_running_loop().create_future()
        self._answers.append(answer)
        try:
            async with asyncio.timeout(self.settings.timeout):
                await connection.send_packed_command(packed, check_health=False)
                return await answer
        except TimeoutError:
            await self._break(connection, NoAnswer("Timeout reading from the server"))
            raise NoAnswer("Timeout reading from the server") from None
        except (RedisError, OSError) as error:
            if not answer.done() or isinstance(error, BrokenConnection | OSError):
                await self._break(connection, error)
            raise

    async def _connect(self) -> AbstractConnection:
        async with self._connecting:
            if self._connection is None or not self._connection.is_connected:
                connection = self._pool.make_connection()
                try:
                    await connection.connect()
                except BaseException as error:
                    await connection.disconnect(nowait=True)  # Also when the caller is cancelled in the midst of it.
                    if isinstance(error, NoAnswer) and await answers_in_the_clear(self.settings):
                        raise BrokenConnection("[SSL] the server answers in the clear") from error
                    raise
                self._answers = deque()
                self._connection = connection
                self._reader = asyncio.create_task(self._read(connection, self._answers), name="cleo-wire")
            return self._connection

    async def _read(self, connection: AbstractConnection, answers: deque[asyncio.Future[Any]]) -> None:
        while True:
            try:
                value: Any = await cast("Any", connection).read_response(timeout=math.inf, disconnect_on_error=False)
            except BrokenConnection as error:
                await self._break(connection, error)
                return
            except RedisError as error:
                value = error
            except OSError as error:
                await self._break(connection, error)
                return
            answer = answers.popleft()
            if answer.done():
                continue
            if isinstance(value, Exception):
                answer.set_exception(value)
            else:
                answer.set_result(value)

    async def _break(self, connection: AbstractConnection, error: BaseException) -> None:
        """Give the connection up and tell everybody who waits for an answer of it."""
        if self._connection is not connection:
            return
        self._connection = None
        answers, self._answers = self._answers, deque()
        for answer in answers:
            if not answer.done():
                answer.set_exception(BrokenConnection(str(error)))
                answer.exception()
        reader = self._reader
        if reader is not None and reader is not asyncio.current_task():
            reader.cancel()
        with suppress(RedisError, OSError, TimeoutError):
            await connection.disconnect(nowait=True)

    async def close(self) -> None:
        """Close the connection. The wire connects anew when it is used again."""
        reader, connection = self._reader, self._connection
        if connection is not None:
            await self._break(connection, BrokenConnection("The connection was closed here."))
        if reader is not None:
            reader.cancel()
            with suppress(asyncio.CancelledError):
                await reader
