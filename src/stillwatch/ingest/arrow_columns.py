"""Tables read by whole columns: Parquet row ranges and CSV chunks straight into the contract's schema, odd rows one by one."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.pseudonym import Pseudonymiser

from .batch import SCHEMA, to_batch
from .chunks import Chunk
from .clean import ABSURD_TOKENS, EARLIEST, BadField, Reading, address, label, subnet
from .column_map import ColumnMap, resolve
from .columns import ROLE, offered, outcome_of, read_row
from .exchange import Exchange, account_id, client_claimed, credential_id
from .named import VaultPair, named_texts, pseudonyms
from .options import ReadOptions
from .retention import UNKNOWN_WORD, retention_of
from .row_names import exchange_ids, renamed
from .signature_lists import signature_lists
from .table_rows import Reject, csv_rows, parquet_rows

__all__ = ["read_table"]


_TOKENS = ("input_tokens", "output_tokens", "reasoning_tokens", "cached_tokens")
_ASKED = ("max_tokens", "top_k", "n", "top_logprobs", "turns", "asn")
_PLAIN = ("prompt", "system", "output", "reasoning")
_LABELS = ("model", "pathway", "stop_reason", "refusal_category")
_FLAGS = ("logprobs", "logit_bias", "stream")
_NAMED = ("account", "org", "credential", "end_user", "user_agent", "tls_fingerprint", "conversation")
_VAULTED = ("account", "org")
_SIGNATURES = ("reasoning_artifacts", "artifacts_returned")


class _Odd(Exception):
    """A column that cannot be taken as a whole."""


def read_table(
    chunk: Chunk, names: Pseudonymiser, options: ReadOptions, reading: Reading, rejects: list[Reject]
) -> tuple[pa.RecordBatch, list[VaultPair]]:
    """Read the rows of a Parquet or CSV chunk."""
    found = resolve(chunk.header, options.mapping)
    data = (
        parquet_rows(chunk, found, reading, rejects) if chunk.layout == "parquet" else csv_rows(chunk, reading, rejects)
    )
    if not data.num_columns:
        return to_batch([], names, source=chunk.source, log_format=chunk.format)
    first = chunk.first_line
    if "line" in data.column_names and chunk.layout == "csv":
        lines = data.column("line")
        data = data.drop_columns(["line"])
    else:
        lines = pa.chunked_array([pa.array(range(first, first + data.num_rows), pa.int64())])
    told = Counter(reading.notes)
    refused: list[Reject] = []
    try:
        if options.default_account is not None:
            raise _Odd
        batch, vault = _by_columns(data, lines, found, names, reading, chunk, refused)
        rejects += refused
        return batch, vault
    except (_Odd, TypeError, pa.ArrowInvalid, pa.ArrowNotImplementedError):
        # What was told of the table before it was given up by columns is told again row by row.
        reading.notes = told
        rows = _by_rows(data, lines, found, reading, chunk.source, rejects)
        for row in rows:
            row.account = row.account or options.default_account
        return to_batch(rows, names, source=chunk.source, log_format=chunk.format)


def _by_rows(
    data: pa.Table, lines: pa.ChunkedArray, found: ColumnMap, reading: Reading, source: int, rejects: list[Reject]
) -> list[Exchange]:
    rows: list[Exchange] = []
    for line, record in zip(lines.to_pylist(), _records(data), strict=True):
        if record is None:
            rejects.append((source, line, "row", "got a value outside the calendar's range, expected a time"))
            continue
        try:
            x = read_row(record, found, reading)
        except BadField as fault:
            rejects.append((source, line, fault.field, fault.reason))
            continue
        x.line = line
        rows.append(x)
    return rows


def _records(data: pa.Table) -> list[dict[str, Any] | None]:
    """Rows as objects; none where a row holds a time that no calendar has."""
    try:
        return list(data.to_pylist())
    except (ValueError, OverflowError):
        if data.num_rows == 1:
            return [None]
        half = data.num_rows // 2
        return _records(data.slice(0, half)) + _records(data.slice(half))


def _by_columns(
    data: pa.Table,
    lines: pa.ChunkedArray,
    found: ColumnMap,
    names: Pseudonymiser,
    reading: Reading,
    chunk: Chunk,
    rejects: list[Reject],
) -> tuple[pa.RecordBatch, list[VaultPair]]:
    raw = _Columns(data, found)
    if any("." in name and name not in data.column_names for name in found.columns.values()):
        raise _Odd
    count = data.num_rows
    told = Counter(reading.notes)
    out: dict[str, pa.Array] = {"at": _instants(raw.get("at"), reading)}
    good = _within(out["at"], EARLIEST, reading.latest)
    for name in _TOKENS:
        out[name], fine = _whole(raw.get(name), SCHEMA.field(name).type, ABSURD_TOKENS, count)
        good = good if fine is None else pc.and_(good, fine)
    out["http_status"], fine = _whole(raw.get("http_status"), pa.int16(), 999, count)
    good = good if fine is None else pc.and_(good, fine)
    if not pc.all(good, min_count=0).as_py():
        reading.notes = told
        bad = pc.invert(good)
        slow = _by_rows(data.filter(bad), lines.filter(bad), found, reading, chunk.source, rejects)
        kept, kept_vault = _by_columns(data.filter(good), lines.filter(good), found, names, reading, chunk, rejects)
        more, more_vault = to_batch(slow, names, source=chunk.source, log_format=chunk.format)
        joined = pa.Table.from_batches([kept, more]).sort_by("line").combine_chunks()
        batch = renamed(joined.to_batches()[0], names) if joined.num_rows else kept
        return batch, sorted({*kept_vault, *more_vault})
    for name in _ASKED:
        limit = 32_767 if SCHEMA.field(name).type == pa.int16() else 2_147_483_647
        values, fine = _whole(raw.get(name), SCHEMA.field(name).type, limit, count)
        out[name] = values if fine is None else pc.if_else(fine, values, pa.scalar(None, values.type))
    for name in ("temperature", "top_p"):
        out[name] = _number(raw.get(name), count)
    for name in _FLAGS:
        out[name] = _flag(raw.get(name), count)
    for name in _PLAIN:
        out[name] = _text(raw.get(name), count)
    for name in _LABELS:
        out[name] = _mapped(raw.get(name), label, count)
    out["messages"] = _earlier(raw, out, count)
    out["tools"] = _mapped(_text(raw.get("tools"), count), offered, count)
    vault: list[VaultPair] = []
    _identities(out, raw, names, vault, count)
    out["retention_class"] = _retention(raw.get("retention_class"), reading, count)
    out["outcome"] = _outcomes(raw.get("outcome"), out["http_status"], out["stop_reason"], count)
    lists = signature_lists(raw.get("reasoning_artifacts"), raw.get("artifacts_returned"), count, names)
    out.update(zip(_SIGNATURES, lists, strict=True))
    out["client_telemetry"] = pa.nulls(count, SCHEMA.field("client_telemetry").type)
    out["format"] = pa.repeat(pa.scalar(chunk.format), count)
    out["source"] = pa.repeat(pa.scalar(chunk.source, pa.int64()), count)
    out["line"] = _one(lines).cast(pa.int64())
    requests = _requests(raw, count)
    out["request"] = pseudonyms(names, "request", requests)
    out["exchange_id"] = exchange_ids(pseudonyms(names, "exchange", requests), out, names)
    return pa.RecordBatch.from_arrays([out[name] for name in SCHEMA.names], schema=SCHEMA), vault


def _earlier(raw: _Columns, out: dict[str, pa.Array], count: int) -> pa.Array:
    """Earlier turns kept as text beside a prompt, and the turns counted in them; anything else goes row by row."""
    if not raw.has("messages"):
        return pa.nulls(count, pa.string())
    values = raw.get("messages")
    values = pa.nulls(count, pa.string()) if values is None else values
    if not pa.types.is_string(values.type) or out["prompt"].null_count:
        raise _Odd
    counted = pc.add(pc.count_substring(values.fill_null(""), ROLE).cast(pa.int32()), 1)
    out["turns"] = pc.coalesce(out["turns"], counted)
    return pc.if_else(pc.equal(values, ""), pa.scalar(None, pa.string()), values)


class _Columns:
    """The table's columns under our names; constants stand in where a column is missing or empty."""

    def __init__(self, data: pa.Table, found: ColumnMap) -> None:
        self._data = data
        self._found = found

    def has(self, target: str) -> bool:
        return self._found.columns.get(target) in self._data.column_names or target in self._found.constants

    def get(self, target: str) -> pa.Array | None:
        name = self._found.columns.get(target)
        constant = self._found.constants.get(target)
        if name is None or name not in self._data.column_names:
            return None if constant is None else pa.repeat(pa.scalar(constant), self._data.num_rows)
        values = _one(self._data.column(name))
        if pa.types.is_dictionary(values.type):
            values = values.dictionary_decode()
        if pa.types.is_large_string(values.type) or pa.types.is_string_view(values.type):
            values = values.cast(pa.string())
        if pa.types.is_null(values.type):
            return None if constant is None else pa.repeat(pa.scalar(constant), self._data.num_rows)
        return values if constant is None else values.fill_null(constant)


