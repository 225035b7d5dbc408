"""Writes a list into a file, page by page: CSV for spreadsheets, JSON for programs."""

from __future__ import annotations

import asyncio
import csv
import io
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator, Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields, is_dataclass
from enum import Enum
from pathlib import Path
from typing import Any, cast

from pydantic import BaseModel

from cleo_tui.data.pages import Paged, Rows
from cleo_tui.data.private import make_private

PAGE = 1_000
KINDS = (".csv", ".json")
Fields = Mapping[str, object]


class ExportError(Exception):
    """A list can't be written; the message says why."""


def checked_path(text: str) -> Path:
    """The file that was named. Raises ``ExportError`` if it can't be written as what it is called."""
    try:
        path = Path(text).expanduser()
        if path.suffix.lower() not in KINDS:
            raise ExportError(f"{text!r} tells no format by its ending. Call it NAME.csv or NAME.json.")
        if not path.parent.is_dir():
            raise ExportError(f"There is no folder {path.parent}.")
        if path.is_dir():
            raise ExportError(f"{path} is a folder.")
    except (OSError, RuntimeError) as error:
        raise ExportError(f"{text} can't be written: {reason_of(error)}.") from None
    return path


def reason_of(error: Exception) -> str:
    """What the system says is wrong with a file, without its name, which is said already."""
    return (error.strerror if isinstance(error, OSError) else "") or str(error).rstrip(".")


async def pages_of(rows: Rows[Any]) -> AsyncGenerator[Sequence[Any]]:
    """All rows of a list, in bounded pages; a list that moves meanwhile is told as each page found it."""
    if isinstance(rows, Paged):
        async for page in rows.walk(PAGE):
            yield page
    else:
        yield rows.loaded()


def fields_of(row: object) -> dict[str, object]:
    """What a row holds, as plain values by name."""
    if isinstance(row, BaseModel):
        return row.model_dump(mode="json")
    if is_dataclass(row) and not isinstance(row, type):
        flat: dict[str, object] = {}
        for each in fields(row):
            value = getattr(row, each.name)
            if isinstance(value, BaseModel) or is_dataclass(value):
                flat |= {name: inner for name, inner in fields_of(value).items() if name not in flat}
            elif isinstance(value, Enum):
                flat[each.name] = value.name.lower()
            elif value is None or isinstance(value, str | int | float | bool):
                flat[each.name] = value
        return flat
    return {"value": str(row)}


def flat(told: Fields) -> dict[str, object]:
    """One value a name: ``{"run": {"p50": 1}}`` becomes ``{"run_p50": 1}``. Of ``figures`` the names say enough."""
    plain: dict[str, object] = {}
    for name, value in told.items():
        if isinstance(value, dict):
            inner = flat(cast("Fields", value))
            plain |= inner if name == "figures" else {f"{name}_{part}": of for part, of in inner.items()}
        else:
            plain[name] = value
    return plain


async def write(path: Path, pages: AsyncIterator[Sequence[Any]], told: Callable[[Any], Fields]) -> AsyncGenerator[int]:
    """Write the rows, telling after each page how many there are. The file appears when all is in it, or not at all.

    Raises:
        ExportError: the file can't be written.
    """
    part = path.with_name(f".{path.name}.{os.getpid()}.part")
    writer = _Csv() if path.suffix.lower() == ".csv" else _Json()
    written = 0
    try:
        await asyncio.to_thread(make_private, part)
        file = await asyncio.to_thread(part.open, "w", encoding="utf-8", newline="")
        try:
            async for page in pages:
                text = writer.page([told(row) for row in page])
                await asyncio.to_thread(file.write, text)
                written += len(page)
                yield written
            await asyncio.to_thread(file.write, writer.end())
        finally:
            await asyncio.to_thread(file.close)
        await asyncio.to_thread(os.replace, part, path)
    except OSError as error:
        raise ExportError(f"{path} can't be written: {reason_of(error)}.") from None
    finally:
        with suppress(OSError):
            await asyncio.to_thread(part.unlink, missing_ok=True)


class _Csv:
    def __init__(self) -> None:
        self._columns: list[str] | None = None

    def page(self, rows: Sequence[Fields]) -> str:
        text = io.StringIO()
        if self._columns is None and rows:
            self._columns = list(rows[0])
            csv.writer(text).writerow(self._columns)
        writer = csv.writer(text)
        for row in rows:
            writer.writerow([_cell(row.get(column)) for column in self._columns or ()])
        return text.getvalue()

    def end(self) -> str:
        return ""


def _cell(value: object) -> object:
    """As a spreadsheet may read it: what others wrote must not be taken for a formula."""
    if isinstance(value, dict | list):
        return json.dumps(value)
    if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"}:
        return f"'{value}"
    return value


class _Json:
    def __init__(self) -> None:
        self._between = "[\n"

    def page(self, rows: Sequence[Fields]) -> str:
        parts: list[str] = []
        for row in rows:
            parts.append(f"{self._between}  {json.dumps(row, ensure_ascii=False)}")
            self._between = ",\n"
        return "".join(parts)

    def end(self) -> str:
        return "[]\n" if self._between == "[\n" else "\n]\n"
