"""How the console stands with its server, as every screen shows it."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum


class LinkState(StrEnum):
    """The states of the connection; each has its own word, glyph and look."""

    CONNECTING = "connecting"
    CONNECTED = "connected"
    STALE = "stale"
    DISCONNECTED = "disconnected"
    DENIED = "no permission"

    @property
    def is_live(self) -> bool:
        """Whether what is on screen is as fresh as it should be."""
        return self is LinkState.CONNECTED


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why the server can't be used, and what to do about it."""

    cause: str
    cure: str


@dataclass(frozen=True, slots=True)
class Link:
    """The connection at one moment. ``data_at`` and ``retry_at`` are by this machine's clock."""

    state: LinkState
    address: str
    namespace: str
    data_at: float | None = None
    retry_at: float | None = None
    trouble: Trouble | None = None
