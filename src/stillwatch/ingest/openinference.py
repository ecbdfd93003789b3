"""OpenInference spans (Arize's conventions, as the openinference instrumentors write them), as OTLP-JSON or one span a line."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from typing import Any

from . import _chat
from ._otlp import Span, carries, conclude, identify, nested, pieces
from .clean import Reading, billed, label, mapping, sequence, text
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .sse import open_body
from .turns import call_text, joined_answers, lay_out, returned, sent, sorted_tools

__all__ = ["read", "read_span"]

_REFUSALS = frozenset(("content_filter", "refusal", "SAFETY"))
_ID = re.compile(r'\s*\{\s*"id"\s*:\s*"([^"\\]{1,200})"')


def _message(given: Any, thoughts: list[str], artifacts: list[str]) -> tuple[str, str | None]:
    message = mapping(mapping(given).get("message"))
    role = message.get("role")
    found: list[str] = []
    content = text(message.get("content"))
    if content is not None:
        found.append(content)
    for holder in sequence(message.get("contents")):
        part = mapping(mapping(holder).get("message_content"))
        value = text(part.get("text"))
        if part.get("type") == "reasoning":
            thoughts += [value] if value else []
            for name in ("signature", "encrypted_content", "data"):
                mark = text(part.get(name))
                artifacts += [mark] if mark else []
        elif value is not None:
            found.append(value)
    for holder in sequence(message.get("tool_calls")) if not found else ():
        function = mapping(mapping(mapping(holder).get("tool_call")).get("function"))
        found.append(call_text(function.get("name"), function.get("arguments")))
    refusal = text(message.get("refusal"))
    found += [refusal] if refusal and not found else []
    return (role if isinstance(role, str) else "user"), "\n".join(found) or None


def _object(value: Any) -> dict[str, Any]:
    return open_body(value).whole or {}


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
    asked_for = _object(get("llm.invocation_parameters"))
    if asked_for:
        _chat.sampling(x, asked_for)
    x.model = label(get("llm.request.model_name")) or label(asked_for.get("model")) or label(get("llm.model_name"))
    output = get("output.value")
    own = _ID.match(output) if isinstance(output, str) else None
    x.request = label(get("llm.response.id")) or (own[1] if own else None) or span.key
    x.input_tokens = billed(get("llm.token_count.prompt"), "llm.token_count.prompt")
    x.output_tokens = billed(get("llm.token_count.completion"), "llm.token_count.completion")
    x.reasoning_tokens = billed(
        get("llm.token_count.completion_details.reasoning"), "llm.token_count.completion_details.reasoning"
    )
    x.cached_tokens = billed(
        get("llm.token_count.prompt_details.cache_read"), "llm.token_count.prompt_details.cache_read"
    )
    x.tools = sorted_tools(_tool(tool) for tool in nested(found, "llm.tools"))
    thoughts: list[str] = []
    carried: list[str] = []
    brought: list[str] = []
    asked = [_message(message, [], carried) for message in nested(found, "llm.input_messages")]
    if not asked:
        asked = [
            ("user", text(mapping(mapping(given).get("prompt")).get("text"))) for given in nested(found, "llm.prompts")
        ]
    if not asked and get("input.mime_type") != "application/json" and text(get("input.value")):
        asked = [("user", text(get("input.value")))]
    if asked:
        lay_out(x, asked)
    messages = nested(found, "llm.output_messages")
    x.output = joined_answers([_message(message, thoughts, brought)[1] or "" for message in messages])
    if x.output is None and get("output.mime_type") != "application/json" and not messages:
        x.output = text(output)
    x.reasoning = joined_answers(thoughts)
    sent(x, carried)
    returned(x, brought)
    x.stop_reason = label(get("llm.finish_reason")) or label(get("llm.response.finish_reason"))
    refused = x.stop_reason in _REFUSALS or any(
        mapping(mapping(message).get("message")).get("refusal") for message in messages
    )
    if refused:
        metadata = get("metadata")
        details = mapping((_object(metadata) if isinstance(metadata, str) else mapping(metadata)).get("stop_details"))
        x.refusal_category = label(details.get("category")) or (
            "content_filter" if x.stop_reason == "content_filter" else None
        )
    conclude(x, span, refused=bool(refused))
    return [x]


def _tool(given: Any) -> Any:
    tool = mapping(mapping(given).get("tool"))
    schema = tool.get("json_schema")
    described = _object(schema) if isinstance(schema, str) else mapping(schema)
    return (
        mapping(described.get("function")).get("name")
        or described.get("name")
        or tool.get("name")
        or described.get("type")
    )


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
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one export."""
    return [x for _, span in pieces(record) if not span.is_event for x in read_span(span, reading)]
