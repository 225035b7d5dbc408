"""The line under the top bar that says what is wrong with the connection, as long as something is."""

from __future__ import annotations

from textual.content import Content
from textual.widgets import Static

from cleo_tui import say
from cleo_tui.data.link import Link, LinkState
from cleo_tui.theme import Role, inked


class Banner(Static):
    """Hidden while all is well."""

    def tell(self, link: Link, now: float, replay: str = "", if_lost: str = "") -> None:
        """Say how the link is, or that this is a replay; of a lost server what to do, if it is said (``if_lost``)."""
        if replay:
            self.display = True
            self.update(Content.assemble(inked("▌", Role.ACCENT), inked(replay, Role.ACCENT)))
            return
        text = _text_of(link, now, if_lost)
        self.display = bool(text)
        if text:
            role = Role.WARN if link.state is LinkState.STALE else Role.BAD
            self.update(Content.assemble(inked("▌", role), inked(text, role)))


def _text_of(link: Link, now: float, if_lost: str) -> str:
    if link.state is LinkState.STALE:
        return f"{link.address} is slow to answer; what you see is older than it should be."
    if link.state not in {LinkState.DISCONNECTED, LinkState.DENIED} or link.trouble is None or link.data_at is None:
        return ""
    wait = max(0.0, (link.retry_at or now) - now)
    again = f"Trying again in {say.age(wait)}." if wait >= 1 else "Trying again now."
    return f"{link.address}: {link.trouble.cause} {if_lost or link.trouble.cure} {again}"
