"""Read by the type checker alone: what a declared task keeps of its function's types."""

# pyright: strict, reportUnnecessaryTypeIgnoreComment=true

from __future__ import annotations

from collections.abc import Coroutine
from typing import Any, assert_type

from pydantic import BaseModel

from cleo_core import Cleo, Task, TaskContext, TaskHandle, TaskPriority, task, task_method

cleo = Cleo("redis://localhost/0")


class Message(BaseModel):
    text: str


@cleo.task
async def bare(n: int) -> list[int]:
    return [n]


@cleo.task
async def bare_with_context(ctx: TaskContext, n: int, *, flag: bool = False) -> str:
    return f"{ctx.attempt} {n} {flag}"


@cleo.task
def plain(n: int) -> float:
    return n / 2


@cleo.task
def plain_with_context(ctx: TaskContext, name: str) -> dict[str, int]:
    return {name: ctx.attempt}


@cleo.task(queue="emails", max_retries=3)
async def send(message: Message, copies: int = 1) -> str:
    return message.text * copies


@cleo.task(queue="emails")
async def send_with_context(ctx: TaskContext, message: Message) -> Message:
    return message


@cleo.task(queue="emails", priority=TaskPriority.HIGH)
def count(*numbers: int, **more: str) -> int:
    return sum(numbers) + len(more)


@cleo.task(queue="emails")
def count_with_context(ctx: TaskContext, *numbers: int) -> int:
    return sum(numbers)


@cleo.task(queue="rows", batch=50, batch_wait=0.2)
async def insert(rows: list[Message]) -> list[int | Exception]:
    return [len(row.text) for row in rows]


@cleo.task(queue="rows", batch=50)
async def insert_with_contexts(contexts: list[TaskContext], rows: list[Message]) -> list[int]:
    return [context.attempt for context in contexts]


@cleo.task(queue="rows", batch=50)
def insert_plain(rows: list[str]) -> None:
    return None


@cleo.queue_class(queue="emails")
class Service:
    @task_method
    async def push(self, message: Message, copies: int = 1) -> str:
        return message.text * copies

    @task_method
    async def push_with_context(self, ctx: TaskContext, n: int) -> int:
        return ctx.attempt + n

    @task_method
    def count(self, n: int) -> float:
        return n / 2

    @task_method
    def count_with_context(self, ctx: TaskContext, name: str) -> dict[str, int]:
        return {name: ctx.attempt}


@task(queue="emails")
async def of_the_module() -> None:
    return None


async def results() -> None:
    """A handle is of the result's type, and so is what it waits for."""
    assert_type(await bare.enqueue(1), TaskHandle[list[int]])
    assert_type(await (await bare.enqueue(n=1)).result(), list[int])
    assert_type(await bare_with_context.enqueue(1, flag=True), TaskHandle[str])
    assert_type(await plain.enqueue(1), TaskHandle[float])
    assert_type(await (await plain.enqueue(1)).result(timeout=30), float)
    assert_type(await plain_with_context.enqueue("x"), TaskHandle[dict[str, int]])
    assert_type(await send.enqueue(Message(text="x"), copies=2), TaskHandle[str])
    assert_type(await (await send_with_context.enqueue(Message(text="x"))).result(), Message)
    assert_type(await count.enqueue(1, 2, 3, a="b"), TaskHandle[int])
    assert_type(await count_with_context.enqueue(1, 2), TaskHandle[int])
    assert_type(await of_the_module.enqueue(), TaskHandle[None])
    assert_type(await insert.enqueue(Message(text="x")), TaskHandle[int])
    assert_type(await insert_with_contexts.enqueue(Message(text="x")), TaskHandle[int])
    assert_type(await insert_plain.options(delay=1).enqueue("x"), TaskHandle[None])
    assert_type(await send.enqueue_many([(Message(text="x"),)]), list[TaskHandle[str]])
    assert_type(await send.options(delay=1, task_id="a").enqueue(Message(text="x")), TaskHandle[str])
    assert_type(await plain_with_context.options(group="g").enqueue("x"), TaskHandle[dict[str, int]])
    assert_type(await plain.options(priority=TaskPriority.LOW).enqueue_many([(1,)]), list[TaskHandle[float]])


async def methods() -> None:
    """A marked method is a task of the class, and a call of an instance beside it."""
    kept: Task[[int], float, float] = Service.count
    assert kept
    assert_type(await Service.push.enqueue(Message(text="x"), copies=2), TaskHandle[str])
    assert_type(await Service.push_with_context.options(delay=1).enqueue(1), TaskHandle[int])
    assert_type(await Service().push.enqueue(Message(text="x")), TaskHandle[str])
    assert_type(await Service().count_with_context.options(group="g").enqueue("x"), TaskHandle[dict[str, int]])
    assert_type(await Service().count.enqueue_many([(1,)]), list[TaskHandle[float]])
    assert_type(await Service().push(Message(text="x")), str)
    assert_type(Service().count(1), float)
    assert_type(Service().count_with_context("x"), dict[str, int])


async def calls() -> None:
    """A direct call is as it was: awaitable if the function is async, and without the context."""
    coroutine = assert_type(bare(1), Coroutine[Any, Any, list[int]])
    assert_type(await coroutine, list[int])
    assert_type(await bare_with_context(1), str)
    assert_type(plain(1), float)
    assert_type(plain_with_context("x"), dict[str, int])
    assert_type(await send(Message(text="x")), str)
    assert_type(count(1, 2), int)
    assert_type(await insert(Message(text="x")), int)
    kept: Task[[int], float, float] = plain
    assert_type(kept(1), float)


async def mistakes() -> None:
    """Each of these is an error; an ignore that is not needed would be one too."""
    await bare.enqueue("x")  # pyright: ignore[reportArgumentType]
    await bare.enqueue()  # pyright: ignore[reportCallIssue]
    await bare.enqueue(1, 2)  # pyright: ignore[reportCallIssue]
    await bare.enqueue(m=1)  # pyright: ignore[reportCallIssue]
    await bare_with_context.enqueue(1, True)  # pyright: ignore[reportCallIssue]
    await plain_with_context.enqueue(None)  # pyright: ignore[reportArgumentType]
    await send.enqueue("text")  # pyright: ignore[reportArgumentType]
    await send.options(delay="soon").enqueue(Message(text="x"))  # pyright: ignore[reportArgumentType]
    await send.options(delay=1).enqueue(5)  # pyright: ignore[reportArgumentType]
    await count.enqueue("x")  # pyright: ignore[reportArgumentType]
    await of_the_module.enqueue(1)  # pyright: ignore[reportCallIssue]
    await insert.enqueue([Message(text="x")])  # pyright: ignore[reportArgumentType]
    await insert_plain.enqueue(1)  # pyright: ignore[reportArgumentType]
    await Service.push.enqueue("text")  # pyright: ignore[reportArgumentType]
    await Service().push_with_context.enqueue()  # pyright: ignore[reportCallIssue]
    await Service().count.options(delay=1).enqueue("x")  # pyright: ignore[reportArgumentType]
    Service().count_with_context(1)  # pyright: ignore[reportArgumentType]
    plain("x")  # pyright: ignore[reportArgumentType]
    wrong: TaskHandle[str] = await plain.enqueue(1)  # pyright: ignore[reportAssignmentType]
    assert wrong
