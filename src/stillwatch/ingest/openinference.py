"""OpenInference spans (Arize's conventions, as the openinference instrumentors write them), as OTLP-JSON or one span a line."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from . import _chat
from ._openinference import object_of, refusal_category, request_id, talk, tools_of
from ._openinference_plain import PLAIN
from ._otlp import Span, carries, conclude, identify, pieces
from .clean import Reading, billed, label
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .turns import lay_out, returned, sent

__all__ = ["read", "read_span"]


def read_span(span: Span, reading: Reading) -> Iterable[Exchange]:
    """Read one span; only those of kind LLM are exchanges."""
    found = span.attributes
    get = found.get
    if get("openinference.span.kind") != "LLM":
        reading.notes["spans that are no model call, passed over"] += 1
        return []
    x = Exchange(format="openinference", pathway="api")
    x.at = reading.at(span.start, "startTimeUnixNano")
    identify(x, span)
    asked_for = object_of(get("llm.invocation_parameters"))
    if asked_for:
        _chat.sampling(x, asked_for)
    x.model = label(get("llm.request.model_name")) or label(asked_for.get("model")) or label(get("llm.model_name"))
    x.request = request_id(found) or span.key
    x.input_tokens = billed(get("llm.token_count.prompt"), "llm.token_count.prompt")
    x.output_tokens = billed(get("llm.token_count.completion"), "llm.token_count.completion")
    x.reasoning_tokens = billed(
        get("llm.token_count.completion_details.reasoning"), "llm.token_count.completion_details.reasoning"
    )
    x.cached_tokens = billed(
        get("llm.token_count.prompt_details.cache_read"), "llm.token_count.prompt_details.cache_read"
    )
    x.tools = tools_of(found)
    said = talk(found)
    if said.turns:
        lay_out(x, said.turns)
    x.output, x.reasoning, x.stop_reason = said.output, said.reasoning, said.stop
    sent(x, said.carried)
    returned(x, said.brought)
    if said.refused:
        x.refusal_category = refusal_category(found, said.stop)
    conclude(x, span, refused=said.refused)
    return [x]


def assemble(group: Sequence[Piece], reading: Reading) -> Iterable[Exchange]:
    """Read the spans of one key."""
    for piece in group:
        if not piece.value.is_event:
            yield from read_span(piece.value, reading)


def _sniff(record: Record) -> int:
    return carries(record, "openinference.")


@log_format(
    name="openinference",
    title="OpenInference spans (OTLP-JSON)",
    sample="openinference",
    wants='"resourceSpans" with the attribute openinference.span.kind',
    sniff=_sniff,
    lacks=("asn", "client_telemetry", "credential"),
    joined=Joined(pieces=pieces, assemble=assemble, needed=lambda _records: False),
    plain=PLAIN,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one export."""
    return [x for _, span in pieces(record) if not span.is_event for x in read_span(span, reading)]
