"""What is said to the terminal itself: copying (OSC 52) and notifications (OSC 9), through tmux and screen too.

tmux takes OSC 52 from programs only with ``set-clipboard on``, and passes others on only with ``allow-passthrough on``.
Which of them is set can't be known here, so both ways are taken: what one of them doesn't understand, it swallows.
"""

from __future__ import annotations

import base64
import os
from collections.abc import Mapping

MOST_COPIED = 56_000
"""Bytes of a text: terminals that bound an OSC 52 sequence do so at 100,000 characters at the lowest 74,994."""
SCREEN_CHUNK = 700
ESC, BEL, ST = "\x1b", "\a", "\x1b\\"


def clipboard(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The sequence that has the terminal copy a text."""
    data = base64.b64encode(text.encode()).decode()
    return _through(f"{ESC}]52;c;{data}{BEL}", environ)


def notification(text: str, environ: Mapping[str, str] = os.environ) -> str:
    """The sequence that has the terminal notify its user, even when it is not in front."""
    plain = "".join(character if character.isprintable() else " " for character in text)
    return _through(f"{ESC}]9;{plain}{BEL}", environ)


def _through(sequence: str, environ: Mapping[str, str]) -> str:
    """The sequence, and around it what multiplexers need to hand it on."""
    if environ.get("TMUX"):
        doubled = sequence.replace(ESC, ESC * 2)
        return f"{sequence}{ESC}Ptmux;{doubled}{ST}"
    if environ.get("TERM", "").startswith("screen"):
        parts = (sequence[first : first + SCREEN_CHUNK] for first in range(0, len(sequence), SCREEN_CHUNK))
        return "".join(f"{ESC}P{part}{ST}" for part in parts)
    return sequence
