"""What the caller may do, as the server's access list has it."""

from __future__ import annotations

from collections.abc import Sequence
from itertools import chain

from cleo_core.scripts.calls import Calls


class AccessScripts(Calls):
    """Asking the server instead of trying."""

    async def may(self, checks: Sequence[tuple[str, str]]) -> list[bool]:
        """Whether each command would be allowed on its key."""
        answers: list[int] = await self._run_on("", "may", *chain.from_iterable(checks))
        return [answer == 1 for answer in answers]
