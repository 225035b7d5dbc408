"""Changes of many tasks by their ids: told or asked first, done in slices, reported."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Sequence

from cleo_core.cli.confirming import SAMPLE, confirm
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Failed
from cleo_core.cli.progress import Progress
from cleo_core.cli.shapes import Plan
from cleo_core.cli.tables import Look, cut
from cleo_core.cli.words import clean, count
from cleo_core.models import BulkReport

SLICE = 1_000
TOLD = 10

Change = Callable[[str, Sequence[str]], Awaitable[BulkReport]]


async def change_many(
    run: Run, queue: str, ids: Sequence[str], change: Change, *, verb: str, done: str, yes: bool, dry_run: bool
) -> None:
    """Do something to the tasks of these ids. ``verb`` and ``done`` are as in ``cancel`` and ``cancelled``.

    Raises:
        Misused, Failed: it was not confirmed, or some could not be changed.
    """
    if may_change(run, queue, ids, verb=verb, yes=yes, dry_run=dry_run):
        tell_report(run, await in_slices(queue, ids, change, doing=verb), len(ids), done)


def may_change(run: Run, queue: str, ids: Sequence[str], *, verb: str, yes: bool, dry_run: bool) -> bool:
    """Whether to go on. One is not asked about; more are. False if it was only to be told.

    Raises:
        Misused, Failed: it was not confirmed.
    """
    if dry_run:
        tell_plan(run, Plan(action=verb, queue=queue, would=len(ids), sample=list(ids[:SAMPLE])))
        return False
    if len(ids) > 1:
        confirm(run, f"{verb} {count(len(ids), 'task')} of {queue}", sample=ids, yes=yes)
    return True


async def in_slices(queue: str, ids: Sequence[str], change: Change, *, doing: str) -> BulkReport:
    """The change, slice by slice, with a bar; the reports put together."""
    total, failures = 0, dict[str, str]()
    with Progress(doing, len(ids)) as bar:
        for first in range(0, len(ids), SLICE):
            report = await change(queue, ids[first : first + SLICE])
            total += report.done
            failures |= report.failures
            bar.reached(first + SLICE)
    return BulkReport(done=total, failures=dict(list(failures.items())[:100]))


def tell_plan(run: Run, plan: Plan) -> None:
    """Show what would be done."""

    def text(look: Look) -> str:
        more = f" and {plan.would - len(plan.sample):,} more" if plan.would > len(plan.sample) else ""
        which = f": {', '.join(map(clean, plan.sample))}{more}" if plan.sample else ""
        return f"Would {plan.action} {count(plan.would, 'task')} of {plan.queue}{which}"

    run.out.show(plan, text)


def tell_report(run: Run, report: BulkReport, asked: int, done: str) -> None:
    """Show what was done.

    Raises:
        Failed: some were left out.
    """

    def text(look: Look) -> str:
        return f"{count(report.done, 'task')} {done}."

    run.out.show(report, text)
    left = asked - report.done
    if left > 0:
        told = [f"  {clean(task)}: {clean(why)}" for task, why in list(report.failures.items())[:TOLD]]
        more = [f"  and {left - len(told):,} more"] if left > len(told) else []
        raise Failed("\n".join([f"{count(left, 'task was', 'tasks were')} not {done}:", *map(_short, told), *more]))


def _short(line: str) -> str:
    return cut(line, 300)
