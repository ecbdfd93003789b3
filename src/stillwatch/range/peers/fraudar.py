"""FRAUDAR: the densest blocks of accounts and things, camouflage discounted.

Hooi and others, KDD 2016 (doi:10.1145/2939672.2939747): every edge weighs 1 / log(d + 5), d the thing's number of accounts, so that
popular things, which a fraudster may add at will, hide nobody; nodes of the least weight are peeled one by one, and the block with the
largest weight a node is reported. Its edges are removed and the next block is looked for. Their theorem: the block's density is at
least half of the best, and what an account adds to popular things cannot lower its weight.
"""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Traffic
from stillwatch.range.peers.things import ASKED, SHARED, shared_things

__all__ = ["Fraudar", "densest"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Fraudar:
    """The `blocks` densest blocks with at least `least` accounts."""

    kinds: tuple[str, ...] = (*ASKED, *SHARED)
    blocks: int = 10
    least: int = 10
    most_exact: int = 1_000_000
    name: str = "fraudar"
    about: ClassVar[About] = About(
        title="FRAUDAR",
        source="Hooi et al., KDD 2016 (doi:10.1145/2939672.2939747)",
        reading="products are prompts, skeletons, template shingles, instruments and addresses; no prior suspicion of a node; "
        "ten blocks, the paper leaves their number to the analyst",
        limits="no test and no error rate: ten blocks in every world, with or without an operator; above a million edges many nodes are "
        "peeled at once (Bahmani et al. 2012, arXiv:1201.6567), which weakens the bound from 2 to 2.2",
    )

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """Blocks in the order in which they are found."""
        shared = shared_things(traffic, self.kinds)
        edges = shared.having
        found: list[Cluster] = []
        notes = list(shared.notes)
        for _ in range(self.blocks):
            if edges.nnz > self.most_exact and not any("at once" in note for note in notes):
                notes.append(f"{edges.nnz:,} edges: nodes were peeled many at once")
            rows, columns, density = densest(edges, most_exact=self.most_exact)
            if rows.size < 2:
                break
            if rows.size >= self.least:
                found.append(Cluster(members=shared.account[rows], score=density))
            edges = _without(edges, rows, columns)
        found.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(found), notes=tuple(notes))


def densest(having: sparse.csr_matrix, *, most_exact: int = 1_000_000) -> tuple[Ints, Ints, float]:
    """Rows and columns of the densest block of a 0/1 matrix and its weight a node; empty for an empty matrix.

    >>> import numpy as np
    >>> from scipy import sparse
    >>> block = np.zeros((6, 6)); block[:3, :3] = 1; block[3, 3] = block[4, 4] = 1
    >>> rows, columns, _ = densest(sparse.csr_matrix(block))
    >>> rows.tolist(), columns.tolist()
    ([0, 1, 2], [0, 1, 2])
    """
    edges = sparse.csr_matrix(having)
    if not edges.nnz:
        return np.empty(0, np.int64), np.empty(0, np.int64), 0.0
    had = np.bincount(edges.indices, minlength=edges.shape[1])
    weight = 1.0 / np.log(had + 5.0)
    n = edges.shape[0]
    priority = np.concatenate([edges @ weight, had * weight])
    left = _peel_exactly(edges, weight, priority) if edges.nnz <= most_exact else _peel_at_once(edges, weight, priority)
    nodes, density = left
    return nodes[nodes < n], nodes[nodes >= n] - n, density


def _peel_exactly(edges: sparse.csr_matrix, weight: Floats, priority: Floats) -> tuple[Ints, float]:
    """The node of the least weight goes first; the densest stage wins."""
    n = edges.shape[0]
    turned = edges.tocsc()
    alive = priority > 0
    tie = priority.tolist()
    here = alive.tolist()
    heap = [(tie[node], node) for node in np.flatnonzero(alive).tolist()]
    heapq.heapify(heap)
    total, count = float(priority[:n].sum()), len(heap)
    best, best_step = total / count, 0
    gone: list[int] = []
    weights = weight.tolist()
    while heap:
        least, node = heapq.heappop(heap)
        if not here[node] or least > tie[node] + 1e-12:
            continue
        here[node] = False
        gone.append(node)
        if node < n:
            near = edges.indices[edges.indptr[node] : edges.indptr[node + 1]].tolist()
            steps = [(n + column, weights[column]) for column in near]
        else:
            near = turned.indices[turned.indptr[node - n] : turned.indptr[node - n + 1]].tolist()
            steps = [(row, weights[node - n]) for row in near]
        for other, lost in steps:
            if here[other]:
                total -= lost
                tie[other] -= lost
                heapq.heappush(heap, (tie[other], other))
        count -= 1
        if count and total / count > best + 1e-12:
            best, best_step = total / count, len(gone)
    kept = alive.copy()
    kept[gone[:best_step]] = False
    return np.flatnonzero(kept), best


def _peel_at_once(
    edges: sparse.csr_matrix, weight: Floats, priority: Floats, *, slack: float = 0.1
) -> tuple[Ints, float]:
    """All nodes of at most (1 + slack) times the mean weight go together; the densest stage wins."""
    n = edges.shape[0]
    coo = edges.tocoo()
    row, column, value = coo.row, coo.col + n, weight[coo.col]
    alive = priority > 0
    best, kept = -1.0, alive
    while alive.any():
        tie = np.bincount(row, weights=value, minlength=alive.size) + np.bincount(
            column, weights=value, minlength=alive.size
        )
        density = float(value.sum()) / int(alive.sum())
        if density > best:
            best, kept = density, alive
        # The mean weight of a node is twice the density: every edge counts at both of its ends.
        alive = alive & (tie > 2 * (1 + slack) * density)
        stay = alive[row] & alive[column]
        row, column, value = row[stay], column[stay], value[stay]
    return np.flatnonzero(kept), best


def _without(edges: sparse.csr_matrix, rows: Ints, columns: Ints) -> sparse.csr_matrix:
    coo = edges.tocoo()
    inside = np.isin(coo.row, rows) & np.isin(coo.col, columns)
    return sparse.csr_matrix((coo.data[~inside], (coo.row[~inside], coo.col[~inside])), shape=edges.shape)
