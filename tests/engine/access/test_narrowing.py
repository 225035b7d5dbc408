"""Users that are narrowed to queues and to a namespace, and what they can do with commands of their own."""

from __future__ import annotations

import asyncio

import pytest

from cleo_core import Cleo, Event, TaskState
from cleo_core.access import acl_lines
from cleo_core.errors import InvalidName, InvalidOption, PermissionDenied, ServerError
from cleo_core.models import Role
from tests.engine.access.conftest import AsRole
from tests.engine.access.users import ROLES, Grant, Seeded, dump, seed
from tests.raw import ask, keys_of
from tests.servers import Server

pytestmark = pytest.mark.usefixtures("seeded")


async def test_an_operator_of_one_queue_changes_that_and_no_other(cleo: Cleo, as_role: AsRole) -> None:
    await seed(cleo, "reports")
    operator = await as_role("operator", ["emails"])
    assert await operator.queues.pause("emails")
    before = await dump(cleo)
    with pytest.raises(PermissionDenied):
        await operator.queues.pause("reports")
    with pytest.raises(PermissionDenied):
        await operator.dead_letters.retry("reports", ["dead-1"])
    assert await dump(cleo) == before


async def test_a_viewer_of_one_queue_is_shown_that_and_no_other(cleo: Cleo, as_role: AsRole) -> None:
    await seed(cleo, "reports")
    viewer = await as_role("viewer", ["emails"])
    assert await viewer.queues.names() == ["emails"]
    assert (await viewer.queues.stats("emails")).dead == 1
    with pytest.raises(PermissionDenied):
        await viewer.queues.tasks("reports", TaskState.DEAD)


async def test_a_viewer_of_one_queue_hears_its_events(cleo: Cleo, as_role: AsRole) -> None:
    viewer = await as_role("viewer", ["emails"])
    await seed(cleo, "reports")
    heard: list[str] = []
    listening = asyncio.Event()

    async def listen() -> None:
        async for batch in viewer.events.batches(reconnect=False):
            listening.set()
            heard.extend(event.task_id for event in batch if isinstance(event, Event))
            if heard:
                return

    task = asyncio.create_task(listen())
    async with asyncio.timeout(10):
        await listening.wait()
        await cleo.queues.add("reports", "send", task_id="not-heard")
        await cleo.queues.add("emails", "send", task_id="heard")
        await task
    assert heard == ["heard"]


async def test_names_with_signs_of_patterns_stand_for_themselves(cleo: Cleo, as_role: AsRole) -> None:
    for queue in ("mail[s]*", "mails1", "it's \"q\\"):
        await cleo.queues.add(queue, "send")
    viewer = await as_role("viewer", ["mail[s]*"])
    assert await viewer.queues.names() == ["mail[s]*"]
    with pytest.raises(PermissionDenied):
        await viewer.queues.stats("mails1")


@pytest.mark.parametrize("role", ROLES)
async def test_a_user_of_another_namespace_gets_at_nothing(cleo: Cleo, as_role: AsRole, role: str) -> None:
    stranger = await as_role(role, namespace=f"{cleo.namespace}-other")
    before = await dump(cleo)
    for call in (
        stranger.queues.stats("emails"),
        stranger.queues.add("emails", "send"),
        stranger.queues.pause("emails"),
        stranger.locks.list("emails"),
    ):
        with pytest.raises(PermissionDenied):
            await call
    assert await dump(cleo) == before


@pytest.mark.parametrize("role", ["viewer", "producer", "worker"])
async def test_who_is_no_operator_writes_no_audit(cleo: Cleo, as_role: AsRole, role: str) -> None:
    user = await as_role(role)
    keys = keys_of(cleo, "emails")
    before = await dump(cleo)
    for stream in (keys.audit, cleo.backend.keys.audit):
        for command in (
            ("XADD", stream, "*", "action", "forged"),
            ("XTRIM", stream, "MAXLEN", "0"),
            ("DEL", stream),
            ("EXPIRE", stream, "1"),
            ("EVAL", f"return redis.call('XADD', '{stream}', '*', 'action', 'forged')", "1", keys.queue),
            ("EVAL", f"return redis.call('UNLINK', '{stream}')", "1", keys.queue),
        ):
            with pytest.raises(ServerError):
                await ask(user, *command)
    assert await dump(cleo) == before


