"""Profiles: where the console looks, how it goes from one server to another, and what production asks for."""

from __future__ import annotations

import asyncio
import re
from collections.abc import AsyncGenerator, Iterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from cleo_core import Cleo, RedisSettings
from cleo_tui.app import CleoApp
from cleo_tui.profiles import Profile, load
from cleo_tui.settings import ConsoleSettings
from tests.console.driving import Console
from tests.raw import ask_at
from tests.servers import Server, free_port
from tests.waiting import until


@pytest.fixture
def other(tmp_path: Path) -> Iterator[Server]:
    running = Server(tmp_path / "other", "--requirepass", "hunter2")
    running.start()
    yield running
    running.stop()


@pytest.fixture
def profiles(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, own_server: Server, other: Server, namespace: str
) -> Path:
    path = tmp_path / "profiles.toml"
    path.write_text(
        f"""
[keys]
refresh = "f5"

[profiles.one]
url = "{own_server.url}"
namespace = "{namespace}"
refresh = 0.3

[profiles.two]
url = "{other.url}"
namespace = "{namespace}"
password_env = "SECOND_PASSWORD"
production = true
refresh = 0.3

[profiles.asks]
url = "{other.url}"
namespace = "{namespace}"
ask_password = true
"""
    )
    monkeypatch.setenv("CLEO_TUI_PROFILES", str(path))
    monkeypatch.setenv("SECOND_PASSWORD", "hunter2")
    return path


@asynccontextmanager
async def console_on(profile: Profile, size: tuple[int, int] = (120, 36)) -> AsyncGenerator[Console]:
    app = CleoApp(profile=profile)
    async with app.run_test(size=size, notifications=True) as pilot:
        yield Console(app, pilot)


@asynccontextmanager
async def cleo_on(server: Server, namespace: str, password: str | None = None) -> AsyncGenerator[Cleo]:
    async with Cleo(redis=RedisSettings(url=server.url, password=password), namespace=namespace) as made:
        yield made


async def test_it_goes_from_one_server_to_another_and_leaves_nothing_behind(
    profiles: Path, own_server: Server, own_cleo: Cleo, other: Server, namespace: str
) -> None:
    await own_cleo.queues.add("emails", "send", {}, task_id="mail-1")
    async with cleo_on(other, namespace, "hunter2") as cleo, console_on(load().get("one")) as shop:
        await cleo.queues.add("invoices", "print", {}, task_id="invoice-1")
        await shop.see("emails", "connected")
        await shop.command("tasks waiting @emails")
        await shop.see("mail-1")
        await shop.command("ctx two")
        screen = await shop.see("invoices", "PRODUCTION", "two", "Now looking at two.")
        assert "emails" not in screen
        await shop.press("3")
        await shop.see("invoice-1", "Tasks / invoices")
        assert "mail-1" not in shop.text()
        await own_cleo.close()
        clients = str(await ask_at(own_server.url, "CLIENT", "LIST"))
        assert clients.count(" addr=") == 1, clients
        await shop.command("ctx one")
        await shop.see("emails", "Now looking at one.")
        assert "PRODUCTION" not in shop.text()


async def test_a_server_that_can_not_be_switched_to_leaves_all_as_it_is(
    profiles: Path, own_cleo: Cleo, monkeypatch: pytest.MonkeyPatch
) -> None:
    await own_cleo.queues.add("emails", "send", {})
    monkeypatch.delenv("SECOND_PASSWORD")
    async with console_on(load().get("one")) as shop:
        await shop.see("emails", "connected")
        await shop.command("ctx nowhere")
        await shop.see("There is no profile 'nowhere'.")
        await shop.command("ctx two")
        await shop.see("SECOND_PASSWORD", "emails")
        await asyncio.to_thread(profiles.write_text, "[profiles")
        await shop.command("ctx one")
        await shop.see("is not valid TOML", "emails")


async def test_the_names_of_profiles_are_completed(profiles: Path) -> None:
    async with console_on(load().get("one")) as shop:
        await shop.see("No queues in the namespace")
        await shop.press("colon")
        await shop.type("ctx t")
        await shop.press("tab", "enter")
        await shop.see("Now looking at two.")


async def test_a_profile_is_chosen_from_the_list(profiles: Path, other: Server) -> None:
    async with console_on(load().get("one")) as shop:
        await shop.see("No queues in the namespace")
        await shop.command("ctx")
        await shop.see("3 profiles", "production", f"127.0.0.1:{other.port}")
        await shop.press("slash")
        await shop.type("two")
        await shop.see_no_more(" asks ")
        await shop.press("enter", "enter")
        await shop.see("Now looking at two.")


async def test_a_password_is_typed_and_never_shown(profiles: Path, namespace: str) -> None:
    async with console_on(load().get("asks")) as shop:
        await shop.see("Password for asks")
        await shop.type("hunter2")
        screen = await shop.see("••••••")
        assert "hunter2" not in screen
        await shop.press("enter")
        await shop.see("No queues in the namespace")


async def test_a_password_that_is_not_typed_switches_nothing(profiles: Path, own_cleo: Cleo) -> None:
    await own_cleo.queues.add("emails", "send", {})
    async with console_on(load().get("one")) as shop:
        await shop.see("emails", "connected")
        await shop.command("ctx asks")
        await shop.see("Password for asks")
        await shop.press("escape")
        await shop.see("emails", "connected")
        assert shop.app.settings.profile == "one"


