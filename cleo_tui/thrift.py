"""Says the same to the terminal with fewer bytes.

Textual tells the whole look of each piece of text and takes it back behind it, two colours of 16 bytes each. Here only
what changes is told: a third of the bytes, which is what a page takes to come over a slow line, and what the terminal
takes to draw it.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from textual.driver import Driver

_LOOK = re.compile(r"\x1b\[([\d;]*)m")
_MOVES = re.compile(r"(?:\x1b\[\d+;\d+H|\r?\n)*")
_END = "\x1b[0m"


class _Look(NamedTuple):
    """How text looks: the codes of its attributes (bold, reverse), of its colour and of its ground."""

    attributes: str = ""
    colour: str = ""
    ground: str = ""

    @property
    def draws_on_blanks(self) -> bool:
        """Whether blanks look different for the attributes or the colour: underlined, struck, turned round."""
        return bool(set(self.attributes.split(";")) - {"", "1", "2", "3", "22", "23"})


_PLAIN = _Look()


def thrifty(output: str) -> str:
    """The same output, shorter. What is not as Textual writes it stays as it is."""
    pieces = _LOOK.split(output)
    told = [pieces[0]]
    now = wanted = _PLAIN
    for codes, text in zip(pieces[1::2], pieces[2::2], strict=True):
        if wanted is not _PLAIN and codes not in {"", "0"}:
            return output
        wanted = _look_of(codes)
        if not text:
            continue
        if _MOVES.fullmatch(text) is None and not (text.isspace() and _is_same_on_blanks(now, wanted)):
            told.append(_change(now, wanted))
            now = wanted
        told.append(text)
    if now != _PLAIN:
        told.append(_END)
    return "".join(told)


def _is_same_on_blanks(one: _Look, other: _Look) -> bool:
    return one.ground == other.ground and not one.draws_on_blanks and not other.draws_on_blanks


@lru_cache(maxsize=1_024)
def _look_of(codes: str) -> _Look:
    if codes in {"", "0"}:
        return _PLAIN
    attributes: list[str] = []
    colours = {"3": "", "4": ""}
    rest = codes.split(";")
    while rest:
        code = rest.pop(0)
        if code in {"38", "48"}:
            size = 4 if rest[:1] == ["2"] else 2
            colours[code[0]] = ";".join([code, *rest[:size]])
            del rest[:size]
        elif len(code) >= 2 and (kind := {"3": "3", "9": "3", "4": "4", "10": "4"}.get(code[:-1])):
            colours[kind] = code
        else:
            attributes.append(code)
    return _Look(";".join(attributes), colours["3"], colours["4"])


@lru_cache(maxsize=4_096)
def _change(now: _Look, wanted: _Look) -> str:
    if now == wanted:
        return ""
    if now.attributes != wanted.attributes or wanted == _PLAIN:
        codes = ["0", *wanted]
    else:
        codes = [
            wanted.colour or "39" if now.colour != wanted.colour else "",
            wanted.ground or "49" if now.ground != wanted.ground else "",
        ]
    return f"\x1b[{';'.join(code for code in codes if code)}m"


@lru_cache
def thrifty_driver(kind: type[Driver]) -> type[Driver]:
    """A driver that writes like another, with fewer bytes."""

    class Thrifty(kind):
        def write(self, data: str) -> None:
            super().write(thrifty(data))

    return Thrifty
