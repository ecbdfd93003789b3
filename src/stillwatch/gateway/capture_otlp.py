"""Captured exchanges as OpenTelemetry GenAI spans (OTLP, JSON), to a collector or into files; `ingest.otel_genai` reads back what is sent.

Messages stand as JSON text in the attributes that the conventions name for them. What the conventions have no word for, and a scan wants
all the same, stands under `stillwatch.`: `ingest` names those. Ids are made of a span's content, so what was sent twice has the same.
A capture does not keep when an answer ended, so spans have no length.

Source: OpenTelemetry semantic conventions for generative AI (spans); OTLP 1.x, section OTLP/HTTP.
"""

from __future__ import annotations

import gzip
import hashlib
import http.client
import os
import ssl
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any
from urllib.parse import unquote, urlsplit

import msgspec

from stillwatch.gateway.capture import checked_url
from stillwatch.gateway.capture_files import SURE, Files, Row
from stillwatch.ingest.column_map import TARGETS
from stillwatch.ingest.otel_genai import OWN
from stillwatch.ingest.turns import ANSWERS_APART

__all__ = ["Collector", "export", "otlp_files"]

_encode = msgspec.json.Encoder().encode
_messages = msgspec.json.Decoder(list[dict[str, Any]]).decode
_told = msgspec.json.Decoder(dict[str, Any]).decode
_TRIED_AGAIN = frozenset((408, 429, 502, 503, 504))
"""Statuses of a collector that may take the same later; any other that is no success never will."""
_PATIENCE = 20.0
_ERROR = 2
_CLIENT = 3

_WORDS = {
    "account": "user.id", "org": "organization.id", "end_user": "enduser.id", "ip": "client.address", "user_agent": "user_agent.original",
    "tls_fingerprint": "tls.client.ja4", "conversation": "gen_ai.conversation.id", "request": "gen_ai.response.id",
    "model": "gen_ai.request.model", "http_status": "http.response.status_code", "input_tokens": "gen_ai.usage.input_tokens",
    "output_tokens": "gen_ai.usage.output_tokens", "reasoning_tokens": "gen_ai.usage.reasoning.output_tokens",
    "cached_tokens": "gen_ai.usage.cache_read.input_tokens", "max_tokens": "gen_ai.request.max_tokens",
    "temperature": "gen_ai.request.temperature", "top_p": "gen_ai.request.top_p", "top_k": "gen_ai.request.top_k",
    "n": "gen_ai.request.choice.count", "stream": "gen_ai.request.stream", **OWN,
}  # fmt: skip
"""Columns and the attributes that carry them."""


def export(rows: Sequence[Row]) -> bytes:
    """One export of so many spans, on one line."""
    scope = {"scope": {"name": "stillwatch.gateway"}, "spans": [*_spans(rows)]}
    resource = {"attributes": [_attribute("service.name", "stillwatch-gateway")]}
    return _encode({"resourceSpans": [{"resource": resource, "scopeSpans": [scope]}]})


def _spans(rows: Sequence[Row]) -> Iterator[msgspec.Raw]:
    for row in rows:
        given = dict(zip(TARGETS, row, strict=True))
        try:
            yield msgspec.Raw(_encode(_span(given)))
        except UnicodeEncodeError:  # half of a surrogate pair, which UTF-8 has no bytes for
            yield msgspec.Raw(_encode(_span({name: value if name in SURE else None for name, value in given.items()})))


def _span(given: dict[str, Any]) -> dict[str, Any]:
    found = [_attribute("gen_ai.operation.name", "chat")]
    found += [_attribute(word, given[name]) for name, word in _WORDS.items() if given[name] is not None]
    found += [_attribute(word, _encode(value).decode()) for word, value in _said(given) if value]
    stop = given["stop_reason"] or (
        "error" if given["outcome"] == "cancelled" and given["http_status"] != 499 else None
    )
    if stop:
        found.append(_attribute("gen_ai.response.finish_reasons", [stop]))
    at = str((given["at"] or 0) * 1000)
    ids = hashlib.blake2b(at.encode() + _encode(found), digest_size=24).hexdigest()
    return {
        "traceId": ids[:32],
        "spanId": ids[32:],
        "name": f"chat {given['model']}" if given["model"] else "chat",
        "kind": _CLIENT,
        "startTimeUnixNano": at,
        "endTimeUnixNano": at,
        "attributes": found,
        "status": {"code": _ERROR} if given["outcome"] == "error" else {},
    }


def _said(given: dict[str, Any]) -> Iterator[tuple[str, list[dict[str, Any]]]]:
    """What was said: attributes that hold messages, parts or tools."""
    if given["system"]:
        yield "gen_ai.system_instructions", [_text(given["system"])]
    yield "gen_ai.input.messages", _asked(given)
    yield "gen_ai.output.messages", _answered(given)
    if given["tools"]:
        yield "gen_ai.tool.definitions", [{"type": "function", "name": name} for name in given["tools"].split(",")]


