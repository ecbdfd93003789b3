"""Envoy AI Gateway access logs in JSON. There is no text in them: who, when, which model, how many tokens."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from .clean import Reading, asked_count, asked_flag, billed, label, text
from .dialect import dialect_of_path
from .exchange import Exchange, credential_id
from .log_format import Record, log_format
from .turns import settle

__all__ = ["read"]

_ACCOUNTS = ("account", "account_id", "x-account-id", "x-customer-id", "x-tenant-id", "x-ai-eg-account", "x-consumer-id", "x-user-id",
             "user_id", "user.id")  # fmt: skip
_LACKS = ("asn", "client_telemetry", "system", "prompt", "messages", "turns", "tools", "output", "reasoning", "reasoning_artifacts",
          "artifacts_returned", "max_tokens", "temperature", "top_p", "top_k", "n", "logprobs", "top_logprobs", "logit_bias",
          "stop_reason", "refusal_category")  # fmt: skip


def _said(record: Record, *names: str) -> Any:
    """The first of these fields that says anything; Envoy writes `-` for nothing."""
    for name in names:
        value = record.get(name)
        if value is not None and value not in ("-", ""):
            return value
    return None


def _sniff(record: Record) -> int:
    if not ("start_time" in record or "timestamp" in record) or "attributes" in record or "trace_id" in record:
        return 0
    named = any(key.startswith(("gen_ai.", "genai_")) for key in record)
    return 90 if named and ("response_code" in record or "x-request-id" in record or "user-agent" in record) else 0


@log_format(
    name="envoy_aigw",
    title="Envoy AI Gateway access log",
    sample="envoy_aigw",
    wants='"start_time" and "response_code" with fields that begin with gen_ai.',
    sniff=_sniff,
    lacks=_LACKS,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one access log line. A call that asks for no model's answer is passed over and counted."""
    path = text(_said(record, "x-envoy-origin-path", "x-envoy-original-path", "path"))
    if path is not None and dialect_of_path(path) is None:
        reading.notes["requests that ask for no model's answer, passed over"] += 1
        return []
    x = Exchange(pathway="gateway")
    x.at = reading.at(_said(record, "start_time", "timestamp"), "start_time")
    x.model = label(_said(record, "gen_ai.request.model", "genai_model_name", "gen_ai.response.model"))
    key = label(_said(record, "api_key_id", "x-api-key-id", "x-api-key", "authorization"))
    x.credential = credential_id(key) if key else None
    x.account = label(_said(record, *_ACCOUNTS)) or x.credential
    x.org = label(_said(record, "org", "x-org-id", "x-organization-id", "x-team-id"))
    x.end_user = label(_said(record, "enduser.id", "x-end-user-id"))
    forwarded = text(_said(record, "x-forwarded-for", "downstream_remote_address"))
    x.ip = forwarded.partition(",")[0].strip() if forwarded else None
    x.user_agent = text(_said(record, "user-agent", "user_agent"))
    x.tls_fingerprint = text(_said(record, "tls_ja4", "ja4", "tls_ja3", "ja3"))
    x.http_status = asked_count(_said(record, "response_code"), limit=999) or None
    x.request = label(_said(record, "x-request-id", "request_id"))
    x.conversation = label(_said(record, "session.id", "x-session-id"))
    x.input_tokens = billed(
        _said(record, "gen_ai.usage.input_tokens", "genai_tokens_input"), "gen_ai.usage.input_tokens"
    )
    x.output_tokens = billed(
        _said(record, "gen_ai.usage.output_tokens", "genai_tokens_output"), "gen_ai.usage.output_tokens"
    )
    x.reasoning_tokens = billed(_said(record, "gen_ai.usage.reasoning_tokens"), "gen_ai.usage.reasoning_tokens")
    cached = _said(record, "gen_ai.usage.cached_input_tokens", "gen_ai.usage.cache_read.input_tokens")
    x.cached_tokens = billed(cached, "gen_ai.usage.cached_input_tokens")
    x.stream = asked_flag(_said(record, "gen_ai.request.stream", "stream"))
    flags = text(_said(record, "response_flags"))
    cancelled = (flags is not None and "DC" in flags.split(",")) or (
        x.http_status is None and "response_code" in record
    )
    settle(x, cancelled=cancelled)
    if x.http_status is None and not cancelled:
        x.outcome = None
    return [x]
