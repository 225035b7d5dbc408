"""What workers do about schedules and about themselves, as each role: allowed, or refused with nothing changed."""

from __future__ import annotations

from collections.abc import Awaitable, Callable

import pytest

from cleo_core import Cleo, Every
from cleo_core.errors import PermissionDenied
from cleo_core.scripts.schedules import NewSchedule
from tests.engine.access.calls import WORK
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import ROLES, dump
from tests.raw import ask


async def _fire(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    _, _, (row,) = await scripts.due("emails", "w", 10)
    assert await scripts.fire("emails", row, None, 1, [(1, "s@1")]) == 1


async def _declare(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    new = NewSchedule("d", 1, {"task": "send", "when": "{}", "module": "m"})
    assert await scripts.declare("emails", "w", b"{}", 1, [new]) == (1, 0)


async def _attend(cleo: Cleo) -> None:
    scripts = await cleo.backend.scripts()
    assert await scripts.attend("emails", "new", 1_000)
    assert await scripts.leave("emails", "new", "ended")
    await scripts.publish("digest", 60, {"send": b"{}"})


CASES: dict[str, Callable[[Cleo], Awaitable[None]]] = {
    "a worker that fires": _fire,
    "a worker that declares": _declare,
    "a worker that comes and goes": _attend,
}


@pytest.mark.garbles_data
@pytest.mark.parametrize("role", ROLES)
@pytest.mark.parametrize("case", CASES)
async def test_a_call_is_allowed_or_refused_with_nothing_changed(
    case: str, role: str, cleo: Cleo, as_role: AsRole
) -> None:
    await cleo.schedules.add("emails", "s", "send", {"to": 1}, when=Every(3_600))
    await ask(cleo, "ZADD", f"{cleo.namespace}:{{emails}}:schedules", 1, "s")
    as_user = await as_role(role)
    if role in WORK:
        await CASES[case](as_user)
        return
    before = await dump(cleo)
    with pytest.raises(PermissionDenied):
        await CASES[case](as_user)
    assert await dump(cleo) == before
