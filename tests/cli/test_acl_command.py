"""``cleo acl``: what it prints makes a user, and the password is never seen."""

from __future__ import annotations

import hashlib
import os
import subprocess
import sys

import pytest

from cleo_core.access import acl_lines

HASHED = "#" + hashlib.sha256(b"s3cret").hexdigest()
BASE = ("viewer", "--user", "eve", "--namespace", "shop")


def _acl(*arguments: str, stdin: str = "", **environment: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", "cleo_core.cli.main", "acl", *arguments],
        input=stdin, capture_output=True, text=True, check=False, timeout=60, env={**os.environ, **environment},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("arguments", "stdin", "environment"),
    [
        (("--password", "s3cret"), "", {}),
        (("--password", HASHED), "", {}),
        (("--password", "-"), "s3cret\n", {}),
        ((), "", {"CLEO_ACL_PASSWORD": "s3cret"}),
    ],
)
def test_the_lines_have_a_hash_of_the_password_from_wherever_it_comes(
    arguments: tuple[str, ...], stdin: str, environment: dict[str, str]
) -> None:
    done = _acl(*BASE, *arguments, stdin=stdin, **environment)
    assert done.returncode == 0, done.stderr
    assert done.stdout.splitlines() == acl_lines("viewer", user="eve", password=HASHED, namespace="shop")
    assert "s3cret" not in done.stdout + done.stderr


def test_the_queues_are_narrowed() -> None:
    done = _acl(*BASE, "--password", "x", "--queues", "emails, reports")
    assert "shop:{emails}:*" in done.stdout
    assert "shop:{reports}:*" in done.stdout
    assert "{*}" not in done.stdout


@pytest.mark.parametrize(
    ("arguments", "says"),
    [
        ((*BASE,), "CLEO_ACL_PASSWORD"),
        (("king", "--user", "eve", "--password", "x"), "viewer, operator"),
        ((*BASE, "--password", "x", "--queues", ","), "No queue"),
    ],
)
def test_what_is_missing_or_wrong_is_said_in_a_sentence(arguments: tuple[str, ...], says: str) -> None:
    done = _acl(*arguments)
    assert done.returncode == 2
    assert done.stdout == ""
    assert says in done.stderr
    assert "Traceback" not in done.stderr
