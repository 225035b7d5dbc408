"""Dead letters with large arguments that are searched for a text: no call of the server searches many of them."""

from __future__ import annotations

import json

from cleo_core import Cleo
from cleo_core.models import RetryState
from tests.engine.dead_letters.burying import bury, numbered

# More than 1 MiB, but each as small as it must be to be looked into.
MANY = 150
PER_CALL = 66


async def _bury_large(cleo: Cleo) -> None:
    """The one that is searched for is the last that is looked at from either end but one."""
    for ids, word in ((numbered("a", MANY - 1), "hay"), (["wanted"], "needle"), (["b"], "hay")):
        await bury(cleo, ids, arguments=json.dumps({"text": word + "-" * 15_980}).encode())


async def test_a_page_is_put_together_from_calls_that_each_search_a_bounded_amount(cleo: Cleo) -> None:
    await _bury_large(cleo)
    scripts = await cleo.backend.scripts()
    (_, total, _, looked, found) = await scripts.dead_from_last("q", "", b'{"text":"nowhere"}', 1_000, 100, 0, "")
    assert (total, looked, found) == (MANY + 1, PER_CALL, [])
    page = await cleo.dead_letters.list("q", text="NEEDLE")
    assert ([letter.id for letter in page.items], page.looked, page.next_offset) == (["wanted"], MANY + 1, None)


async def test_letters_that_are_not_searched_are_looked_at_in_one_call(cleo: Cleo) -> None:
    await _bury_large(cleo)
    scripts = await cleo.backend.scripts()
    before = scripts.calls
    assert (await cleo.dead_letters.list("q", name="another")).looked == MANY + 1
    assert scripts.calls - before == 1


async def test_a_retry_of_what_has_a_text_goes_on_in_steps_that_each_search_a_bounded_amount(cleo: Cleo) -> None:
    await _bury_large(cleo)
    runs = [run async for run in cleo.dead_letters.retry_all("q", text="needle")]
    assert [run.looked for run in runs] == [0, PER_CALL, 2 * PER_CALL, MANY + 1]
    assert (runs[-1].state, runs[-1].retried) == (RetryState.DONE, 1)
    assert (await cleo.queues.get_task("q", "wanted")).state == "waiting"


async def test_an_export_of_what_has_a_text_reaches_the_end(cleo: Cleo) -> None:
    await _bury_large(cleo)
    assert [json.loads(line)["id"] async for line in cleo.dead_letters.export("q", text="needle")] == ["wanted"]
