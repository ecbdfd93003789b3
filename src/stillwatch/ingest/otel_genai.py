"""OpenTelemetry GenAI spans and events: the current semantic conventions and those up to v1.36, as OTLP-JSON.

Messages stand in attributes (structured or as JSON text), in indexed attributes, in span events, or in log events that share the
span's ids and may lie in another file of the same folder.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from . import _chat
from ._otlp import Span, carries, conclude, identify, nested, pieces
from .clean import Reading, asked_count, asked_flag, asked_number, billed, label, mapping, sequence, text
from .exchange import Exchange
from .log_format import Joined, Piece, Record, log_format
from .openinference import read_span as read_openinference
from .sse import open_body
from .turns import call_text, joined_answers, lay_out, returned, sent, sorted_tools

__all__ = ["assemble", "read", "read_span"]

_CALLS = frozenset(("chat", "text_completion", "generate_content", "completion", "responses"))
_REFUSALS = frozenset(("content_filter", "refusal", "safety"))
_PATHWAYS = {"aws.bedrock": "bedrock", "az.ai.openai": "azure", "azure.ai.openai": "azure", "azure.ai.inference": "azure",
             "gcp.vertex_ai": "vertex", "vertex_ai": "vertex"}  # fmt: skip
NOT_CALLS = "spans that are no model call, passed over"


def _structured(given: Any) -> Any:
    if isinstance(given, str) and given[:1] in ("[", "{"):
        opened = open_body(given)
        return opened.events if opened.events is not None else opened.whole if opened.whole is not None else given
    return given


def _message(given: Any, thoughts: list[str], artifacts: list[str]) -> tuple[str, str | None]:
    if isinstance(given, str):
        return "user", given or None
    message = mapping(given)
    role = message.get("role")
    role = role if isinstance(role, str) else "user"
    parts = message.get("parts")
    if not isinstance(parts, list):
        return role, _chat.message_turn(message, artifacts)[1]
    found: list[str] = []
    calls: list[str] = []
    for part in parts:
        if not isinstance(part, dict):
            continue
        kind = part.get("type")
        content = part.get("content")
        if kind == "text" and isinstance(content, str):
            found.append(content)
        elif kind == "reasoning":
            if isinstance(content, str):
                thoughts.append(content)
            signature = part.get("signature") or part.get("encrypted_content")
            if isinstance(signature, str):
                artifacts.append(signature)
        elif kind == "tool_call":
            calls.append(call_text(part.get("name"), part.get("arguments")))
        elif kind == "tool_call_response":
            answer = part.get("response", part.get("result"))
            found += [answer] if isinstance(answer, str) else []
    return role, "\n".join(found or calls) or None


def _roles(name: str) -> str:
    return name.removeprefix("gen_ai.").removesuffix(".message")


def _messages(span: Span, events: Sequence[Span]) -> tuple[list[Any], list[Any]]:
    """Input and output messages from wherever this version of the conventions keeps them."""
    found = span.attributes
    given = _structured(found.get("gen_ai.input.messages"))
    answered = _structured(found.get("gen_ai.output.messages"))
    asked = given if isinstance(given, list) else []
    answers = answered if isinstance(answered, list) else []
    if not asked:
        asked = nested(found, "gen_ai.prompt") or _legacy(found.get("gen_ai.prompt"), "user")
    if not answers:
        answers = nested(found, "gen_ai.completion") or _legacy(found.get("gen_ai.completion"), "assistant")
    for name, inner, body in _all_events(span, events):
        if name == "gen_ai.choice":
            choice = mapping(body) or {**inner, "message": _structured(inner.get("message"))}
            message = choice.get("message")
            said = message if isinstance(message, dict) else {"content": message}
            answers.append({**said, "finish_reason": choice.get("finish_reason")})
        elif name.endswith(".message") and name.startswith("gen_ai."):
            message = mapping(body) or inner
            asked.append({**message, "role": message.get("role") or _roles(name)})
        elif name == "gen_ai.content.prompt":
            asked += _legacy(inner.get("gen_ai.prompt"), "user")
        elif name == "gen_ai.content.completion":
            answers += _legacy(inner.get("gen_ai.completion"), "assistant")
    return asked, answers


def _all_events(span: Span, events: Sequence[Span]) -> Iterator[tuple[str, dict[str, Any], Any]]:
    for name, inner in span.events:
        yield name, inner, _structured(inner.get("gen_ai.event.content"))
    for event in events:
        yield event.name, event.attributes, _structured(event.body)


def _legacy(given: Any, role: str) -> list[Any]:
    given = _structured(given)
    if isinstance(given, list):
        return given
    if isinstance(given, dict):
        return [given]
    return [{"role": role, "content": given}] if isinstance(given, str) and given else []


def read_span(span: Span, events: Sequence[Span], reading: Reading) -> Iterable[Exchange]:
    """Read one span with the events that belong to it."""
    for event in events:
        if event.name == "gen_ai.client.inference.operation.details":
            span.attributes = {**event.attributes, **span.attributes}
    found = span.attributes
    operation = found.get("gen_ai.operation.name")
    if not (operation in _CALLS if isinstance(operation, str) else "gen_ai.request.model" in found):
        reading.notes[NOT_CALLS] += 1
        return []
    get = found.get
    x = Exchange(format="otel_genai")
    x.at = reading.at(span.start, "startTimeUnixNano")
    identify(x, span)
    x.model = label(get("gen_ai.request.model")) or label(get("gen_ai.response.model"))
    provider = get("gen_ai.provider.name") or get("gen_ai.system")
    x.pathway = _PATHWAYS.get(provider, "api") if isinstance(provider, str) else "api"
    x.request = label(get("gen_ai.response.id")) or span.key
    _numbers(x, found)
    asked, answers = _messages(span, events)
    thoughts: list[str] = []
    carried: list[str] = []
    brought: list[str] = []
    if asked:
        system = _structured(get("gen_ai.system_instructions"))
        instructions = (
            [_message({"role": "system", "parts": system}, [], [])[1]] if isinstance(system, list) else [text(system)]
        )
        lay_out(x, [_message(message, [], carried) for message in asked], system=[s for s in instructions if s])
    reasons = [label(reason) for reason in sequence(get("gen_ai.response.finish_reasons"))]
    texts = []
    for answer in answers:
        before = len(thoughts)
        texts.append(_message(answer, thoughts, brought)[1] or "")
        message = mapping(answer)
        thought = text(message.get("reasoning_content")) or text(message.get("reasoning"))
        if thought and len(thoughts) == before:
            thoughts.append(thought)
        reasons.append(label(message.get("finish_reason")))
    x.output = joined_answers(texts)
    x.reasoning = joined_answers(thoughts)
    sent(x, carried)
    returned(x, brought)
    x.stop_reason = next((reason for reason in reasons if reason), None)
    refused = any(reason in _REFUSALS for reason in reasons if reason) or any(
        mapping(answer).get("refusal") for answer in answers
    )
    if x.stop_reason == "content_filter":
        x.refusal_category = "content_filter"
    conclude(x, span, refused=bool(refused))
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
    tools = _structured(get("gen_ai.tool.definitions"))
    if isinstance(tools, list):
        x.tools = _chat.tool_names([_structured(tool) for tool in tools])
    else:
        functions = nested(found, "llm.request.functions") if "llm.request.functions.0.name" in found else []
        x.tools = sorted_tools(mapping(function).get("name") for function in functions)


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
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one export that holds spans and their events together."""
    groups: dict[str, list[Piece]] = {}
    for key, span in pieces(record):
        groups.setdefault(key, []).append(Piece(span, 0, 0))
    return [x for group in groups.values() for x in assemble(group, reading)]
