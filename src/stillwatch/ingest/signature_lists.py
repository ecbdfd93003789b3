"""Lists of reasoning signatures as whole columns: each signature named once, each row's list without repeats."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.pseudonym import Pseudonymiser

from .batch import SCHEMA, canonical
from .named import named

__all__ = ["signature_lists"]

_KIND = SCHEMA.field("artifacts_returned").type
Ints = npt.NDArray[np.int64]


def signature_lists(
    carried: pa.Array | None, returned: pa.Array | None, count: int, names: Pseudonymiser
) -> tuple[pa.Array, pa.Array]:
    """The columns `reasoning_artifacts` (carried, then returned) and `artifacts_returned` from lists of texts; a missing column is None.

    A row's list of those returned that is there and empty stays so: it says that none was.

    Raises:
        TypeError: for a column that holds no lists of texts.
    """
    sides = [_named(one, names) for one in (carried, returned)]
    both = _listed(np.concatenate([rows for rows, _ in sides]), np.concatenate([ids for _, ids in sides]), count)
    if returned is None:
        return both, pa.nulls(count, _KIND)
    known = returned.is_valid().to_numpy(zero_copy_only=False)
    return both, _listed(*sides[1], count, known=known)


def _named(lists: pa.Array | None, names: Pseudonymiser) -> tuple[Ints, Ints]:
    """Row and pseudonym of each signature, rows in order."""
    if lists is None or lists.null_count == len(lists):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    if not (pa.types.is_list(lists.type) and pa.types.is_string(lists.type.value_type)):
        raise TypeError(f"signatures: got {lists.type}, expected lists of texts")
    rows = pc.list_parent_indices(lists).to_numpy().astype(np.int64)
    texts = lists.flatten()
    there = pc.fill_null(pc.greater(pc.binary_length(texts), 0), False).to_numpy(zero_copy_only=False)
    ids = named(names, "artifact", [canonical(text) for text in texts.filter(pa.array(there)).to_pylist()])
    return rows[there], ids.to_numpy()


def _listed(rows: Ints, ids: Ints, count: int, *, known: npt.NDArray[np.bool_] | None = None) -> pa.Array:
    """One list a row, each id once and in the order of its first place; null where nothing is there, or where it is not `known`."""
    order = np.lexsort((np.arange(rows.size), ids, rows))
    again = np.zeros(rows.size, np.bool_)
    again[order[1:]] = (rows[order][1:] == rows[order][:-1]) & (ids[order][1:] == ids[order][:-1])
    rows, ids = rows[~again], ids[~again]
    place = np.argsort(rows, kind="stable")
    sizes = np.bincount(rows, minlength=count)
    offsets = np.concatenate([[0], np.cumsum(sizes)]).astype(np.int32)
    absent = sizes == 0 if known is None else ~known
    return pa.ListArray.from_arrays(pa.array(offsets), pa.array(ids[place]), mask=pa.array(absent)).cast(_KIND)