def _one(values: pa.ChunkedArray) -> pa.Array:
    """A column in one piece; one that is so already is not copied."""
    if values.num_chunks == 1:
        return values.chunk(0)
    return pa.concat_arrays(values.chunks) if values.num_chunks else pa.array([], values.type)


def _instants(values: pa.Array | None, reading: Reading) -> pa.Array:
    """Instants in microseconds UTC as int64; a missing one is 0, which lies outside the bounds and so goes row by row."""
    if values is None:
        raise _Odd
    if pa.types.is_string(values.type):
        try:
            values = values.cast(pa.timestamp("us", tz="UTC"))
        except pa.ArrowInvalid:
            values = values.cast(pa.timestamp("us"))
    if pa.types.is_timestamp(values.type):
        if values.type.tz is None:
            reading.notes["times without a zone, read as UTC"] += len(values) - values.null_count
        unit = values.type.unit
        ticks = values.cast(pa.int64())
        if unit == "ns":
            ticks = pc.divide(ticks, 1000)
        elif unit != "us":
            ticks = pc.multiply(ticks, {"s": 1_000_000, "ms": 1000}[unit])
        return ticks.fill_null(0).cast(SCHEMA.field("at").type)
    if pa.types.is_integer(values.type):
        ticks = values.cast(pa.int64()).fill_null(0)
        scale = _scale(ticks)
        return (pc.multiply(ticks, int(scale)) if scale >= 1 else pc.divide(ticks, 1000)).cast(SCHEMA.field("at").type)
    if pa.types.is_floating(values.type):
        seconds = values.cast(pa.float64()).fill_null(0)
        if len(seconds) and not pc.all(pc.less(pc.abs(seconds), 1e11)).as_py():
            raise _Odd
        return pc.round(pc.multiply(seconds, 1e6)).cast(pa.int64()).cast(SCHEMA.field("at").type)
    raise _Odd


