"""Redacted examples of families. Nothing else opens texts for a report, and what leaves here went through `redact_examples`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core import Decision
from stillwatch.engine import Store
from stillwatch.report import Example, redact_examples

__all__ = ["examples_by_family", "texts_of"]

_SCOPES = ("prompt", "system")
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
    here = {scope: [f for f in wanted if families[f]["scope"] == scope] for scope in _SCOPES}
    found = texts_of(store, {scope: [e for f in own for e in exchanges.get(f, [])] for scope, own in here.items()})
    out: dict[int, tuple[Example, ...]] = {}
    for scope, own in here.items():
        for family in own:
            raw = [found[scope, e] for e in exchanges.get(family, []) if (scope, e) in found]
            out[family] = redact_examples(raw, show=show) if raw else ()
    return out


def texts_of(store: Store, exchanges: Mapping[str, Sequence[int]]) -> dict[tuple[str, int], str]:
    """Texts of a few exchanges by column and exchange, found without reading the text of the others; two files at a time."""
    wanted = {column: np.unique(np.array(ids, np.int64)) for column, ids in exchanges.items() if ids}
    if not wanted:
        return {}

    def within(path: Path) -> dict[tuple[str, int], str]:
        out: dict[tuple[str, int], str] = {}
        file = pq.ParquetFile(path)
        for group in range(file.num_row_groups):
            ids = file.read_row_group(group, columns=["exchange_id"], use_threads=False).column(0).to_numpy()
            for column, some in wanted.items():
                hit = np.flatnonzero(np.isin(ids, some))
                if hit.size:
                    texts = file.read_row_group(group, columns=[column], use_threads=False).column(0)
                    rows = texts.take(pa.array(hit)).to_pylist()
                    found = zip(ids[hit].tolist(), rows, strict=True)
                    out.update(((column, one), text) for one, text in found if text is not None)
        return out

    with ThreadPoolExecutor(2) as pool:
        parts = list(pool.map(within, store.files("exchanges")))
    return {key: text for part in parts for key, text in part.items()}
