"""``cleo locks``: who holds the locks of groups, and taking them away."""

from __future__ import annotations

from cleo_core.cli.commanding import command, group
from cleo_core.cli.confirming import confirm
from cleo_core.cli.connecting import Run
from cleo_core.cli.options import DryRun, Group, Limit, Offset, Queue, Yes
from cleo_core.cli.shapes import Plan, Released
from cleo_core.cli.tables import right, table, wide
from cleo_core.cli.words import NOTHING, clean, duration, moment, number
from cleo_core.models import LockInfo

app = group("Locks of groups: who holds them, and taking them away.")

COLUMNS = (wide("GROUP"), wide("OWNER"), right("FENCE"), right("SINCE"), right("LASTS"), right("IN LINE"))


@command(app, "list", shows=list[LockInfo])
async def list_locks(run: Run, queue: Queue, limit: Limit = 100, offset: Offset = 0) -> None:
    """List the locks that are held in a queue, the next to run out first."""
    locks = await run.cleo.locks.list(await run.known_queue(queue), offset=offset, limit=limit)
    rows = (
        [
            lock.group or NOTHING,
            lock.owner,
            number(lock.fence),
            moment(lock.since),
            duration(lock.expires_at - lock.since),
            number(lock.waiting),
        ]
        for lock in locks
    )
    run.out.show(locks, lambda look: table(look, COLUMNS, rows))


@command(app, "release", shows=Released | Plan)
async def release_lock(run: Run, queue: Queue, group: Group, yes: Yes = False, dry_run: DryRun = False) -> None:
    """Take a group's lock from whoever holds it.

    The holder learns of it at its next renewal and may work until then.
    """
    holder = await run.cleo.locks.holder(await run.known_queue(queue), group)
    owner = clean(holder.owner) if holder is not None else "nobody"
    if dry_run:
        plan = Plan(action="release the lock of", queue=queue, would=int(holder is not None), sample=[group])
        run.out.show(plan, lambda look: f"The lock of {clean(group) or NOTHING} in {queue} is held by {owner}.")
        return
    released = False
    if holder is not None:
        confirm(run, f"take the lock of the group {clean(group)!r} in {queue} from {owner}", yes=yes)
        released = await run.cleo.locks.force_release(queue, group, fence=holder.fence)
    shown = Released(queue=queue, group=group, released=released)
    kept = "Nobody holds the lock." if holder is None else f"{owner} does not hold the lock any more."
    run.out.show(shown, lambda look: f"The lock was taken from {owner}." if released else kept)
