"""Every error that Cleo raises, under one base.

A message says what happened, to what, and what to do about it. Errors of the connection also carry the
three parts apart (``server``, ``cause``, ``cure``), so that a console can lay them out.
"""

from __future__ import annotations


class CleoError(Exception):
    """The base of every error that Cleo raises."""


# --- the server and the way to it ------------------------------------------------------------------


class ServerError(CleoError):
    """The Redis server can't be used as it is: ``server`` names it, ``cause`` says why, ``cure`` what to do.

    ``server`` never contains a password.
    """

    def __init__(self, server: str, cause: str, cure: str) -> None:
        super().__init__(f"{server}: {cause} {cure}")
        self.server = server
        self.cause = cause
        self.cure = cure


class ServerUnavailable(ServerError):
    """Nothing answers at that address, or the connection broke and could not be made again in time."""


class AuthenticationRequired(ServerError):
    """The server wants a password and none was given."""


class AuthenticationFailed(ServerError):
    """The server refused the user name and password."""


class PermissionDenied(ServerError):
    """The Redis user is known, but its ACL doesn't allow this. ``user`` is who, ``roles`` which roles may do it (the
    least first), as far as that is known.
    """

    def __init__(self, server: str, cause: str, cure: str, *, user: str = "", roles: tuple[str, ...] = ()) -> None:
        super().__init__(server, cause, cure)
        self.user = user
        self.roles = roles


class TlsMismatch(ServerError):
    """One side speaks TLS and the other doesn't, or the certificate can't be trusted."""


class ServerTooOld(ServerError):
    """The server is older than Redis 7.0 or Valkey 7.2."""


class ServerReadOnly(ServerError):
    """The server is a read-only replica."""


class ServerOutOfMemory(ServerError):
    """The server has reached ``maxmemory`` and takes no new tasks. Nothing of the refused call was stored."""


class ServerRefused(ServerError):
    """The server refused a command for a reason that Cleo doesn't know, such as a key that holds something else."""


class EmbeddedServerError(ServerError):
    """The embedded server could not be started."""


class InvalidUrl(CleoError, ValueError):
    """The address of the server can't be understood."""


# --- what was handed in ----------------------------------------------------------------------------


class InvalidInput(CleoError, ValueError):
    """Something handed to Cleo is refused before anything was stored."""


class InvalidName(InvalidInput):
    """A queue, group, task name or id is empty, too long, or has characters that are not allowed."""


class InvalidOption(InvalidInput):
    """An option is unknown or out of its range."""


class InvalidArguments(InvalidInput):
    """The arguments don't fit the task's signature, or can't be written as JSON."""


class PayloadTooLarge(InvalidInput):
    """The arguments or the result, written as JSON, exceed the limit."""


class InvalidHeaders(InvalidInput):
    """A middleware gave a task headers that can't travel with it."""


class UnknownTask(InvalidInput):
    """No task of that name is declared on this ``Cleo``."""


class DuplicateTaskName(InvalidInput):
    """Two functions were declared under one task name."""


# --- the life of a task ----------------------------------------------------------------------------


class LoopBlocked(CleoError):
    """A blocking call was made in a thread whose event loop runs, which it would bring to a halt."""


class TaskNotFound(CleoError):
    """There is no task of that id in that queue; it may have expired."""


class DiscardNotFound(CleoError):
    """There is no such discard in the trash: it was undone, or its 10 minutes are over."""


class RetryNotFound(CleoError):
    """There is no such retry of many dead letters; it is kept for a week after its last step."""


class StaleLease(CleoError):
    """The lease on the task was lost: another worker may be running it, so nothing more is accepted for this
    attempt.
    """


class TaskFailed(CleoError):
    """The task ended in the dead letters. ``error`` is the type and message of its last attempt."""

    def __init__(self, task_id: str, error: str) -> None:
        super().__init__(
            f"Task {task_id} failed: {error}. It is kept in the dead letters with every attempt's traceback."
        )
        self.task_id = task_id
        self.error = error


class WorkerLost(CleoError):
    """The workers that ran a task were lost with it, as often as its ``max_deliveries`` allows; what middleware is
    told of poison.
    """


class TaskCancelled(CleoError):
    """The task was cancelled before it completed."""


class TaskTimeout(CleoError):
    """An attempt ran longer than the task's ``timeout``."""


class InvalidResults(CleoError):
    """A batched handler returned something from which it can't be told how each of its tasks ended; all have failed."""


class WrongState(CleoError):
    """The task is not in a state in which this can be done to it; the message names the state."""


class SigningKeyNeeded(CleoError):
    """A signed task can't be changed without a key to sign it with; workers would refuse it."""


class WorkerError(CleoError):
    """A worker can't start or go on as configured."""


class ScheduleNotFound(CleoError):
    """There is no schedule of that id in that queue."""


class WorkerNotFound(CleoError):
    """No worker of that id is alive."""


# --- locks -----------------------------------------------------------------------------------------


class LockTimeout(CleoError, TimeoutError):
    """A lock was not granted within the time that was given; the message says what stands in the way."""


class LockLost(CleoError):
    """A lock is held no longer: it ran out, or somebody released it by force. What it protected may be in other
    hands.
    """
