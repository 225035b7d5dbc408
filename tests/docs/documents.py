"""The project's documents, taken apart: their code, links, tables and names."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

ROOT = Path(__file__).parents[2]
_FENCE = re.compile(
    r"(?:<!-- (?P<note>[^\n]*) -->\n)?^```(?P<language>\w*)\n(?P<text>.*?)^```$", re.MULTILINE | re.DOTALL
)
_LINK = re.compile(r"!?\[[^\]]*\]\(([^)\s]+)\)")
_HEADING = re.compile(r"^#+ (.+)$", re.MULTILINE)
_CODE = re.compile(r"`([^`\n]+)`")
_ASSIGNMENT = re.compile(r"\w+=")


@dataclass(frozen=True)
class Block:
    """A block of code. ``note`` is the HTML comment right before it."""

    document: str
    line: int
    language: str
    note: str
    text: str

    @property
    def where(self) -> str:
        """The document and line, to name the test by."""
        return f"{self.document}:{self.line}"

    @property
    def commands(self) -> list[list[str]]:
        """The words of each command, without variables set before it."""
        lines = (shlex.split(line, comments=True) for line in self.text.splitlines())
        return [words[1:] if _ASSIGNMENT.match(words[0]) else words for words in lines if words]


@dataclass(frozen=True)
class Table:
    """The rows of a table as cells by column."""

    document: str
    rows: list[dict[str, str]]

    @property
    def columns(self) -> list[str]:
        """The heads of the columns."""
        return list(self.rows[0])


@dataclass(frozen=True)
class Document:
    """A file in Markdown, by its path from the root of the repository."""

    name: str

    @property
    def path(self) -> Path:
        """The file."""
        return ROOT / self.name

    @cached_property
    def text(self) -> str:
        """The whole file."""
        return self.path.read_text(encoding="utf-8")

    @cached_property
    def prose(self) -> str:
        """The file without its blocks of code."""
        return _FENCE.sub("", self.text)

    @property
    def blocks(self) -> Iterator[Block]:
        """The blocks of code."""
        for found in _FENCE.finditer(self.text):
            line = self.text.count("\n", 0, found.start("text"))
            yield Block(self.name, line, found["language"], found["note"] or "", found["text"])

    @property
    def links(self) -> list[str]:
        """What links and pictures point at."""
        return _LINK.findall(self.prose)

    @property
    def anchors(self) -> set[str]:
        """The names under which headings can be linked to."""
        heads = (re.sub(r"[^\w\- ]", "", head.lower()) for head in _HEADING.findall(self.prose))
        return {head.strip().replace(" ", "-") for head in heads}

    @property
    def tables(self) -> Iterator[Table]:
        """The tables."""
        for found in re.finditer(r"(?:^\|.*\|$\n?)+", self.prose, re.MULTILINE):
            head, _, *rows = [_cells(line) for line in found[0].splitlines()]
            yield Table(self.name, [dict(zip(head, row, strict=True)) for row in rows])

    @property
    def codes(self) -> list[str]:
        """What is written as code in sentences and tables, but for the column that tells of the original."""
        lines = (
            line.partition("|")[2].partition("|")[2] if self._is_of_original(line) else line for line in self._lines
        )
        return codes_in("\n".join(lines))

    @property
    def _lines(self) -> list[str]:
        return self.prose.splitlines()

    def _is_of_original(self, line: str) -> bool:
        table = next((table for table in self.tables if "The original" in table.columns), None)
        return (
            table is not None
            and line.startswith("|")
            and _cells(line)[0] in {row["The original"] for row in table.rows}
        )


def codes_in(text: str) -> list[str]:
    """What is written as code in a text."""
    return _CODE.findall(text)


def _cells(line: str) -> list[str]:
    return [cell.strip() for cell in line.strip().strip("|").split("|")]


DOCUMENTS = [
    Document(str(path.relative_to(ROOT)))
    for path in [
        *ROOT.glob("*.md"),
        *sorted((ROOT / "docs").glob("*.md")),
        *sorted((ROOT / "benchmarks").rglob("*.md")),
    ]
]


def document(name: str) -> Document:
    """One of the documents."""
    return next(document for document in DOCUMENTS if document.name == name)
