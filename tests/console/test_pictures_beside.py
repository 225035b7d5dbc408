"""How the console looks beside its screens: servers, production, alerts, an export, a replay, a first start."""

from __future__ import annotations

import gzip
import json
from pathlib import Path

import pytest

from cleo_tui.app import CleoApp
from cleo_tui.data.recording import HEAD, VERSION
from cleo_tui.data.replay import Player, Recording
from cleo_tui.settings import ConsoleSettings
from tests.console.canned import ADDRESS, NOW, CannedCleo, clock
from tests.console.test_pictures import SCREENS, SIZES, SnapCompare, after, app_on

PROFILES = """
[profiles.local]
url = "redis://localhost:6379/0"

[profiles.shop]
url = "rediss://operator@redis.example:6380/0"
namespace = "shop"
password_env = "SHOP_REDIS_PASSWORD"
production = true

[profiles.shop-look]
url = "rediss://viewer@redis.example:6380/0"
namespace = "shop"
read_only = true
"""
SERVERS = ("colon", "s", "e", "r", "v", "e", "r", "s", "enter")


@pytest.fixture(autouse=True)
def _the_same_each_time(utc: None, monkeypatch: pytest.MonkeyPatch) -> None:  # pyright: ignore[reportUnusedFunction]
    """Times of day are the same everywhere, and nothing flashes."""
    monkeypatch.setenv("TEXTUAL_ANIMATIONS", "none")


@pytest.mark.parametrize("size", ["80x24", "120x36"])
def test_the_servers_that_there_are(
    snap_compare: SnapCompare, size: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "profiles.toml"
    path.write_text(PROFILES)
    monkeypatch.setenv("CLEO_TUI_PROFILES", str(path))
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES[size], run_before=after(*SERVERS))


def test_a_first_start_without_a_server(snap_compare: SnapCompare, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CLEO_TUI_PROFILES", "/etc/cleo/profiles.toml")
    cleo = CannedCleo()
    cleo.answers.lose()

    def lost(app: CleoApp) -> bool:
        return app.snapshot is not None and app.snapshot.link.trouble is not None

    assert snap_compare(app_on(cleo), terminal_size=SIZES["80x24"], run_before=after(*SERVERS, when=lost))


@pytest.mark.parametrize(("keys", "size"), [(("K",), "80x24"), (("A", "K"), "120x36")])
def test_the_question_in_production(snap_compare: SnapCompare, keys: tuple[str, ...], size: str) -> None:
    settings = ConsoleSettings(theme="dark", refresh=3_600, production=True, profile="shop")
    app = CleoApp(CannedCleo, settings=settings, clock=clock)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=after(*SCREENS["tasks"], *keys))


@pytest.mark.parametrize("theme", ["dark", "16"])
def test_the_alerts(snap_compare: SnapCompare, theme: str) -> None:
    app = app_on(CannedCleo(), theme=theme)
    assert snap_compare(app, terminal_size=SIZES["80x24"], run_before=after("exclamation_mark"))


def test_the_question_before_a_file_is_overwritten(
    snap_compare: SnapCompare, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "q.csv").write_text("queue\n")
    keys = ("2", "colon", *"export", "space", "q", "full_stop", *"csv", "enter")
    assert snap_compare(app_on(CannedCleo()), terminal_size=SIZES["80x24"], run_before=after(*keys))


@pytest.mark.parametrize("size", ["80x24", "120x36"])
def test_a_replay(snap_compare: SnapCompare, size: str, tmp_path: Path) -> None:
    app = app_on(CannedCleo())
    app.player = Player(Recording(_recording(tmp_path / "incident.cleo")))
    app.player.toggle()
    app.player.seek(NOW)
    assert snap_compare(app, terminal_size=SIZES[size], run_before=after("2"))


def _recording(path: Path) -> Path:
    """A recording of ten minutes in which nothing was asked."""
    end = json.dumps(["", "ping", [], {}])
    lines = [
        {HEAD: VERSION, "address": ADDRESS, "namespace": "shop", "t": NOW - 90},
        {"t": NOW + 510, "c": end, "a": "0"},
    ]
    with gzip.open(path, "wt", encoding="utf-8") as file:
        file.write("\n".join(map(json.dumps, lines)))
    return path
