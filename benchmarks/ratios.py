"""Cleo beside its peers: the ratios, which a busy machine bends less than the numbers.

The load of a machine changes within a run, so a peer is compared with the two rounds of Cleo next to it and not with
the median of all, most of which were run in other minutes.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import geometric_mean

from benchmarks.goals import Samples
from benchmarks.peers.measure import Description, Measurement
from benchmarks.peers.runner import PeerResult
from benchmarks.peers.table import aligned

_COMPARED = {
    "drain": "drain_per_s",
    "bulk": "bulk_per_s",
    "enqueue": "enqueue_per_s",
    "pick-up p50": "pick_up_p50_ms",
    "pick-up p95": "pick_up_p95_ms",
    "worker CPU": "worker_cpu_s_per_1000",
    "server CPU": "server_cpu_s_per_1000",
}


def own_row(tasks: int, figures: Mapping[str, float], about: tuple[Description, str]) -> PeerResult:
    """Cleo's medians as a row of the peers' table."""
    names = set(Measurement.__slots__) - {"tasks"}
    measurement = Measurement(tasks=tasks, **{name: figures[name] for name in names})
    description, server = about
    return PeerResult("cleo", "measured", server=server, description=description, measurement=measurement)


def ratios(samples: Samples, first: int, results: Sequence[PeerResult]) -> dict[str, dict[str, float]]:
    """Cleo's figure divided by the peer's, for each peer that was measured.

    Round ``first`` of ``samples`` is the one before the first peer; each peer has one before and one after it.
    """
    table: dict[str, dict[str, float]] = {}
    for before, result in enumerate(results, first):
        if result.measurement is not None:
            table[result.peer] = {
                title: geometric_mean(samples[name][before : before + 2]) / getattr(result.measurement, name)
                for title, name in _COMPARED.items()
            }
    return table


def format_ratios(table: Mapping[str, Mapping[str, float]]) -> str:
    """The ratios as aligned plain text."""
    rows = [["Cleo / peer", *_COMPARED]]
    rows += [[peer, *(f"{row[title]:.2f}" for title in _COMPARED)] for peer, row in table.items()]
    return "\n".join(aligned(rows, names=1))