@pytest.mark.parametrize("role", ["viewer", "producer", "operator"])
async def test_who_is_no_worker_takes_nothing_out_of_the_registries(cleo: Cleo, as_role: AsRole, role: str) -> None:
    user = await as_role(role, ["emails"])
    own, there = keys_of(cleo, "emails").queue, cleo.backend.keys
    entries = {
        there.worker("w"): ("SET", "{}"), there.order("w"): ("SET", "paused"), there.workers: ("ZADD", "1", "w"),
        there.signature_sets: ("ZADD", "1", "abc"), there.signatures("abc"): ("HSET", "send", "{}"),
        there.minute_load("w", 1): ("HSET", "1", "[]"),
    }  # fmt: skip
    for key, (command, *values) in entries.items():
        await ask(cleo, command, key, *values)
        await ask(cleo, "EXPIRE", key, "60")
    before = await dump(cleo)
    for key in (there.queues, *entries):
        for command, *values in (("EXPIREAT", "1"), ("EXPIRE", "0"), ("DEL",), ("UNLINK",), ("ZREM", "w")):
            words = "".join(f", '{value}'" for value in values)
            for attempt in (
                (command, key, *values),
                ("EVAL", f"return redis.call('{command}', KEYS[1]{words})", "1", key),
                ("EVAL", f"return redis.call('{command}', '{key}'{words})", "1", own),
            ):
                with pytest.raises(PermissionDenied):
                    await ask(user, *attempt)
    assert await dump(cleo) == before


@pytest.mark.parametrize("role", ["viewer", "producer", "worker", "operator"])
async def test_a_script_of_ones_own_can_do_no_more_than_the_roles_own(
    cleo: Cleo, seeded: Seeded, as_role: AsRole, role: str
) -> None:
    user = await as_role(role)
    keys = keys_of(cleo, "emails")
    history = f"{keys.history}"
    forbidden = {
        "viewer": [("HSET", keys.queue, "paused", "1"), ("DEL", keys.task(seeded.waiting))],
        "producer": [("DEL", keys.task(seeded.waiting)), ("HDEL", f"{keys.prefix}active", seeded.active)],
        "worker": [("DEL", history), ("ZPOPMIN", f"{keys.prefix}dead"), ("SET", keys.queue, "x")],
        "operator": [
            ("DEL", history),
            ("LSET", history, "0", "forged"),
            ("DEL", keys.audit),
            ("XTRIM", keys.audit, "MAXLEN", "0"),
        ],
    }[role]
    always = [("FLUSHALL",), ("FLUSHDB",), ("CONFIG", "GET", "*"), ("KEYS", "*"), ("SCAN", "0"), ("ACL", "LIST")]
    before = await dump(cleo)
    for command in forbidden + always:
        words = ", ".join(f"'{word}'" for word in command)
        for attempt in (command, ("EVAL", f"return redis.call({words})", "1", keys.queue)):
            with pytest.raises(ServerError):
                await ask(user, *attempt)
    assert await dump(cleo) == before


async def test_a_denial_names_the_user_the_role_and_the_command(as_role: AsRole) -> None:
    viewer = await as_role("viewer")
    with pytest.raises(PermissionDenied, match=r"viewer-.* takes the role operator .*`cleo acl operator") as refused:
        await viewer.queues.pause("emails")
    assert refused.value.user.startswith("viewer-")
    assert refused.value.roles == ("operator",)


# --- who am I ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("role", "held"),
    [
        ("viewer", {Role.VIEWER}),
        ("operator", {Role.VIEWER, Role.OPERATOR}),
        ("producer", {Role.PRODUCER}),
        ("worker", {Role.WORKER, Role.PRODUCER}),
        ("admin", set(Role)),
    ],
)
async def test_each_learns_who_it_is(as_role: AsRole, role: str, held: set[Role]) -> None:
    identity = await (await as_role(role)).access.whoami()
    assert identity.user.startswith(role)
    assert set(identity.roles) == held
    assert not identity.unrestricted