def _scale(ticks: pa.Array) -> float:
    """Factor to microseconds by the size of the numbers; numbers of several sizes go row by row."""
    low_high = pc.min_max(ticks)
    low, high = low_high["min"].as_py() or 0, low_high["max"].as_py() or 0
    for bound, factor in ((10**11, 1_000_000.0), (10**14, 1000.0), (10**17, 1.0)):
        if abs(high) < bound:
            if factor != 1_000_000.0 and abs(low) < bound // 1000:
                raise _Odd
            return factor
    if low < 10**17:
        raise _Odd
    return 0.001


def _within(at: pa.Array, low: int, high: int) -> pa.Array:
    ticks = at.cast(pa.int64())
    return pc.and_(pc.greater_equal(ticks, low), pc.less_equal(ticks, high))


def _whole(values: pa.Array | None, kind: pa.DataType, limit: int, count: int) -> tuple[pa.Array, pa.Array | None]:
    """(values of `kind`, which of them are fine or missing); all fine is `None`."""
    if values is None:
        return pa.nulls(count, kind), None
    if pa.types.is_boolean(values.type):
        raise _Odd
    if not pa.types.is_integer(values.type):
        values = values.cast(pa.int64())
    low_high = pc.min_max(values)
    low, high = low_high["min"].as_py(), low_high["max"].as_py()
    if low is None or (low >= 0 and high <= limit):
        return values.cast(kind), None
    fine = pc.and_(pc.greater_equal(values, 0), pc.less_equal(values, limit)).fill_null(True)
    return pc.if_else(fine, values, 0).cast(kind), fine


def _number(values: pa.Array | None, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, pa.float32())
    if pa.types.is_boolean(values.type):
        raise _Odd
    numbers = values.cast(pa.float64())
    fine = pc.and_(pc.is_finite(numbers), pc.less(pc.abs(numbers), 1e9))
    return pc.if_else(fine, numbers, None).cast(pa.float32(), safe=False)