async def test_what_was_started_to_look_only_changes_nothing_elsewhere(profiles: Path) -> None:
    from dataclasses import replace

    one = load().get("one")
    sworn = replace(one, settings=replace(one.settings, read_only=True, only_looks=True))
    async with console_on(sworn) as shop:
        await shop.see("No queues in the namespace")
        await shop.command("ctx two")
        await shop.see("Now looking at two.", "read-only")
        assert "--read-only" in shop.app.read_only_reason


async def test_the_keys_of_the_profile_are_the_keys(profiles: Path) -> None:
    async with console_on(load().get("one"), size=(120, 60)) as shop:
        await shop.see("No queues in the namespace")
        await shop.press("question_mark")
        await shop.see("f5", "Read everything anew")
        await shop.press("escape")
        rounds = shop.app.live.rounds
        shop.app.live.refresh = 3_600
        await until(lambda: shop.app.live.rounds > rounds)
        rounds = shop.app.live.rounds
        await shop.press("f5")
        await until(lambda: shop.app.live.rounds > rounds)


# --- production ------------------------------------------------------------------------------------


async def test_in_production_the_name_has_to_be_typed(profiles: Path, other: Server, namespace: str) -> None:
    async with cleo_on(other, namespace, "hunter2") as cleo, console_on(load().get("two")) as shop:
        await cleo.queues.add("emails", "send", {}, task_id="mail-1")
        await shop.see("connected", "emails")
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        await shop.press("2")
        await shop.see("Queues  1 queue")
        await shop.press("P")
        await shop.see("Pause emails?", "This is production. Type emails to go on.")
        await shop.press("y", "enter")
        await shop.type("emails")
        assert not (await cleo.queues.stats("emails")).paused
        await shop.press("ctrl+u")
        await shop.type("emails")
        await shop.press("enter", "enter")
        await shop.see("paused")
        assert (await cleo.queues.stats("emails")).paused


async def test_in_production_one_task_wants_the_name_of_its_queue_and_two_their_count(
    profiles: Path, other: Server, namespace: str
) -> None:
    async with cleo_on(other, namespace, "hunter2") as cleo, console_on(load().get("two")) as shop:
        for number in range(2):
            await cleo.queues.add("emails", "send", {}, task_id=f"mail-{number}")
        await shop.see("connected", "emails")
        await until(lambda: shop.app.snapshot and shop.app.snapshot.server)
        await shop.command("tasks waiting @emails")
        await shop.see("mail-0")
        await shop.press("K")
        await shop.see("Type emails to go on.")
        await shop.press("escape", "A", "K")
        await shop.see("Cancel 2 tasks of emails?", "Type 2 to go on.")
        await shop.type("2")
        await shop.press("enter", "enter")
        await shop.see("2 tasks of emails cancelled.")


# --- a first start ---------------------------------------------------------------------------------


async def test_without_a_server_it_says_how_to_connect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, namespace: str, own_server: Server
) -> None:
    monkeypatch.setenv("CLEO_TUI_PROFILES", str(tmp_path / "none.toml"))
    own_server.stop()
    guess = Profile("", own_server.url, namespace, settings=ConsoleSettings(refresh=0.3), by_hand=False)
    async with console_on(guess, size=(80, 24)) as shop:
        screen = await shop.see("No server answers at", "cleo-tui redis://HOST:6379/0", "No profiles yet", "demo")
        # A path that is too long for a line goes on in the next.
        assert str(tmp_path / "none.toml") in re.sub(r"[│\s]", "", screen)
        own_server.start()
        await shop.see("No queues in the namespace")


async def test_one_key_leads_to_the_demo(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_TUI_PROFILES", str(tmp_path / "none.toml"))
    guess = Profile("", f"redis://127.0.0.1:{free_port()}/0", by_hand=False)
    async with console_on(guess) as shop:
        await shop.see("No server answers at")
        await shop.press("d")
        assert shop.app.wants_demo


async def test_the_way_back_to_the_servers_is_shown_without_a_server_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CLEO_TUI_PROFILES", str(tmp_path / "none.toml"))
    guess = Profile("", f"redis://127.0.0.1:{free_port()}/0", by_hand=False)
    async with console_on(guess) as shop:
        await shop.see("No server answers at")
        await shop.press("1")
        await shop.see("does not answer")
        await shop.press("0")
        await shop.see("Servers", "the profiles, and which server is looked at")
        await shop.press("G", "k", "enter")
        await shop.see("No server answers at", "d demo")
        await shop.press("question_mark")
        assert "Read-only" not in await shop.see("It is not known yet whether this Redis user may write.")


async def test_an_address_that_was_given_is_not_taken_for_a_first_start() -> None:
    async with console_on(Profile("", f"redis://127.0.0.1:{free_port()}/0")) as shop:
        await shop.see("does not answer")
        assert shop.app.current_mode == "overview"
        await shop.press("exclamation_mark")
        screen = await shop.see("Nothing is known yet", "esc closes")
        assert "Nothing wants looking at" not in screen
