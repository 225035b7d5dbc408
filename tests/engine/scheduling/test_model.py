"""The engine beside the model: whatever happens to a queue, both have the same tasks go next."""

from __future__ import annotations

import asyncio
import uuid
from collections.abc import Coroutine
from dataclasses import replace
from typing import Any, TypeVar

import pytest
from hypothesis import HealthCheck, note, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from cleo_core import Cleo, GroupStrategy
from cleo_core.models import GroupOrder
from cleo_core.scripts import Claimed, Scripts, Settled
from tests.engine.scheduling.driving import QUEUE, RETENTIONS, claim, done, failed, groups_of, ids_of, put, returned
from tests.engine.scheduling.model import Ended, Limit, Model
from tests.leaks import find_leaks
from tests.servers import Server

T = TypeVar("T")

GROUPS = st.sampled_from(["", "a", "B", "é", "zz"])
WORKERS = st.sampled_from(["w1", "w2", "w3"])
STRATEGIES = st.sampled_from(GroupStrategy)
ORDERS = st.sampled_from(GroupOrder)
LIMITS = st.none() | st.sampled_from([Limit(1, 1), Limit(1, 3), Limit(2, 5), Limit(4, 2), Limit(4, 40)])
CONCURRENCY = st.none() | st.integers(1, 4)
WEIGHTS = st.none() | st.sampled_from([1.0, 2.0, 0.5, 3.0, 10.0])
OUTCOMES = st.sampled_from(["completed", "completed", "retry", "dead", "returned"])
RUNS = st.sampled_from([0.0, 1.0, 7.0, 40.0, 333.25, 2000.0])
SETTINGS = {"concurrency": CONCURRENCY, "weight": WEIGHTS, "rate_limit": LIMITS}
OWN_SETTINGS = {**SETTINGS, "priority": st.integers(-2, 2), "order": st.none() | ORDERS, "paused": st.booleans()}


def _given(value: object) -> Any:
    return str(value) if isinstance(value, Limit) else value


