"""LiteLLM's rows and payloads in their plain shape with chat bodies, many at once: what `litellm` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal

import msgspec
from msgspec import UNSET

from . import _chat_plain
from ._chat_plain import ChatParameters, ChatRequest, ChatResponse, Message
from .clean import Reading
from .exchange import credential_id
from .exchanges import Column, Exchanges, by_distinct, either, labels, texts
from .plain import Absent, Billed, Plain, PlainLine, PlainLines, When

__all__ = ["PLAIN_PAYLOADS", "PLAIN_SPEND_LOGS", "tagged_agent"]

_Chat = Literal["completion", "acompletion"]
NOBODY = frozenset(("default_user_id", "None"))
"""What LiteLLM writes for a user that it does not know."""


class _Reasoned(Plain):
    reasoning_tokens: Billed = None


class _Cached(Plain):
    cached_tokens: Billed = None


class _Usage(Plain):
    completion_tokens_details: _Reasoned | None = None
    prompt_tokens_details: _Cached | None = None


class _NoError(Plain):
    error_code: Literal[""] | None = None


class _Metadata(Plain):
    user_api_key_user_id: str | None = None
    user_api_key_hash: str | None = None
    user_api_key_team_id: str | None = None
    user_api_key_org_id: str | None = None
    user_api_key_end_user_id: str | None = None
    requester_ip_address: str | None = None
    user_agent: str | None = None
    usage_object: _Usage | None = None
    error_information: _NoError | None = None
    status: str | None = None


class _Line(PlainLine, kw_only=True):
    startTime: When
    call_type: _Chat
    status: Literal["success"]
    response: ChatResponse
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)
    end_user: str | None = None
    model_group: str | None = None
    model: str | None = None
    requester_ip_address: str | None = None
    request_tags: list[Any] | None = None
    prompt_tokens: Billed = None
    completion_tokens: Billed = None
    request_id: str | None = None
    id: str | None = None
    litellm_call_id: str | None = None
    error_information: _NoError | None = None


class _Request(ChatRequest):
    body: Absent = UNSET


class _SpendLog(_Line, kw_only=True):
    proxy_server_request: _Request
    api_key: str | None = None
    user: str | None = None
    team_id: str | None = None
    organization_id: str | None = None
    session_id: str | None = None


class _Payload(_Line, kw_only=True):
    messages: list[Message]
    model_parameters: ChatParameters = msgspec.field(default_factory=ChatParameters)
    user_agent: str | None = None
    trace_id: str | None = None
    stream: bool | None = None


def _spend_logs(lines: Sequence[_SpendLog], reading: Reading) -> Exchanges:
    x = Exchanges(len(lines))
    _chat_plain.requests(x, [line.proxy_server_request for line in lines])
    _chat_plain.responses(x, [line.response for line in lines], [None] * x.count)
    metadata = [line.metadata for line in lines]
    named = either(labels([line.model_group for line in lines]), labels([line.model for line in lines]))
    x.model = either(x.model, named)
    x.ip = either(
        texts([line.requester_ip_address for line in lines]), texts([one.requester_ip_address for one in metadata])
    )
    x.user_agent = either(
        texts([one.user_agent for one in metadata]), [tagged_agent(line.request_tags) for line in lines]
    )
    _who(
        x,
        users=[line.user or line.metadata.user_api_key_user_id for line in lines],
        keys=[line.api_key for line in lines],
        teams=[line.team_id for line in lines],
        orgs=[line.organization_id for line in lines],
        end_users=[line.end_user for line in lines],
    )
    x.conversation = either(x.conversation, labels([line.session_id for line in lines]))
    _finish(x, lines)
    return x


def _payloads(lines: Sequence[_Payload], reading: Reading) -> Exchanges:
    x = Exchanges(len(lines))
    _chat_plain.requests(x, [_request(line) for line in lines])
    _chat_plain.responses(x, [line.response for line in lines], [None] * x.count)
    x.stream = [asked if line.stream is None else line.stream for line, asked in zip(lines, x.stream, strict=True)]
    metadata = [line.metadata for line in lines]
    x.ip = either(
        texts([line.requester_ip_address for line in lines]), texts([one.requester_ip_address for one in metadata])
    )
    told = either(texts([line.user_agent for line in lines]), texts([one.user_agent for one in metadata]))
    x.user_agent = either(told, [tagged_agent(line.request_tags) for line in lines])
    _who(
        x,
        users=[one.user_api_key_user_id for one in metadata],
        keys=[one.user_api_key_hash for one in metadata],
        teams=[one.user_api_key_team_id for one in metadata],
        orgs=[one.user_api_key_org_id for one in metadata],
        end_users=[line.end_user or line.metadata.user_api_key_end_user_id for line in lines],
    )
    x.conversation = either(x.conversation, labels([line.trace_id for line in lines]))
    _finish(x, lines)
    return x


def _request(line: _Payload) -> ChatRequest:
    asked = line.model_parameters
    return ChatRequest(
        messages=line.messages,
        model=line.model_group or line.model,
        **{name: getattr(asked, name) for name in ChatParameters.__struct_fields__},
    )


def _who(x: Exchanges, *, users: Column, keys: Column, teams: Column, orgs: Column, end_users: Column) -> None:
    x.credential = by_distinct(labels(keys), credential_id)
    named = by_distinct(labels(users), lambda name: None if name in NOBODY else name)
    x.account = either(named, x.credential)
    x.org = either(labels(orgs), labels(teams))
    x.end_user = either(labels(end_users), x.end_user)


def _finish(x: Exchanges, lines: Sequence[_Line]) -> None:
    x.input_tokens = [line.prompt_tokens for line in lines]
    x.output_tokens = [line.completion_tokens for line in lines]
    usages = [line.metadata.usage_object or _NOTHING for line in lines]
    reasoned = [(usage.completion_tokens_details or _NOT_REASONED).reasoning_tokens for usage in usages]
    x.reasoning_tokens = either(x.reasoning_tokens, reasoned)
    cached = [(usage.prompt_tokens_details or _NOT_CACHED).cached_tokens for usage in usages]
    x.cached_tokens = either(x.cached_tokens, cached)
    x.pathway = ["gateway"] * x.count
    named = either(labels([line.request_id for line in lines]), labels([line.id for line in lines]))
    named = either(named, labels([line.litellm_call_id for line in lines]))
    x.request = either(named, x.request)
    x.http_status = [200 if ended == "ok" else None for ended in x.outcome]


_NOTHING = _Usage()
_NOT_REASONED = _Reasoned()
_NOT_CACHED = _Cached()


def tagged_agent(tags: list[Any] | None) -> str | None:
    """The user agent among a row's tags; LiteLLM writes it there, its product alone and whole."""
    found = [tag[12:] for tag in tags or () if isinstance(tag, str) and tag.startswith("User-Agent: ")]
    return max(found, key=len) if found else None


def _told(line: _SpendLog) -> tuple[_SpendLog] | None:
    """A row whose request has messages; without them they may stand elsewhere in the row."""
    return (line,) if line.proxy_server_request.messages else None


def _one(line: _Payload) -> tuple[_Payload]:
    return (line,)


PLAIN_SPEND_LOGS: PlainLines[_SpendLog, _SpendLog] = PlainLines(
    _SpendLog, opened=_told, at=lambda line: line.startTime, field="startTime", read=_spend_logs
)
"""How plain rows are read."""
PLAIN_PAYLOADS: PlainLines[_Payload, _Payload] = PlainLines(
    _Payload, opened=_one, at=lambda line: line.startTime, field="startTime", read=_payloads
)
"""How plain payloads are read."""
