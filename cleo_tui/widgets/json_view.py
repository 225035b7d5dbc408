"""JSON laid out to be read: names, texts and numbers told apart."""

from __future__ import annotations

import json
import re

from pydantic import JsonValue
from textual.content import Content

from cleo_tui import say
from cleo_tui.theme import Role, inked

# More than fits any screen, and no more than is laid out and drawn in a moment.
MOST_LINES = 200
MOST_CHARACTERS = 10_000
# A text that was cut has no end of its own.
_TOKEN = re.compile(r'("(?:[^"\\]|\\.)*(?:"|\\?\Z))(\s*:)?|(-?\d[\d.eE+-]*)|(\btrue\b|\bfalse\b|\bnull\b)')


def json_text(value: JsonValue) -> Content:
    """The value as indented JSON; a long one is cut, and says so."""
    whole = json.dumps(value, indent=2, ensure_ascii=False)
    text = "\n".join(whole.split("\n", MOST_LINES)[:MOST_LINES])[:MOST_CHARACTERS]
    parts: list[Content] = []
    end = 0
    for match in _TOKEN.finditer(text):
        parts += [inked(text[end : match.start()], Role.FAINT), inked(match[0], _role_of(match))]
        end = match.end()
    parts.append(inked(text[end:], Role.FAINT))
    if left := whole[len(text) :]:
        lines = left.count("\n")
        more = say.plural(lines, "more line") if lines else say.plural(len(left), "more character")
        parts.append(inked(f"\n… and {more}; y copies all of it", Role.MUTED))
    return Content("").join(parts)


def _role_of(match: re.Match[str]) -> Role:
    if match[2]:
        return Role.ACCENT
    if match[1]:
        return Role.GOOD
    return Role.WARN if match[3] else Role.MUTED
