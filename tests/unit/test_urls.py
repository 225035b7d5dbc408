"""Addresses of servers: which are taken, how they are shown, what the client makes of them."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cleo_core import InvalidUrl, RedisSettings
from cleo_core.connection import check_url, check_version, describe, make_client, read_info, redact, user_of
from cleo_core.errors import ServerTooOld


@pytest.mark.parametrize(
    "url",
    [
        "redis://localhost",
        "redis://localhost:6379/0",
        "redis://user:p%40ss@host:1/15",
        "rediss://host/3",
        "redis://[::1]:6379/0",
        "redis://host?db=4",
        "unix:///run/redis.sock",
        "unix:///run/redis.sock?db=2",
        "embedded://",
        "embedded:///var/lib/cleo",
    ],
)
def test_an_address_of_a_server_is_taken(url: str) -> None:
    assert check_url(url) == url


@pytest.mark.parametrize(
    ("url", "said"),
    [
        ("", "unknown scheme ''"),
        ("localhost:6379", "unknown scheme 'localhost'"),
        ("http://host", "unknown scheme 'http'"),
        ("redis://", "names no host"),
        ("redis:///0", "names no host"),
        ("redis://host:99999", "bad port"),
        ("redis://host:port", "bad port"),
        ("redis://host:0", "port 0"),
        ("redis://host/first", "the database 'first'"),
        ("redis://host/-1", "the database '-1'"),
        ("redis://host/²", "the database"),
        ("redis://host?db=x", "the database 'x'"),
        ("redis://[::1", "its host can't be read"),
        ("unix://", "names no socket"),
    ],
)
def test_what_is_no_address_is_refused_with_the_reason_and_a_hint(url: str, said: str) -> None:
    with pytest.raises(InvalidUrl) as told:
        check_url(url)
    assert said in str(told.value)
    assert "Use redis://" in str(told.value)


@pytest.mark.parametrize(
    ("url", "shown"),
    [
        ("redis://host:1/0", "redis://host:1/0"),
        ("redis://ada@host", "redis://ada@host"),
        ("redis://ada:secret@host:1/0", "redis://ada:***@host:1/0"),
        ("redis://:secret@host", "redis://:***@host"),
        ("redis://ada:se@cret@host", "redis://ada:***@host"),
        ("redis://ada:se//cret@host", "redis://ada:***@host"),
        ("ada:se://cret@host", "ada:***@host"),
        ("http://ada:secret@host", "http:***@host"),
        ("ada:secret@host", "ada:***@host"),
        ("redis://host?password=secret&db=1", "redis://host?password=***&db=1"),
        ("unix:///run/x.sock?password=secret", "unix:///run/x.sock?password=***"),
    ],
)
def test_a_password_is_never_shown(url: str, shown: str) -> None:
    assert redact(url) == shown


@given(st.text(st.characters(categories=("L", "N", "P")), min_size=4, max_size=20))
def test_no_password_is_shown_whatever_it_is(password: str) -> None:
    secret = f"Zq{password}Qz"
    for url in (f"redis://ada:{secret}@host:6379/0", f"redis://:{secret}@host"):
        assert secret not in redact(url)
        assert secret not in _refusal(url)


def _refusal(url: str) -> str:
    try:
        check_url(url)
    except InvalidUrl as error:
        return str(error)
    return ""


@pytest.mark.parametrize(
    ("url", "named"),
    [
        ("redis://ada:secret@host:1/0", "host:1"),
        ("redis://host", "host:6379"),
        ("rediss://[::1]:7000", "[::1]:7000"),
        ("unix:///run/redis.sock?password=x", "/run/redis.sock"),
        ("redis://host:port", "host:6379"),
    ],
)
def test_a_message_names_a_server_by_host_and_port_alone(url: str, named: str) -> None:
    assert describe(url) == named


def test_settings_show_neither_password_nor_address() -> None:
    shown = repr(RedisSettings(url="redis://ada:hidden@host", password="secret"))
    assert "hidden" not in shown
    assert "secret" not in shown


@pytest.mark.parametrize(
    ("settings", "user"),
    [
        (RedisSettings(url="redis://host"), "default"),
        (RedisSettings(url="redis://ada:x@host"), "ada"),
        (RedisSettings(url="redis://a%40b:x@host"), "a@b"),
        (RedisSettings(url="redis://ada:x@host", username="bob"), "bob"),
    ],
)
def test_the_user_is_that_of_the_settings_or_of_the_address(settings: RedisSettings, user: str) -> None:
    assert user_of(settings) == user


@pytest.mark.parametrize(
    ("settings", "expected"),
    [
        (
            RedisSettings(url="redis://host"),
            {"host": "host", "port": 6379, "db": 0, "username": None, "password": None},
        ),
        (RedisSettings(url="redis://a%3Ab:p%40s@h:7/3"), {"username": "a:b", "password": "p@s", "port": 7, "db": 3}),
        (RedisSettings(url="redis://h/3?db=5"), {"db": 5}),
        (RedisSettings(url="redis://u:p@h", username="x", password="y"), {"username": "x", "password": "y"}),
        (RedisSettings(url="unix:///run/r.sock?db=2"), {"path": "/run/r.sock", "db": 2}),
        (RedisSettings(url="unix:///run/r.sock"), {"path": "/run/r.sock", "db": 0}),
        (RedisSettings(url="rediss://h?ssl_ca_certs=/ca.pem"), {"ssl_ca_certs": "/ca.pem"}),
        (
            RedisSettings(url="redis://h", timeout=2, connect_timeout=1),
            {"socket_timeout": 2, "socket_connect_timeout": 1},
        ),
    ],
)
def test_a_client_is_made_as_the_address_and_the_settings_say(
    settings: RedisSettings, expected: dict[str, object]
) -> None:
    options = make_client(settings).connection_pool.connection_kwargs
    assert {name: options.get(name) for name in expected} == expected


def test_the_fields_of_an_info_answer_are_read() -> None:
    info = read_info(b"# Server\r\nredis_version:7.2.4\r\nconfig_file:/a:b\r\n\r\n# Other\r\nname:\xff\r\n")
    assert (info["redis_version"], info["config_file"]) == ("7.2.4", "/a:b")


@pytest.mark.parametrize(
    "info",
    [
        {"redis_version": "7.0.0"},
        {"redis_version": "8.2"},
        {"redis_version": "7.2.4", "valkey_version": "7.2.5"},
        {"redis_version": "7.2.4", "valkey_version": "9.0.0"},
        {"redis_version": "10.1.0"},
    ],
)
def test_a_server_that_is_new_enough_is_taken(info: dict[str, str]) -> None:
    check_version(info, RedisSettings())


@pytest.mark.parametrize(
    ("info", "said"),
    [
        ({"redis_version": "6.2.14"}, "Redis 6.2.14"),
        ({}, "Redis 0"),
        ({"redis_version": "7.2.4", "valkey_version": "7.1.0"}, "Valkey 7.1.0"),
    ],
)
def test_a_server_that_is_too_old_is_told_with_its_version(info: dict[str, str], said: str) -> None:
    with pytest.raises(ServerTooOld, match=said):
        check_version(info, RedisSettings(url="redis://ada:secret@host"))
