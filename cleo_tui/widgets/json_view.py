"""JSON laid out to be read: names, texts and numbers told apart."""

from __future__ import annotations

import json
import re

from pydantic import JsonValue
from textual.content import Content

from cleo_tui.theme import Role, inked

_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*")(\s*:)?|(-?\d[\d.eE+-]*)|(\btrue\b|\bfalse\b|\bnull\b)')


def json_text(value: JsonValue, *, most_lines: int = 200) -> Content:
    """The value as indented JSON; a long one is cut, and says so."""
    lines = json.dumps(value, indent=2, ensure_ascii=False).split("\n")
    cut = len(lines) - most_lines
    text = "\n".join(lines[:most_lines])
    parts: list[Content] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts += [inked(text[end : match.start()], Role.FAINT), inked(match[0], _role_of(match))]
        end = match.end()
    parts.append(inked(text[end:], Role.FAINT))
    if cut > 0:
        parts.append(inked(f"\n… and {cut:,} more lines; y copies all of it", Role.MUTED))
    return Content("").join(parts)


def _role_of(match: re.Match[str]) -> Role:
    if match[2]:
        return Role.ACCENT
    if match[1]:
        return Role.GOOD
    return Role.WARN if match[3] else Role.MUTED
