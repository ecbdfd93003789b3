"""OpenTelemetry traces of requests that go by: how long reading, ruling and the upstream took, and what was ruled. Never a word of text.

A caller's `traceparent` (W3C Trace Context) becomes the parent, and the upstream gets ours, so that the gateway is a link in the chain.
Whoever calls cannot make us trace: which requests are traced is drawn here, whatever ids and flags a caller sends. Accounts are not named,
for a collector is read by many. Of a request that is not traced `traceparent` goes on as it came.
"""

from __future__ import annotations

import random

from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter
from opentelemetry.sdk.resources import Resource
from opentelemetry.sdk.trace import TracerProvider
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from opentelemetry.trace import Span, SpanKind, StatusCode, Tracer, set_span_in_context
from opentelemetry.trace.propagation.tracecontext import TraceContextTextMapPropagator

from stillwatch.gateway.wire import TRACED, Headers, first
from stillwatch.policy import Dialect, Ruling

__all__ = ["Trace", "Tracing"]

_W3C = TraceContextTextMapPropagator()
_SERVER_FAULT = 500


class Trace:
    """The spans of one request: the whole of it, and within it the upstream's part, where it came so far."""

    __slots__ = ("_tracer", "_upstream", "_whole")

    def __init__(self, tracer: Tracer, whole: Span) -> None:
        self._tracer, self._whole = tracer, whole
        self._upstream: Span | None = None

    def sent(self) -> list[tuple[str, str]]:
        """The request goes to the upstream; the headers that tell it so."""
        within = set_span_in_context(self._whole)
        self._upstream = self._tracer.start_span("upstream", context=within, kind=SpanKind.CLIENT)
        headers: dict[str, str] = {}
        _W3C.inject(headers, context=set_span_in_context(self._upstream))
        return [*headers.items()]

    def answered(self, status: int) -> None:
        """The upstream's answer has begun."""
        if self._upstream is not None:
            self._upstream.set_attribute("http.response.status_code", status)
            self._upstream.add_event("answer begun")

    def end(self, ruling: Ruling, status: int, *, finished: bool) -> None:
        """The request is over, however it ended."""
        whole = self._whole
        whole.set_attributes(
            {
                "http.response.status_code": status,
                "stillwatch.step": ruling.step.name.lower(),
                "stillwatch.code": ruling.code,
                "stillwatch.rule": ruling.rule,
                "stillwatch.policy": ruling.policy,
                "stillwatch.finished": finished,
            }
        )
        if status >= _SERVER_FAULT or not finished:
            whole.set_status(StatusCode.ERROR)
        if self._upstream is not None:
            self._upstream.end()
        whole.end()


class Tracing:
    """Makes the spans and sends them off from a thread of its own; what a collector does not take is dropped.

    Args:
        collector: base of its OTLP/HTTP address; `exporter` takes its place in tests.
        share: share of requests that are traced.
    """

    def __init__(self, collector: str, *, share: float, exporter: SpanExporter | None = None) -> None:
        self._provider = TracerProvider(
            resource=Resource.create({"service.name": "stillwatch-gateway"}),
            sampler=ALWAYS_ON,
            shutdown_on_exit=False,
        )
        sent = exporter or OTLPSpanExporter(endpoint=f"{collector.rstrip('/')}/v1/traces", timeout=5)
        self._provider.add_span_processor(BatchSpanProcessor(sent, max_queue_size=4096))
        self._tracer = self._provider.get_tracer("stillwatch.gateway")
        self._share = share

    def begin(self, method: str, dialect: Dialect, headers: Headers, at: float) -> Trace | None:
        """A request begins; none is made of one that is not drawn."""
        if random.random() >= self._share:  # noqa: S311 - no secret hangs on it
            return None
        carried = {
            name.decode(): value.decode("latin-1") for name in TRACED if (value := first(headers, name)) is not None
        }
        whole = self._tracer.start_span(
            f"{method} {dialect.value}" if dialect is not Dialect.OTHER else method,
            context=_W3C.extract(carried),
            kind=SpanKind.SERVER,
            start_time=int(at * 1e9),
            attributes={"http.request.method": method, "stillwatch.dialect": dialect.value},
        )
        return Trace(self._tracer, whole)

    def stop(self) -> None:
        """Send what waits; at most a few seconds."""
        self._provider.force_flush(5_000)
        self._provider.shutdown()
