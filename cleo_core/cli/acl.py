"""``cleo acl``: the access list of a role, to be piped into ``redis-cli``. It connects to nothing."""

from __future__ import annotations

import os
import sys
from typing import Annotated

import typer

from cleo_core.access.acl import acl_lines
from cleo_core.errors import InvalidOption

PASSWORD_VARIABLE = "CLEO_ACL_PASSWORD"


def acl(
    role: Annotated[str, typer.Argument(help="viewer, operator, admin, producer or worker.")],
    user: Annotated[str, typer.Option("--user", help="The user's name.")],
    password: Annotated[
        str | None,
        typer.Option(
            "--password",
            help="Its password, or '#' and the SHA-256 of it. '-' reads it from the standard input. Without the "
            f"option it is taken from {PASSWORD_VARIABLE}, or asked for.",
        ),
    ] = None,
    namespace: Annotated[
        str, typer.Option("--namespace", envvar="CLEO_NAMESPACE", help="The only namespace in which it may.")
    ] = "cleo",
    queues: Annotated[
        str | None, typer.Option("--queues", help="The only queues in which it may, with commas; all unless given.")
    ] = None,
) -> None:
    """Print the commands that make a Redis user of a role, to be piped into redis-cli.

    Only a hash of the password is printed.
    """
    names = [name.strip() for name in queues.split(",") if name.strip()] if queues is not None else None
    lines = acl_lines(role, user=user, password=_password(password), namespace=namespace, queues=names)
    typer.echo("\n".join(lines))


def _password(given: str | None) -> str:
    """The password, from where it is not seen by others if possible."""
    if given == "-":
        return sys.stdin.readline().rstrip("\r\n")
    if given is not None:
        return given
    if PASSWORD_VARIABLE in os.environ:
        return os.environ[PASSWORD_VARIABLE]
    if not sys.stdin.isatty():
        raise InvalidOption(
            f"The user needs a password. Set {PASSWORD_VARIABLE}, or give --password - and write it to the input."
        )
    return typer.prompt("Password of the new user", hide_input=True, confirmation_prompt=True, err=True)
