"""A web service (FastAPI) that enqueues into the groups of its customers, and streams how far a task is.

Run it with ``uvicorn examples.web_service:app``, then

    curl -X POST localhost:8000/api/groups/acme/tasks -H 'content-type: application/json' -d '{"pages": 5}'
    curl -N localhost:8000/api/tasks/<id>/events

The worker is embedded here; in production run ``cleo worker examples.web_service:cleo`` beside it.
"""

from __future__ import annotations

import asyncio
import json
import os
from collections.abc import AsyncGenerator, AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

from fastapi import FastAPI, HTTPException
from fastapi.responses import StreamingResponse
from pydantic import BaseModel, Field

from cleo_core import Cleo, Event, EventGap, InvalidInput, ServerError, TaskContext, TaskNotFound

cleo = Cleo(os.environ.get("CLEO_REDIS_URL", "embedded://"), namespace="example-web")
QUEUE = "reports"
ENDS = {"completed", "dead", "cancelled"}


class NewReport(BaseModel):
    """What a customer asks for."""

    pages: int = Field(ge=1, le=1_000)


@cleo.task(queue=QUEUE, timeout=300)
async def build_report(ctx: TaskContext, report: NewReport) -> str:
    """Write page after page, and say how far it is."""
    for page in range(report.pages):
        await asyncio.sleep(0.05)
        ctx.progress((page + 1) / report.pages, f"page {page + 1}")
    return f"{ctx.group}-{report.pages}.pdf"


@asynccontextmanager
async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
    """The worker runs as long as the service does."""
    async with cleo, cleo.worker(queues=[QUEUE], concurrency=20):
        yield


app = FastAPI(title="Reports", lifespan=lifespan)


@app.post("/api/groups/{group}/tasks", status_code=202)
async def add_task(group: str, report: NewReport) -> dict[str, str]:
    """Enqueue a report for a customer."""
    try:
        handle = await build_report.options(group=group).enqueue(report)
    except InvalidInput as error:
        raise HTTPException(422, str(error)) from None
    except ServerError as error:
        raise HTTPException(503, str(error)) from None
    return {"id": handle.id, "events": f"/api/tasks/{handle.id}/events"}


@app.get("/api/tasks/{task_id}")
async def get_task(task_id: str) -> dict[str, Any]:
    """Where a report is."""
    return await _state_of(task_id)


@app.get("/api/tasks/{task_id}/events")
async def stream(task_id: str) -> StreamingResponse:
    """Server-sent events: the state now, then each progress, and the end."""
    await _state_of(task_id)
    return StreamingResponse(_events_of(task_id), media_type="text/event-stream")


async def _state_of(task_id: str) -> dict[str, Any]:
    try:
        record = await cleo.queues.get_task(QUEUE, task_id)
    except TaskNotFound as error:
        raise HTTPException(404, str(error)) from None
    shown = {"state", "group", "progress", "progress_text", "result", "reason"}
    return record.model_dump(mode="json", include=shown)


async def _events_of(task_id: str) -> AsyncIterator[str]:
    """What is told is only a sign to look: the truth is in the task's record, also after a gap."""
    told = await _state_of(task_id)
    yield _message(told)
    if told["state"] in ENDS:
        return
    # Batches come about each second even if nothing happens, so an end that was not heard is seen all the same.
    async for batch in cleo.events.batches(QUEUE):
        if batch and not any(_concerns(event, task_id) for event in batch):
            continue
        state = await _state_of(task_id)
        if state != told:
            told = state
            yield _message(told)
        if told["state"] in ENDS:
            return


def _message(state: dict[str, Any]) -> str:
    return f"data: {json.dumps(state)}\n\n"


def _concerns(event: Event | EventGap, task_id: str) -> bool:
    return isinstance(event, EventGap) or event.task_id == task_id
