"""Redacted examples of families. Nothing else opens texts for a report, and what leaves here went through `redact_examples`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core import Decision
from stillwatch.engine import Store
from stillwatch.report import Example, redact_examples

__all__ = ["examples_by_family"]

_OTHERS_SHOWN = 12
"""Candidates not for review whose families get examples, from the highest rank on."""


def examples_by_family(
    store: Store,
    actors: Sequence[Mapping[str, Any]],
    families: Mapping[int, Mapping[str, Any]],
    exchanges: Mapping[int, Sequence[int]],
    *,
    show: int,
) -> dict[int, tuple[Example, ...]]:
    """Redacted examples of the families of the actors for review and of the first candidates after them.

    Args:
        actors: rows of `actors`, in rank order.
        families: rows of `families` by their id.
        exchanges: for each family some exchanges that carry it, of as many accounts.
        show: examples of each family; with 0 no text is opened.
    """
    if not show:
        return {}
    for_review = [a for a in actors if a["decision"] == Decision.REVIEW]
    others = [a for a in actors if a["decision"] != Decision.REVIEW]
    wanted = [f for a in (*for_review, *others[:_OTHERS_SHOWN]) for f in a["families"]]
    out: dict[int, tuple[Example, ...]] = {}
    for scope in ("prompt", "system"):
        here = {f: exchanges.get(f, []) for f in wanted if families[f]["scope"] == scope}
        found = _texts(store, [e for ids in here.values() for e in ids], scope)
        for family, ids in here.items():
            raw = [found[e] for e in ids if e in found]
            out[family] = redact_examples(raw, show=show) if raw else ()
    return out


def _texts(store: Store, exchanges: Sequence[int], column: str) -> dict[int, str]:
    """The text of a few exchanges, found without reading the text of the others."""
    wanted: npt.NDArray[np.int64] = np.unique(np.array(exchanges, np.int64))
    out: dict[int, str] = {}
    for path in store.files("exchanges"):
        if wanted.size == len(out):
            break
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            ids = file.read_row_group(group, columns=["exchange_id"]).column(0).to_numpy()
            hit = np.flatnonzero(np.isin(ids, wanted))
            if hit.size:
                rows = file.read_row_group(group, columns=[column]).column(0).take(pa.array(hit)).to_pylist()
                out.update((int(ids[place]), text) for place, text in zip(hit, rows, strict=True) if text is not None)
    return out
