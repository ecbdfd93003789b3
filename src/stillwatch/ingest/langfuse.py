"""Langfuse observations: blob-storage export (snake case), API pages (camel case) and SDK ingestion events."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from . import _chat
from ._langfuse_plain import PLAIN
from .clean import Reading, billed, label, mapping, sequence, text
from .dialect import DIALECTS, dialect_of_bodies
from .exchange import Exchange
from .log_format import Record, log_format
from .sse import open_body
from .turns import joined_answers, lay_out, returned, sent, settle, sorted_tools

__all__ = ["read"]


def _either(record: Record, snake: str, camel: str) -> Any:
    value = record.get(snake)
    return record.get(camel) if value is None else value


def _structured(value: Any) -> Any:
    if isinstance(value, str) and value[:1] in ("[", "{"):
        opened = open_body(value)
        return opened.whole if opened.whole is not None else opened.events if opened.events is not None else value
    return value


def _sniff(record: Record) -> int:
    inner = mapping(record.get("body")) if str(record.get("type")).startswith("generation-") else record
    trace = "trace_id" in inner or "traceId" in inner
    timed = "start_time" in inner or "startTime" in inner
    typed = "provided_model_name" in inner or "modelParameters" in inner or "model_parameters" in inner
    if not (trace and timed) or "attributes" in inner or "hidden_params" in inner:
        return 0
    return 90 if typed else 60 if inner.get("type") in ("GENERATION", "SPAN", "EVENT") else 0


def _asked(x: Exchange, given: Any, artifacts: list[str]) -> None:
    given = _structured(given)
    if isinstance(given, dict):
        tools = given.get("tools")
        x.tools = x.tools or _chat.tool_names(tools)
        name = dialect_of_bodies(given, {})
        if name is not None and name != "openai_chat":
            kept = (x.model, x.stream, x.logprobs)
            DIALECTS[name].request(x, given)
            x.model, x.stream, x.logprobs = kept[0] or x.model, kept[1], kept[2]
            return
        given = given.get("messages", given.get("prompt", given.get("input")))
    if isinstance(given, list):
        lay_out(x, [_chat.message_turn(message, artifacts) for message in given])
    elif isinstance(given, str) and given:
        lay_out(x, [("user", given)])


def _answered(x: Exchange, given: Any, artifacts: list[str]) -> bool:
    """Fill the answer; returns whether it was a refusal."""
    given = _structured(given)
    if isinstance(given, str):
        x.output = given or None
        return False
    if isinstance(given, dict):
        name = dialect_of_bodies({}, given)
        if name is not None:
            kept = (x.request, x.model)
            DIALECTS[name].response(x, given)
            x.request, x.model = x.request or kept[0], kept[1] or x.model
            return x.outcome == "refused"
    answers: list[str] = []
    thoughts: list[str] = []
    refused = False
    for message in given if isinstance(given, list) else [given]:
        one = mapping(message)
        said = _chat.message_turn(one or message, artifacts)[1] if message is not None else None
        answers.append(said or text(one.get("refusal")) or "")
        refused |= isinstance(one.get("refusal"), str) and bool(one["refusal"])
        thought = text(one.get("reasoning_content")) or text(one.get("reasoning")) or text(one.get("thinking"))
        thoughts += [thought] if thought else []
        x.stop_reason = label(one.get("finish_reason")) or x.stop_reason
    x.output = joined_answers(answers)
    x.reasoning = joined_answers(thoughts)
    return refused or x.stop_reason in ("content_filter", "refusal")


@log_format(
    name="langfuse",
    title="Langfuse observations",
    sample="langfuse",
    wants='"trace_id" and "start_time" with "provided_model_name" or "model_parameters"',
    sniff=_sniff,
    lacks=("asn", "client_telemetry", "credential", "tls_fingerprint", "http_status"),
    plain=PLAIN,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one observation; only generations are exchanges."""
    if str(record.get("type")).startswith("generation-"):
        record = mapping(record.get("body"))
    kind = record.get("type")
    if isinstance(kind, str) and kind.upper() not in ("GENERATION", "GENERATION-CREATE"):
        reading.notes["observations that are no generation, passed over"] += 1
        return []
    x = Exchange(pathway="gateway")
    x.at = reading.at(_either(record, "start_time", "startTime"), "start_time")
    parameters = _structured(_either(record, "model_parameters", "modelParameters"))
    if isinstance(parameters, dict) and parameters:
        _chat.sampling(x, parameters)
        for flag in ("logprobs", "stream"):
            if flag not in parameters:
                setattr(x, flag, None)
        x.logit_bias = True if x.logit_bias else None
    x.model = label(_either(record, "provided_model_name", "model"))
    metadata = mapping(_structured(record.get("metadata")))
    trace = mapping(record.get("trace"))
    x.account = label(_either(record, "user_id", "userId")) or label(_either(trace, "user_id", "userId"))
    x.org = label(metadata.get("org")) or label(metadata.get("organization"))
    x.conversation = label(_either(record, "session_id", "sessionId")) or label(
        _either(trace, "session_id", "sessionId")
    )
    x.end_user = label(metadata.get("end_user"))
    x.ip = text(metadata.get("ip")) or text(metadata.get("client_ip"))
    x.user_agent = text(metadata.get("user_agent"))
    names = _structured(_either(record, "tool_definitions", "toolDefinitions"))
    if isinstance(names, dict):
        x.tools = sorted_tools(names)
    elif isinstance(names, list):
        x.tools = _chat.tool_names([_structured(name) for name in names])
    carried: list[str] = []
    brought: list[str] = []
    _asked(x, record.get("input"), carried)
    refused = _answered(x, record.get("output"), brought)
    sent(x, carried)
    returned(x, brought)
    x.request = label(record.get("id")) or x.request
    _usage(x, record)
    failed = str(record.get("level")).upper() == "ERROR"
    settle(x, error=failed, refused=refused)
    return [x]


def _usage(x: Exchange, record: Record) -> None:
    details = mapping(_structured(_either(record, "usage_details", "usageDetails"))) or mapping(
        _structured(record.get("usage"))
    )

    def first(*keys: str) -> Any:
        return next((details[key] for key in keys if details.get(key) is not None), None)

    given = first("input", "prompt_tokens", "promptTokens", "input_tokens")
    given = given if given is not None else _either(record, "prompt_tokens", "promptTokens")
    x.input_tokens = billed(given, "usage_details.input")
    given = first("output", "completion_tokens", "completionTokens", "output_tokens")
    given = given if given is not None else _either(record, "completion_tokens", "completionTokens")
    x.output_tokens = billed(given, "usage_details.output")
    given = first("reasoning_tokens", "output_reasoning_tokens", "output_reasoning", "reasoning")
    x.reasoning_tokens = billed(given, "usage_details.reasoning_tokens")
    given = first("input_cached_tokens", "cache_read_input_tokens", "input_cache_read", "cached_tokens")
    x.cached_tokens = billed(given, "usage_details.input_cached_tokens")
    for name in sequence(_either(record, "tool_call_names", "toolCallNames")):
        if x.output is None and isinstance(name, str):
            x.output = f"{name}()"
