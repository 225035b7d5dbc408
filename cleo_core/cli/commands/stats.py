"""``cleo stats``: figures of a range of time, and how they changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated

import typer

from cleo_core.cli.commanding import alone, command
from cleo_core.cli.completing import complete_queue
from cleo_core.cli.connecting import Run
from cleo_core.cli.tables import Cell, Colour, Look, Painted, facts, right, table, wide
from cleo_core.cli.when import Since, Until, length, moment_of
from cleo_core.cli.words import duration, moment, number, share, size
from cleo_core.models import Figures, HistoryStats, Spread

app = alone()

SLOWEST = (wide("SLOWEST"), right("COMPLETED"), right("FAILED"), right("P50"), right("P95"), right("P99"))
ERRORS = (wide("ERROR"), right("COUNT"), right("EVER"), right("FIRST"), right("LAST"), wide("QUEUE"))
WORKERS = (wide("WORKER"), right("CPU"), right("PEAK"), right("MEMORY"), right("USED"), right("LAG"))


@command(app, "stats", shows=HistoryStats)
async def stats(
    run: Run,
    queue: Annotated[
        str | None, typer.Option("--queue", "-q", help="Of this queue; else of all.", autocompletion=complete_queue)
    ] = None,
    group: Annotated[str | None, typer.Option("--group", "-g", help="Of this group of the queue.")] = None,
    worker: Annotated[str | None, typer.Option("--worker", "-w", help="Of this worker.")] = None,
    name: Annotated[str | None, typer.Option("--name", help="Of tasks of this name.")] = None,
    last: Annotated[str, typer.Option("--last", metavar="LENGTH", help="How far back: 15m, 2h, 7d.")] = "1h",
    since: Since = None,
    until: Until = None,
    top: Annotated[int, typer.Option("--top", min=1, max=20, help="How many names, errors and workers.")] = 10,
) -> None:
    """Show the figures of a range: totals, rates, times, the slowest tasks, the errors, and the trend."""
    if queue is not None:
        await run.known_queue(queue)
    begin, end = moment_of(since), moment_of(until)
    told = await run.cleo.history.stats(
        queue,
        group=group,
        worker=worker,
        name=name,
        seconds=length(last) if begin is None else None,
        since=begin,
        until=end,
        top=top,
    )
    run.out.show(told, lambda look: "\n".join(_text(look, told)))


def _text(look: Look, told: HistoryStats) -> Iterator[str]:
    yield facts(look, _facts(told))
    if told.slowest:
        yield ""
        rows = ([each.name, *_counts(each.figures), *_spread(each.figures.run)] for each in told.slowest)
        yield table(look, SLOWEST, rows)
    if told.errors:
        yield ""
        errors = (
            [
                each.pattern or each.fingerprint,
                number(each.count),
                number(each.total),
                moment(each.first_seen),
                moment(each.last_seen),
                each.queue,
            ]
            for each in told.errors
        )
        yield table(look, ERRORS, errors)
    if told.workers:
        yield ""
        loads = (
            [
                each.worker,
                f"{each.cpu:.0f}%",
                f"{each.cpu_peak:.0f}%",
                size(each.memory),
                share(each.utilisation),
                duration(each.loop_lag),
            ]
            for each in told.workers
        )
        yield table(look, WORKERS, loads)


def _counts(figures: Figures) -> list[Cell]:
    return [number(figures.completed), number(figures.failed)]


def _spread(spread: Spread) -> list[Cell]:
    return [duration(spread.p50), duration(spread.p95), duration(spread.p99)]


def _facts(told: HistoryStats) -> Iterator[tuple[str, Cell]]:
    figures, trend = told.figures, told.trend
    yield "from", moment(figures.since)
    yield "to", moment(figures.until)
    for name in ("enqueued", "completed", "failed", "lost", "cancelled", "retried", "died"):
        yield name, number(getattr(figures, name))
    failing = share(figures.failure_rate)
    yield "success", share(figures.success_rate)
    yield "failure", Painted(failing, Colour.RED) if figures.failed else failing
    yield "throughput", f"{number(figures.throughput)}/s{_change(trend.throughput)}"
    for name, spread, change in (("run", figures.run, trend.run_p95), ("wait", figures.wait, trend.wait_p95)):
        yield f"{name} time", f"p50 {duration(spread.p50)}, p95 {duration(spread.p95)}, p99 {duration(spread.p99)}"
        if change is not None:
            yield f"{name} p95 trend", f"{change:+.0%} against the range before"


def _change(change: float | None) -> str:
    return "" if change is None else f" ({change:+.0%} against the range before)"
