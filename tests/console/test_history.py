"""The history on the console: figures, charts and tables of a range, of what was chosen, from a real server."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from cleo_core import Cleo
from cleo_core.models import Figures, HistoryStats, Trend
from cleo_tui.data.link import LinkState
from cleo_tui.data.past import Past, Scope
from cleo_tui.data.spans import SPANS
from cleo_tui.screens.history_words import scope_of
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import console
from tests.console.worked import look, work
from tests.engine.access.users import Grant
from tests.servers import Server
from tests.waiting import until

SMALL, LARGE = (80, 24), (200, 50)


@pytest.fixture
def connect(server: Server, namespace: str) -> Callable[[], Cleo]:
    return lambda: Cleo(server.url, namespace=namespace)


async def test_where_there_is_room_all_of_it_is_on_one_screen(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect, size=LARGE) as running:
        screen = await look(running, "Throughput", "Success rate", "Run time", "Wait time", "Slowest tasks", "Workers")
        await running.see("completed 3", "failed 2", "LookupError: no mailbox", "w1")
        assert "1 of" not in screen.split("Slowest")[0].split("Errors")[0]
        lines = screen.splitlines()
        figures = lines[next(place for place, line in enumerate(lines) if "dead letters" in line) + 1]
        assert figures.split()[:4] == ["▎3", "▎2", "▌1", "▌60%"]


async def test_in_a_small_terminal_one_chart_is_shown_at_a_time(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect, size=SMALL) as running:
        await look(running, "Throughput", "1 of 7", "completed 3")
        for place, name in enumerate(("Success rate", "Run time", "Wait time", "Errors", "Slowest tasks", "Workers")):
            await running.press("l")
            screen = await running.see(name, f"{place + 2} of 7")
            assert "Throughput  " not in screen
        await running.press("l")
        await running.see("Throughput", "1 of 7")
        await running.press("h")
        await running.see("Workers", "7 of 7", "w1")


async def test_two_charts_are_shown_where_there_is_room_for_two(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect, size=(120, 36)) as running:
        await look(running, "Throughput", "Success rate", "1 of 4")
        await running.press("l", "l")
        await running.see("Errors", "Slowest tasks", "3 of 4", "LookupError")


async def test_commands_choose_what_it_is_of(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3")
        await running.command("history @images")
        await running.see("History / images", "completed 1")
        await running.command("history group acme @emails")
        await running.see("group acme in emails", "completed 1", "failed 2")
        await running.command("history worker w1")
        await running.see("worker w1 in all queues", "completed 3")
        await running.command("history task send 6h")
        await running.see("task send in all queues", "completed 2", "failed 2")
        await until(lambda: "read now" in running.text() or " ago" in running.text())
        await running.press("escape")
        await running.see("History / all queues", "completed 3")


async def test_what_can_not_be_is_said(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3")
        await running.command("history @nothing")
        await running.see("There is no queue 'nothing'")
        await running.command("history worker")
        await running.see("Say `:history")
        await running.command("history group acme")
        await running.see("History / all queues")


async def test_the_queues_are_gone_through_one_by_one(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "History / all queues")
        await running.press("right_square_bracket")
        await running.see("History / emails", "completed 2")
        await running.press("right_square_bracket")
        await running.see("History / images", "completed 1")
        await running.press("right_square_bracket")
        await running.see("History / all queues", "completed 3")
        await running.press("left_square_bracket")
        await running.see("History / images")


async def test_the_range_is_made_longer_and_shorter(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3", "{ shorter", "} longer")
        for _ in range(5):
            await running.press("right_curly_bracket")
        await running.see("completed 3", "{ shorter")
        await running.see_no_more("} longer")
        await running.command("history @images 15min")
        await running.see("} longer", "completed 1")
        await running.see_no_more("{ shorter")


async def test_a_range_in_which_nothing_happened_says_so(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3")
        await running.command("history group nobody @emails")
        await running.see("Nothing happened in the last 1 h", "group nobody in emails", "} looks over a longer range")
        await running.command("history group nobody @emails 30d")
        await running.see("Nothing happened in the last 30 d")
        await running.see_no_more("} looks over a longer range")


async def test_without_a_queue_there_is_nothing_to_look_back_on(connect: Callable[[], Cleo]) -> None:
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.has_data)
        await running.press("9")
        await running.see("No queues yet")
        await running.press("l", "h", "right_curly_bracket", "left_curly_bracket", "right_square_bracket", "r")
        await running.see("No queues yet")


async def test_enter_on_an_error_leads_to_its_dead_letters_while_there_are_any(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3")
        await running.press("h", "h")
        await running.see("Errors", "LookupError: no mailbox")
        await running.press("enter")
        await running.see("History / all queues / LookupError", "emails · LookupError")
        letters = await cleo.dead_letters.list("emails")
        await cleo.dead_letters.discard("emails", [letter.id for letter in letters.items])
        await running.press("escape", "enter")
        await running.see("emails has no dead letters of this kind")


async def test_enter_on_a_task_name_or_a_worker_looks_at_it_alone(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect, size=LARGE) as running:
        await look(running, "resize", "w1")
        await running.press("l", "enter")
        await running.see("History / task resize in all queues", "completed 1", "esc shows all of it")
        await running.press("escape")
        await running.see("Slowest tasks", "w1")
        await running.press("h", "enter")
        await running.see("History / worker w1 in all queues", "completed 3", "slots busy", "MiB")


async def test_it_is_read_at_the_pace_of_the_range_and_at_once_when_asked(cleo: Cleo, server: Server) -> None:
    await work(cleo)
    reads: list[str] = []

    class Counted(Cleo):
        def __init__(self) -> None:
            super().__init__(server.url, namespace=cleo.namespace)
            stats = self.history.stats

            async def counted(*args: Any, **kwargs: Any) -> Any:
                reads.append("stats")
                return await stats(*args, **kwargs)

            self.history.stats = counted

    async with console(Counted, settings=ConsoleSettings(refresh=0.05)) as running:
        await look(running, "completed 3")
        rounds = running.app.live.rounds
        await until(lambda: running.app.live.rounds > rounds + 10)
        assert len(reads) == 1
        await running.press("r")
        await until(lambda: len(reads) == 2)


async def test_who_may_not_look_back_is_told_so(cleo: Cleo, server: Server) -> None:
    await work(cleo)
    producer = Grant("producer", f"{cleo.namespace}-user", cleo.namespace)
    await producer.give(server.url)
    await Grant("viewer", producer.user, cleo.namespace, ["images"]).give_too(server.url)
    try:
        async with console(lambda: Cleo(producer.url(server.port), namespace=cleo.namespace)) as running:
            await running.see("emails", "images")
            await look(running, "The history of all queues can't be read", "has no permission for this", "cleo acl")
            await running.command("history @images")
            await running.see("History / images", "completed 1")
            # What one may not see of a queue takes nothing away from all the rest.
            await running.press("1")
            rounds = running.app.live.rounds
            await until(lambda: running.app.live.rounds > rounds + 3)
            assert running.app.live.link.state is LinkState.CONNECTED
    finally:
        await producer.take_back(server.url)


@pytest.mark.parametrize(
    ("keys", "crumb", "back"),
    [
        (("2", "v"), "History / emails", "Queues"),
        (("4", "v"), "History / group acme in emails", "Groups / emails"),
        (("5", "v"), "History / worker w1 in all queues", "Workers"),
        (("5", "enter", "v"), "History / worker w1 in all queues", "Workers / w1"),
    ],
)
async def test_v_shows_the_history_of_what_is_looked_at_and_escape_goes_back(
    cleo: Cleo, connect: Callable[[], Cleo], keys: tuple[str, ...], crumb: str, back: str
) -> None:
    async with cleo.worker(queues=["emails"], worker_id="w1", heartbeat=0.2), console(connect) as running:
        await cleo.queues.add("emails", "send", {}, group="acme", delay=3_600)
        await cleo.groups.configure("emails", "acme", weight=2)
        for key in keys:
            await running.press(key)
            await running.see({"2": "emails", "4": "acme", "5": "w1", "enter": "It runs no task"}.get(key, crumb))
        await running.press("escape")
        await running.see(f" {back} ")


async def test_escape_first_shows_all_of_what_was_narrowed_on_the_way(cleo: Cleo, connect: Callable[[], Cleo]) -> None:
    await work(cleo)
    async with console(connect, size=LARGE) as running:
        await running.press("2")
        await running.see("emails")
        await running.press("v")
        await running.see("History / emails", "completed 2")
        await running.press("h", "enter")
        await running.see("History / worker w1 in emails", "esc shows all of it")
        await running.press("escape")
        await running.see("History / emails", "completed 2")
        await running.press("escape")
        await running.see(" Queues ")


async def test_from_a_history_that_was_gone_to_by_its_key_escape_leads_nowhere(
    cleo: Cleo, connect: Callable[[], Cleo]
) -> None:
    await work(cleo)
    async with console(connect) as running:
        await look(running, "completed 3")
        await running.press("2")
        await running.see("emails")
        await running.press("9")
        await running.see("completed 3")
        await running.press("escape")
        assert running.app.current_mode == "history"


async def test_without_a_row_v_does_nothing(connect: Callable[[], Cleo]) -> None:
    async with console(connect) as running:
        await until(lambda: running.app.snapshot and running.app.snapshot.has_data)
        for key in "245":
            await running.press(key, "v")
            assert running.app.current_mode != "history"


def test_what_can_be_typed_after_history() -> None:
    def scope(text: str, queue: str | None = "emails") -> Scope | None:
        return scope_of(text.split(), queue)

    assert scope("all") == Scope()
    assert scope("@images") == Scope("images")
    assert scope("group acme @images") == Scope("images", group="acme")
    assert scope("group acme and sons") == Scope("emails", group="acme and sons")
    assert scope("group @images") == Scope("images", group="")
    assert scope("group acme", None) is None
    assert scope("worker @w1") == Scope(worker="@w1")
    assert scope("worker w1 @images") == Scope("images", worker="w1")
    assert scope("task send") == Scope(name="send")
    assert scope("task") is None
    assert scope("@images and more") is None
    # As the key on the list of groups asks for it: the group of the tasks that have none.
    assert scope_of(["group", "", "@images"], None) == Scope("images", group="")


def test_where_asking_takes_long_it_is_asked_less_often() -> None:
    def pace(took: float) -> float:
        figures = Figures(since=0, until=1)
        stats = HistoryStats(queue=None, figures=figures, before=figures, trend=Trend())
        return Past(Scope(), SPANS[0], stats, [], [], took).pace

    assert pace(0.01) == SPANS[0].pace
    assert pace(3.0) == 60.0
    assert [span.pace for span in SPANS] == sorted(span.pace for span in SPANS)
