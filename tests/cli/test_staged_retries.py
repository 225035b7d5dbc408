"""``cleo dlq retry --all --staged`` for real: a few first, then at a rate, and an end by itself if they fail again."""

from __future__ import annotations

import json

from cleo_core import Cleo
from tests.cli.running import Console
from tests.waiting import until

STAGED = ("dlq", "retry", "emails", "--all", "--staged", "--first", "2", "--rate", "50", "--yes")


async def _letters(cleo: Cleo, numbers: list[int]) -> dict[str, bool]:
    """Tasks that all fail; they will go well as soon as the answer's ``mended`` is true."""
    state = {"mended": False}

    @cleo.task(queue="emails", max_retries=0)
    async def send(number: int) -> str:
        if not state["mended"]:
            raise ConnectionError(f"mailbox {number} is away")
        return "sent"

    await send.enqueue_many([(number,) for number in numbers])
    return state


async def _dead(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("emails")).dead == count


async def test_letters_whose_cause_is_gone_are_all_retried(console: Console, cleo: Cleo) -> None:
    state = await _letters(cleo, list(range(8)))
    async with cleo.worker(["emails"]):
        await until(lambda: _dead(cleo, 8))
        state["mended"] = True
        ended = await console(*STAGED)
        assert (ended.code, ended.err) == (0, "")
        assert "is done: 8 dead letters retried, 8 of 8 seen." in ended.out
        await until(lambda: _completed(cleo, 8))
    (retry,) = await cleo.dead_letters.retries("emails")
    assert (retry.first, retry.retried, retry.failed) == (2, 8, 0)


async def _completed(cleo: Cleo, count: int) -> bool:
    return (await cleo.queues.stats("emails")).completed == count


async def test_letters_that_fail_again_end_the_retry_and_it_can_be_carried_on(console: Console, cleo: Cleo) -> None:
    state = await _letters(cleo, list(range(30)))
    async with cleo.worker(["emails"]):
        await until(lambda: _dead(cleo, 30))
        ended = await console(*STAGED, "--json")
        stopped = json.loads(ended.out)
        assert ended.code == 1
        assert (stopped["state"], stopped["stopped_by"]) == ("stopped", "failures")
        assert 2 <= stopped["retried"] < 30
        assert f"`cleo dlq carry-on emails {stopped['id']}` goes on with it." in ended.err
        assert (await cleo.queues.stats("emails")).completed == 0
        state["mended"] = True
        ended = await console("dlq", "carry-on", "emails", stopped["id"])
        assert ended.code == 0, ended.err
        assert "is done" in ended.out
