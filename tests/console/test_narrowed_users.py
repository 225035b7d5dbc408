"""A Redis user who operates one queue only is offered the keys that change something on that queue alone."""

from __future__ import annotations

from collections.abc import AsyncIterator

import pytest

from cleo_core import Cleo
from tests.console.driving import Console, console
from tests.engine.access.users import Grant
from tests.servers import Server
from tests.waiting import until


@pytest.fixture
async def narrowed(cleo: Cleo, server: Server, namespace: str) -> AsyncIterator[Console]:
    """A console of who looks at two queues and operates ``reports`` alone."""
    await cleo.queues.add("emails", "send", task_id="mail")
    await cleo.queues.add("reports", "build", task_id="report")
    grant = Grant("operator", f"{namespace}-op", namespace, ["reports"])
    viewer = Grant("viewer", grant.user, namespace)
    await grant.give(server.url)
    await viewer.give_too(server.url)
    try:
        async with console(lambda: Cleo(grant.url(server.port), namespace=namespace)) as running:
            await until(lambda: running.app.snapshot and running.app.snapshot.server)
            yield running
    finally:
        await grant.take_back(server.url)


async def test_the_keys_follow_the_queue_under_the_cursor(narrowed: Console, cleo: Cleo) -> None:
    await narrowed.press("2")
    await narrowed.see("emails", "reports")
    await _cursor_on(narrowed, "emails")
    await narrowed.see_no_more("P pause")
    await narrowed.press("P")
    await narrowed.see("may change")
    await _cursor_on(narrowed, "reports")
    await narrowed.see("P pause")
    await narrowed.press("P")
    await narrowed.see("Pause reports?")
    await narrowed.press("y")
    await until(lambda: _is_paused(cleo, "reports"))
    assert not (await cleo.queues.stats("emails")).paused


async def test_a_screen_about_a_queue_goes_by_that_queue(narrowed: Console) -> None:
    await narrowed.command("tasks @emails")
    await narrowed.see("mail")
    await narrowed.see_no_more("K cancel")
    await narrowed.press("question_mark")
    await narrowed.see("may change nothing in", "hidden")
    await narrowed.press("escape")
    await narrowed.press("right_square_bracket")
    await narrowed.see("report ", "K cancel")


async def test_a_queue_that_is_typed_is_left_to_the_server(narrowed: Console, cleo: Cleo) -> None:
    await narrowed.press("2")
    await _cursor_on(narrowed, "emails")
    await narrowed.command("queue reports pause")
    await narrowed.see("Pause reports?")
    await narrowed.press("y")
    await until(lambda: _is_paused(cleo, "reports"))


async def _cursor_on(running: Console, queue: str) -> None:
    await running.press("home")
    for _ in range(3):
        if getattr(running.app.screen, "queue_at_hand", None) == queue:
            return
        await running.press("down")
    raise AssertionError(f"the cursor doesn't come to {queue}")


async def _is_paused(cleo: Cleo, queue: str) -> bool:
    return (await cleo.queues.stats(queue)).paused
