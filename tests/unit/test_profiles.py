"""The file of profiles: what it may say, and how its mistakes are told."""

from __future__ import annotations

from pathlib import Path

import pytest

from cleo_tui import cli
from cleo_tui.profiles import Profile, ProfileError, load, profiles_path
from cleo_tui.settings import Thresholds

WHOLE = """
default = "shop"

[keys]
refresh = ["f5", "ctrl+r"]

[profiles.shop]
url = "rediss://operator@redis.example:6380/0"
namespace = "shop"
password_env = "SHOP_PASSWORD"
production = true
refresh = 5
theme = "light"
bell = true

[profiles.shop.thresholds]
oldest = 300
dead = 10
memory = false

[profiles.shop.keys]
quit = "Q"

[profiles.here]
url = "redis://localhost:6379/0"
read_only = true
"""


@pytest.fixture
def file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    path = tmp_path / "profiles.toml"
    monkeypatch.setenv("CLEO_TUI_PROFILES", str(path))
    monkeypatch.delenv("CLEO_REDIS_URL", raising=False)
    return path


def chosen(*words: str) -> Profile:
    profile = cli._profile_of(cli.parser().parse_args(words))  # pyright: ignore[reportPrivateUsage]
    assert profile is not None
    return profile


def test_a_profile_says_where_the_server_is_and_how_to_look_at_it(file: Path) -> None:
    file.write_text(WHOLE)
    shop = load().get("shop")
    assert (shop.url, shop.namespace, shop.password_env) == (
        "rediss://operator@redis.example:6380/0",
        "shop",
        "SHOP_PASSWORD",
    )
    assert shop.settings.production
    assert shop.settings.bell
    assert (shop.settings.refresh, shop.settings.theme, shop.settings.profile) == (5.0, "light", "shop")
    assert shop.settings.thresholds == Thresholds(oldest=300.0, dead=10.0, memory=None)
    assert shop.settings.keys == {"refresh": ("f5", "ctrl+r"), "quit": ("Q",)}
    assert load().get("here").settings.read_only


def test_no_file_holds_no_profiles(file: Path) -> None:
    assert profiles_path() == file
    with pytest.raises(ProfileError, match=r"no profile 'shop'. There are none yet; they would be in .*profiles\.toml"):
        load().get("shop")


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("profiles = 3", "profiles must be a table"),
        ("[profiles.a]", "profiles.a says no url"),
        ("[profiles.a]\nurl = 3", "profiles.a.url must be a text"),
        ("[profiles.a]\nurl = 'redis://h'\nurll = 'x'", "profiles.a.urll is not known; there can be"),
        ("[profiles.a]\nurl = 'redis://h'\nread_only = 'yes'", "profiles.a.read_only must be true or false"),
        ("[profiles.a]\nurl = 'redis://h'\nrefresh = 0.01", "profiles.a.refresh must be from 0.2 to 3600 seconds"),
        ("[profiles.a]\nurl = 'redis://h'\ntheme = 'pink'", "profiles.a.theme is 'pink'; it can be auto"),
        ("[profiles.a]\nurl = 'redis://h'\nthresholds = {oldest = -1}", "thresholds.oldest must not be negative"),
        ("[profiles.a]\nurl = 'redis://h'\nthresholds = {memory = 90}", "thresholds.memory is a share"),
        ("[profiles.a]\nurl = 'redis://h'\nkeys = {quit = []}", "keys.quit must be a key or a list of keys"),
        ("default = 'b'", "default names the profile 'b', which is not in the file"),
        ("[profiles.demo]\nurl = 'redis://h'", "profiles.demo has a name that the command line takes"),
        ("[profiles", "is not valid TOML"),
    ],
)
def test_a_mistake_is_told_with_its_place(file: Path, text: str, told: str) -> None:
    file.write_text(text)
    with pytest.raises(ProfileError) as error:
        load()
    assert told in str(error.value)
    assert str(file) in str(error.value)


@pytest.mark.parametrize("url", ["redis://me:hunter2@host:6379/0", "unix:///run/redis.sock?password=hunter2"])
def test_a_password_has_no_place_in_the_file_and_is_not_repeated(file: Path, url: str) -> None:
    file.write_text(f'[profiles.a]\nurl = "{url}"')
    with pytest.raises(ProfileError, match="password_env") as error:
        load()
    assert "hunter2" not in str(error.value)


def test_the_password_comes_out_of_the_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    profile = Profile("shop", "redis://me@host", password_env="SHOP_PASSWORD")
    monkeypatch.delenv("SHOP_PASSWORD", raising=False)
    with pytest.raises(ProfileError, match="SHOP_PASSWORD, which is not set"):
        profile.password()
    monkeypatch.setenv("SHOP_PASSWORD", "hunter2")
    assert profile.password() == "hunter2"
    assert "hunter2" not in repr(profile)


def test_what_is_named_wins_over_what_is_set(file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert not chosen().by_hand
    file.write_text(WHOLE)
    assert chosen().name == "shop"
    assert chosen("here").name == "here"
    monkeypatch.setenv("CLEO_REDIS_URL", "redis://elsewhere:6379/0")
    assert (chosen().name, chosen().url) == ("", "redis://elsewhere:6379/0")
    assert chosen("redis://by-hand:6379/0").url == "redis://by-hand:6379/0"


def test_the_command_line_wins_over_the_profile(file: Path) -> None:
    file.write_text(WHOLE)
    profile = chosen("shop", "--read-only", "--theme", "dark", "--refresh", "1", "--namespace", "other", "--slow-link")
    assert profile.namespace == "other"
    settings = profile.settings
    assert (settings.read_only, settings.theme, settings.refresh, settings.frames) == (True, "dark", 1.0, 4)
    assert settings.production


def test_an_unknown_profile_ends_the_command(file: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as ended:
        cli.main(["nowhere"])
    assert ended.value.code == 2
    assert "There is no profile 'nowhere'" in capsys.readouterr().err
