"""The way to the server: clients made from a URL, and the server's complaints turned into errors a person can act
on.
"""

from __future__ import annotations

import asyncio
import re
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis.asyncio import ConnectionPool, Redis
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from cleo_core import errors
from cleo_core.sending import TcpConnection, TlsConnection, UnixConnection
from cleo_core.settings import RedisSettings

MIN_REDIS = (7, 0)
MIN_VALKEY = (7, 2)
SCHEMES = ("redis", "rediss", "unix", "embedded")
_SCHEME = re.compile(rf"(?:{'|'.join(SCHEMES)})://")


def check_url(url: str) -> str:
    """Return the URL if it names a server.

    Raises:
        InvalidUrl: unknown scheme, bad port or bad database number; the message says which.
    """
    hint = "Use redis://[user:password@]host:port/db, rediss://..., unix:///path/to.sock or embedded://."
    try:
        parts = urlsplit(url)
    except ValueError:
        raise errors.InvalidUrl(
            f"{redact(url)!r} is not the address of a Redis server: its host can't be read. {hint}"
        ) from None
    if parts.scheme not in SCHEMES:
        raise errors.InvalidUrl(
            f"{redact(url)!r} is not the address of a Redis server: unknown scheme {parts.scheme!r}. {hint}"
        )
    try:
        port = parts.port
    except ValueError:
        raise errors.InvalidUrl(f"{redact(url)!r} has a bad port; it must be a number up to 65535. {hint}") from None
    if parts.scheme in {"redis", "rediss"}:
        if not parts.hostname:
            raise errors.InvalidUrl(f"{redact(url)!r} names no host. {hint}")
        if port == 0:
            raise errors.InvalidUrl(f"{redact(url)!r} has port 0, on which no server can listen. {hint}")
        database = parts.path.strip("/")
        for number in (database, parse_qs(parts.query).get("db", [""])[-1]):
            if number and not (number.isascii() and number.isdigit()):
                raise errors.InvalidUrl(f"{redact(url)!r} has the database {number!r}; it must be a number. {hint}")
    if parts.scheme == "unix" and not parts.path:
        raise errors.InvalidUrl(f"{redact(url)!r} names no socket. {hint}")
    return url


def redact(url: str) -> str:
    """The URL without its password, for logs and screens."""
    scheme = _SCHEME.match(url)
    prefix = scheme[0] if scheme else ""
    credentials, at, place = url[len(prefix) :].rpartition("@")
    user, colon, _ = credentials.partition(":")
    shown = f"{prefix}{user}{':***' if colon else ''}{at}{place}" if at else url
    return re.sub(r"([?&]password=)[^&]*", r"\1***", shown)


def describe(url: str) -> str:
    """What to call the server in a message: host and port, or the socket's path; never a password or user."""
    parts = urlsplit(url)
    if parts.scheme == "unix":
        return parts.path
    host = parts.hostname or "localhost"
    try:
        port = parts.port
    except ValueError:
        port = None
    return f"{f'[{host}]' if ':' in host else host}:{port or 6379}"


def user_of(settings: RedisSettings) -> str:
    """The Redis user that the settings name."""
    return settings.username or unquote(urlsplit(settings.url).username or "") or "default"


def make_client(settings: RedisSettings, *, retries: int = 1, pool_size: int = 4) -> Redis:
    """A client for the settings, with bounded waits. ``retries`` says how often a broken connection is made anew.

    No connection is made before the first command.
    """
    url = check_url(settings.url)
    parts = urlsplit(url)
    query = {name: values[-1] for name, values in parse_qs(parts.query).items()}
    options: dict[str, Any] = {
        "db": int(query.get("db") or (parts.path.strip("/") if parts.scheme != "unix" else "") or 0),
        "username": settings.username or (unquote(parts.username) if parts.username else None),
        "password": settings.password or (unquote(parts.password) if parts.password else None),
        "protocol": 2,
        "socket_timeout": settings.timeout,
        "socket_connect_timeout": settings.connect_timeout,
        "retry": Retry(ExponentialWithJitterBackoff(cap=0.5, base=0.05) if retries else NoBackoff(), retries),
        "health_check_interval": 0,
        # No CLIENT SETINFO: access lists don't allow it, and each connection would be an entry in the server's ACL log.
        "driver_info": None,
    }
    kind: type[TcpConnection | TlsConnection | UnixConnection]
    if parts.scheme == "unix":
        kind = UnixConnection
        options["path"] = parts.path
    else:
        kind = TcpConnection
        options |= {"host": parts.hostname, "port": parts.port or 6379, "socket_keepalive": True}
        if parts.scheme == "rediss":
            kind = TlsConnection
            options["ssl_ca_certs"] = query.get("ssl_ca_certs")
            if query.get("ssl_cert_reqs") == "none":
                options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    pool = ConnectionPool(connection_class=kind, max_connections=pool_size, **options)
    return Redis.from_pool(pool)


async def answers_in_the_clear(settings: RedisSettings) -> bool:
    """Whether a server that is addressed with TLS speaks Redis without it: such a one never answers the handshake."""
    parts = urlsplit(settings.url)
    if parts.scheme != "rediss":
        return False
    try:
        async with asyncio.timeout(1.0):
            reader, writer = await asyncio.open_connection(parts.hostname, parts.port or 6379)
            writer.write(b"PING\r\n")
            answer = await reader.read(1)
            writer.close()
            await writer.wait_closed()
    except (OSError, TimeoutError):
        return False
    return answer in {b"+", b"-"}


def read_info(answer: bytes) -> dict[str, str]:
    """The fields of an ``INFO`` answer."""
    lines = (line.partition(":") for line in answer.decode(errors="replace").splitlines() if ":" in line)
    return {name: value for name, _, value in lines}


def check_version(info: dict[str, str], settings: RedisSettings) -> None:
    """Refuse a server that lacks what the scripts need.

    Raises:
        ServerTooOld: older than Redis 7.0 or Valkey 7.2.
    """
    valkey = info.get("valkey_version")
    name, minimum = ("Valkey", MIN_VALKEY) if valkey else ("Redis", MIN_REDIS)
    version = str(valkey or info.get("redis_version", "0"))
    numbers = tuple(int(part) for part in re.findall(r"\d+", version)[:2])
    if numbers < minimum:
        raise errors.ServerTooOld(
            describe(settings.url), f"it is {name} {version}.", "Cleo needs Redis 7.0, Valkey 7.2 or later; upgrade it."
        )
