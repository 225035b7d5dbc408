"""Calling a script: by its hash, and by its text when the server does not know it yet."""

from __future__ import annotations

from typing import Any

from redis.exceptions import NoScriptError

from cleo_core.complaints import acting_on, denied
from cleo_core.connection import user_of
from cleo_core.errors import PermissionDenied
from cleo_core.keys import Keys
from cleo_core.scripts.loading import load
from cleo_core.wire import Wire


class Calls:
    """Scripts on one connection. Raises the errors of ``cleo_core.errors.ServerError`` when the server can't."""

    def __init__(self, wire: Wire, keys: Keys) -> None:
        self._wire = wire
        self._keys = keys
        self.calls = 0

    async def _run(self, name: str, queue: str, *arguments: Any) -> Any:
        return await self._run_on(self._keys.of_queue(queue).queue, name, *arguments)

    async def _run_on(self, key: str, name: str, *arguments: Any) -> Any:
        """Run a script on its one key; '' for a script that has none."""
        script = load(name)
        self.calls += 1
        # A user that may only read is let run a script that only reads, by the commands that say so.
        suffix = "_RO" if script.read_only else ""
        keys = (1, key) if key else (0,)
        try:
            with acting_on(self._wire.settings):
                try:
                    return await self._wire.call(f"EVALSHA{suffix}", script.sha, *keys, *arguments)
                except NoScriptError:
                    return await self._wire.call(f"EVAL{suffix}", script.text, *keys, *arguments)
        except PermissionDenied as error:
            # The server says which command it refused; which role it takes only the script knows.
            raise denied(error.server, user_of(self._wire.settings), script.roles, name) from error

    async def write_anyway(self, command: str, key: str, *arguments: Any) -> Any:
        """One command on a key of a registry, also when memory is full."""
        return await self._run_on(key, "write_anyway", command, *arguments)

    async def close(self) -> None:
        """Close the connection; the next call makes another."""
        await self._wire.close()
