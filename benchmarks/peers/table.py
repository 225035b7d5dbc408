"""Results as plain text, for a terminal or a document."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from benchmarks.peers.measure import Measurement
from benchmarks.peers.runner import PeerResult

_COLUMNS: tuple[tuple[str, Callable[[Measurement], str]], ...] = (
    ("enqueue/s", lambda m: f"{m.enqueue_per_s:,.0f}"),
    ("bulk/s", lambda m: f"{m.bulk_per_s:,.0f}"),
    ("drain/s", lambda m: f"{m.drain_per_s:,.0f}"),
    ("pick-up p50 ms", lambda m: f"{m.pick_up_p50_ms:.1f}"),
    ("p95 ms", lambda m: f"{m.pick_up_p95_ms:.1f}"),
    ("cmds/enqueue", lambda m: f"{m.commands_per_enqueue:.1f}"),
    ("cmds/run", lambda m: f"{m.commands_per_run:.1f}"),
    ("worker CPU s/1000", lambda m: f"{m.worker_cpu_s_per_1000:.3f}"),
    ("server CPU s/1000", lambda m: f"{m.server_cpu_s_per_1000:.3f}"),
)


def aligned(rows: Sequence[Sequence[str]], names: int) -> Iterable[str]:
    """The rows with the first `names` columns to the left and the others, which hold figures, to the right."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        left = [cell.ljust(width) for cell, width in zip(row[:names], widths, strict=False)]
        right = [cell.rjust(width) for cell, width in zip(row[names:], widths[names:], strict=True)]
        yield "  ".join(left + right).rstrip()


def format_table(results: Sequence[PeerResult]) -> str:
    """The results as aligned plain text, with what each row means below."""
    rows: list[list[str]] = [["peer", "version", *(title for title, _ in _COLUMNS)]]
    notes: list[str] = []
    for result in results:
        if result.measurement is None or result.description is None:
            notes.append(f"{result.peer}: {result.status}. {result.reason}")
            continue
        described = result.description
        rows.append([result.peer, described.version, *(show(result.measurement) for _, show in _COLUMNS)])
        ran_on = f"{described.runtime}, {result.server}"
        notes.append(f"{result.peer}: {described.settings}; bulk: {described.bulk_how}; {ran_on}")
    return "\n".join([*aligned(rows, names=2), "", *notes])
