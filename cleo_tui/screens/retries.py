"""The retries of many dead letters: how those that run go on, how the others ended; stopping and carrying on."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from textual.app import ComposeResult

from cleo_core.models import RetryRun, RetryState, StopReason
from cleo_tui import say
from cleo_tui.actions import Action, Effect, bindings_of
from cleo_tui.data.dead_plans import resume_retry_plan, stop_retry_plan
from cleo_tui.data.snapshot import Snapshot
from cleo_tui.screens.base import COMMON
from cleo_tui.screens.of_letters import OfLettersScreen
from cleo_tui.theme import Role
from cleo_tui.widgets.columns import Cell, Column, Side
from cleo_tui.widgets.facts import Fact, Facts
from cleo_tui.widgets.looks import Look
from cleo_tui.widgets.statecard import Absence, Card

MOST = 50
ABANDONED = 15.0
BAR = 10
RETRIES_ACTIONS = (
    *COMMON,
    Action("resume", ("R",), "Carry on a retry that was stopped or has lost its process.", label="carry on",
           effect=Effect.CHANGES),
    Action("stop", ("X",), "Stop the retry before its next step.", label="stop", effect=Effect.CHANGES),
)  # fmt: skip
SIGNS = {
    "runs": Look("►", Role.ACCENT),
    "abandoned": Look("?", Role.WARN),
    "stopped": Look("■", Role.WARN),
    "failing": Look("✗", Role.BAD),
    "done": Look("✓", Role.GOOD),
}


def condition_of(run: RetryRun) -> str:
    """In a word: it runs, was abandoned by its process, was stopped by hand or because too much failed, or is done."""
    if run.state is RetryState.RUNNING:
        return "abandoned" if run.idle > ABANDONED else "runs"
    if run.state is RetryState.DONE:
        return "done"
    return "failing" if run.stopped_by is StopReason.FAILURES else "stopped"


class RetriesScreen(OfLettersScreen[RetryRun]):
    """The retries of a queue in the last week, those that went on last first."""

    ACTIONS = RETRIES_ACTIONS
    BINDINGS = bindings_of(RETRIES_ACTIONS)
    noun, nouns, remark = "retry", "retries", "of the last week"

    def __init__(self, queue: str) -> None:
        super().__init__(queue)
        self._facts = Facts()

    def body(self) -> ComposeResult:
        """How the one under the cursor goes on, above the list."""
        yield self._facts
        yield self.pane

    def columns(self, now: Callable[[], float]) -> Sequence[Column[RetryRun]]:
        """How each went."""
        return _columns(now)

    def key_of(self, row: RetryRun) -> str:
        """Its id."""
        return row.id

    def fields(self, row: RetryRun) -> tuple[str, ...]:
        """Who began it, and how it went."""
        return (row.id, row.by, condition_of(row))

    async def fetch(self) -> Sequence[RetryRun]:
        """The latest."""
        return await self.cleo_app.cleo.dead_letters.retries(self.queue, limit=MOST)

    def show(self, snapshot: Snapshot) -> None:
        """Draw the list, and the one under the cursor in full."""
        super().show(snapshot)
        run = self.table.current
        self._facts.display = run is not None
        if run is not None:
            mine = self.cleo_app.live.carrying.carries(run.id)
            note, role = _explained(run, mine=mine)
            self._facts.tell(_facts_of(run), note, role)

    def empty_card(self) -> Card:
        """How one comes to be."""
        text = "R retries all letters of a kind of error, T a few first and then the others at a rate."
        return Card(Absence.EMPTY, f"No retry of many letters in {self.queue}", text, "esc goes back")

    # --- keys ----------------------------------------------------------------------------------------

    def offers(self, action: Action) -> bool:
        """What runs can be stopped, what stands still carried on."""
        run = self.table.current
        condition = condition_of(run) if run is not None else ""
        if action.name == "stop":
            return condition in {"runs", "abandoned"}
        return action.name != "resume" or condition in {"abandoned", "stopped", "failing"}

    def do_stop(self) -> None:
        """Propose to stop it."""
        run = self.table.current
        if run is None or run.state is not RetryState.RUNNING:
            self.cleo_app.warn("Only a retry that runs can be stopped.")
            return
        self.propose(stop_retry_plan(self.cleo_app.cleo, run), self.reading.renew)

    def do_resume(self) -> None:
        """Propose to carry it on."""
        run = self.table.current
        if run is None or condition_of(run) in {"runs", "done"}:
            self.cleo_app.warn("Only a retry that was stopped, or has lost its process, can be carried on.")
            return
        plan = resume_retry_plan(self.cleo_app.cleo, run, self.cleo_app.live.carrying.carry)
        self.propose(plan, self.reading.renew)


def _facts_of(run: RetryRun) -> list[Fact]:
    condition = condition_of(run)
    sign = SIGNS[condition]
    facts = [
        Fact("state", f"{sign.glyph} {condition}", sign.role),
        Fact("retried", f"{say.count(run.retried)} of {say.count(run.total)}"),
    ]
    if run.first is not None:
        stop_at = run.stop_at_failure_rate or 0.0
        rate_role = Role.BAD if (run.failure_rate or 0.0) >= stop_at else Role.PLAIN
        facts += [
            Fact("succeeded", say.count(run.succeeded), Role.GOOD if run.succeeded else Role.PLAIN),
            Fact("failed again", say.count(run.failed), Role.BAD if run.failed else Role.PLAIN),
            Fact("still to be tried", say.count(run.unjudged)),
            Fact("failure rate", f"{say.percent(run.failure_rate)}, stops at {say.percent(stop_at)}", rate_role),
            Fact("pace", f"{say.count(run.first)} first, then {say.rate(run.rate)}"),
        ]
    return [
        *facts,
        Fact("begun", say.ago(max(0.0, run.at - run.started_at))),
        Fact("last step", say.ago(run.idle)),
        Fact("by", run.by or say.NOTHING),
    ]


def _explained(run: RetryRun, *, mine: bool) -> tuple[str, Role]:
    condition = condition_of(run)
    if condition == "abandoned":
        return "Nobody carries it on: its process is gone, or was cut off. R carries it on from here.", Role.WARN
    if condition == "failing":
        return (
            "It stopped by itself, because too many of the letters failed again. R tries a first few again.",
            Role.BAD,
        )
    if condition == "stopped":
        return "Somebody stopped it. R carries it on.", Role.WARN
    if condition == "runs" and run.first is not None and run.retried <= run.first and run.unjudged:
        if run.total <= run.first:
            waits = "All are out, and have not all been tried yet."
        else:
            waits = f"The first {say.count(run.first)} are out; the others follow when each of them was tried."
        return waits + (" This console carries it on." if mine else ""), Role.MUTED
    if condition == "runs":
        return (
            "This console carries it on, as long as it runs." if mine else "Another process carries it on."
        ), Role.MUTED
    return "", Role.MUTED


def _columns(now: Callable[[], float]) -> Sequence[Column[RetryRun]]:
    def state(run: RetryRun) -> Cell:
        condition = condition_of(run)
        sign = SIGNS[condition]
        return Cell(f"{sign.glyph} {condition}", sign.role)

    def bar(run: RetryRun) -> Cell:
        share = run.looked / run.total if run.total else 1.0
        return Cell(say.bar(share, BAR), Role.ACCENT)

    def judged(number: Callable[[RetryRun], int], role: Role) -> Callable[[RetryRun], Cell]:
        def cell(run: RetryRun) -> Cell:
            if run.first is None:
                return Cell(say.NOTHING, Role.FAINT)
            return Cell(say.count(number(run)), role if number(run) else Role.FAINT)

        return cell

    return (
        Column("state", 11, state),
        Column("", BAR, bar),
        Column("retried", 16, lambda run: Cell(f"{say.count(run.retried)} of {say.count(run.total)}"), Side.RIGHT),
        Column("succeeded", 9, judged(lambda run: run.succeeded, Role.GOOD), Side.RIGHT, drop=2),
        Column("failed", 8, judged(lambda run: run.failed, Role.BAD), Side.RIGHT, drop=1),
        Column("begun", 9, lambda run: Cell(say.ago(max(0.0, now() - run.started_at)), Role.MUTED), Side.RIGHT, drop=3),
        Column("by", 10, lambda run: Cell(run.by, Role.MUTED), grow=1, most=40, drop=4),
    )
