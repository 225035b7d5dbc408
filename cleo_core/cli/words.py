"""Numbers, times and texts as people read them."""

from __future__ import annotations

from datetime import datetime

NOTHING = "-"
_UNITS = ((86_400.0, "d", 3_600.0, "h"), (3_600.0, "h", 60.0, "min"), (60.0, "min", 1.0, "s"))


def number(value: float | None) -> str:
    """``1,234,567``; a fraction keeps two digits."""
    if value is None:
        return NOTHING
    return f"{value:,.0f}" if value == round(value) else f"{value:,.2f}"


def duration(seconds: float | None) -> str:
    """A length of time as people say it: ``140 ms``, ``1.2 s``, ``45 s``, ``3 min 20 s``, ``2 h``, ``3 d 4 h``."""
    if seconds is None:
        return NOTHING
    if seconds < 0:
        return f"-{duration(-seconds)}"
    if seconds < 0.9995:
        return f"{seconds * 1000:.3g} ms"
    if seconds < 9.95:
        return f"{seconds:.1f} s"
    for unit, name, part, part_name in _UNITS:
        if seconds >= unit - part / 2:
            parts = round(seconds / part)
            whole, rest = divmod(parts, round(unit / part))
            return f"{whole:,} {name} {rest} {part_name}" if rest else f"{whole:,} {name}"
    return f"{seconds:.0f} s"


def moment(at: float | None) -> str:
    """A point in time, in the local time zone: ``2026-11-26 05:15:41``."""
    if at is None:
        return NOTHING
    try:
        return datetime.fromtimestamp(at).strftime("%Y-%m-%d %H:%M:%S")
    except (OverflowError, OSError, ValueError):
        return f"{at:g}"


def ago(at: float | None, now: float) -> str:
    """How long ago something was, or in how long it will be: ``3 min ago``, ``in 5 s``."""
    if at is None:
        return NOTHING
    return f"{duration(now - at)} ago" if at <= now else f"in {duration(at - now)}"


def size(count: float | None) -> str:
    """An amount of memory: ``12.3 MiB``."""
    if count is None:
        return NOTHING
    for unit in ("B", "KiB", "MiB", "GiB"):
        if abs(count) < 1024:
            return f"{count:.0f} B" if unit == "B" else f"{count:.1f} {unit}"
        count /= 1024
    return f"{count:.1f} TiB"


def share(part: float | None) -> str:
    """A share of 1 in per cent."""
    return NOTHING if part is None else f"{part:.1%}"


def count(number_of: int, one: str, many: str | None = None) -> str:
    """A number with its noun: ``1 task``, ``2,000 tasks``."""
    return f"{number_of:,} {one if number_of == 1 else many or f'{one}s'}"


def clean(text: object) -> str:
    """A text from the data on one line, without what a terminal would obey."""
    line = " ".join(str(text).split()) if "\n" in str(text) or "\t" in str(text) else str(text)
    return line if line.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in line)
