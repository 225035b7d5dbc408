"""The operator's servers, by name, out of one file in their folder of settings. The console never writes that file.

A password is no part of it: a profile names the environment variable that holds it, or has the console ask.
"""

from __future__ import annotations

import os
import tomllib
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any, cast
from urllib.parse import parse_qs, urlsplit

from cleo_tui.settings import LEAST_REFRESH, MOST_REFRESH, THEME_NAMES, ConsoleSettings, Thresholds

FILE_VARIABLE = "CLEO_TUI_PROFILES"
FILE_NAME = "profiles.toml"
DEFAULT_NAMESPACE = "cleo"


class ProfileError(Exception):
    """A profile, or the file of them, can't be used; the message says which, why, and what to do."""


@dataclass(frozen=True, slots=True)
class Profile:
    """A server and how to look at it.

    Attributes:
        name: what ``cleo-tui NAME`` and ``:ctx NAME`` call it; empty for an address that was given by hand.
        url: where the server is; it may name a user, and a password only if it was given by hand.
        namespace: what is looked at.
        password_env: the environment variable that holds the password.
        ask_password: whether the operator types the password.
        settings: how the console behaves there.
        by_hand: whether anybody said where the server is; if not, it is a guess.
    """

    name: str
    url: str = field(repr=False)
    namespace: str = DEFAULT_NAMESPACE
    password_env: str = ""
    ask_password: bool = False
    settings: ConsoleSettings = field(default_factory=ConsoleSettings)
    by_hand: bool = True

    def password(self) -> str | None:
        """The password out of the environment, or None if the profile names no variable.

        Raises:
            ProfileError: it names one that isn't set.
        """
        if not self.password_env:
            return None
        found = os.environ.get(self.password_env)
        if found is None:
            raise ProfileError(
                f"The profile {self.name!r} takes its password from the environment variable {self.password_env}, "
                "which is not set. Set it before you start the console."
            )
        return found


@dataclass(frozen=True, slots=True)
class Profiles:
    """All profiles of the file; ``default`` names the one that is used when none is asked for."""

    path: Path
    default: str = ""
    by_name: Mapping[str, Profile] = field(default_factory=dict[str, Profile])

    def get(self, name: str) -> Profile:
        """The profile of that name. Raises ``ProfileError`` if there is none."""
        if name in self.by_name:
            return self.by_name[name]
        known = ", ".join(sorted(self.by_name))
        there = f"There are: {known}. They are in" if known else "There are none yet; they would be in"
        raise ProfileError(f"There is no profile {name!r}. {there} {self.path}.")


def profiles_path() -> Path:
    """Where the profiles are: the file that ``$CLEO_TUI_PROFILES`` names, else one in the user's folder of settings."""
    named = os.environ.get(FILE_VARIABLE)
    if named:
        return Path(named).expanduser()
    from platformdirs import user_config_path  # noqa: PLC0415 - needed only where nobody says which file

    return user_config_path("cleo-tui", appauthor=False) / FILE_NAME


def load(path: Path | None = None) -> Profiles:
    """Read the profiles; a file that isn't there holds none.

    Raises:
        ProfileError: it can't be read or understood; the message names the place in it.
    """
    path = path or profiles_path()
    try:
        text = path.read_text(encoding="utf-8")
    except FileNotFoundError:
        return Profiles(path)
    except (OSError, UnicodeDecodeError) as error:
        raise ProfileError(f"{path} can't be read: {error}.") from None
    try:
        tree = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise ProfileError(f"{path} is not valid TOML: {error}.") from None
    return _Reader(path).profiles(tree)


