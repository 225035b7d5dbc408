"""Signed tasks: a worker runs what a trusted key submitted within its names, and buries the rest whole."""

from __future__ import annotations

from collections.abc import AsyncGenerator, AsyncIterator, Sequence
from contextlib import asynccontextmanager

import pytest

from cleo_core import Cleo, SigningKey, TaskState, TrustedKey
from cleo_core.errors import InvalidOption
from cleo_core.signing import Trust, split_signature
from tests.raw import ask, keys_of
from tests.servers import Server
from tests.waiting import until

SECRET = b"0123456789abcdef"
OTHER = b"fedcba9876543210"
SHOP = SigningKey("shop", SECRET)


@asynccontextmanager
async def _worker(
    server: Server, namespace: str, trusted: Sequence[TrustedKey], *, require: bool = True
) -> AsyncGenerator[list[int]]:
    ran: list[int] = []
    async with Cleo(server.url, namespace=namespace, trusted=trusted, require_signatures=require) as cleo:

        @cleo.task(queue="emails", name="send_mail")
        async def send(to: int) -> int:
            ran.append(to)
            return to

        @cleo.task(queue="emails", name="drop_table", max_retries=0)
        async def drop(to: int) -> None:
            ran.append(to)

        async with cleo.worker(queues=["emails"]):
            yield ran


@pytest.fixture
async def shop(server: Server, namespace: str) -> AsyncIterator[Cleo]:
    """A producer that signs."""
    async with Cleo(server.url, namespace=namespace, signing=SHOP) as made:
        yield made


async def _reason(cleo: Cleo, task_id: str) -> str:
    await until(lambda: _is_dead(cleo, task_id))
    return (await cleo.queues.get_task("emails", task_id)).reason


async def _is_dead(cleo: Cleo, task_id: str) -> bool:
    return (await cleo.queues.get_task("emails", task_id)).state is TaskState.DEAD


async def test_what_a_trusted_key_signed_runs(cleo: Cleo, shop: Cleo, server: Server, namespace: str) -> None:
    async with _worker(server, namespace, [TrustedKey("shop", SECRET, tasks=["send_*"])]) as ran:
        handle = await shop.queues.add("emails", "send_mail", {"to": 1}, group="acme", max_retries=1)
        assert await handle.result(timeout=30) == 1
    assert ran == [1]


@pytest.mark.parametrize(
    ("key", "name", "says"),
    [
        (None, "send_mail", "no signature"),
        (SigningKey("shop", OTHER), "send_mail", "is wrong"),
        (SigningKey("stranger", SECRET), "send_mail", "doesn't trust"),
        (SHOP, "drop_table", "may not submit the task 'drop_table'"),
    ],
)
async def test_what_may_not_run_is_a_dead_letter_whole_and_the_worker_goes_on(
    cleo: Cleo, shop: Cleo, server: Server, namespace: str, key: SigningKey | None, name: str, says: str
) -> None:
    async with _worker(server, namespace, [TrustedKey("shop", SECRET, tasks=["send_*"])]) as ran:
        async with Cleo(server.url, namespace=namespace, signing=key) as producer:
            bad = await producer.queues.add("emails", name, {"to": 13})
        assert says in await _reason(cleo, bad.id)
        record = await cleo.queues.get_task("emails", bad.id)
        assert record.arguments == {"to": 13}
        assert record.attempts[-1].error_type == "Refused"
        good = await shop.queues.add("emails", "send_mail", {"to": 2})
        assert await good.result(timeout=30) == 2
    assert ran == [2]


