"""OpenTelemetry GenAI spans and events: the current semantic conventions and those up to v1.36, as OTLP-JSON.

Messages stand in attributes (structured or as JSON text), in indexed attributes, in span events, or in log events that share the
span's ids and may lie in another file of the same folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from ._genai import CALLS, pathway_of, talk, tools_of
from ._otel_plain import OWN, OWN_CLEAN, PLAIN
from ._otlp import Span, carries, conclude, identify, pieces
from .clean import Reading, asked_count, asked_flag, asked_number, billed, label
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .openinference import read_span as read_openinference
from .turns import lay_out, returned, sent

__all__ = ["OWN", "assemble", "read", "read_span"]

NOT_CALLS = "spans that are no model call, passed over"


def read_span(span: Span, events: Sequence[Span], reading: Reading) -> Iterable[Exchange]:
    """Read one span with the events that belong to it."""
    for event in events:
        if event.name == "gen_ai.client.inference.operation.details":
            span.attributes = {**event.attributes, **span.attributes}
    found = span.attributes
    operation = found.get("gen_ai.operation.name")
    if not (operation in CALLS if isinstance(operation, str) else "gen_ai.request.model" in found):
        reading.notes[NOT_CALLS] += 1
        return []
    get = found.get
    x = Exchange(format="otel_genai")
    x.at = reading.at(span.start, "startTimeUnixNano")
    identify(x, span)
    x.model = label(get("gen_ai.request.model")) or label(get("gen_ai.response.model"))
    x.pathway = pathway_of(get("gen_ai.provider.name") or get("gen_ai.system"))
    x.request = label(get("gen_ai.response.id")) or span.key
    _numbers(x, found)
    said = talk(span, events)
    if said.turns is not None:
        lay_out(x, said.turns, system=said.system)
    x.output, x.reasoning, x.stop_reason = said.output, said.reasoning, said.stop
    sent(x, said.carried)
    returned(x, said.brought)
    if x.stop_reason == "content_filter":
        x.refusal_category = "content_filter"
    for column, key in OWN.items():
        if key in found:
            setattr(x, column, OWN_CLEAN[column](found[key], reading))
    conclude(x, span, refused=said.refused)
    return [x]


def _numbers(x: Exchange, found: dict[str, Any]) -> None:
    get = found.get

    def first(*keys: str) -> Any:
        return next((found[key] for key in keys if found.get(key) is not None), None)

    x.input_tokens = billed(
        first("gen_ai.usage.input_tokens", "gen_ai.usage.prompt_tokens"), "gen_ai.usage.input_tokens"
    )
    x.output_tokens = billed(
        first("gen_ai.usage.output_tokens", "gen_ai.usage.completion_tokens"), "gen_ai.usage.output_tokens"
    )
    reasoning = first("gen_ai.usage.reasoning.output_tokens", "gen_ai.usage.reasoning_tokens")
    x.reasoning_tokens = billed(reasoning, "gen_ai.usage.reasoning.output_tokens")
    cached = first("gen_ai.usage.cache_read.input_tokens", "gen_ai.usage.cache_read_input_tokens")
    x.cached_tokens = billed(cached, "gen_ai.usage.cache_read.input_tokens")
    x.max_tokens = asked_count(get("gen_ai.request.max_tokens"))
    x.temperature = asked_number(get("gen_ai.request.temperature"))
    x.top_p = asked_number(get("gen_ai.request.top_p"))
    x.top_k = asked_count(get("gen_ai.request.top_k"))
    x.n = asked_count(get("gen_ai.request.choice.count"), limit=32_767)
    x.stream = asked_flag(first("gen_ai.request.stream", "llm.is_streaming"))
    x.tools = tools_of(found)


def assemble(group: Sequence[Piece], reading: Reading) -> Iterable[Exchange]:
    """Read all that shares a span's ids. Events of the span's own file come first; they are used once."""
    spans = [piece for piece in group if not piece.value.is_event]
    if not spans:
        reading.notes["log events without their span, passed over"] += 1
        return
    events = [piece for piece in group if piece.value.is_event]
    for piece in spans:
        own = [event.value for event in events if event.source == piece.source] or (
            [event.value for event in events] if len(spans) == 1 else []
        )
        if "openinference.span.kind" in piece.value.attributes:
            rows = read_openinference(piece.value, reading)
        else:
            rows = read_span(piece.value, own, reading)
        for x in rows:
            x.line, x.source = piece.line, piece.source
            yield x


def _has_logs(records: Sequence[Record]) -> bool:
    return any("resourceLogs" in record for record in records)


def _sniff(record: Record) -> int:
    return carries(record, "gen_ai.") * 9 // 10


@log_format(
    name="otel_genai",
    title="OpenTelemetry GenAI spans and events (OTLP-JSON)",
    sample="otel_genai",
    wants='"resourceSpans" with attributes that begin with gen_ai.',
    sniff=_sniff,
    lacks=("asn", "client_telemetry", "credential", "logprobs", "top_logprobs", "logit_bias"),
    joined=Joined(pieces=pieces, assemble=assemble, needed=_has_logs),
    plain=PLAIN,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one export that holds spans and their events together."""
    groups: dict[str, list[Piece]] = {}
    for key, span in pieces(record):
        groups.setdefault(key, []).append(Piece(span, 0, 0))
    return [x for group in groups.values() for x in assemble(group, reading)]
