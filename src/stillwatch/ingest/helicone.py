"""Helicone requests, as its API and exports give them."""

from __future__ import annotations

from collections.abc import Iterable

from ._helicone_plain import PLAIN
from .clean import Reading, asked_count, billed, label, mapping, text
from .dialect import dialect_of_path, fill
from .exchange import Exchange, credential_id
from .log_format import Record, log_format
from .sse import open_body
from .turns import settle

__all__ = ["read"]


_COUNTS = (
    ("input_tokens", "prompt_tokens"),
    ("output_tokens", "completion_tokens"),
    ("cached_tokens", "prompt_cache_read_tokens"),
)


def _sniff(record: Record) -> int:
    return 95 if "request_created_at" in record and ("response_status" in record or "request_id" in record) else 0


@log_format(
    name="helicone",
    title="Helicone requests",
    sample="helicone",
    wants='"request_created_at"',
    sniff=_sniff,
    lacks=("asn", "client_telemetry", "tls_fingerprint"),
    plain=PLAIN,
)
def read(record: Record, reading: Reading) -> Iterable[Exchange]:
    """Read one request with its response."""
    x = Exchange(pathway="gateway")
    x.at = reading.at(record.get("request_created_at"), "request_created_at")
    status = asked_count(record.get("response_status"), limit=999)
    x.http_status = status or None
    properties = mapping(record.get("request_properties")) or mapping(record.get("properties"))
    lowered = {key.lower(): value for key, value in properties.items()}
    path = text(record.get("request_path")) or text(record.get("target_url")) or ""
    request = record.get("request_body")
    known = open_body(request).whole is not None
    fill(x, request, record.get("response_body"), name=dialect_of_path(path))
    if not known:
        x.logprobs = x.logit_bias = x.stream = x.turns = None
    x.model = (
        label(record.get("request_model"))
        or x.model
        or label(record.get("model_override"))
        or label(record.get("response_model"))
    )
    key = label(record.get("helicone_api_key_id")) or label(record.get("auth_id"))
    x.credential = credential_id(key) if key else None
    x.account = label(record.get("request_user_id")) or label(record.get("user_id")) or x.credential
    x.org = label(record.get("helicone_org_id")) or label(record.get("organization_id"))
    x.end_user = label(record.get("helicone_user")) or x.end_user
    session = lowered.get("helicone-session-id")
    x.conversation = label(session) or x.conversation
    x.ip = text(lowered.get("ip")) or text(record.get("request_ip"))
    x.user_agent = text(lowered.get("user-agent")) or text(lowered.get("user_agent"))
    x.request = x.request or label(record.get("request_id"))
    for column, field in _COUNTS:
        given = billed(record.get(field), field)
        if given is not None and (given > 0 or getattr(x, column) is None):
            setattr(x, column, given)
    if status is not None and status < 0:
        settle(x, cancelled=True)
    return [x]
