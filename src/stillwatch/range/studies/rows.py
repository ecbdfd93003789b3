"""Painted rows as rows of features, without a file between: what reading a log of them would give, for a fraction of the work.

What stands in few distinct values (accounts, addresses, programs, answers) is named and counted once a batch. A test holds the result
against the reading of the same rows from a Parquet log.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core import Pseudonymiser
from stillwatch.engine import table
from stillwatch.ingest.clean import address, subnet
from stillwatch.ingest.exchange import account_id, client_claimed, credential_id
from stillwatch.pipeline.stage import featurise
from stillwatch.range.names import Ints
from stillwatch.text.words import count

__all__ = ["features_of"]

_NAMED: dict[str, tuple[str, Callable[[str], str | None] | None]] = {
    "account": ("account", account_id),
    "org": ("org", None),
    "credential": ("api_key", credential_id),
    "end_user": ("end_user", None),
    "ip": ("ip", address),
    "subnet": ("ip", lambda ip: None if (known := address(ip)) is None else subnet(known)),
    "user_agent": ("user_agent", None),
    "tls_fingerprint": ("tls_fingerprint", None),
}
"""Columns of pseudonyms: the painted column they come from, and what is made of a name before it is hashed."""

_CARRIED = (
    "at", "asn", "input_tokens", "output_tokens", "max_tokens", "temperature", "n", "stream", "turns", "prompt", "messages",
)  # fmt: skip
_DECODED = ("model", "system", "tools")


def features_of(batch: pa.RecordBatch, names: Pseudonymiser) -> tuple[pa.RecordBatch, pa.RecordBatch]:
    """The features of a painted batch, and its prompts (exchange_id, account, prompt)."""
    schema = table("exchanges").schema
    size = batch.num_rows
    columns: dict[str, Any] = {name: batch.column(name).cast(schema.field(name).type) for name in _CARRIED}
    columns["prompt"] = _text(columns["prompt"])
    for name in _DECODED:
        columns[name] = batch.column(name).dictionary_decode()
    for name, (source, change) in _NAMED.items():
        columns[name] = _pseudonyms(batch.column(source), names, name, change)
    columns["conversation"] = pa.array(
        names.names("conversation", batch.column("conversation").to_pylist()), pa.int64()
    )
    columns["exchange_id"] = pa.array(names.names("exchange", batch.column("request_id").to_pylist()), pa.int64())
    columns["client_claimed"] = _mapped(batch.column("user_agent"), client_claimed, pa.string())
    status = batch.column("status")
    columns["http_status"] = status
    columns["outcome"] = pc.if_else(pc.greater_equal(status, 400), "error", "ok")
    returned = _signatures(batch.column("artifacts_returned"), names)
    columns["artifacts_returned"] = returned
    columns["reasoning_artifacts"] = _joined(_signatures(batch.column("reasoning_artifacts"), names), returned)
    columns["retention_class"] = pa.repeat(pa.scalar("standard"), size)
    rows = pa.RecordBatch.from_arrays(
        [columns[field.name] if field.name in columns else pa.nulls(size, field.type) for field in schema],
        schema=schema,
    )
    made = featurise(rows, names)
    return _with_answers(made, batch.column("output")), rows.select(["exchange_id", "account", "prompt"])


def _with_answers(made: pa.RecordBatch, output: Any) -> pa.RecordBatch:
    """What features say of answers, counted once for each that stands in the batch."""
    counts, known = count(output.dictionary)
    empty = np.asarray(pc.equal(pc.binary_length(output.dictionary), 0))
    words = pa.array(counts.astype(np.int32), mask=~known | empty).take(output.indices)
    told = {
        "output_words": words,
        "reasoning_returned": pc.if_else(_there(output, empty), False, pa.scalar(None, pa.bool_())),
    }
    return pa.RecordBatch.from_arrays(
        [told.get(name, made.column(name)).cast(made.schema.field(name).type) for name in made.schema.names],
        schema=made.schema,
    )


def _signatures(column: Any, names: Pseudonymiser) -> Any:
    """Lists of signatures as lists of their pseudonyms."""
    named = pa.array(names.names("artifact", column.flatten().to_pylist()), pa.int64())
    offsets = np.concatenate([[0], np.cumsum(pc.fill_null(pc.list_value_length(column), 0).to_numpy())])
    return pa.ListArray.from_arrays(pa.array(offsets.astype(np.int32)), named, mask=column.is_null())


def _joined(sent: Any, returned: Any) -> Any:
    """Signatures sent and then those returned, as one list a row."""
    counts = [pc.fill_null(pc.list_value_length(one), 0).to_numpy() for one in (sent, returned)]
    rows = np.concatenate(
        [np.repeat(np.arange(len(one)), count) for one, count in zip((sent, returned), counts, strict=True)]
    )
    values = pa.concat_arrays([sent.flatten(), returned.flatten()]).take(pa.array(np.argsort(rows, kind="stable")))
    offsets = np.concatenate([[0], np.cumsum(counts[0] + counts[1])]).astype(np.int32)
    return pa.ListArray.from_arrays(pa.array(offsets), values, mask=pa.array(counts[0] + counts[1] == 0))


def _text(values: Any) -> Any:
    """A text that is empty is unknown, as in every log."""
    empty = pc.equal(pc.binary_length(values), 0)
    return pc.if_else(empty, pa.scalar(None, pa.string()), values) if pc.any(empty).as_py() else values


def _there(output: Any, empty: Any) -> Any:
    return pa.array(~empty).take(output.indices).fill_null(False)


def _pseudonyms(column: Any, names: Pseudonymiser, kind: str, change: Callable[[str], str | None] | None) -> Any:
    used, place = _used(column)
    texts = [text if text is None or change is None else change(text) for text in used]
    return pa.array(names.names(kind, texts), pa.int64()).take(place)


def _mapped(column: Any, change: Callable[[str], str | None], kind: pa.DataType) -> Any:
    used, place = _used(column)
    return pa.array([None if text is None else change(text) for text in used], kind).take(place)


def _used(column: Any) -> tuple[list[str | None], Any]:
    """The values of a dictionary column that occur in it, and which of them each row has (null where it has none)."""
    known = column.indices.is_valid().to_numpy(zero_copy_only=False)
    numbers: Ints = column.indices.drop_null().to_numpy()
    used, found = np.unique(numbers, return_inverse=True)
    place = np.zeros(len(column), np.int64)
    place[known] = found.ravel()
    return column.dictionary.take(pa.array(used)).to_pylist(), pa.array(place, mask=~known)
