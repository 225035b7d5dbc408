"""How numbers are said: one way of writing counts, rates, durations and sizes, so that every screen speaks alike."""

from __future__ import annotations

import time

NOTHING = "-"
_SPANS = ((86_400, "d", 3_600, "h"), (3_600, "h", 60, "min"), (60, "min", 1, "s"))


def count(number: int) -> str:
    """A count with thousands separators."""
    return f"{number:,}"


def short_count(number: float) -> str:
    """A count in at most five characters, for axes and narrow places: ``950``, ``12.3k``, ``4.5M``."""
    for size, unit in ((1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(number) >= size:
            scaled = number / size
            return f"{scaled:.0f}{unit}" if scaled >= 100 else f"{scaled:.1f}".removesuffix(".0") + unit
    return f"{number:.0f}" if number >= 10 or number == int(number) else f"{number:.1f}"


def rate(per_second: float | None) -> str:
    """A rate a second, with as many digits as still mean something."""
    if per_second is None:
        return NOTHING
    if per_second == 0:
        return "0/s"
    if per_second < 0.1 / 60:
        return f"{per_second * 3_600:.1f}/h" if per_second * 3_600 >= 0.1 else "<0.1/h"
    if per_second < 0.1:
        return f"{per_second * 60:.1f}/min"
    return f"{per_second:.1f}/s" if per_second < 10 else f"{per_second:,.0f}/s"


def percent(share: float | None) -> str:
    """A share as percent; anything above zero is never said to be 0%."""
    if share is None:
        return NOTHING
    if 0 < share < 0.001:
        return "<0.1%"
    return f"{share:.0%}" if share >= 0.1 or share == 0 else f"{share:.1%}"


def share_of_all(share: float | None) -> str:
    """A share that should be all, as percent; anything below is never said to be 100%."""
    if share is None or share < 0.98:
        return percent(share)
    if share == 1:
        return "100%"
    return f"{int(share * 1_000) / 10:.1f}%" if share < 0.9995 else ">99.9%"


def duration(seconds: float | None) -> str:
    """A duration as people say it, in its two largest units: ``420 ms``, ``3.2 s``, ``1 min 5 s``, ``3 d 4 h``."""
    if seconds is None:
        return NOTHING
    if seconds == 0:
        return "0"
    if seconds >= 59.5:
        return _long_duration(max(60.0, seconds))
    if seconds >= 0.9995:
        return f"{seconds:.0f} s" if seconds >= 9.95 else f"{seconds:.1f} s"
    return f"{seconds * 1e3:.0f} ms" if seconds >= 0.001 else f"{seconds * 1e6:.0f} us"


def _long_duration(seconds: float) -> str:
    size, unit, smaller_size, smaller = next(span for span in _SPANS if seconds >= span[0])
    whole, rest = divmod(seconds, size)
    part = int(rest // smaller_size)
    return f"{whole:.0f} {unit} {part} {smaller}" if part else f"{whole:.0f} {unit}"


def period(seconds: float) -> str:
    """How often something is done: a duration where that is exact, else seconds."""
    smaller = 3_600 if seconds >= 86_400 else 60 if seconds >= 3_600 else 1
    return duration(seconds) if seconds >= 60 and seconds % smaller == 0 else f"{seconds:g} s"


def age(seconds: float | None) -> str:
    """An age in one unit, for columns and for what ticks: ``now``, ``12 s``, ``4 min``, ``2 h``, ``3 d``."""
    if seconds is None:
        return NOTHING
    if seconds < 1:
        return "now"
    for size, unit in ((86_400, "d"), (3_600, "h"), (60, "min")):
        if seconds >= size:
            return f"{int(seconds // size)} {unit}"
    return f"{int(seconds)} s"


def ago(seconds: float | None) -> str:
    """How long ago something was."""
    said = age(seconds)
    return said if said in {NOTHING, "now"} else f"{said} ago"


def size(number: int) -> str:
    """Bytes in binary units."""
    value = float(number)
    for unit in ("B", "KiB", "MiB", "GiB"):
        if value < 1024:
            return f"{value:.0f} {unit}" if unit == "B" else f"{value:.1f} {unit}"
        value /= 1024
    return f"{value:.1f} TiB"


def bar(share: float, width: int) -> str:
    """How much of a whole is done, as a line of so many cells: what is left is dotted, so that it needs no colour."""
    done = round(max(0.0, min(1.0, share)) * width)
    return "━" * done + "┄" * (width - done)


def moment(at: float | None) -> str:
    """A point in time, of this machine's time zone, to the second."""
    return NOTHING if at is None else time.strftime("%Y-%m-%d %H:%M:%S", time.localtime(at))


def hour(at: float, *, to_the: str = "second") -> str:
    """The time of day."""
    return time.strftime("%H:%M:%S" if to_the == "second" else "%H:%M", time.localtime(at))


def printable(text: str) -> str:
    """The text without what would move the terminal's cursor or change its colours; line breaks stay."""
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c == "\n" else "    " if c == "\t" else " " for c in text)


def plural(number: int, one: str, many: str | None = None) -> str:
    """``1 task``, ``12,345 tasks``."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def of(number: int, one: str, many: str) -> str:
    """What is said of one, or of several."""
    return one if number == 1 else many


def group(name: str) -> str:
    """A group by its name; the group of the tasks that have none has the empty name, which nobody could see."""
    return name or "(no group)"


def words(name: str) -> str:
    """A name of the engine as people say it: ``round_robin`` is ``round robin``."""
    return name.replace("_", " ")
