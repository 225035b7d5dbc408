"""What the server or the network complains of, turned into errors that a person can act on."""

from __future__ import annotations

import errno
import ssl
from collections.abc import Generator
from contextlib import contextmanager
from typing import NamedTuple

from redis import exceptions as redis_errors

from cleo_core import errors
from cleo_core.connection import describe
from cleo_core.settings import RedisSettings

Kinds = tuple[type[BaseException], ...]


class Complaint(NamedTuple):
    """Recognised by redis-py's class of error, or by words in its text; what to say instead.

    ``words`` of an empty string match any text, so that the class alone decides.
    """

    kinds: Kinds
    words: tuple[str, ...]
    error: type[errors.ServerError]
    cause: str
    cure: str


NO_PERMISSION = "the Redis user has no permission for this ({text})."
ASK_FOR_A_ROLE = "Use a user with the right role; `cleo acl ROLE --user NAME` prints its access list."

# The first that fits is told, so the particular ones come before the general ones.
COMPLAINTS = (
    Complaint(
        (redis_errors.AuthenticationError, redis_errors.ResponseError),
        ("NOAUTH", "Authentication required", "HELLO must be called"),
        errors.AuthenticationRequired,
        "it wants a password and none was given.",
        "Put it in the URL: redis://user:password@host:port.",
    ),
    Complaint(
        (redis_errors.AuthenticationError, redis_errors.AuthenticationWrongNumberOfArgsError),
        ("",),
        errors.AuthenticationFailed,
        "it refused the user name and password.",
        "Check both; without a user name it is the user 'default'.",
    ),
    Complaint(
        (redis_errors.NoPermissionError,),
        ("",),
        errors.PermissionDenied,
        NO_PERMISSION,
        ASK_FOR_A_ROLE,
    ),
    Complaint(
        (redis_errors.ResponseError,),
        ("NOPERM", "no permission", "has no permissions", "can't access", "ACL failure", "user executing the script"),
        errors.PermissionDenied,
        NO_PERMISSION,
        ASK_FOR_A_ROLE,
    ),
    Complaint(
        (redis_errors.ReadOnlyError, redis_errors.ResponseError),
        ("READONLY", "read only replica"),
        errors.ServerReadOnly,
        "it is a read-only replica.",
        "Connect to the primary; `INFO replication` on this server names it.",
    ),
    Complaint(
        (redis_errors.OutOfMemoryError, redis_errors.ResponseError),
        ("OOM ", "command not allowed when used memory"),
        errors.ServerOutOfMemory,
        "it has reached maxmemory, so nothing was stored.",
        "Raise maxmemory, let the workers drain the queues, or discard dead letters.",
    ),
    Complaint(
        (redis_errors.BusyLoadingError,),
        ("",),
        errors.ServerUnavailable,
        "it is still loading its data.",
        "Try again in a moment.",
    ),
    Complaint(
        (redis_errors.ResponseError,),
        ("MISCONF", "NOREPLICAS"),
        errors.ServerUnavailable,
        "it takes no writes ({text}).",
        "Check its disk and its replicas.",
    ),
    Complaint(
        (redis_errors.ResponseError,),
        ("shebang", "near '#'"),
        errors.ServerTooOld,
        "it can't run Cleo's scripts.",
        "Use Redis 7.0, Valkey 7.2 or later.",
    ),
    Complaint(
        (redis_errors.InvalidResponse,),
        ("",),
        errors.TlsMismatch,
        "it doesn't speak Redis in the clear here.",
        "If it is a TLS port, use rediss:// instead of redis://.",
    ),
    Complaint(
        (redis_errors.TimeoutError, TimeoutError),
        ("",),
        errors.ServerUnavailable,
        "it did not answer in time.",
        "Check the address, the network and whether the server is overloaded.",
    ),
    Complaint(
        (redis_errors.ConnectionError, OSError),
        (f"Error {errno.ECONNREFUSED} ", f"Errno {errno.ECONNREFUSED}]"),
        errors.ServerUnavailable,
        "can't reach it (connection refused).",
        "Check that the server runs and that the address is right.",
    ),
    Complaint(
        (redis_errors.ConnectionError, OSError),
        ("",),
        errors.ServerUnavailable,
        "can't reach it ({text}).",
        "Check that the server runs, that the address is right, and whether it wants TLS (rediss://).",
    ),
    Complaint(
        (redis_errors.RedisError,),
        ("",),
        errors.ServerRefused,
        "it refused a command ({text}).",
        "If a key was changed by hand, restore it.",
    ),
)


def translate(error: BaseException, settings: RedisSettings) -> errors.ServerError | None:
    """The Cleo error for one of redis-py's, or None if it is a fault of the program rather than of the server."""
    server = describe(settings.url)
    text = str(error)
    if settings.url.startswith("rediss:") and (cause := _tls_cause(error)):
        return errors.TlsMismatch(
            server, cause, "Use redis:// for a port without TLS, or give ?ssl_ca_certs=FILE for a private authority."
        )
    for complaint in COMPLAINTS:
        if isinstance(error, complaint.kinds) and any(word in text for word in complaint.words):
            return complaint.error(server, complaint.cause.format(text=text.rstrip(".")), complaint.cure)
    return None


def denied(server: str, user: str, roles: tuple[str, ...], what: str) -> errors.PermissionDenied:
    """The server did not let a user run a script, which these roles may run."""
    return errors.PermissionDenied(
        server,
        f"the Redis user {user!r} has no permission for this ({what.replace('_', ' ')}), which takes the role "
        f"{' or '.join(roles)} in this queue.",
        f"Use a user that has it; `cleo acl {roles[0]} --user NAME` prints its access list.",
        user=user,
        roles=roles,
    )


def _tls_cause(error: BaseException) -> str | None:
    """What is wrong with TLS, if it is that."""
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
    return "it doesn't speak TLS on this port." if "SSL" in text else None


@contextmanager
def acting_on(settings: RedisSettings) -> Generator[None]:
    """Turn what redis-py raises inside into errors of Cleo."""
    try:
        yield
    except (redis_errors.RedisError, OSError) as error:
        translated = translate(error, settings)
        if translated is None:
            raise
        raise translated from error
