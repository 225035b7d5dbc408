"""What has changed lights up once, where the terminal is one for that."""

from __future__ import annotations

import pytest

from cleo_tui.settings import FRAMES_ON_SLOW_LINK, ConsoleSettings
from cleo_tui.widgets.flashing import FLASH, STILL, Flashes
from tests.console.canned import CannedCleo, clock
from tests.console.driving import Console, console
from tests.waiting import until

NOTHING_READ_BY_ITSELF = ConsoleSettings(refresh=3_600)


class Rows:
    """Rows that are drawn at moments of a clock that is told."""

    def __init__(self) -> None:
        self.now = 100.0
        self.flashes = Flashes(lambda: self.now)

    def draw(self, *texts: str, after: float = 0.0, row: str = "emails") -> list[int]:
        self.now += after
        self.flashes.begin(wanted=True)
        return list(self.flashes.lit(row, texts))


def test_what_is_new_on_screen_does_not_flash() -> None:
    rows = Rows()
    assert rows.draw("1", "2") == []
    assert rows.draw("7", "8", row="images") == []


def test_what_changed_flashes_and_then_is_plain() -> None:
    rows = Rows()
    rows.draw("1", "2")
    assert rows.draw("1", "3", after=0.1) == [1]
    assert rows.flashes.over_in == FLASH
    assert rows.draw("1", "3", after=FLASH / 2) == [1]
    assert rows.draw("1", "3", after=FLASH / 2) == []
    assert rows.flashes.over_in is None


def test_what_changes_all_the_time_flashes_once() -> None:
    rows = Rows()
    rows.draw("1")
    lit = [rows.draw(str(number), after=0.4) for number in range(2, 40)]
    assert lit[0] == [0]
    assert not any(lit[4:])
    rows.draw("39", after=STILL)
    assert rows.draw("40", after=0.1) == [0]


def test_a_row_that_was_away_does_not_flash() -> None:
    rows = Rows()
    rows.draw("1")
    rows.draw("7", row="images")
    assert rows.draw("2", after=0.1) == []


def _looks(shop: Console, text: str) -> set[tuple[str, bool]]:
    """The colour of a text on the screen, and whether it is bold."""
    strips = shop.app.screen._compositor.render_strips()  # pyright: ignore[reportPrivateUsage]
    styles = [segment.style for strip in strips for segment in strip if segment.text.strip() == text and segment.style]
    return {(style.color.name if style.color else "", bool(style.bold)) for style in styles}


def _change(cleo: CannedCleo, shop: Console) -> None:
    queues = cleo.answers.all_queues
    queues[0] = queues[0].model_copy(update={"waiting": 1_207})
    shop.app.live.nudge()


@pytest.fixture
def moving(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_COLOR", raising=False)
    monkeypatch.delenv("TEXTUAL_ANIMATIONS", raising=False)


@pytest.mark.usefixtures("moving")
async def test_a_count_that_changed_is_in_the_accent_for_a_moment_and_then_no_timer_runs() -> None:
    cleo = CannedCleo()
    async with console(lambda: cleo, settings=NOTHING_READ_BY_ITSELF, clock=clock) as shop:
        await shop.press("2")
        await shop.see("1,204")
        accent = shop.app.theme_variables["accent"].lower()
        assert (accent, True) not in _looks(shop, "1,204")
        _change(cleo, shop)
        await until(lambda: (accent, True) in _looks(shop, "1,207"))
        await until(lambda: _looks(shop, "1,207") and (accent, True) not in _looks(shop, "1,207"))
        table = shop.app.screen.query_one("LazyTable")
        await until(lambda: not table._timers)  # pyright: ignore[reportPrivateUsage]


@pytest.mark.usefixtures("moving")
@pytest.mark.parametrize(
    ("variable", "value", "frames"),
    [("NO_COLOR", "1", 15), ("TEXTUAL_ANIMATIONS", "none", 15), ("TERM", "xterm", FRAMES_ON_SLOW_LINK)],
)
async def test_nothing_flashes_where_that_is_not_wanted(
    variable: str, value: str, frames: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(variable, value)
    cleo = CannedCleo()
    settings = ConsoleSettings(refresh=3_600, frames=frames)
    async with console(lambda: cleo, settings=settings, clock=clock) as shop:
        await shop.press("2")
        await shop.see("1,204")
        plain = _looks(shop, "1,204")
        _change(cleo, shop)
        await shop.see("1,207")
        assert _looks(shop, "1,207") == plain
