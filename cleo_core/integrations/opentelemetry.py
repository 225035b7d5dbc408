"""Traces by OpenTelemetry (extra ``otel``): a span where a task is enqueued, and one for each attempt, in one trace.

Names and attributes follow the semantic conventions for messaging spans of OpenTelemetry (1.30), with ``cleo.`` before
those that they don't know.
"""

from __future__ import annotations

from contextvars import Token
from typing import Any, cast

from opentelemetry import context as contexts
from opentelemetry import propagate, trace
from opentelemetry.context import Context
from opentelemetry.propagators.textmap import TextMapPropagator
from opentelemetry.trace import Link, Span, SpanKind, Status, StatusCode, TracerProvider
from opentelemetry.util.types import AttributeValue

from cleo_core.middleware import Middleware, OutgoingTask, RunEnd, TaskRun, Verdict
from cleo_core.version import __version__

LONGEST = 2_000
FAILED = {Verdict.RETRIED, Verdict.DEAD}


class OpenTelemetryMiddleware(Middleware):
    """Spans for what is enqueued and run, and the trace's context in the task's headers from one to the other.

    Each attempt is a child of the span that enqueued the task; a retry is also linked to it. While a task runs, its
    span is the current one, in threads too; in a batch it is that of the first task, and the others have theirs beside.

    Args:
        tracer_provider: where spans go; the global one if not given.
        propagator: how the context is written; the global one (W3C trace context and baggage) if not given.
    """

    def __init__(
        self, tracer_provider: TracerProvider | None = None, propagator: TextMapPropagator | None = None
    ) -> None:
        self._tracer = trace.get_tracer("cleo_core", __version__, tracer_provider)
        self._propagator = propagator or propagate.get_global_textmap()

    async def before_enqueue(self, task: OutgoingTask) -> None:
        """Begin the producer's span, and send its context along."""
        attributes: dict[str, AttributeValue] = {
            **_attributes("send", task.id, task.name, task.queue, task.group),
            "messaging.message.body.size": len(task.arguments),
        }
        if task.delay:
            attributes["cleo.task.delay"] = task.delay
        span = self._tracer.start_span(f"send {task.queue}", kind=SpanKind.PRODUCER, attributes=attributes)
        carrier: dict[str, str] = {}
        # Their default for ``setter`` doesn't fit the type that they declare for it.
        cast("Any", self._propagator).inject(carrier, trace.set_span_in_context(span))
        # Baggage may be longer than what may travel with a task; the trace goes on without it.
        task.headers.update({name: value for name, value in carrier.items() if len(value) <= LONGEST})
        task.state[self] = span

    async def after_enqueue(self, task: OutgoingTask, *, created: bool, error: BaseException | None) -> None:
        """End the producer's span."""
        span: Span = task.state.pop(self)
        span.set_attribute("cleo.task.created", created)
        if error is not None:
            _fail(span, error)
        span.end()

    async def before_run(self, run: TaskRun) -> None:
        """Begin the consumer's span, as the child of the one that came with the task."""
        # A context of its own: the worker may have been started inside of somebody's span.
        came_with = self._propagator.extract(run.headers, Context())
        attributes: dict[str, AttributeValue] = {
            **_attributes("process", run.id, run.name, run.queue, run.group),
            "messaging.consumer.group.name": run.queue,
            "messaging.client.id": run.worker,
            "cleo.task.attempt": run.attempt,
            "cleo.task.wait": run.wait,
        }
        if run.batch_size > 1:
            attributes["messaging.batch.message_count"] = run.batch_size
        creator = trace.get_current_span(came_with).get_span_context()
        links = [Link(creator, {"cleo.task.attempt": 1})] if run.attempt > 1 and creator.is_valid else []
        span = self._tracer.start_span(
            f"process {run.queue}", context=came_with, kind=SpanKind.CONSUMER, attributes=attributes, links=links
        )
        token = contexts.attach(trace.set_span_in_context(span, came_with)) if run.batch_place == 0 else None
        run.state[self] = (span, token)

    async def after_run(self, run: TaskRun, end: RunEnd) -> None:
        """End the consumer's span with what became of the task."""
        span, token = cast("tuple[Span, Token[Context] | None]", run.state.pop(self))
        span.set_attribute("cleo.task.verdict", end.verdict.value)
        if end.retry_in is not None:
            span.set_attribute("cleo.task.retry_in", end.retry_in)
        if end.error is not None and end.verdict in FAILED:
            _fail(span, end.error)
        span.end()
        if token is not None:
            contexts.detach(token)


def _attributes(operation: str, task_id: str, name: str, queue: str, group: str) -> dict[str, Any]:
    return {
        "messaging.system": "cleo",
        "messaging.operation.name": operation,
        "messaging.operation.type": operation,
        "messaging.destination.name": queue,
        "messaging.message.id": task_id,
        "cleo.task.name": name,
        **({"cleo.task.group": group} if group else {}),
    }


def _fail(span: Span, error: BaseException) -> None:
    span.record_exception(error)
    span.set_attribute("error.type", type(error).__qualname__)
    span.set_status(Status(StatusCode.ERROR, str(error)[:LONGEST]))
