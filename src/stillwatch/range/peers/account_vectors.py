"""What each account asks about, as one direction: the mean of its prompts' vectors where text is at hand, its cell histogram where not.

Means are sums of whole numbers, so they are the same however the rows are cut or ordered.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.engine import Relation, Sql
from stillwatch.range.peers.actor_peer import Traffic
from stillwatch.text import Embedder, Projection, words

__all__ = ["Vectors", "cell_counts", "directions", "similar_pairs"]

Ints = npt.NDArray[np.int64]
Singles = npt.NDArray[np.float32]

_STEPS = 1 << 14
_BLOCK_ENTRIES = 1 << 24

_CELLS = Sql(
    "peer_cells",
    """
    select f.account, f.cell, count(*) as exchanges
    from {features} f
    where f.account is not null and f.cell is not null
    group by f.account, f.cell
    order by 1, 2
    """,
)


@dataclass(frozen=True, kw_only=True)
class Vectors:
    """Directions of length 1, one a row, of the accounts (ascending) that have one; `exchanges` are those behind each."""

    account: Ints
    exchanges: Ints
    rows: sparse.csr_matrix | Singles
    made_of: str


def cell_counts(traffic: Traffic) -> sparse.csr_matrix:
    """Exchanges by account (in the order of `traffic.account`) and topic cell."""
    rows = traffic.engine.to_arrow(traffic.engine.sql(_CELLS, features=traffic.features))
    cell = rows.column("cell").to_numpy().astype(np.int64)
    place = np.searchsorted(traffic.account, rows.column("account").to_numpy())
    width = int(cell.max()) + 1 if cell.size else 1
    counts = rows.column("exchanges").to_numpy().astype(np.float64)
    return sparse.csr_matrix((counts, (place, cell)), shape=(traffic.account.size, width))


def directions(traffic: Traffic, *, embedder: Embedder | None = None, least: int = 1) -> Vectors:
    """Directions of all accounts with at least `least` exchanges that say something."""
    if traffic.texts is not None:
        return _of_texts(traffic, traffic.texts, embedder or Projection(), least)
    counts = cell_counts(traffic)
    total = np.asarray(counts.sum(axis=1)).ravel()
    kept = np.flatnonzero(total >= max(least, 1))
    chosen = counts[kept]
    length = np.sqrt(np.asarray(chosen.multiply(chosen).sum(axis=1)).ravel())
    return Vectors(
        account=traffic.account[kept],
        exchanges=total[kept].astype(np.int64),
        rows=sparse.csr_matrix(sparse.diags(1.0 / length) @ chosen).astype(np.float32),
        made_of="topic cells",
    )


def similar_pairs(
    rows: sparse.csr_matrix | Singles, threshold: float
) -> Iterator[tuple[Ints, Ints, npt.NDArray[np.float64]]]:
    """All pairs of rows with a cosine of at least `threshold` (above 0), block by block: places i < j and the cosines.

    Exact, and quadratic in the rows: 100,000 rows of 64 numbers are 5e9 products of rows. Memory stays within some 200 MB.
    """
    if not threshold > 0:
        raise ValueError(f"threshold: got {threshold}, expected more than 0")
    n = rows.shape[0]
    step = max(1, min(2048, _BLOCK_ENTRIES // max(n, 1)))
    for low in range(0, n, step):
        block = rows[low : low + step] @ rows[low:].T
        if isinstance(block, sparse.spmatrix):
            found = block.tocoo()
            near = found.data >= threshold
            i, j, cosine = found.row[near], found.col[near], found.data[near]
        else:
            i, j = np.nonzero(block >= threshold)
            cosine = block[i, j]
        upper = i < j
        yield (i[upper] + low).astype(np.int64), (j[upper] + low).astype(np.int64), cosine[upper].astype(np.float64)


def _of_texts(traffic: Traffic, texts: Relation, embedder: Embedder, least: int) -> Vectors:
    sums = np.zeros((traffic.account.size, embedder.dim), np.int64)
    counts = np.zeros(traffic.account.size, np.int64)
    for batch in traffic.engine.batches(texts):
        account = batch.column("account")
        told = np.flatnonzero(np.asarray(account.is_valid()) & np.asarray(batch.column("prompt").is_valid()))
        chosen = batch.take(told)
        vectors = np.rint(embedder.embed(words(chosen.column("prompt"))).astype(np.float64) * _STEPS).astype(np.int64)
        said = vectors.any(axis=1)
        who = chosen.column("account").to_numpy()[said]
        place = np.searchsorted(traffic.account, who)
        known = (place < traffic.account.size) & (traffic.account[np.minimum(place, traffic.account.size - 1)] == who)
        place, vectors = place[known], vectors[said][known]
        spread = sparse.csr_matrix(
            (np.ones(place.size, np.int64), (place, np.arange(place.size))), shape=(counts.size, place.size)
        )
        sums += spread @ vectors
        counts += np.bincount(place, minlength=counts.size)
    length = np.sqrt((sums.astype(np.float64) ** 2).sum(axis=1))
    kept = np.flatnonzero((counts >= max(least, 1)) & (length > 0))
    return Vectors(
        account=traffic.account[kept],
        exchanges=counts[kept],
        rows=(sums[kept] / length[kept, None]).astype(np.float32),
        made_of=f"{embedder.name} {embedder.version}",
    )