def _flag(values: pa.Array | None, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, pa.bool_())
    if pa.types.is_boolean(values.type):
        return values
    if pa.types.is_string(values.type):
        lowered = pc.utf8_lower(values)
        yes = pc.is_in(lowered, pa.array(["true", "1", "t", "yes"]))
        no = pc.is_in(lowered, pa.array(["false", "0", "f", "no"]))
        return pc.if_else(yes, True, pc.if_else(no, False, pa.scalar(None, pa.bool_())))
    raise _Odd


def _text(values: pa.Array | None, count: int) -> pa.Array:
    if values is None:
        return pa.nulls(count, pa.string())
    if not pa.types.is_string(values.type):
        raise _Odd
    empty = pc.equal(pc.binary_length(values), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), values) if pc.any(empty).as_py() else values


def _strings(values: pa.Array) -> pa.Array:
    if pa.types.is_string(values.type):
        return values
    if pa.types.is_integer(values.type):
        return values.cast(pa.string())
    raise _Odd


def _mapped(values: pa.Array | None, function: Callable[[str], str | None], count: int) -> pa.Array:
    """A text column with a function applied once to each distinct value."""
    if values is None:
        return pa.nulls(count, pa.string())
    coded = _strings(values).dictionary_encode()
    changed = pa.array(
        [None if value is None else function(value) for value in coded.dictionary.to_pylist()], pa.string()
    )
    return changed.take(coded.indices)


def _identities(
    out: dict[str, pa.Array], raw: _Columns, names: Pseudonymiser, vault: list[VaultPair], count: int
) -> None:
    keys = raw.get("credential")
    credential = _mapped(keys, lambda value: credential_id(value) or None, count)
    account = _mapped(raw.get("account"), lambda value: account_id(name) if (name := label(value)) else None, count)
    for name in _NAMED:
        if name == "credential":
            texts = credential
        elif name == "account":
            texts = pc.coalesce(account, credential)
        elif name == "user_agent":
            texts = _text(raw.get(name), count)
        else:
            values = raw.get(name)
            texts = None if values is None else _trimmed(_strings(values))
        out[name] = (
            pa.nulls(count, pa.int64())
            if texts is None
            else named_texts(names, name, texts, vault if name in _VAULTED else None)
        )
    out["client_claimed"] = _mapped(_text(raw.get("user_agent"), count), client_claimed, count)
    ips = _mapped(raw.get("ip"), address, count)
    out["ip"] = named_texts(names, "ip", ips)
    out["subnet"] = named_texts(names, "subnet", _mapped(ips, subnet, count))


def _trimmed(values: pa.Array) -> pa.Array:
    return _text(pc.utf8_slice_codeunits(pc.utf8_trim_whitespace(values), 0, 512), len(values))


def _retention(words: pa.Array | None, reading: Reading, count: int) -> pa.Array:
    kept = _mapped(words, lambda word: (retention_of(word) or "unknown") if label(word) else None, count)
    kept = kept.fill_null("standard")
    unknown = pc.equal(kept, "unknown")
    if number := pc.sum(unknown, min_count=0).as_py():
        reading.notes[UNKNOWN_WORD] += number
    return pc.if_else(unknown, "zero", kept)


def _outcomes(words: pa.Array | None, status: pa.Array, stop: pa.Array, count: int) -> pa.Array:
    said = _mapped(words, lambda value: outcome_of(value, None, None), count)
    failed = pc.greater_equal(status, 400)
    ended = pc.if_else(pc.equal(status, 499), "cancelled", "error")
    refused = pc.is_in(stop, pa.array(["content_filter", "refusal", "SAFETY"]))
    known = pc.or_(pc.is_valid(status), pc.is_valid(stop))
    told = pc.if_else(
        failed.fill_null(False),
        ended,
        pc.if_else(refused, "refused", pc.if_else(known, "ok", pa.scalar(None, pa.string()))),
    )
    return pc.coalesce(said, told)


def _requests(raw: _Columns, count: int) -> pa.Array:
    """The request ids that the log gives: nearly all differ, so that nothing is gained by telling them apart first."""
    given = raw.get("request")
    return pa.nulls(count, pa.string()) if given is None else _trimmed(_strings(given))