class Beside(RuleBasedStateMachine):
    """Every step is made in both; after every step they are compared."""

    server: Server

    def __init__(self) -> None:
        super().__init__()
        self.runner = asyncio.Runner()
        self.cleo = Cleo(self.server.url, namespace=f"model-{uuid.uuid4().hex[:12]}")
        self.scripts: Scripts = self.run(self.cleo.backend.scripts())
        self.model = Model()
        self.held: dict[str, Claimed] = {}
        self.locks: dict[str, str] = {}
        self.ids = 0

    def run(self, step: Coroutine[Any, Any, T]) -> T:
        return self.runner.run(step)

    def teardown(self) -> None:
        try:
            leaks = self.run(find_leaks(self.cleo))
            self.run(self.cleo.close())
        finally:
            self.runner.close()
        assert leaks == []

    # --- tasks ---------------------------------------------------------------------------------------

    @initialize(strategy=STRATEGIES, order=ORDERS)
    def begin(self, strategy: GroupStrategy, order: GroupOrder) -> None:
        self.switch(strategy, order)

    def put(self, tasks: list[tuple[str, int]]) -> None:
        new = [(f"t{self.ids + n}", group, priority) for n, (group, priority) in enumerate(tasks)]
        self.ids += len(new)
        self.run(put(self.cleo, new))
        self.model.add(new)

    @rule(tasks=st.lists(st.tuples(GROUPS, st.integers(0, 3)), min_size=1, max_size=8))
    def add(self, tasks: list[tuple[str, int]]) -> None:
        self.put(tasks)

    @rule(group=GROUPS, size=st.integers(30, 50))
    def add_many(self, group: str, size: int) -> None:
        self.put([(group, 1)] * size)

    def work(self, worker: str, room: int, ended: list[Ended]) -> None:
        claimed = self.run(claim(self.cleo, room, [self.say(end) for end in ended], worker=worker))
        self.model.settle(ended)
        limits = {group.name: self.model.concurrency_of(group) for group in self.model.groups.values()}
        assert ids_of(claimed) == self.model.claim(room, worker)
        self.held |= {task.id.decode(): task for task in claimed}
        for group in set(groups_of(claimed)):
            limit = limits[group]
            assert limit is None or len(self.model.group(group).running) <= limit

    def say(self, end: Ended) -> Settled:
        task = self.held.pop(end.id)
        if end.outcome == "completed":
            return done(task, end.run)
        if end.outcome == "returned":
            return returned(task)
        return failed(task, end.run, for_good=end.outcome == "dead")

    @rule(worker=WORKERS, room=st.integers(1, 9))
    def claim_some(self, worker: str, room: int) -> None:
        self.work(worker, room, [])

    @rule(worker=WORKERS)
    def claim_many(self, worker: str) -> None:
        self.work(worker, 45, [])

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS, room=st.integers(0, 9), data=st.data())
    def settle_and_claim(self, worker: str, room: int, data: st.DataObject) -> None:
        mine = [job.id for job in self.model.held_by(worker)]
        if mine:
            chosen = data.draw(st.lists(st.sampled_from(mine), unique=True, max_size=12))
            self.work(worker, room, [Ended(task, data.draw(OUTCOMES), data.draw(RUNS)) for task in chosen])

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS, room=st.integers(0, 9), outcome=OUTCOMES, run=RUNS)
    def settle_all(self, worker: str, room: int, outcome: str, run: float) -> None:
        self.work(worker, room, [Ended(job.id, outcome, run) for job in self.model.held_by(worker)])

    @precondition(lambda self: self.held)
    @rule(worker=WORKERS)
    def lose(self, worker: str) -> None:
        lost = self.model.held_by(worker)
        assert self.run(self.scripts.release(QUEUE, worker, RETENTIONS, "died")) == len(lost)
        self.model.lose(worker)
        for job in lost:
            del self.held[job.id]

    @precondition(lambda self: self.model.jobs())
    @rule(data=st.data())
    def cancel(self, data: st.DataObject) -> None:
        task = data.draw(st.sampled_from(self.model.jobs()))
        assert self.run(self.cleo.queues.cancel(QUEUE, [task])).done == 1
        self.model.cancel(task)

    # --- rules ---------------------------------------------------------------------------------------

    @rule(strategy=STRATEGIES, order=st.none() | ORDERS)
    def switch(self, strategy: GroupStrategy, order: GroupOrder | None) -> None:
        self.run(self.cleo.groups.set_strategy(QUEUE, strategy, order=order))
        self.model.set_strategy(strategy, order)

    @rule(group=GROUPS, setting=st.sampled_from(sorted(OWN_SETTINGS)), data=st.data())
    def configure(self, group: str, setting: str, data: st.DataObject) -> None:
        value = data.draw(OWN_SETTINGS[setting])
        self.run(self.cleo.groups.configure(QUEUE, group, **{setting: _given(value)}))
        self.model.configure(group, setting, value)

    @rule(setting=st.sampled_from(sorted(SETTINGS)), data=st.data())
    def set_default(self, setting: str, data: st.DataObject) -> None:
        value = data.draw(SETTINGS[setting])
        self.run(self.cleo.groups.set_defaults(QUEUE, **{setting: _given(value)}))
        changed: dict[str, Any] = {setting: value}
        self.model.set_defaults(replace(self.model.defaults, **changed))

    @rule(limit=st.none() | st.sampled_from([Limit(1, 5), Limit(8, 60)]))
    def limit_queue(self, limit: Limit | None) -> None:
        self.run(self.cleo.queues.set_rate_limit(QUEUE, _given(limit)))
        self.model.rate_limit = limit

    @rule(paused=st.booleans())
    def pause_queue(self, paused: bool) -> None:
        self.run(self.cleo.queues.pause(QUEUE) if paused else self.cleo.queues.resume(QUEUE))
        self.model.paused = paused

    @rule(group=GROUPS)
    def lock(self, group: str) -> None:
        self.ids += 1
        token = f"token-{self.ids}"
        fence, _, _, _ = self.run(self.scripts.lock(QUEUE, group, token, "{}", 600_000, 0, False, ""))
        assert (fence > 0) is (group not in self.locks)
        self.locks.setdefault(group, token)
        self.model.configure(group, "locked", True)

    @precondition(lambda self: self.locks)
    @rule(data=st.data())
    def unlock(self, data: st.DataObject) -> None:
        group = data.draw(st.sampled_from(sorted(self.locks)))
        assert self.run(self.scripts.relock(QUEUE, group, self.locks.pop(group), 0))
        self.model.configure(group, "locked", False)

    # --- after every step ----------------------------------------------------------------------------

    @invariant()
    def the_counts_are_equal(self) -> None:
        page = self.run(self.cleo.groups.list(QUEUE, limit=100))
        counted = {info.group: (info.waiting, info.active) for info in page.items if info.waiting or info.active}
        expected = {group.name: (len(group.waiting), len(group.running)) for group in self.model.groups.values()}
        assert counted == {name: counts for name, counts in expected.items() if any(counts)}

    @invariant()
    def the_preview_is_right(self) -> None:
        foreseen = [task.id for task in self.run(self.cleo.groups.preview(QUEUE, limit=4))]
        note(f"next: {foreseen}")
        assert foreseen == self.model.preview(4)


@pytest.mark.parametrize("times", [20, pytest.param(200, marks=pytest.mark.slow)])
def test_the_engine_does_what_the_rules_say(server: Server, times: int) -> None:
    machine = type("Beside", (Beside,), {"server": server})
    run_state_machine_as_test(  # pyright: ignore[reportUnknownMemberType]
        machine,
        settings=settings(
            max_examples=times,
            stateful_step_count=40,
            deadline=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        ),
    )
