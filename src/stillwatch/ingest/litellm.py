"""LiteLLM: rows of the proxy's SpendLogs table (schema.prisma) and the StandardLoggingPayload that its callbacks get."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from ._litellm_plain import NOBODY, PLAIN_PAYLOADS, PLAIN_SPEND_LOGS, tagged_agent
from .clean import BadField, Reading, asked_count, billed, label, mapping, text
from .dialect import fill
from .exchange import Exchange, credential_id
from .log_format import Record, log_format
from .sse import open_body
from .turns import settle

__all__ = ["CALL_DIALECTS", "payer", "read_spend_log", "read_standard_payload"]

CALL_DIALECTS = {
    "completion": "openai_chat",
    "acompletion": "openai_chat",
    "text_completion": "openai_chat",
    "atext_completion": "openai_chat",
    "anthropic_messages": "anthropic_messages",
    "aresponses": "openai_responses",
    "responses": "openai_responses",
    "agenerate_content": "gemini_generate",
    "agenerate_content_stream": "gemini_generate",
    "generate_content": "gemini_generate",
}
"""The dialect of a call by the kind that LiteLLM gives it."""

_OTHER_CALLS = frozenset(("embedding", "aembedding", "image_generation", "aimage_generation", "moderation", "amoderation", "transcription",
                          "atranscription", "speech", "aspeech", "rerank", "arerank", "health_check", "list_mcp_tools"))  # fmt: skip
_LACKS = ("asn", "client_telemetry", "tls_fingerprint")


def _object(value: Any) -> dict[str, Any]:
    """An object that may be kept as JSON text."""
    if isinstance(value, str) and value.startswith("{"):
        return open_body(value).whole or {}
    return mapping(value)


def payer(user: Any, key: Any) -> str | None:
    """Whose account a call of LiteLLM is: the user that the key belongs to, or the key where LiteLLM knows none.

    >>> payer("u-7", "88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b"), payer("default_user_id", None)
    ('u-7', None)
    """
    named, token = label(user), label(key)
    return named if named is not None and named not in NOBODY else credential_id(token) if token else None


def _who(x: Exchange, *, user: Any, key: Any, team: Any, org: Any, end_user: Any) -> None:
    token = label(key)
    x.credential = credential_id(token) if token else None
    x.account = payer(user, token)
    x.org = label(org) or label(team)
    x.end_user = label(end_user) or x.end_user


def _usage(x: Exchange, record: Record, metadata: dict[str, Any]) -> None:
    x.input_tokens = billed(record.get("prompt_tokens"), "prompt_tokens")
    x.output_tokens = billed(record.get("completion_tokens"), "completion_tokens")
    usage = mapping(metadata.get("usage_object"))
    if x.reasoning_tokens is None:
        given = mapping(usage.get("completion_tokens_details")).get("reasoning_tokens")
        x.reasoning_tokens = billed(given, "metadata.usage_object.completion_tokens_details.reasoning_tokens")
    if x.cached_tokens is None:
        given = mapping(usage.get("prompt_tokens_details")).get("cached_tokens")
        x.cached_tokens = billed(given, "metadata.usage_object.prompt_tokens_details.cached_tokens")


def _error_status(metadata: dict[str, Any], record: Record) -> int | None:
    information = mapping(record.get("error_information")) or mapping(metadata.get("error_information"))
    code = asked_count(information.get("error_code"), limit=599)
    return code if code is not None and code >= 100 else None


def _passed_over(record: Record, reading: Reading) -> bool:
    kind = record.get("call_type")
    if isinstance(kind, str) and kind in _OTHER_CALLS:
        reading.notes["requests that ask for no model's answer, passed over"] += 1
        return True
    return False


def _finish(x: Exchange, record: Record, *, failed: bool) -> None:
    x.pathway = "gateway"
    x.request = (
        label(record.get("request_id")) or label(record.get("id")) or label(record.get("litellm_call_id")) or x.request
    )
    if failed:
        settle(x, error=True)
    elif x.outcome == "ok" and x.http_status is None:
        x.http_status = 200 if record.get("status") == "success" else None


def _sniff_spend(record: Record) -> int:
    return 95 if "spend" in record and "api_key" in record and ("startTime" in record or "request_id" in record) else 0


@log_format(
    name="litellm_spendlogs",
    title="LiteLLM SpendLogs rows",
    sample="litellm_spendlogs",
    wants='"api_key" with "spend"',
    sniff=_sniff_spend,
    lacks=_LACKS,
    plain=PLAIN_SPEND_LOGS,
)
def read_spend_log(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one row. Prompts and answers are there only where the proxy was told to store them."""
    if _passed_over(record, reading):
        return []
    metadata = _object(record.get("metadata"))
    x = Exchange()
    x.at = reading.at(record.get("startTime"), "startTime")
    status = record.get("status") or metadata.get("status")
    failed = status == "failure"
    x.http_status = _error_status(metadata, record)
    request = _object(record.get("proxy_server_request"))
    request = mapping(request.get("body")) or request
    if record.get("messages") and not any(request.get(key) for key in ("messages", "input", "prompt", "contents")):
        messages = record["messages"]
        if isinstance(messages, str):
            opened = open_body(messages)
            messages = opened.events if opened.events is not None else []
        if isinstance(messages, list) and messages:
            request = {**request, "messages": messages}
    known = bool(request)
    kind = record.get("call_type")
    fill(x, request, _object(record.get("response")), name=CALL_DIALECTS.get(kind) if isinstance(kind, str) else None)
    if not known:
        _unknown_request(x)
    x.model = (
        x.model if known and x.model else label(record.get("model_group")) or label(record.get("model")) or x.model
    )
    _who(
        x,
        user=record.get("user") or metadata.get("user_api_key_user_id"),
        key=record.get("api_key"),
        team=record.get("team_id"),
        org=record.get("organization_id"),
        end_user=record.get("end_user"),
    )
    x.ip = text(record.get("requester_ip_address")) or text(metadata.get("requester_ip_address"))
    x.user_agent = text(metadata.get("user_agent")) or _tagged_agent(record.get("request_tags"))
    x.conversation = x.conversation or label(record.get("session_id"))
    _usage(x, record, metadata)
    _finish(x, record, failed=failed)
    return [x]


