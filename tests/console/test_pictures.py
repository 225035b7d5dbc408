"""How every screen looks, in each of its states, at the sizes that people have."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any, Protocol, cast

import pytest
from textual.pilot import Pilot

from cleo_core.models import TaskState
from cleo_tui.app import CleoApp
from cleo_tui.data.link import LinkState
from cleo_tui.settings import ConsoleSettings
from cleo_tui.widgets.statecard import Absence, StateCard
from tests.console.canned import CannedCleo, clock
from tests.waiting import until

SIZES = {"80x24": (80, 24), "120x36": (120, 36), "200x50": (200, 50)}
SCREENS = {
    "overview": [],
    "queues": ["2"],
    "tasks": ["3", "right_square_bracket"],
    "dead letters": ["6", "right_square_bracket"],
    "letters": ["6", "right_square_bracket", "enter"],
    "stuck": ["7"],
    "retries": ["6", "right_square_bracket", "t"],
    "task": ["3", "right_square_bracket", "l", "l", "enter"],
    "live": ["8"],
    "workers": ["5"],
    "more": ["0"],
    "schedules": ["0", "enter", "left_square_bracket", "left_square_bracket", "left_square_bracket"],
    "audit": ["0", "j", "j", "enter"],
    "doctor": ["0", "j", "j", "j", "enter"],
    "worker": ["5", "G", "enter"],
    "worker history": ["5", "G", "enter", "l"],
    "groups": ["4", "right_square_bracket"],
    "history": ["9"],
    "locks": ["colon", "l", "o", "c", "k", "s", "enter", "right_square_bracket"],
    "group tasks": ["4", "right_square_bracket", "enter"],
    "waiting task": ["3", "right_square_bracket", "enter"],
    "strategy": ["4", "right_square_bracket", "s", "down", "l"],
    "order": ["4", "right_square_bracket", "O", "j", "j"],
}
Check = Callable[["CleoApp"], bool]


class SnapCompare(Protocol):
    def __call__(
        self, app: CleoApp, *, terminal_size: tuple[int, int], run_before: Callable[[Pilot[Any]], Awaitable[None]]
    ) -> bool: ...


@pytest.fixture(autouse=True)
def _the_same_each_time(utc: None, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Times of day are the same everywhere, and nothing flashes."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


def app_on(cleo: CannedCleo, *, theme: str = "dark", read_only: bool = False, refresh: float = 3600) -> CleoApp:
    settings = ConsoleSettings(theme=theme, read_only=read_only, refresh=refresh)
    return CleoApp(lambda: cleo, settings=settings, clock=clock)


def after(*keys: str, when: Check | None = None) -> Callable[[Pilot[Any]], Awaitable[None]]:
    """Wait until everything that the server was asked is there, press the keys, and wait again."""

    async def run(pilot: Pilot[Any]) -> None:
        app = cast("CleoApp", pilot.app)
        await until(lambda: app.tabs and (when or _is_read)(app))
        for key in keys:
            await pilot.press(key)
            await pilot.pause()
            await until(lambda: (when or _is_read)(app))
        await until(lambda: app.next_frame is None)
        await pilot.pause()
        # A console that has failed still shows what was on screen before.
        assert app.crash is None, app.crash

    return run


def _is_read(app: CleoApp) -> bool:
    snapshot = app.snapshot
    if snapshot is None or snapshot.server is None or not app.live.rounds:
        return False
    if any(not queue.minutes for queue in snapshot.queues) and app.current_mode in {"overview", "queues"}:
        app.live.nudge()
        return False
    if any("asking the server" in str(view.render()).lower() for view in app.screen.query("ComingView, #preview")):
        return False
    return all(not text.startswith(Absence.CONNECTING.glyph) for text in _cards(app))


def _cards(app: CleoApp) -> list[str]:
    return [str(card.render()).lstrip() for card in app.screen.query(StateCard) if card.is_on_screen]


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize("name", SCREENS)
def test_a_screen_with_data(snap_compare: SnapCompare, name: str, size: str) -> None:
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES[size], run_before=after(*SCREENS[name]))


@pytest.mark.parametrize(("size", "pages"), [("80x24", 4), ("120x36", 2), ("200x50", 0)])
def test_the_load_of_a_worker(snap_compare: SnapCompare, size: str, pages: int) -> None:
    run = after("5", "G", "v", *["l"] * pages)
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES[size], run_before=run)


@pytest.mark.parametrize(
    "name", ["overview", "queues", "tasks", "dead letters", "live", "groups", "locks", "workers", "stuck", "history"]
)
def test_a_screen_with_nothing_to_show(snap_compare: SnapCompare, name: str) -> None:
    app = app_on(CannedCleo(queues=[]))
    assert snap_compare(app, terminal_size=SIZES["80x24"], run_before=after(*SCREENS[name]))


@pytest.mark.parametrize("name", ["overview", "tasks"])
def test_a_screen_before_the_server_has_answered(snap_compare: SnapCompare, name: str) -> None:
    run = after(*SCREENS[name][:1], when=lambda app: app.snapshot is not None)
    cleo = CannedCleo()
    cleo.answers.silent = True
    assert snap_compare(app_on(cleo), terminal_size=SIZES["80x24"], run_before=run)


@pytest.mark.parametrize("name", ["overview", "queues", "tasks", "groups"])
def test_a_screen_whose_server_was_lost(snap_compare: SnapCompare, name: str) -> None:
    cleo = CannedCleo()

    async def run(pilot: Pilot[Any]) -> None:
        await after(*SCREENS[name])(pilot)
        app = cast("CleoApp", pilot.app)
        cleo.answers.lose()
        app.live.nudge()
        await until(lambda: app.snapshot and app.snapshot.link.state is LinkState.DISCONNECTED)
        await pilot.pause()

    assert snap_compare(app_on(cleo), terminal_size=SIZES["120x36"], run_before=run)


@pytest.mark.parametrize(
    ("name", "theme"),
    [("overview", "light"), ("overview", "16"), ("dead letters", "light"), ("dead letters", "contrast")],
)
def test_a_theme(snap_compare: SnapCompare, name: str, theme: str) -> None:
    app = app_on(CannedCleo(), theme=theme)
    assert snap_compare(app, terminal_size=SIZES["120x36"], run_before=after(*SCREENS[name]))


def test_a_terminal_without_colours(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(CannedCleo())
    assert snap_compare(app, terminal_size=SIZES["120x36"], run_before=after())


def test_the_help_of_a_screen(snap_compare: SnapCompare) -> None:
    run = after("6", "question_mark")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["120x36"], run_before=run)


def test_the_help_when_nothing_may_be_changed(snap_compare: SnapCompare) -> None:
    run = after("6", "question_mark")
    assert snap_compare(app_on(CannedCleo(), read_only=True), terminal_size=SIZES["80x24"], run_before=run)


def test_the_question_before_one_task_is_cancelled(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["tasks"], "K")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_the_question_before_many_tasks_are_cancelled(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["tasks"], "A", "K")
    assert snap_compare(app_on(CannedCleo(total=1_200)), terminal_size=SIZES["80x24"], run_before=run)


def test_the_question_before_a_lock_is_released(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["groups"], "j", "j", "F")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_the_trash(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["dead letters"], "u")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_how_carefully_dead_letters_are_retried(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["dead letters"], "T")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_the_question_before_all_of_two_kinds_are_retried(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["dead letters"], "space", "space", "R")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_the_question_before_stuck_tasks_are_recovered(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["stuck"], "A", "R")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_a_limit_that_can_not_be(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["groups"], "T", "l", "o", "t", "s", "enter")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_the_question_before_the_strategy_is_changed(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["strategy"], "enter")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_the_errors_of_a_range(snap_compare: SnapCompare) -> None:
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=after("9", "h", "h", "h"))


def test_charts_without_colours(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_COLOR", "1")
    app = app_on(CannedCleo())
    assert snap_compare(app, terminal_size=SIZES["120x36"], run_before=after("9", "l", "right_curly_bracket"))


def test_a_queue_without_groups(snap_compare: SnapCompare) -> None:
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=after("4"))


def test_groups_when_nothing_may_be_changed(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["groups"])
    assert snap_compare(app_on(CannedCleo(), read_only=True), terminal_size=SIZES["80x24"], run_before=run)


def test_a_filter_that_leaves_nothing(snap_compare: SnapCompare) -> None:
    run = after(*SCREENS["tasks"], "slash", "z", "z", "z", "enter")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_a_command_that_is_being_typed(snap_compare: SnapCompare) -> None:
    run = after("colon", "q", "u", "e", "u", "e", "space", "e")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=run)


def test_states_are_words_and_glyphs() -> None:
    from cleo_tui.data.health import Health
    from cleo_tui.widgets.looks import HEALTHS, STATES

    assert len({look.glyph for look in STATES.values()}) == len(TaskState)
    assert len({look.glyph for look in HEALTHS.values()}) == len(Health)
