"""The question before a change in a small terminal: what is typed and pressed is always in sight."""

from __future__ import annotations

from collections.abc import Sequence

from cleo_tui.data.plans import Plan, Target, Verb, one_by_one
from cleo_tui.data.stuck_plans import CHARGED, TAKEN
from cleo_tui.screens.confirm import ConfirmScreen
from cleo_tui.settings import ConsoleSettings
from tests.console.canned import CannedCleo
from tests.console.driving import console
from tests.waiting import until

SMALL = (80, 24)
IN_PRODUCTION = ConsoleSettings(production=True)


async def test_the_field_and_the_buttons_stay_in_sight_while_what_is_said_scrolls() -> None:
    done: list[str] = []

    async def look(_sample: Sequence[Target]) -> str:
        return "3 active, 2 waiting"

    async def recover(task_id: str) -> str:
        done.append(task_id)
        return ""

    targets = tuple(Target(f"task-{number}", f"send  task-{number}") for number in range(12))
    caution = (
        "12 of them are held by a worker that lives, which can only be told to stop: "
        + "it may run twice. " * 12
        + "(The end.)"
    )
    plan = Plan(
        Verb.RECOVER,
        "emails",
        targets,
        f"{TAKEN[1]} {CHARGED}",
        one_by_one(targets, recover),
        look=look,
        caution=caution,
    )
    async with console(CannedCleo, size=SMALL, settings=IN_PRODUCTION) as shop:
        await shop.see("connected")
        shop.app.push_screen(ConfirmScreen(plan))
        await shop.see("Now on the server: of these 3 active", "↑ ↓ more", "Type 12 to go on.", "No, leave them", "Rec")
        await shop.press(*["down"] * 20)
        await shop.see("(The end.)", "Type 12 to go on.", "No, leave them")
        await shop.press(*["up"] * 20)
        await shop.see("send  task-0", "Type 12 to go on.")
        await shop.press("1", "enter")
        await shop.see("That is something else. Type 12 to go on.")
        await shop.press("2", "enter", "enter")
        await until(lambda: len(done) == 12)


async def test_what_has_room_says_nothing_of_more() -> None:
    async def pause(_name: str) -> str:
        return ""

    targets = (Target("emails", "emails"),)
    plan = Plan(Verb.PAUSE, "", targets, "Nothing is claimed.", one_by_one(targets, pause), noun="queue")
    async with console(CannedCleo, size=SMALL) as shop:
        await shop.see("connected")
        shop.app.push_screen(ConfirmScreen(plan))
        screen = await shop.see("Pause emails?", "Nothing is claimed.", "No, leave it")
        assert "↑ ↓ more" not in screen