def _unknown_request(x: Exchange) -> None:
    """Without the request, what was not asked for is unknown rather than not asked for."""
    x.logprobs = x.logit_bias = x.stream = None
    x.turns = None


def _tagged_agent(tags: Any) -> str | None:
    """The user agent among a row's tags, which may be kept as JSON text."""
    if isinstance(tags, str):
        tags = open_body(tags).events
    return tagged_agent(tags) if isinstance(tags, list) else None


def _sniff_standard(record: Record) -> int:
    return (
        95
        if "model_parameters" in record
        and "startTime" in record
        and ("hidden_params" in record or "response_cost" in record)
        else 0
    )


@log_format(
    name="litellm_standard",
    title="LiteLLM StandardLoggingPayload",
    sample="litellm_standard",
    wants='"model_parameters" with "startTime" and "response_cost"',
    sniff=_sniff_standard,
    lacks=_LACKS,
    plain=PLAIN_PAYLOADS,
)
def read_standard_payload(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one payload as a callback, a bucket logger or the generic API logger writes it."""
    if _passed_over(record, reading):
        return []
    metadata = _object(record.get("metadata"))
    x = Exchange()
    if record.get("startTime") is None:
        raise BadField("startTime", "got nothing, expected the time the request began")
    x.at = reading.at(record["startTime"], "startTime")
    x.http_status = _error_status(metadata, record)
    parameters = mapping(record.get("model_parameters"))
    request = {
        **parameters,
        "messages": record.get("messages"),
        "model": record.get("model_group") or record.get("model"),
    }
    if isinstance(record.get("messages"), str):
        request["messages"] = [{"role": "user", "content": record["messages"]}]
    kind = record.get("call_type")
    name = CALL_DIALECTS.get(kind) if isinstance(kind, str) else None
    if name == "openai_responses":
        request["input"] = request.pop("messages")
    fill(x, request, record.get("response"), name=name)
    stream = record.get("stream")
    if isinstance(stream, bool):
        x.stream = stream
    _who(
        x,
        user=metadata.get("user_api_key_user_id"),
        key=metadata.get("user_api_key_hash"),
        team=metadata.get("user_api_key_team_id"),
        org=metadata.get("user_api_key_org_id"),
        end_user=record.get("end_user") or metadata.get("user_api_key_end_user_id"),
    )
    x.ip = text(record.get("requester_ip_address")) or text(metadata.get("requester_ip_address"))
    x.user_agent = (
        text(record.get("user_agent")) or text(metadata.get("user_agent")) or _tagged_agent(record.get("request_tags"))
    )
    x.conversation = x.conversation or label(record.get("trace_id"))
    _usage(x, record, metadata)
    _finish(x, record, failed=record.get("status") == "failure")
    return [x]