class _Reader:
    """Makes profiles of what the file says, and tells exactly what it can't understand."""

    def __init__(self, path: Path) -> None:
        self._path = path

    def profiles(self, tree: dict[str, Any]) -> Profiles:
        self._know("", tree, {"default", "keys", "profiles"})
        keys = self._keys("keys", self._table("keys", tree.get("keys", {})))
        table = self._table("profiles", tree.get("profiles", {}))
        by_name = {name: self._profile(name, self._table(f"profiles.{name}", row), keys) for name, row in table.items()}
        default = self._text("default", tree.get("default", ""))
        if default and default not in by_name:
            raise self._wrong("default", f"names the profile {default!r}, which is not in the file")
        return Profiles(self._path, default, by_name)

    def _profile(self, name: str, row: dict[str, Any], keys: Mapping[str, tuple[str, ...]]) -> Profile:
        at = f"profiles.{name}"
        if "://" in name or name in {"demo", "serve", "replay"}:
            raise self._wrong(at, "has a name that the command line takes for something else")
        self._know(at, row, {
            "url", "namespace", "password_env", "ask_password", "read_only", "production", "theme", "refresh",
            "bell", "notify", "thresholds", "keys",
        })  # fmt: skip
        theme = self._text(f"{at}.theme", row.get("theme", THEME_NAMES[0]))
        if theme not in THEME_NAMES:
            raise self._wrong(f"{at}.theme", f"is {theme!r}; it can be {', '.join(THEME_NAMES)}")
        refresh = self._number(f"{at}.refresh", row.get("refresh", 2.0))
        if not LEAST_REFRESH <= refresh <= MOST_REFRESH:
            raise self._wrong(f"{at}.refresh", f"must be from {LEAST_REFRESH:g} to {MOST_REFRESH:g} seconds")
        own_keys = self._keys(f"{at}.keys", self._table(f"{at}.keys", row.get("keys", {})))
        settings = ConsoleSettings(
            read_only=self._flag(f"{at}.read_only", row.get("read_only", False)),
            production=self._flag(f"{at}.production", row.get("production", False)),
            theme=theme,
            refresh=refresh,
            profile=name,
            bell=self._flag(f"{at}.bell", row.get("bell", False)),
            notify=self._flag(f"{at}.notify", row.get("notify", False)),
            thresholds=self._thresholds(f"{at}.thresholds", row.get("thresholds", {})),
            keys={**keys, **own_keys},
        )
        return Profile(
            name,
            self._url(at, row),
            self._text(f"{at}.namespace", row.get("namespace", DEFAULT_NAMESPACE)),
            self._text(f"{at}.password_env", row.get("password_env", "")),
            self._flag(f"{at}.ask_password", row.get("ask_password", False)),
            settings,
        )

    def _url(self, at: str, row: dict[str, Any]) -> str:
        if "url" not in row:
            raise self._wrong(at, "says no url")
        url = self._text(f"{at}.url", row["url"])
        try:
            parts = urlsplit(url)
            has_password = parts.password is not None or "password" in parse_qs(parts.query)
        except ValueError:
            raise self._wrong(f"{at}.url", "can't be understood") from None
        if has_password:
            cure = 'Take it out, and name the environment variable that holds it: password_env = "NAME"'
            raise self._wrong(f"{at}.url", f"has a password in it, which has no place in a file. {cure}")
        return url

    def _thresholds(self, at: str, value: object) -> Thresholds:
        table = self._table(at, value)
        names = {each.name for each in fields(Thresholds)}
        self._know(at, table, names)
        given = {name: self._bound(f"{at}.{name}", raw) for name, raw in table.items()}
        for share in ("failures", "memory"):
            if (given.get(share) or 0) > 1:
                raise self._wrong(f"{at}.{share}", "is a share, so it must be from 0 to 1")
        return replace(Thresholds(), **cast("Any", given))

    def _bound(self, at: str, value: object) -> float | None:
        if value is False:
            return None
        number = self._number(at, value)
        if number < 0:
            raise self._wrong(at, "must not be negative")
        return number

    def _keys(self, at: str, table: dict[str, Any]) -> dict[str, tuple[str, ...]]:
        found: dict[str, tuple[str, ...]] = {}
        for name, value in table.items():
            keys = cast("list[object]", value) if isinstance(value, list) else [value]
            if not keys or not all(isinstance(key, str) and key and "," not in key for key in keys):
                raise self._wrong(f"{at}.{name}", 'must be a key or a list of keys, such as "R" or ["f5", "ctrl+r"]')
            found[name] = tuple(cast("list[str]", keys))
        return found

    # --- what a value must be ------------------------------------------------------------------------

    def _wrong(self, at: str, what: str) -> ProfileError:
        return ProfileError(f"{self._path}: {at} {what}.")

    def _know(self, at: str, table: Mapping[str, object], names: set[str]) -> None:
        for name in table:
            if name not in names:
                full = f"{at}.{name}" if at else name
                raise self._wrong(full, f"is not known; there can be {', '.join(sorted(names))}")

    def _is(self, at: str, value: object, test: Callable[[object], bool], what: str) -> Any:
        if not test(value):
            raise self._wrong(at, f"must be {what}")
        return value

    def _table(self, at: str, value: object) -> dict[str, Any]:
        return self._is(at, value, lambda it: isinstance(it, dict), "a table")

    def _text(self, at: str, value: object) -> str:
        return self._is(at, value, lambda it: isinstance(it, str), "a text in quotes")

    def _flag(self, at: str, value: object) -> bool:
        return self._is(at, value, lambda it: isinstance(it, bool), "true or false")

    def _number(self, at: str, value: object) -> float:
        return float(
            self._is(at, value, lambda it: isinstance(it, int | float) and not isinstance(it, bool), "a number")
        )
