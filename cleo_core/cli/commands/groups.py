"""``cleo groups``: how they take turns, their settings, and what would be next."""

from __future__ import annotations

from typing import Annotated

import typer

from cleo_core.cli.commanding import command, group
from cleo_core.cli.connecting import Run
from cleo_core.cli.exits import Misused
from cleo_core.cli.group_views import group_facts, group_table
from cleo_core.cli.options import Group, Limit, New, Offset, Queue
from cleo_core.cli.settings_given import (
    BackoffText,
    Concurrency,
    DeadRetention,
    MaxDeliveries,
    MaxRetries,
    Order,
    Paused,
    Priority,
    RateLimitText,
    Retention,
    Timeout,
    Weight,
    settings_of,
)
from cleo_core.cli.shapes import Changed
from cleo_core.cli.task_views import task_table
from cleo_core.cli.words import NOTHING, clean
from cleo_core.models import GroupInfo, GroupOrder, GroupPage, GroupStrategy, TaskSummary

app = group("Groups: how they take turns, their settings, and what would be next.")

PreviewLimit = Annotated[int, typer.Option("--limit", "-n", min=1, max=200, help="How many tasks.")]


@command(app, "list", shows=GroupPage)
async def list_groups(
    run: Run,
    queue: Queue,
    find: Annotated[str | None, typer.Option("--find", help="Only groups with this text in their name.")] = None,
    limit: Limit = 100,
    offset: Offset = 0,
) -> None:
    """List the groups that have tasks or settings, those with most waiting tasks first."""
    await run.known_queue(queue)
    if find is None:
        page = await run.cleo.groups.list(queue, offset=offset, limit=limit)
    else:
        page = await run.cleo.groups.find(queue, find, limit=limit)
    run.out.show(page, lambda look: group_table(look, page))
    if page.total > page.offset + len(page.items):
        rest = page.offset + len(page.items)
        run.out.say(f"{len(page.items):,} of {page.total:,} groups; --offset {rest} shows the next.")


@command(app, "show", shows=GroupInfo)
async def show_group(run: Run, queue: Queue, group: Group) -> None:
    """Show a group: where it stands, its settings and whose they are, and its lock."""
    info = await run.cleo.groups.get(await run.known_queue(queue), group)
    run.out.show(info, lambda look: group_facts(look, info))


@command(app, "configure", shows=Changed)
async def configure_group(
    run: Run,
    queue: Queue,
    group: Group,
    concurrency: Concurrency = None,
    weight: Weight = None,
    priority: Priority = None,
    rate_limit: RateLimitText = None,
    order: Order = None,
    paused: Paused = None,
    max_retries: MaxRetries = None,
    backoff: BackoffText = None,
    timeout: Timeout = None,
    retention: Retention = None,
    max_deliveries: MaxDeliveries = None,
    dead_retention: DeadRetention = None,
    new: New = False,
) -> None:
    """Change a group's settings. What is not named stays; 'none' takes a setting away, so that the default holds."""
    settings = settings_of(
        concurrency=concurrency,
        weight=weight,
        priority=priority,
        rate_limit=rate_limit,
        order=order,
        paused=paused,
        max_retries=max_retries,
        backoff=backoff,
        timeout=timeout,
        retention=retention,
        max_deliveries=max_deliveries,
        dead_retention=dead_retention,
    )
    changed = await run.cleo.groups.configure(await run.known_queue(queue, new=new), group, **settings)
    _tell(run, "configure", queue, group, changed)


@command(app, "defaults", shows=Changed)
async def set_defaults(
    run: Run,
    queue: Queue,
    concurrency: Concurrency = None,
    weight: Weight = None,
    rate_limit: RateLimitText = None,
    max_retries: MaxRetries = None,
    backoff: BackoffText = None,
    timeout: Timeout = None,
    retention: Retention = None,
    max_deliveries: MaxDeliveries = None,
    dead_retention: DeadRetention = None,
    new: New = False,
) -> None:
    """Change what holds for each group of a queue that has no setting of its own."""
    settings = settings_of(
        concurrency=concurrency,
        weight=weight,
        rate_limit=rate_limit,
        max_retries=max_retries,
        backoff=backoff,
        timeout=timeout,
        retention=retention,
        max_deliveries=max_deliveries,
        dead_retention=dead_retention,
    )
    changed = await run.cleo.groups.set_defaults(await run.known_queue(queue, new=new), **settings)
    _tell(run, "defaults", queue, None, changed)


