"""The step that takes identities away: exchanges with raw names in, a record batch of pseudonyms out."""

from __future__ import annotations

import re
from collections.abc import Sequence
from itertools import chain
from typing import Any

import numpy as np
import pyarrow as pa

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.tables import table

from .clean import address, subnet
from .exchange import Exchange, account_id, client_claimed
from .exchanges import Column, Exchanges, by_distinct, of_rows
from .named import VaultPair, named
from .row_names import exchange_ids

__all__ = ["SCHEMA", "VaultPair", "to_batch"]

SCHEMA: pa.Schema = table("exchanges").schema
"""The contract's schema, built once."""

_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXTS = (
    "model", "pathway", "outcome", "system", "prompt", "messages", "tools", "output", "reasoning", "stop_reason", "refusal_category",
)  # fmt: skip
_VALUES = (
    "at", "asn", "http_status", "turns", "input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens", "max_tokens", "temperature",
    "top_p", "top_k", "n", "logprobs", "top_logprobs", "logit_bias", "stream", "line",
)  # fmt: skip
_NAMED = ("account", "org", "credential", "end_user", "user_agent", "tls_fingerprint", "conversation", "request")
_VAULTED = ("account", "org", "user_agent", "tls_fingerprint")


def to_batch(
    rows: Sequence[Exchange] | Exchanges, names: Pseudonymiser, *, source: int, log_format: str
) -> tuple[pa.RecordBatch, list[VaultPair]]:
    """Turn exchanges into a batch of the contract's schema, and the pairs for the vault.

    `source` and `log_format` stand for exchanges that name none. Each distinct identity is hashed once.
    """
    raw = rows if isinstance(rows, Exchanges) else of_rows(rows)
    columns: dict[str, Any] = {}
    raw.account = by_distinct(raw.account, account_id)
    for name in _TEXTS:
        columns[name] = _texts(getattr(raw, name))
    for name in _VALUES:
        columns[name] = _plain(getattr(raw, name), SCHEMA.field(name).type)
    vault: list[VaultPair] = []
    for name in _NAMED:
        columns[name] = _pseudonyms(names, name, getattr(raw, name), vault if name in _VAULTED else None)
    ips = by_distinct(raw.ip, address)
    columns["ip"] = _pseudonyms(names, "ip", ips, None)
    columns["subnet"] = _pseudonyms(names, "subnet", by_distinct(ips, subnet), vault)
    columns["client_claimed"] = _texts(by_distinct(raw.user_agent, client_claimed))
    columns["client_telemetry"] = pa.nulls(raw.count, pa.bool_())
    columns["retention_class"] = _texts([kept or "standard" for kept in raw.retention_class])
    columns["reasoning_artifacts"] = artifacts = _artifacts(names, raw.reasoning_artifacts)
    same = raw.artifacts_returned == raw.reasoning_artifacts
    columns["artifacts_returned"] = artifacts if same else _artifacts(names, raw.artifacts_returned)
    columns["format"] = pa.array([one or log_format for one in raw.format], pa.string())
    sources = [source if one is None else one for one in raw.source]
    columns["source"] = pa.array(sources, pa.int64())
    columns["exchange_id"] = exchange_ids(named(names, "exchange", raw.request), columns, names)
    return pa.RecordBatch.from_arrays([columns[name] for name in SCHEMA.names], schema=SCHEMA), vault


def _plain(values: Column, kind: pa.DataType) -> pa.Array:
    """Values as a column; most columns of most logs hold nothing, which is told faster than converted."""
    return pa.nulls(len(values), kind) if values.count(None) == len(values) else pa.array(values, kind)


def _texts(values: Column) -> pa.Array:
    try:
        return _plain(values, pa.string())
    except UnicodeEncodeError:
        return pa.array([None if value is None else _SURROGATE.sub("\ufffd", value) for value in values], pa.string())


def _pseudonyms(names: Pseudonymiser, kind: str, raws: Column, vault: list[VaultPair] | None) -> pa.Array:
    return named(names, kind, raws, vault) if any(raws) else pa.nulls(len(raws), pa.int64())


def canonical(artifact: str) -> str:
    """One writing for the same bytes: SDKs turn URL-safe base64 into plain and back, with and without padding."""
    return artifact.replace("-", "+").replace("_", "/").rstrip("=")


def _artifacts(names: Pseudonymiser, lists: Column) -> pa.Array:
    """Each exchange's artifacts by name, in order, each once; none at all is an empty list, unknown stays unknown."""
    kind = SCHEMA.field("reasoning_artifacts").type
    if lists.count(None) == len(lists):
        return pa.nulls(len(lists), kind)
    written = [list(dict.fromkeys(map(canonical, raws))) if raws else () for raws in lists]
    ends = np.cumsum([0, *map(len, written)], dtype=np.int32)
    unknown = pa.array([raws is None for raws in lists], pa.bool_())
    ids = named(names, "artifact", list(chain.from_iterable(written))).cast(kind.value_type)
    return pa.ListArray.from_arrays(pa.array(ends, pa.int32()), ids, type=kind, mask=unknown)