def _asked(given: dict[str, Any]) -> list[dict[str, Any]]:
    """The turns before the prompt, and the prompt. Of those after it is known only that they were there."""
    before = _messages(given["messages"]) if given["messages"] else []
    turns = [{"role": one["role"], "parts": [_text(one["content"])] if one["content"] else []} for one in before]
    if given["prompt"]:
        turns.append({"role": "user", "parts": [_text(given["prompt"])]})
    new = given["artifacts_returned"] or ()
    held = [one for one in given["reasoning_artifacts"] or () if one not in new]
    if held and turns:
        turns[0] = {
            **turns[0],
            "parts": [*({"type": "reasoning", "signature": one} for one in held), *turns[0]["parts"]],
        }
    return turns


def _answered(given: dict[str, Any]) -> list[dict[str, Any]]:
    answers: list[dict[str, Any]] = [
        {"role": "assistant", "parts": [_text(one)] if one else []}
        for one in (given["output"] or "").split(ANSWERS_APART)
    ]
    before: list[dict[str, Any]] = []
    if given["reasoning"]:
        before.append({"type": "reasoning", "content": given["reasoning"]})
    before += [{"type": "reasoning", "signature": one} for one in given["artifacts_returned"] or ()]
    answers[0]["parts"] = [*before, *answers[0]["parts"]]
    if given["stop_reason"]:
        answers[0]["finish_reason"] = given["stop_reason"]
    if given["outcome"] == "refused":
        answers[0]["refusal"] = True
    return answers if given["output"] or before or "refusal" in answers[0] else []


def _text(content: str) -> dict[str, str]:
    return {"type": "text", "content": content}


def _attribute(key: str, value: Any) -> dict[str, Any]:
    return {"key": key, "value": _value(value)}


def _value(value: Any) -> dict[str, Any]:
    if isinstance(value, bool):
        return {"boolValue": value}
    if isinstance(value, int):
        return {"intValue": str(value)}
    if isinstance(value, float):
        return {"doubleValue": value}
    if isinstance(value, list):
        return {"arrayValue": {"values": [_value(one) for one in value]}}
    return {"stringValue": value}


def otlp_files(folder: Path) -> Files:
    """Files of one export a line, which `stillwatch scan` reads and a collector's file receiver too."""
    return Files(folder, ".jsonl", lambda rows, path: path.write_bytes(export(rows) + b"\n"))


class Collector:
    """Sends exports to a collector over OTLP/HTTP, packed, one after another over one connection. Redirections are not followed.

    Args:
        url: base of its address; spans go to `/v1/traces` below it.
        said: headers, as `OTEL_EXPORTER_OTLP_HEADERS` names them: `name=value` pairs, comma between them.
    """

    def __init__(self, url: str, *, said: str | None = None) -> None:
        parts = urlsplit(checked_url(url))
        host, port = parts.hostname or "", parts.port
        self._path = f"{parts.path}/v1/traces"
        said = os.environ.get("OTEL_EXPORTER_OTLP_HEADERS", "") if said is None else said
        pairs = [one.split("=", 1) for one in said.split(",") if "=" in one]
        self._headers = {
            **{unquote(name.strip()): unquote(value.strip()) for name, value in pairs},
            "content-type": "application/json",
            "content-encoding": "gzip",
        }
        self._connection: http.client.HTTPConnection = (
            http.client.HTTPSConnection(host, port, timeout=_PATIENCE, context=ssl.create_default_context())
            if parts.scheme == "https"
            else http.client.HTTPConnection(host, port, timeout=_PATIENCE)
        )

    def __call__(self, rows: Sequence[Row]) -> int:
        """Send so many spans; how many the collector has taken. Those that it never will are lost.

        Raises:
            OSError: when it may take them later.
        """
        try:
            self._connection.request("POST", self._path, gzip.compress(export(rows), 1), self._headers)
            answer = self._connection.getresponse()
            body = answer.read()
        except (OSError, http.client.HTTPException) as error:
            self.close()
            raise OSError(None, f"the collector did not answer: {error.__class__.__name__}") from error
        if answer.status in _TRIED_AGAIN:
            raise OSError(None, f"the collector says {answer.status}")
        if not 200 <= answer.status < 300:
            return 0
        return len(rows) - min(len(rows), _rejected(body))

    def close(self) -> None:
        """Hang up; the next export calls again."""
        self._connection.close()


def _rejected(body: bytes) -> int:
    """Spans that a collector did not take although it took others (partial success)."""
    try:
        told = _told(body).get("partialSuccess")
        return max(0, int(told.get("rejectedSpans") or 0)) if isinstance(told, dict) else 0
    except (msgspec.DecodeError, UnicodeError, ValueError, TypeError):
        return 0
