"""How a command ends: its exit codes, and which error means which."""

from __future__ import annotations

from enum import IntEnum

from cleo_core import errors


class ExitCode(IntEnum):
    """What a script can rely on.

    ``FAILED``: it could not be done, or only in part. ``USAGE``: the command line or a value in it can't be, or a
    change of many things was not confirmed. ``SERVER``: the server can't be reached or used, or its ACL denies this.
    ``NOT_FOUND``: what was named is not there.
    """

    DONE = 0
    FAILED = 1
    USAGE = 2
    SERVER = 3
    NOT_FOUND = 4
    INTERRUPTED = 130
    BROKEN_PIPE = 141


class CommandError(errors.CleoError):
    """A command ends with a sentence for people and an exit code for scripts."""

    code = ExitCode.FAILED


class Failed(CommandError):
    """It could not be done, or only in part."""


class Misused(CommandError):
    """The command line, or a value in it, can't be."""

    code = ExitCode.USAGE


class NotThere(CommandError):
    """What was named is not there."""

    code = ExitCode.NOT_FOUND


# The first that fits is taken.
CODES: tuple[tuple[type[errors.CleoError], ExitCode], ...] = (
    (errors.ServerError, ExitCode.SERVER),
    (errors.TaskNotFound, ExitCode.NOT_FOUND),
    (errors.DiscardNotFound, ExitCode.NOT_FOUND),
    (errors.RetryNotFound, ExitCode.NOT_FOUND),
    (errors.WorkerNotFound, ExitCode.NOT_FOUND),
    (errors.ScheduleNotFound, ExitCode.NOT_FOUND),
    (errors.InvalidInput, ExitCode.USAGE),
    (errors.InvalidUrl, ExitCode.USAGE),
)


def code_of(error: errors.CleoError) -> ExitCode:
    """The exit code that an error means."""
    if isinstance(error, CommandError):
        return error.code
    return next((code for kind, code in CODES if isinstance(error, kind)), ExitCode.FAILED)