async def test_the_default_user_is_unrestricted(cleo: Cleo) -> None:
    identity = await cleo.access.whoami()
    assert identity.unrestricted
    assert set(identity.roles) == set(Role)


async def test_an_operator_of_one_queue_learns_in_which(cleo: Cleo, as_role: AsRole) -> None:
    await seed(cleo, "reports")
    operator = await as_role("operator", ["reports"])
    identity = await operator.access.whoami()
    assert identity.roles == []
    assert set(identity.by_queue) == {"reports"}
    assert identity.may(Role.OPERATOR, "reports")
    assert not identity.may(Role.OPERATOR, "emails")
    assert (await operator.server_info()).writable


async def test_who_looks_at_all_and_operates_one_queue_learns_both(cleo: Cleo, as_role: AsRole, server: Server) -> None:
    await seed(cleo, "reports")
    user = await as_role("operator", ["reports"])
    name = (await user.access.whoami()).user
    await Grant("viewer", name, cleo.namespace).give_too(server.url)
    identity = await user.access.whoami()
    assert identity.roles == [Role.VIEWER]
    assert identity.may(Role.OPERATOR, "reports")
    assert not identity.may(Role.OPERATOR, "emails")
    info = await user.server_info()
    assert (info.may_change("reports"), info.may_change("emails"), info.may_change(None)) == (True, False, True)
    assert identity.queues_for(Role.VIEWER) is None


async def test_permissions_are_asked_for_once_in_a_while(cleo: Cleo, as_role: AsRole, server: Server) -> None:
    user = await as_role("viewer")
    first = await user.access.permissions()
    await Grant("operator", first.user, cleo.namespace).give_too(server.url)
    assert await user.access.permissions() is first
    assert (await user.access.whoami()).may(Role.OPERATOR)
    assert (await user.access.permissions()).may(Role.OPERATOR)


async def test_the_console_of_a_viewer_can_not_write(as_role: AsRole) -> None:
    assert not (await (await as_role("viewer")).server_info()).writable
    assert not (await (await as_role("viewer", ["emails"])).server_info()).writable
    assert (await (await as_role("operator")).server_info()).writable


# --- the lines ---------------------------------------------------------------------------------------


def test_no_password_is_in_the_lines() -> None:
    lines = acl_lines("worker", user="w", password="hunter2", namespace="cleo")
    assert "hunter2" not in "\n".join(lines)
    assert lines == acl_lines("worker", user="w", password=lines[0].split()[-1], namespace="cleo")


def test_a_user_is_off_until_its_list_is_whole() -> None:
    lines = acl_lines("worker", user="w", password="p", namespace="cleo")
    assert lines[0].split()[:5] == ["ACL", "SETUSER", "w", "reset", "resetchannels"]
    assert lines[-1] == "ACL SETUSER w on"
    assert not any(" on" in line for line in lines[:-1])


@pytest.mark.parametrize(
    "wrong",
    [
        {"role": "king"},
        {"password": ""},
        {"queues": []},
    ],
)
def test_a_wrong_option_is_refused(wrong: dict[str, str]) -> None:
    right = {"role": "viewer", "user": "u", "password": "p", "namespace": "cleo"}
    with pytest.raises(InvalidOption):
        acl_lines(**{**right, **wrong})  # pyright: ignore[reportArgumentType]


@pytest.mark.parametrize("wrong", [{"user": ""}, {"user": "a b"}, {"queues": ["a b"]}, {"namespace": "{x}"}])
def test_a_name_that_can_not_be_in_a_list_is_refused(wrong: dict[str, str]) -> None:
    right = {"role": "viewer", "user": "u", "password": "p", "namespace": "cleo"}
    with pytest.raises(InvalidName):
        acl_lines(**{**right, **wrong})  # pyright: ignore[reportArgumentType]
