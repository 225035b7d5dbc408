"""Cleo beside its peers: the ratios, which a busy machine leaves standing where it bends the numbers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from benchmarks.peers.measure import Description, Measurement
from benchmarks.peers.runner import PeerResult
from benchmarks.peers.table import aligned

_COMPARED = {
    "drain": "drain_per_s",
    "bulk": "bulk_per_s",
    "enqueue": "enqueue_per_s",
    "pick-up p50": "pick_up_p50_ms",
    "pick-up p95": "pick_up_p95_ms",
}


def own_row(tasks: int, figures: Mapping[str, float], about: tuple[Description, str]) -> PeerResult:
    """Cleo's medians as a row of the peers' table."""
    names = set(Measurement.__slots__) - {"tasks"}
    measurement = Measurement(tasks=tasks, **{name: figures[name] for name in names})
    description, server = about
    return PeerResult("cleo", "measured", server=server, description=description, measurement=measurement)


def ratios(own: Measurement, results: Sequence[PeerResult]) -> dict[str, dict[str, float]]:
    """Cleo's figure divided by the peer's, for each peer that was measured."""
    return {
        result.peer: {
            title: getattr(own, name) / getattr(result.measurement, name) for title, name in _COMPARED.items()
        }
        for result in results
        if result.measurement is not None
    }


def format_ratios(table: Mapping[str, Mapping[str, float]]) -> str:
    """The ratios as aligned plain text."""
    rows = [["Cleo / peer", *_COMPARED]]
    rows += [[peer, *(f"{row[title]:.2f}" for title in _COMPARED)] for peer, row in table.items()]
    return "\n".join(aligned(rows, names=1))
