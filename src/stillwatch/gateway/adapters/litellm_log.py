"""What LiteLLM's own logging says of an exchange that has ended: what it used, and what the capture keeps of it.

The texts are those of LiteLLM's payload, so an operator who told LiteLLM to log no messages has none in the capture either.
"""

from __future__ import annotations

import time
from collections.abc import Mapping
from typing import Any

import msgspec

from stillwatch.gateway.capture import Seen
from stillwatch.ingest.litellm import payer
from stillwatch.policy import Dialect, Used

__all__ = ["PATHS", "seen_of", "used_of"]

PATHS = {
    Dialect.CHAT: "/v1/chat/completions",
    Dialect.RESPONSES: "/v1/responses",
    Dialect.MESSAGES: "/v1/messages",
    Dialect.GEMINI: "/v1beta/models/model:generateContent",
}
"""The path that says a dialect, where the host does not tell under which one it was asked."""

_ASKED_IN = {Dialect.RESPONSES: "input", Dialect.GEMINI: "contents"}


def _plain(value: Any) -> Any:
    """What msgspec cannot write by itself: LiteLLM's records as their fields, anything else as text."""
    dump = getattr(value, "model_dump", None)
    return dump() if dump is not None else str(value)


_encode = msgspec.json.Encoder(enc_hook=_plain).encode


def used_of(payload: Mapping[str, Any], *, finished: bool) -> Used:
    """What an exchange used; a count that LiteLLM gives as 0 for a failure is unknown."""
    usage = (payload.get("metadata") or {}).get("usage_object") or {}
    details = usage.get("completion_tokens_details") or {}
    counted = finished or bool(payload.get("total_tokens"))
    return Used(
        at=time.time(),
        input_tokens=payload.get("prompt_tokens") if counted else None,
        output_tokens=payload.get("completion_tokens") if counted else None,
        reasoning_tokens=details.get("reasoning_tokens"),
        finished=finished,
    )


def seen_of(payload: Mapping[str, Any], dialect: Dialect, *, zero: bool, pathway: str) -> Seen:
    """The exchange for the capture, as a failure without an answer where it failed.

    LiteLLM logs answers in other dialects than it was asked in: what has choices is read as chat completions.
    """
    metadata = payload.get("metadata") or {}
    key = metadata.get("user_api_key_hash")
    error = payload.get("error_information") or {}
    status, failed = str(error.get("error_code") or ""), payload.get("status") == "failure"
    response = payload.get("response") or {}
    if failed:
        response = {"error": {"type": error.get("error_class"), "code": status}}
    elif "choices" in response:
        dialect = Dialect.CHAT
    request = {
        **(payload.get("model_parameters") or {}),
        "model": payload.get("model_group") or payload.get("model"),
        "stream": bool(payload.get("stream")),
        _ASKED_IN.get(dialect, "messages"): payload.get("messages"),
    }
    if end_user := payload.get("end_user"):
        request["user"] = end_user
    return Seen(
        at=int(payload["startTime"] * 1_000_000),
        path=PATHS[dialect],
        account=payer(metadata.get("user_api_key_user_id"), key),
        org=metadata.get("user_api_key_org_id") or metadata.get("user_api_key_team_id"),
        credential=key,
        ip=payload.get("requester_ip_address") or None,
        user_agent=(metadata.get("user_agent") or payload.get("user_agent") or "")[:1024] or None,
        status=int(status) if status.isdigit() else 500 if failed else 200,
        request_id=payload.get("id"),
        request=_encode(request),
        response=_encode(response),
        zero=zero,
        pathway=pathway,
    )