@pytest.mark.parametrize(
    ("field", "value"), [("args", '{"to":666}'), ("name", "send_mail2"), ("head", None), ("group", "other")]
)
async def test_what_was_changed_after_it_was_signed_is_refused(
    cleo: Cleo, shop: Cleo, server: Server, namespace: str, field: str, value: str | None
) -> None:
    handle = await shop.queues.add("emails", "send_mail", {"to": 1})
    key = keys_of(cleo, "emails").task(handle.id)
    if field == "group":
        await cleo.queues.cancel("emails", [handle.id])
        head = (await ask(cleo, "HGET", key, "head")).decode()
        trust = Trust([TrustedKey("shop", SECRET)], required=True)
        parts = (handle.id.encode(), b"send_mail", "emails")
        assert trust.refusal(*parts, b"", b'{"to":1}', head.encode()) == ""
        assert "is wrong" in trust.refusal(*parts, b"other", b'{"to":1}', head.encode())
        assert "is wrong" in trust.refusal(parts[0], parts[1], "reports", b"", b'{"to":1}', head.encode())
        assert "is wrong" in trust.refusal(b"another id", parts[1], "emails", b"", b'{"to":1}', head.encode())
        return
    if value is None:
        value = (await ask(cleo, "HGET", key, "head")).decode().replace('"v":1', '"v":1,"max_retries":9')
    await ask(cleo, "HSET", key, field, value)
    async with _worker(server, namespace, [TrustedKey("shop", SECRET)]) as ran:
        assert "is wrong" in await _reason(cleo, handle.id)
    assert ran == []


async def test_a_dead_letter_that_is_retried_keeps_its_signature(
    cleo: Cleo, shop: Cleo, server: Server, namespace: str
) -> None:
    handle = await shop.queues.add("emails", "send_mail", {"to": 3})
    async with _worker(server, namespace, [TrustedKey("other", SECRET)]):
        assert "doesn't trust" in await _reason(cleo, handle.id)
    assert (await cleo.dead_letters.retry("emails", [handle.id])).done == 1
    async with _worker(server, namespace, [TrustedKey("shop", SECRET)]) as ran:
        assert await handle.result(timeout=30) == 3
    assert ran == [3]


async def test_without_requiring_them_the_unsigned_run_and_the_badly_signed_do_not(
    cleo: Cleo, server: Server, namespace: str
) -> None:
    async with _worker(server, namespace, [TrustedKey("shop", SECRET)], require=False) as ran:
        assert await (await cleo.queues.add("emails", "send_mail", {"to": 4})).result(timeout=30) == 4
        async with Cleo(server.url, namespace=namespace, signing=SigningKey("shop", OTHER)) as forger:
            bad = await forger.queues.add("emails", "send_mail", {"to": 5})
        assert "is wrong" in await _reason(cleo, bad.id)
    assert ran == [4]


async def test_many_are_signed_each_by_itself(cleo: Cleo, server: Server, namespace: str) -> None:
    async with Cleo(server.url, namespace=namespace, signing=SHOP) as producer:

        @producer.task(queue="emails", name="send_mail")
        async def send(to: int) -> int:
            return to

        async with _worker(server, namespace, [TrustedKey("shop", SECRET)]) as ran:
            handles = await send.enqueue_many([(number,) for number in range(50)])
            for handle in handles:
                await handle.result(timeout=30)
    assert sorted(ran) == list(range(50))


def test_secrets_are_in_no_text_and_bad_keys_are_refused() -> None:
    assert "0123" not in repr(SHOP)
    assert "0123" not in repr(TrustedKey("shop", SECRET))
    with pytest.raises(InvalidOption):
        SigningKey("shop", b"short")
    with pytest.raises(InvalidOption):
        SigningKey("a:b", SECRET)
    with pytest.raises(InvalidOption):
        TrustedKey("shop", SECRET, tasks=[])
    with pytest.raises(InvalidOption):
        Trust([TrustedKey("shop", SECRET), TrustedKey("shop", OTHER)], required=True)
    with pytest.raises(InvalidOption):
        Trust([], required=True)


def test_a_signature_stands_beside_other_headers() -> None:
    from cleo_core.headers import split_head, with_headers

    head = with_headers(b'{"v":1}', {"traceparent": "00-ab"})
    signed = SHOP.sign("id", "n", "q", "", b"{}", head)
    assert split_signature(signed)[0] == head
    assert split_head(signed)[1]["traceparent"] == "00-ab"
    assert SHOP.sign("id", "n", "q", "", b"{}", signed) == signed