@command(app, "pause", shows=Changed)
async def pause_group(run: Run, queue: Queue, group: Group, new: New = False) -> None:
    """Let no worker claim from a group; what runs goes on."""
    changed = await run.cleo.groups.pause(await run.known_queue(queue, new=new), group)
    _tell(run, "pause", queue, group, changed)


@command(app, "resume", shows=Changed)
async def resume_group(run: Run, queue: Queue, group: Group) -> None:
    """Let workers claim from a group again."""
    changed = await run.cleo.groups.resume(await run.known_queue(queue), group)
    _tell(run, "resume", queue, group, changed)


@command(app, "strategy", shows=Changed | list[TaskSummary])
async def set_strategy(
    run: Run,
    queue: Queue,
    strategy: Annotated[GroupStrategy, typer.Argument(help="How the groups take turns.")],
    order: Annotated[GroupOrder | None, typer.Option("--order", help="And in which order a group's tasks go.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which tasks would be next.")] = False,
    limit: PreviewLimit = 10,
    new: New = False,
) -> None:
    """Change how the groups of a queue take turns. With --dry-run nothing is changed, and the next tasks are shown."""
    await run.known_queue(queue, new=new)
    if dry_run:
        await _preview(run, queue, strategy, order, limit)
        return
    changed = await run.cleo.groups.set_strategy(queue, strategy, order=order)
    _tell(run, "strategy", queue, None, changed)


@command(app, "order", shows=Changed | list[TaskSummary])
async def set_order(
    run: Run,
    queue: Queue,
    order: Annotated[GroupOrder, typer.Argument(help="In which order a group's tasks go.")],
    group: Annotated[str | None, typer.Option("--group", "-g", help="Only of this group.")] = None,
    dry_run: Annotated[bool, typer.Option("--dry-run", help="Only show which tasks would be next.")] = False,
    limit: PreviewLimit = 10,
    new: New = False,
) -> None:
    """Change in which order the tasks of each group go that has no order of its own, or of one group."""
    await run.known_queue(queue, new=new)
    if dry_run:
        if group is not None:
            raise Misused("What would be next can't be shown for a change of one group. Leave --dry-run out.")
        await _preview(run, queue, None, order, limit)
        return
    if group is None:
        changed = await run.cleo.groups.set_order(queue, order)
    else:
        changed = await run.cleo.groups.configure(queue, group, order=order)
    _tell(run, "order", queue, group, changed)


@command(app, "preview", shows=list[TaskSummary])
async def preview(
    run: Run,
    queue: Queue,
    strategy: Annotated[GroupStrategy | None, typer.Option("--strategy", help="As if this were set.")] = None,
    order: Annotated[GroupOrder | None, typer.Option("--order", help="As if this were set.")] = None,
    limit: PreviewLimit = 10,
) -> None:
    """Show the tasks that workers would claim next, now or under other rules. Nothing is changed."""
    await _preview(run, await run.known_queue(queue), strategy, order, limit)


async def _preview(run: Run, queue: str, strategy: GroupStrategy | None, order: GroupOrder | None, limit: int) -> None:
    tasks = await run.cleo.groups.preview(queue, strategy, limit, order=order)
    at = (await run.cleo.queues.stats(queue)).at
    run.out.show(tasks, lambda look: task_table(look, tasks, at))


def _tell(run: Run, action: str, queue: str, group: str | None, changed: bool) -> None:
    whose = f"{clean(queue)}, group {clean(group) or NOTHING}" if group is not None else clean(queue)
    shown = Changed(action=action, queue=queue, group=group, changed=changed)
    run.out.show(shown, lambda look: f"{whose}: {'changed' if changed else 'it was so already'}.")
