"""Tasks for ``executor="process"``, which a child process imports by this module's name."""

from __future__ import annotations

import os
import time
from pathlib import Path

from pydantic import BaseModel

from cleo_core import Cleo
from cleo_core.settings import RedisSettings

app = Cleo("redis://127.0.0.1:1/0")


class Number(BaseModel):
    value: int


class AwkwardError(Exception):
    """Pickles, but can't be made anew from its arguments."""

    def __init__(self, first: str, second: str) -> None:
        super().__init__(f"{first} {second}")


@app.task(queue="p", executor="process")
def square(number: Number) -> int:
    return number.value**2


@app.task(queue="p", executor="process")
def where() -> int:
    return os.getpid()


@app.task(queue="p", executor="process")
def hold(reached: str, go_on: str) -> None:
    Path(reached).touch()
    end = time.monotonic() + 60
    while not Path(go_on).exists() and time.monotonic() < end:
        time.sleep(0.01)


@app.task(queue="p", executor="process", max_retries=0)
def die() -> None:
    os._exit(3)


@app.task(queue="p", executor="process", max_retries=0)
def raise_awkward_error() -> None:
    raise AwkwardError("one", "two")


def own_pid() -> int:
    return os.getpid()


def cleo_at(url: str, namespace: str) -> Cleo:
    """The Cleo of these tasks, on a server."""
    return app.configure(redis=RedisSettings(url=url), namespace=namespace)
