"""Each call of the public face as each role: allowed, or refused by the server with nothing changed."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from cleo_core import Cleo, TaskHandle
from cleo_core.errors import PermissionDenied
from tests.engine.access.calls import Case
from tests.engine.access.calls_that_change import OPERATING, PRODUCING, WORKING
from tests.engine.access.calls_that_look import LOOKING
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import ROLES, Seeded, dump

CASES = [*LOOKING, *OPERATING, *PRODUCING, *WORKING]
OF_WORKERS = "worker's"

# What a ``Cleo`` has that is no service: settings, what the services are made of, and what makes their calls block.
NO_SERVICES = {"backend", "producer", "hooks", "limits", "worker_settings", "tasks", "sync"}
# What asks the server for nothing.
LOCAL = {
    "close", "configure", "get_instance", "queue_class", "task", "use", "worker", "queues.handle",
    "queues.on_task_event", "queues.off_task_event", "events.subscribe", "events.unsubscribe", "events.start",
    "events.close", "history.get_instance", "history.find_instances_by", "handle.on",
}  # fmt: skip
# What does no more than another call, over and over.
AS = {"events.listen": "events.batches", "events.ready": "events.batches"}


def _public(owner: object) -> Iterator[str]:
    for name in dir(owner):
        if not name.startswith("_") and callable(getattr(owner, name)):
            yield name


def _owners() -> dict[str, type]:
    """What has calls, by what its calls are named after: the services, a handle, and ``Cleo`` itself."""
    services = {name: type(value) for name, value in vars(Cleo()).items() if not name.startswith("_")}
    assert services.keys() >= NO_SERVICES
    named = {name: kind for name, kind in services.items() if name not in NO_SERVICES}
    return {"": Cleo, "handle": TaskHandle, **named}


def test_every_public_call_has_a_row() -> None:
    """If this fails for a new call: add a row to the table, which says who may make it."""
    there = {f"{owner}.{name}".lstrip(".") for owner, kind in _owners().items() for name in _public(kind)}
    rows = {case.call for case in CASES} - {OF_WORKERS}
    assert there - rows - LOCAL - AS.keys() == set()
    assert (rows | LOCAL | AS.keys()) - there == set()
    assert set(AS.values()) <= rows
    assert len({case.name for case in CASES}) == len(CASES)


@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", CASES, ids=str)
async def test_a_call_is_allowed_or_refused_with_nothing_changed(
    case: Case, role: str, cleo: Cleo, seeded: Seeded, as_role: AsRole, monkeypatch: pytest.MonkeyPatch
) -> None:
    if case.first is not None:
        seeded = await case.first(cleo, seeded)
    as_user = await as_role(role)
    made = _watch(monkeypatch, case)
    if role in case.allowed:
        await case.make(as_user, seeded)
    else:
        before = await dump(cleo)
        with pytest.raises(PermissionDenied) as refused:
            await case.make(as_user, seeded)
        assert await dump(cleo) == before
        assert "cleo acl" in refused.value.cure
    assert made, f"the row {case.name!r} makes another call than it says"


def _watch(monkeypatch: pytest.MonkeyPatch, case: Case) -> list[str]:
    """Where the row's call leaves its name."""
    if case.call == OF_WORKERS:
        return [case.call]
    owner, _, name = case.call.rpartition(".")
    kind, made = _owners()[owner], list[str]()
    call: Any = getattr(kind, name)

    def watched(*arguments: Any, **options: Any) -> Any:
        made.append(case.call)
        return call(*arguments, **options)

    monkeypatch.setattr(kind, name, watched)
    return made
