"""The way to the server: clients made from a URL, and the server's complaints turned into errors a person can act on."""

from __future__ import annotations

import re
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from redis import exceptions as redis_errors
from redis.asyncio import Connection, ConnectionPool, Redis, SSLConnection, UnixDomainSocketConnection
from redis.asyncio.retry import Retry
from redis.backoff import ExponentialWithJitterBackoff, NoBackoff

from cleo_core import errors
from cleo_core.settings import RedisSettings

MIN_REDIS = (7, 0)
MIN_VALKEY = (7, 2)
SCHEMES = ("redis", "rediss", "unix", "embedded")


def check_url(url: str) -> str:
    """Return the URL if it names a server.

    Raises:
        InvalidUrl: unknown scheme, bad port or bad database number; the message says which.
    """
    parts = urlsplit(url)
    hint = "Use redis://[user:password@]host:port/db, rediss://..., unix:///path/to.sock or embedded://."
    if parts.scheme not in SCHEMES:
        raise errors.InvalidUrl(f"{redact(url)!r} is not the address of a Redis server: unknown scheme {parts.scheme!r}. {hint}")
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
        if database and not database.isdigit():
            raise errors.InvalidUrl(f"{redact(url)!r} has the database {database!r}; it must be a number. {hint}")
    if parts.scheme == "unix" and not parts.path:
        raise errors.InvalidUrl(f"{redact(url)!r} names no socket. {hint}")
    return url


def redact(url: str) -> str:
    """The URL without its password, for logs and screens."""
    return re.sub(r"(//[^/@:]*):[^@]*@", r"\1:***@", url)


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


def make_client(settings: RedisSettings, *, retries: int = 1, pool_size: int | None = None) -> Redis:
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
    }
    kind: type[Connection | SSLConnection | UnixDomainSocketConnection]
    if parts.scheme == "unix":
        kind = UnixDomainSocketConnection
        options["path"] = parts.path
    else:
        kind = Connection
        options |= {"host": parts.hostname, "port": parts.port or 6379, "socket_keepalive": True}
        if parts.scheme == "rediss":
            kind = SSLConnection
            options["ssl_ca_certs"] = query.get("ssl_ca_certs")
            if query.get("ssl_cert_reqs") == "none":
                options |= {"ssl_cert_reqs": "none", "ssl_check_hostname": False}
    pool = ConnectionPool(connection_class=kind, max_connections=pool_size or settings.max_connections, **options)
    return Redis.from_pool(pool)


def _tls_cause(error: BaseException) -> str | None:
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, ssl.SSLCertVerificationError):
            return f"its certificate can't be trusted ({seen.verify_message})."
        if isinstance(seen, ssl.SSLError):
            return "it doesn't speak TLS on this port."
        seen = seen.__cause__ or seen.__context__
    text = str(error)
    if "CERTIFICATE_VERIFY" in text:
        return "its certificate can't be trusted."
    if "SSL" in text:
        return "it doesn't speak TLS on this port."
    return None


def translate(error: BaseException, settings: RedisSettings) -> errors.ServerError | None:
    """The Cleo error for one of redis-py's, or None if it is a fault of the program rather than of the server."""
    server = describe(settings.url)
    text = str(error)
    tls = settings.url.startswith("rediss:")
    if isinstance(error, redis_errors.AuthenticationError | redis_errors.AuthenticationWrongNumberOfArgsError):
        if "NOAUTH" in text or "Authentication required" in text or "HELLO must be called" in text:
            return errors.AuthenticationRequired(
                server, "it wants a password and none was given.", "Put it in the URL: redis://user:password@host:port."
            )
        return errors.AuthenticationFailed(
            server, "it refused the user name and password.", "Check both; without a user name it is the user 'default'."
        )
    if isinstance(error, redis_errors.NoPermissionError) or "NOPERM" in text:
        return errors.PermissionDenied(
            server,
            f"the Redis user has no permission for this ({text.removeprefix('NOPERM ').strip()}).",
            "Ask for a user with the right role, or have the ACL extended: `cleo acl` prints one.",
        )
    if isinstance(error, redis_errors.ReadOnlyError) or "READONLY" in text or "read only replica" in text:
        return errors.ServerReadOnly(
            server, "it is a read-only replica.", "Connect to the primary; `INFO replication` on this server names it."
        )
    if isinstance(error, redis_errors.OutOfMemoryError) or "OOM " in text:
        return errors.ServerOutOfMemory(
            server,
            "it has reached maxmemory, so nothing was stored.",
            "Raise maxmemory, let the workers drain the queues, or discard dead letters.",
        )
    if isinstance(error, redis_errors.BusyLoadingError):
        return errors.ServerUnavailable(server, "it is still loading its data.", "Try again in a moment.")
    if isinstance(error, redis_errors.ResponseError) and ("MISCONF" in text or "NOREPLICAS" in text):
        return errors.ServerUnavailable(server, f"it takes no writes ({text}).", "Check its disk and its replicas.")
    if isinstance(error, redis_errors.ResponseError) and "shebang" in text.lower():
        return errors.ServerTooOld(server, "it can't run Cleo's scripts.", "Use Redis 7.0, Valkey 7.2 or later.")
    if isinstance(error, redis_errors.InvalidResponse):
        return errors.TlsMismatch(
            server, "it doesn't speak Redis in the clear here.", "If it is a TLS port, use rediss:// instead of redis://."
        )
    if isinstance(error, redis_errors.TimeoutError | TimeoutError):
        return errors.ServerUnavailable(
            server, "it did not answer in time.", "Check the address, the network and whether the server is overloaded."
        )
    if isinstance(error, redis_errors.ConnectionError | OSError):
        cause = _tls_cause(error) if tls else None
        if cause:
            return errors.TlsMismatch(
                server, cause, "Use redis:// for a port without TLS, or give ?ssl_ca_certs=FILE for a private authority."
            )
        return errors.ServerUnavailable(
            server, f"can't reach it ({text.rstrip('.')}).", "Check that the server runs and that the address is right."
        )
    return None


@contextmanager
def acting_on(settings: RedisSettings) -> Iterator[None]:
    """Turn what redis-py raises inside into errors of Cleo."""
    try:
        yield
    except (redis_errors.RedisError, OSError) as error:
        translated = translate(error, settings)
        if translated is None:
            raise
        raise translated from error


def check_version(info: dict[str, Any], settings: RedisSettings) -> None:
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
