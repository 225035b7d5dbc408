"""Connections on which a command can be cancelled at any moment.

redis-py writes under ``asyncio.wait_for``. Before Python 3.12 that loses a cancellation which comes in the moment in
which the write ends (CPython issue 86296): who was cancelled goes on as if nothing had happened. It also makes a task
of each write. Here it is ``asyncio.timeout``, which does neither.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from typing import TYPE_CHECKING

from redis import exceptions
from redis.asyncio import Connection, SSLConnection, UnixDomainSocketConnection

if TYPE_CHECKING:
    from redis.asyncio.connection import AbstractConnection as Base
else:
    Base = object


class _Sending(Base):
    async def send_packed_command(self, command: bytes | str | Iterable[bytes], check_health: bool = True) -> None:
        """Write a command within the socket's timeout; after anything else the connection is closed."""
        if not self.is_connected:
            await self.connect_check_health(check_health=False)
        if check_health:
            await self.check_health()
        if isinstance(command, str):
            command = command.encode()
        try:
            async with asyncio.timeout(self.socket_timeout):
                await self._send_packed_command([command] if isinstance(command, bytes) else command)
        except TimeoutError:
            await self.disconnect(nowait=True)
            raise exceptions.TimeoutError("Timeout writing to socket") from None
        except OSError as error:
            await self.disconnect(nowait=True)
            raise exceptions.ConnectionError(f"Error while writing to socket. {error}.") from error
        except BaseException:
            # What was written of the command is not known, so nothing more can be said on this connection.
            await self.disconnect(nowait=True)
            raise


class TcpConnection(_Sending, Connection):
    """A connection by TCP."""


class TlsConnection(_Sending, SSLConnection):
    """A connection by TCP, encrypted."""


class UnixConnection(_Sending, UnixDomainSocketConnection):
    """A connection by a Unix socket."""
