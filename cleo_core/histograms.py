"""Histograms of times on a fixed logarithmic scale, as ``lua/lib/counters.lua`` fills them, and their percentiles.

Each bucket is 10% wider than the one before, from a microsecond on. Told by the middle of its bucket, a time is
within 5% of the exact one, and histograms of any ranges can be added.
"""

from __future__ import annotations

from collections.abc import Mapping

STEP = 1.1


def buckets(row: Mapping[bytes, bytes], letter: bytes) -> dict[int, int]:
    """The histogram in a minute's counters: bucket number to count."""
    return {int(field[1:]): int(count) for field, count in row.items() if field[:1] == letter and field[1:].isdigit()}


def percentiles(histogram: Mapping[int, int], *fractions: float) -> list[float | None]:
    """For each fraction, rising, the value below which so many of the times lie, in seconds; None if it is empty."""
    total = sum(histogram.values())
    found: list[float | None] = []
    seen = 0
    for bucket in sorted(histogram) if total else ():
        seen += histogram[bucket]
        while len(found) < len(fractions) and seen >= fractions[len(found)] * total:
            found.append(0.5e-6 * (STEP**bucket + STEP ** (bucket + 1)))
    return found + [None] * (len(fractions) - len(found))


def percentile(histogram: Mapping[int, int], fraction: float) -> float | None:
    """The value below which ``fraction`` of the times lie, in seconds: the middle of its bucket. None if it is
    empty.
    """
    return percentiles(histogram, fraction)[0]
