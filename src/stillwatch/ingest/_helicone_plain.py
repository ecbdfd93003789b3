"""Helicone requests in their plain shape with chat bodies, many at once: what `helicone.read` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any

from msgspec import Meta

from . import _chat_plain
from ._chat_plain import LoneRequest, LoneResponse
from .clean import Reading
from .dialect import dialect_of_path
from .exchange import credential_id
from .exchanges import Exchanges, by_distinct, either, labels, texts
from .plain import Billed, PlainLine, PlainLines, When

__all__ = ["PLAIN"]


class _Line(PlainLine, kw_only=True):
    request_created_at: When
    request_body: LoneRequest
    response_body: LoneResponse
    response_status: Annotated[int, Meta(ge=0, le=999)] | None = None
    request_properties: dict[str, str] | None = None
    request_model: str | None = None
    model_override: str | None = None
    response_model: str | None = None
    helicone_api_key_id: str | None = None
    auth_id: str | None = None
    request_user_id: str | None = None
    user_id: str | None = None
    helicone_org_id: str | None = None
    organization_id: str | None = None
    helicone_user: str | None = None
    request_ip: str | None = None
    request_id: str | None = None
    prompt_tokens: Billed = None
    completion_tokens: Billed = None
    prompt_cache_read_tokens: Billed = None
    properties: dict[str, str] | None = None
    request_path: str | None = None
    target_url: str | None = None


def _read(lines: Sequence[_Line], reading: Reading) -> Exchanges:
    x = Exchanges(len(lines))
    x.pathway = ["gateway"] * x.count
    x.http_status = [line.response_status or None for line in lines]
    _chat_plain.requests(x, [line.request_body for line in lines])
    _chat_plain.responses(x, [line.response_body for line in lines], [None] * x.count)
    named = either(labels([line.request_model for line in lines]), x.model)
    named = either(named, labels([line.model_override for line in lines]))
    x.model = either(named, labels([line.response_model for line in lines]))
    keys = either(labels([line.helicone_api_key_id for line in lines]), labels([line.auth_id for line in lines]))
    x.credential = by_distinct(keys, lambda key: credential_id(key) or None)
    users = either(labels([line.request_user_id for line in lines]), labels([line.user_id for line in lines]))
    x.account = either(users, x.credential)
    x.org = either(labels([line.helicone_org_id for line in lines]), labels([line.organization_id for line in lines]))
    x.end_user = either(labels([line.helicone_user for line in lines]), x.end_user)
    given = [line.request_properties or line.properties or {} for line in lines]
    properties = [{name.lower(): value for name, value in one.items()} for one in given]
    x.conversation = either(labels([one.get("helicone-session-id") for one in properties]), x.conversation)
    x.ip = either(texts([one.get("ip") for one in properties]), texts([line.request_ip for line in lines]))
    agents = texts([one.get("user-agent") for one in properties])
    x.user_agent = either(agents, texts([one.get("user_agent") for one in properties]))
    x.request = either(x.request, labels([line.request_id for line in lines]))
    x.input_tokens = _counted([line.prompt_tokens for line in lines], x.input_tokens)
    x.output_tokens = _counted([line.completion_tokens for line in lines], x.output_tokens)
    x.cached_tokens = _counted([line.prompt_cache_read_tokens for line in lines], x.cached_tokens)
    return x


def _counted(given: Sequence[int | None], told: Sequence[Any]) -> Sequence[Any]:
    """Helicone's own counts, but where it writes 0 for what the body tells."""
    return [mine or (mine if body is None else body) for mine, body in zip(given, told, strict=True)]


def _opened(line: _Line) -> tuple[_Line] | None:
    return (line,) if dialect_of_path(line.request_path or line.target_url or "") in (None, "openai_chat") else None


PLAIN: PlainLines[_Line, _Line] = PlainLines(
    _Line, opened=_opened, at=lambda line: line.request_created_at, field="request_created_at", read=_read
)
"""How plain lines are read."""
