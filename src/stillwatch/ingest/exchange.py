"""One exchange as a log had it, and the step that takes its identities away: rows in, a record batch of pseudonyms out."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Callable, Sequence
from typing import Any

import msgspec
import pyarrow as pa
from msgspec.structs import astuple

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.tables import table

from .clean import address, subnet
from .row_names import exchange_ids

__all__ = ["SCHEMA", "Exchange", "VaultPair", "account_id", "client_claimed", "credential_id", "to_batch"]

SCHEMA: pa.Schema = table("exchanges").schema
"""The contract's schema, built once."""

VaultPair = tuple[str, int, str]
"""(kind, pseudonym, raw name): what only the vault may keep."""

_PRODUCT = re.compile(r"\s*([^\s;()]+)")
_KEY = re.compile(r"\s*(?:(?:bearer|basic|key)\s+\S|(?:sk|rk|gsk|xai|hf|pplx)[-_]|AIza)", re.IGNORECASE)
"""How the keys of model providers begin."""
_URL_SAFE = str.maketrans("-_", "+/")
_SURROGATE = re.compile("[\ud800-\udfff]")


class Exchange(msgspec.Struct, gc=False):
    """One request with its response before pseudonymisation. `at` is in microseconds UTC; `None` is unknown."""

    at: int | None = None
    account: str | None = None
    org: str | None = None
    credential: str | None = None
    end_user: str | None = None
    ip: str | None = None
    asn: int | None = None
    user_agent: str | None = None
    tls_fingerprint: str | None = None
    model: str | None = None
    pathway: str | None = None
    outcome: str | None = None
    http_status: int | None = None
    retention_class: str | None = None
    system: str | None = None
    prompt: str | None = None
    messages: str | None = None
    turns: int | None = None
    tools: str | None = None
    output: str | None = None
    reasoning: str | None = None
    reasoning_artifacts: list[str] | None = None
    artifacts_returned: list[str] | None = None
    input_tokens: int | None = None
    output_tokens: int | None = None
    reasoning_tokens: int | None = None
    cached_tokens: int | None = None
    max_tokens: int | None = None
    temperature: float | None = None
    top_p: float | None = None
    top_k: int | None = None
    n: int | None = None
    logprobs: bool | None = None
    top_logprobs: int | None = None
    logit_bias: bool | None = None
    stream: bool | None = None
    stop_reason: str | None = None
    refusal_category: str | None = None
    conversation: str | None = None
    request: str | None = None
    format: str | None = None
    source: int | None = None
    line: int = 0
    part: int = 0


_TEXTS = (
    "model", "pathway", "outcome", "system", "prompt", "messages", "tools", "output", "reasoning", "stop_reason", "refusal_category",
)  # fmt: skip
_VALUES = (
    "at", "asn", "http_status", "turns", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "max_tokens", "temperature",
    "top_p", "top_k", "n", "logprobs", "top_logprobs", "logit_bias", "stream", "line",
)  # fmt: skip
_NAMED = ("account", "org", "credential", "end_user", "user_agent", "tls_fingerprint", "conversation", "request")
_VAULTED = ("account", "org")
_FIELDS = Exchange.__struct_fields__


def credential_id(token: str) -> str:
    """Stand-in for an API key: a live secret becomes its SHA-256 (as LiteLLM writes keys), what was masked before stays as it is.

    >>> credential_id("sk-...x9Qz")
    'sk-...x9Qz'
    """
    bare = token.strip()
    scheme, _, rest = bare.partition(" ")
    if rest and scheme.lower() in ("bearer", "basic", "key"):
        bare = rest.strip()
    masked = "..." in bare or "*" in bare or "…" in bare or bare.startswith(("sha256", "hash"))
    if masked or len(bare) < 20 or re.fullmatch(r"[0-9a-f]{64}", bare):
        return bare
    return hashlib.sha256(bare.encode("utf-8", "surrogatepass")).hexdigest()


def account_id(name: str) -> str:
    """Name of an account as every reader gives it out: a key that stands for an account becomes what `credential_id` makes of it.

    Logs and account facts both go through here, so that they join, and a live key never reaches the vault.

    >>> account_id("acme"), account_id("sk-...x9Qz"), len(account_id("sk-live-0123456789abcdef"))
    ('acme', 'sk-...x9Qz', 64)
    """
    return credential_id(name) if _KEY.match(name) else name


