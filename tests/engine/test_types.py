"""The types that a task keeps through its decorator. The type checker is the judge; running it only proves that it
runs.
"""

from __future__ import annotations

from typing import assert_type

from pydantic import BaseModel

from cleo_core import Cleo, Task, TaskContext, TaskHandle

cleo = Cleo("redis://localhost/0")


class Message(BaseModel):
    text: str


@cleo.task(queue="emails", max_retries=3)
async def send(message: Message, copies: int = 1) -> str:
    return message.text * copies


@cleo.task(queue="emails")
async def with_context(ctx: TaskContext, n: int) -> int:
    return n


@cleo.task
async def bare(n: int) -> list[int]:
    return [n]


@cleo.task(queue="emails")
def plain(n: int) -> float:
    return n / 2


@cleo.task
def plain_with_context(ctx: TaskContext, *, name: str) -> dict[str, int]:
    return {name: 1}


async def _handles() -> None:
    handle = await send.enqueue(Message(text="a"), copies=2)
    assert_type(handle, TaskHandle[str])
    assert_type(await handle.result(timeout=30), str)
    assert_type(await with_context.enqueue(3), TaskHandle[int])
    assert_type(await bare.enqueue(n=3), TaskHandle[list[int]])
    assert_type(await plain.options(delay=3).enqueue(3), TaskHandle[float])
    assert_type(await plain_with_context.enqueue(name="x"), TaskHandle[dict[str, int]])
    assert_type(await send.enqueue_many([(Message(text="a"),)]), list[TaskHandle[str]])
    assert_type(await send(Message(text="a")), str)
    assert_type(plain(3), float)


async def _mistakes() -> None:
    await send.enqueue("text")  # pyright: ignore[reportArgumentType]
    await send.enqueue(Message(text="a"), copies="two")  # pyright: ignore[reportArgumentType]
    await with_context.enqueue()  # pyright: ignore[reportCallIssue]
    await bare.options(delay=1).enqueue("x")  # pyright: ignore[reportArgumentType]
    plain("x")  # pyright: ignore[reportArgumentType]


def test_a_declared_function_is_a_task_under_its_name() -> None:
    assert isinstance(send, Task)
    assert (send.name, send.queue) == ("send", "emails")
    assert plain(3) == 1.5
    assert plain_with_context(name="x") == {"x": 1}
    assert _handles
    assert _mistakes
