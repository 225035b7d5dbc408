"""OpenTelemetry: spans of producers and workers in one trace, with what went wrong, and links for retries."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from opentelemetry import baggage, trace
from opentelemetry.context import attach, detach
from opentelemetry.sdk.trace import ReadableSpan, TracerProvider
from opentelemetry.sdk.trace.export import SimpleSpanProcessor
from opentelemetry.sdk.trace.export.in_memory_span_exporter import InMemorySpanExporter
from opentelemetry.trace import SpanKind, StatusCode

from cleo_core import Backoff, Cleo, ServerError, TaskContext, TaskFailed
from cleo_core.integrations.opentelemetry import OpenTelemetryMiddleware
from tests.servers import Server


@pytest.fixture
def spans() -> Iterator[InMemorySpanExporter]:
    exporter = InMemorySpanExporter()
    yield exporter
    exporter.shutdown()


@pytest.fixture
def provider(spans: InMemorySpanExporter) -> TracerProvider:
    provider = TracerProvider()
    provider.add_span_processor(SimpleSpanProcessor(spans))
    return provider


@pytest.fixture
def traced(cleo: Cleo, provider: TracerProvider) -> Cleo:
    cleo.use(OpenTelemetryMiddleware(provider))
    return cleo


def _of_kind(spans: InMemorySpanExporter, kind: SpanKind) -> list[ReadableSpan]:
    return [span for span in spans.get_finished_spans() if span.kind is kind]


def _ids(spans: Sequence[ReadableSpan]) -> set[int]:
    return {span.context.trace_id for span in spans if span.context is not None}


async def test_enqueuing_and_running_are_one_trace(
    traced: Cleo, provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    tracer = provider.get_tracer("test")

    @traced.task(queue="emails", group="acme")
    async def send(text: str) -> None:
        with tracer.start_as_current_span("smtp"):
            pass

    with tracer.start_as_current_span("request"):
        handle = await send.enqueue("hello")
    async with traced.worker():
        await handle.result(timeout=30)
    by_name = {span.name: span for span in spans.get_finished_spans()}
    request, produced, processed, smtp = (
        by_name[name] for name in ("request", "send emails", "process emails", "smtp")
    )
    assert len(_ids([request, produced, processed, smtp])) == 1
    for child, parent in ((produced, request), (processed, produced), (smtp, processed)):
        assert child.parent is not None
        assert child.parent.span_id == (parent.context and parent.context.span_id)
    assert (produced.kind, processed.kind) == (SpanKind.PRODUCER, SpanKind.CONSUMER)
    attributes = dict(processed.attributes or {})
    assert 0 <= attributes.pop("cleo.task.wait") < 60  # pyright: ignore[reportOperatorIssue]
    assert attributes.pop("messaging.client.id")
    assert attributes == {
        "messaging.system": "cleo", "messaging.operation.name": "process", "messaging.operation.type": "process",
        "messaging.destination.name": "emails", "messaging.message.id": handle.id,
        "messaging.consumer.group.name": "emails", "cleo.task.name": "send", "cleo.task.group": "acme",
        "cleo.task.attempt": 1, "cleo.task.verdict": "completed",
    }  # fmt: skip
    assert (produced.attributes or {})["messaging.message.body.size"] == len('{"text":"hello"}')
    assert processed.links == ()


async def test_a_retry_is_linked_to_the_span_that_enqueued_it_and_errors_are_recorded(
    traced: Cleo, spans: InMemorySpanExporter
) -> None:
    @traced.task(queue="q", max_retries=1, backoff=Backoff.fixed(0))
    async def fail() -> None:
        raise KeyError("nothing there")

    async with traced.worker():
        with pytest.raises(TaskFailed):
            await (await fail.enqueue()).result(timeout=30)
    (produced,) = _of_kind(spans, SpanKind.PRODUCER)
    first, second = _of_kind(spans, SpanKind.CONSUMER)
    assert len(_ids([produced, first, second])) == 1
    assert len(first.links) == 0
    assert [link.context.span_id for link in second.links] == [produced.context and produced.context.span_id]
    assert [(s.attributes or {})["cleo.task.verdict"] for s in (first, second)] == ["retried", "dead"]
    for span in (first, second):
        assert span.status.status_code is StatusCode.ERROR
        assert (span.attributes or {})["error.type"] == "KeyError"
        assert [event.name for event in span.events] == ["exception"]


async def test_the_span_is_current_in_a_thread_too(
    traced: Cleo, provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    @traced.task(queue="q")
    def work() -> str:
        return f"{trace.get_current_span().get_span_context().span_id:x}"

    handle = await work.enqueue()
    async with traced.worker():
        seen = await handle.result(timeout=30)
    (processed,) = _of_kind(spans, SpanKind.CONSUMER)
    assert processed.context is not None
    assert seen == f"{processed.context.span_id:x}"


async def test_a_task_enqueued_by_a_task_is_in_the_same_trace(traced: Cleo, spans: InMemorySpanExporter) -> None:
    @traced.task(queue="q")
    async def inner() -> None: ...

    @traced.task(queue="q")
    async def outer() -> str:
        return (await inner.enqueue()).id

    async with traced.worker():
        inner_id = await (await outer.enqueue()).result(timeout=30)
        await traced.queues.handle("q", inner_id).result(timeout=30)
    assert len(spans.get_finished_spans()) == 4
    assert len(_ids(spans.get_finished_spans())) == 1


async def test_tasks_that_were_enqueued_without_tracing_begin_traces_of_their_own(
    server: Server, namespace: str, provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    async with Cleo(server.url, namespace=namespace) as plain:

        @plain.task(queue="q")
        async def work() -> None: ...

        handle = await work.enqueue()
    # The worker is started inside of a span that has nothing to do with the task.
    with provider.get_tracer("test").start_as_current_span("start-up"):
        async with Cleo(server.url, namespace=namespace, middleware=[OpenTelemetryMiddleware(provider)]) as cleo:
            cleo.task(queue="q")(work.function)
            async with cleo.worker():
                await cleo.queues.handle("q", handle.id).result(timeout=30)
    (processed,) = _of_kind(spans, SpanKind.CONSUMER)
    assert processed.parent is None


async def test_each_task_of_a_batch_has_its_span_in_its_own_trace(traced: Cleo, spans: InMemorySpanExporter) -> None:
    current: list[int] = []

    @traced.task(queue="q", batch=3, batch_wait=5, max_retries=0)
    async def work(rows: list[int]) -> list[int | Exception]:
        current.append(trace.get_current_span().get_span_context().trace_id)
        return [ValueError(row) if row == 1 else row for row in rows]

    handles = await work.enqueue_many([(n,) for n in range(3)])
    async with traced.worker():
        await handles[2].result(timeout=30)
    processed = sorted(_of_kind(spans, SpanKind.CONSUMER), key=lambda s: [h.id for h in handles].index(_message_of(s)))
    assert len(_ids(processed)) == 3
    assert [span.status.status_code for span in processed] == [StatusCode.UNSET, StatusCode.ERROR, StatusCode.UNSET]
    assert all((span.attributes or {})["messaging.batch.message_count"] == 3 for span in processed)
    assert processed[0].context is not None
    assert current == [processed[0].context.trace_id]


def _message_of(span: ReadableSpan) -> str:
    return str((span.attributes or {})["messaging.message.id"])


async def test_what_the_server_did_not_take_is_an_error_of_the_producers_span(
    provider: TracerProvider, spans: InMemorySpanExporter
) -> None:
    cleo = Cleo("redis://127.0.0.1:1/0", middleware=[OpenTelemetryMiddleware(provider)])

    @cleo.task(queue="q")
    async def work() -> None: ...

    with pytest.raises(ServerError):
        await work.enqueue()
    (produced,) = spans.get_finished_spans()
    assert produced.status.status_code is StatusCode.ERROR
    assert (produced.attributes or {})["error.type"] == "ServerUnavailable"


async def test_baggage_travels_unless_it_is_too_long(traced: Cleo) -> None:
    @traced.task(queue="q")
    async def work(ctx: TaskContext) -> list[str]:
        return sorted(ctx.headers)

    handles = [await work.enqueue()]
    for value in ("acme", "x" * 6_000):
        token = attach(baggage.set_baggage("customer", value))
        handles.append(await work.enqueue())
        detach(token)
    async with traced.worker():
        seen = [await handle.result(timeout=30) for handle in handles]
    assert seen == [["traceparent"], ["baggage", "traceparent"], ["traceparent"]]
