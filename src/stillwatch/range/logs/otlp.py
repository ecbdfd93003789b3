"""Spans of the OpenTelemetry GenAI conventions (current names) as OTLP-JSON: one export request of sixteen spans a line."""

from __future__ import annotations

from stillwatch.range.frames import escape
from stillwatch.range.logs.openai import ERRORS
from stillwatch.range.logs.render import Exchange

__all__ = ["export_request", "part_message", "span"]

_HEAD = (
    '{"resourceSpans":[{"resource":{"attributes":[{"key":"service.name","value":{"stringValue":"inference-edge"}},'
    '{"key":"telemetry.sdk.language","value":{"stringValue":"go"}}]},"scopeSpans":[{"scope":{"name":"edge.genai","version":"1.8.0"},"spans":['
)
_TAIL = "]}]}]}\n"


def export_request(spans: list[str]) -> str:
    """One line that holds the spans."""
    return _HEAD + ",".join(spans) + _TAIL


def _text(key: str, value: str) -> str:
    return f'{{"key":"{key}","value":{{"stringValue":"{value}"}}}}'


def _number(key: str, value: int) -> str:
    return f'{{"key":"{key}","value":{{"intValue":"{value}"}}}}'


def part_message(role: str, text: str) -> str:
    """One message in parts, as the conventions have it."""
    return f'{{"role":"{role}","parts":[{{"type":"text","content":"{text}"}}]}}'


def span(exchange: Exchange, *, started: int, ended: int, account: str) -> str:
    """One span; `started` and `ended` in nanoseconds since 1970. Messages are JSON text within an attribute, as the conventions allow."""
    asked = f"{exchange.history}{part_message('user', exchange.prompt)}"
    attributes = [
        _text("gen_ai.operation.name", "chat"),
        _text("gen_ai.provider.name", "openai"),
        _text("gen_ai.request.model", exchange.model),
        _text("gen_ai.conversation.id", f"conv_{exchange.conversation:x}"),
        _text("user.id", account),
        _text("client.address", exchange.ip),
        _text("user_agent.original", exchange.agent),
        _number("http.response.status_code", exchange.status),
        _text("gen_ai.input.messages", escape(f"[{asked}]")),
    ]
    if exchange.system:
        attributes.append(
            _text("gen_ai.system_instructions", escape(f'[{{"type":"text","content":"{exchange.system}"}}]'))
        )
    if exchange.tools:
        attributes.append(_text("gen_ai.tool.definitions", escape(exchange.tools)))
    if exchange.temperature is not None:
        attributes.append(f'{{"key":"gen_ai.request.temperature","value":{{"doubleValue":{exchange.temperature:g}}}}}')
    if exchange.max_tokens is not None:
        attributes.append(_number("gen_ai.request.max_tokens", exchange.max_tokens))
    if exchange.stream:
        attributes.append('{"key":"gen_ai.request.stream","value":{"boolValue":true}}')
    if exchange.end_user:
        attributes.append(_text("enduser.id", exchange.end_user))
    if exchange.status == 200:
        answer = f'[{{"role":"assistant","parts":[{{"type":"text","content":"{exchange.output}"}}],"finish_reason":"{exchange.stop}"}}]'
        attributes += [
            _text("gen_ai.output.messages", escape(answer)),
            _text("gen_ai.response.id", f"chatcmpl-{exchange.request_id:016x}"),
            _text("gen_ai.response.model", exchange.model),
            f'{{"key":"gen_ai.response.finish_reasons","value":{{"arrayValue":{{"values":[{{"stringValue":"{exchange.stop}"}}]}}}}}}',
            _number("gen_ai.usage.input_tokens", exchange.tokens_in),
            _number("gen_ai.usage.output_tokens", exchange.tokens_out),
        ]
        status = "{}"
    else:
        attributes.append(_text("error.type", ERRORS[exchange.status][0]))
        status = '{"code":2}'
    return (
        f'{{"traceId":"{exchange.request_id:032x}","spanId":"{exchange.request_id ^ 0x5DEECE66D:016x}",'
        f'"name":"chat {exchange.model}","kind":3,'
        f'"startTimeUnixNano":"{started}","endTimeUnixNano":"{ended}","attributes":[{",".join(attributes)}],"status":{status}}}'
    )
