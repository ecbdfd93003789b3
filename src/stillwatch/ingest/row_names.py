"""What tells one exchange from another where the log gives no request id: what the row says, never where it stands."""

from __future__ import annotations

import hashlib
from collections import Counter
from collections.abc import Mapping

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.pseudonym import Pseudonymiser

from .named import pseudonyms

__all__ = ["exchange_ids", "renamed"]

_NUMBERS = ("at", "account", "credential", "end_user", "ip", "conversation", "input_tokens", "output_tokens")
_TEXTS = ("model", "system", "prompt", "messages", "output")


def exchange_ids(given: pa.Array, columns: Mapping[str, pa.Array], names: Pseudonymiser) -> pa.Array:
    """Ids of a chunk's rows: `given` where the log named its request, else a keyed hash of the row's content.

    A file's fingerprint and a line would name a row anew each time its log grows, and the row would be counted again. Content stays. Rows
    of one chunk with the same content are told apart by counting them (first, second, ...). Over the borders of chunks and files the
    same content is the same id, so such rows count once: which is the lesser evil, because the same log copied, grown or rotated is
    common, while two requests with the same account, microsecond, tokens and texts are rare, and counting one exchange twice makes two
    of every trace it leaves. It misleads for logs that keep no text and whole seconds only: give those request ids.
    """
    if not given.null_count:
        return given
    places = None if given.null_count == len(given) else pa.array(np.flatnonzero(given.is_null()), pa.int64())
    seen: Counter[bytes] = Counter()
    keys: list[str] = []
    for digest in _digests({name: columns[name] for name in (*_NUMBERS, *_TEXTS)}, places):
        keys.append(f"content:{digest.hex()}:{seen[digest]}")
        seen[digest] += 1
    made = pseudonyms(names, "exchange", pa.array(keys, pa.string()))
    return made if places is None else pc.replace_with_mask(given, given.is_null(), made)


def renamed(batch: pa.RecordBatch, names: Pseudonymiser) -> pa.RecordBatch:
    """The batch with its rows counted anew, for one put together from several."""
    known = batch.column("request").is_valid()
    given = pc.if_else(known, batch.column("exchange_id"), pa.scalar(None, pa.int64()))
    columns = {name: batch.column(name) for name in batch.schema.names}
    columns["exchange_id"] = exchange_ids(given, columns, names)
    return pa.RecordBatch.from_arrays(list(columns.values()), schema=batch.schema)


def _digests(columns: dict[str, pa.Array], places: pa.Array | None) -> list[bytes]:
    """One digest a row, of its numbers, the lengths of its texts, and its texts; unknown differs from zero and from empty."""
    taken = columns if places is None else {name: values.take(places) for name, values in columns.items()}
    texts = [taken[name].cast(pa.large_string()).cast(pa.large_binary()) for name in _TEXTS]
    numbers = [taken[name].cast(pa.int64()).fill_null(-1) for name in _NUMBERS]
    lengths = [pc.binary_length(values).cast(pa.int64()).fill_null(-1) for values in texts]
    head = np.column_stack([values.to_numpy(zero_copy_only=False) for values in (*numbers, *lengths)]).astype("<i8")
    joined = pc.binary_join_element_wise(
        *texts, pa.scalar(b"", pa.large_binary()), null_handling="replace", null_replacement=b""
    )
    _, ends, data = joined.buffers()
    begins = np.frombuffer(ends, np.int64)[joined.offset : joined.offset + len(joined) + 1].tolist()
    view = memoryview(data) if data is not None else memoryview(b"")
    found = []
    for row, begin, end in zip(head, begins, begins[1:], strict=False):
        one = hashlib.blake2b(row.tobytes(), digest_size=16, person=b"row")
        one.update(view[begin:end])
        found.append(one.digest())
    return found