def client_claimed(user_agent: str) -> str | None:
    """Client that a user agent claims to be: its first product token, without the version, at most 40 characters.

    >>> client_claimed("OpenAI/Python 1.99.1")
    'OpenAI/Python'
    >>> client_claimed("claude-cli/2.0.1 (external)")
    'claude-cli'
    """
    found = _PRODUCT.match(user_agent)
    if found is None:
        return None
    product, slash, version = found[1].partition("/")
    if slash and version and not any(c.isdigit() for c in version):
        product = found[1]
    return (product or found[1])[:40]


def to_batch(
    rows: Sequence[Exchange], names: Pseudonymiser, *, source: int, log_format: str
) -> tuple[pa.RecordBatch, list[VaultPair]]:
    """Turn rows into a batch of the contract's schema, and the pairs for the vault.

    `source` and `log_format` stand for rows that name none. Each distinct identity is hashed once.
    """
    columns: dict[str, Any] = {}
    raw: dict[str, Sequence[Any]] = (
        dict(zip(_FIELDS, zip(*map(astuple, rows), strict=True), strict=True)) if rows else dict.fromkeys(_FIELDS, ())
    )
    raw["account"] = _by_distinct(raw["account"], account_id)
    for name in _TEXTS:
        columns[name] = _texts(raw[name])
    for name in _VALUES:
        columns[name] = _plain(raw[name], SCHEMA.field(name).type)
    vault: list[VaultPair] = []
    for name in _NAMED:
        columns[name] = _pseudonyms(names, name, raw[name], vault if name in _VAULTED else None)
    ips = _by_distinct(raw["ip"], address)
    columns["ip"] = _pseudonyms(names, "ip", ips, None)
    columns["subnet"] = _pseudonyms(names, "subnet", _by_distinct(ips, subnet), None)
    columns["client_claimed"] = _texts(_by_distinct(raw["user_agent"], client_claimed))
    columns["client_telemetry"] = pa.nulls(len(rows), pa.bool_())
    columns["retention_class"] = _texts([kept or "standard" for kept in raw["retention_class"]])
    for name in ("reasoning_artifacts", "artifacts_returned"):
        columns[name] = _artifacts(names, raw[name])
    columns["format"] = pa.array([one or log_format for one in raw["format"]], pa.string())
    sources = [source if one is None else one for one in raw["source"]]
    columns["source"] = pa.array(sources, pa.int64())
    columns["exchange_id"] = exchange_ids(names.names("exchange", raw["request"]), columns, names)
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA), vault


def _plain(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as a column; most columns of most logs hold nothing, which is told faster than converted."""
    return pa.nulls(len(values), kind) if values.count(None) == len(values) else pa.array(values, kind)


def _texts(values: Sequence[str | None]) -> pa.Array:
    try:
        return _plain(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if value is None else _SURROGATE.sub("\ufffd", value) for value in values], pa.string())


def _pseudonyms(names: Pseudonymiser, kind: str, raws: Sequence[str | None], vault: list[VaultPair] | None) -> pa.Array:
    if not any(raws):
        return pa.nulls(len(raws), pa.int64())
    named = names.names(kind, raws)
    if vault is not None:
        pairs = dict(zip(raws, named, strict=True))
        vault.extend((kind, value, raw) for raw, value in pairs.items() if raw is not None and value is not None)
    return pa.array(named, pa.int64())


def _by_distinct(values: Sequence[str | None], function: Callable[[str], str | None]) -> list[str | None]:
    """A function's value for each value, worked out once for those that are equal."""
    known: dict[str | None, str | None] = {value: function(value) for value in dict.fromkeys(values) if value}
    return list(map(known.get, values))


def _canonical(artifact: str) -> str:
    """One writing for the same bytes: SDKs turn URL-safe base64 into plain and back, with and without padding."""
    return artifact.translate(_URL_SAFE).rstrip("=")


def _artifacts(names: Pseudonymiser, lists: Sequence[list[str] | None]) -> pa.Array:
    kind = SCHEMA.field("reasoning_artifacts").type
    if lists.count(None) == len(lists):
        return pa.nulls(len(lists), kind)
    hashed = [
        None if raws is None else [names.name("artifact", raw) for raw in dict.fromkeys(map(_canonical, raws))]
        for raws in lists
    ]
    return pa.array(hashed, kind)
