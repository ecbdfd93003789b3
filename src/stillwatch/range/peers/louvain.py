"""Louvain communities of accounts that share what they ask and what they are run with.

Modularity after Newman and Girvan (2004, doi:10.1103/PhysRevE.69.026113), optimised after Blondel and others (2008, arXiv:0803.0476):
nodes move to the neighbouring community that gains most, communities become nodes, and so on. Nodes move in random batches of the
same pass, as parallel versions do (Staudt and Meyerhenke 2016, arXiv:1304.4453), which is what makes it a few sparse products. The
graph is the bipartite graph of accounts and things, weighted by TF-IDF and projected by cosine (Pacheco and others, ICWSM 2021,
arXiv:2001.05658).
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Traffic
from stillwatch.range.peers.partition import parts
from stillwatch.range.peers.things import ASKED, SHARED, pairs_within, shared_things

__all__ = ["LouvainCommunities", "communities", "modularity", "projected"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_BATCHES = 8
_PASSES = 30


@dataclass(frozen=True, kw_only=True)
class LouvainCommunities:
    """Communities of at least `least` accounts, by mean tie between members."""

    kinds: tuple[str, ...] = (*ASKED, *SHARED)
    least: int = 10
    resolution: float = 1.0
    most_share: float = 0.1
    most_pairs: int = 20_000_000
    name: str = "louvain"
    about: ClassVar[About] = About(
        title="Louvain communities of shared things",
        source="Blondel et al. 2008 (arXiv:0803.0476) on the projection of Pacheco et al. 2021 (arXiv:2001.05658)",
        reading="nodes move in batches, not one by one; things are prompts, skeletons, template shingles, instruments and addresses",
        limits="a partition and no test: it reports communities in every world; modularity cannot see small communities in a large graph "
        "(Fortunato and Barthelemy 2007, arXiv:physics/0607100); no more than 20 million pairs, rarest things first",
    )

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """Every community of `least` accounts."""
        shared = shared_things(traffic, self.kinds, most_share=self.most_share)
        ties, note = projected(shared.counts, self.most_pairs)
        label = communities(ties, rng=rng, resolution=self.resolution)
        size = np.bincount(label)
        inside = sparse.coo_matrix(ties)
        within = label[inside.row] == label[inside.col]
        weight = np.bincount(label[inside.row[within]], weights=inside.data[within], minlength=size.size)
        tied = np.asarray(ties.sum(axis=1)).ravel() > 0
        found = []
        for part in parts(label, self.least):
            members = part[tied[part]]
            if members.size >= self.least:
                score = float(weight[label[members[0]]] / (members.size * (members.size - 1)))
                found.append(Cluster(members=shared.account[members], score=score))
        found.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(found), notes=tuple(n for n in (*shared.notes, note) if n))


def projected(counts: sparse.csr_matrix, most_pairs: int) -> tuple[sparse.csr_matrix, str]:
    """Cosine between accounts' TF-IDF weighted things, without the diagonal; and what was left out to keep within `most_pairs`."""
    ones = counts.copy()
    ones.data = np.ones_like(ones.data)
    kept, note = pairs_within(ones, most_pairs)
    had = np.maximum(np.bincount(counts.indices, minlength=counts.shape[1]), 1)
    rarity = np.log(max(counts.shape[0], 2) / had)
    weighed = sparse.csr_matrix(counts.multiply(rarity))[:, np.flatnonzero(kept)]
    length = np.sqrt(np.asarray(weighed.multiply(weighed).sum(axis=1)).ravel())
    unit = sparse.diags(np.divide(1.0, length, out=np.zeros_like(length), where=length > 0)) @ weighed
    ties = sparse.csr_matrix(unit @ unit.T)
    ties.setdiag(0.0)
    ties.eliminate_zeros()
    return ties, note


def modularity(ties: sparse.csr_matrix, label: Ints, *, resolution: float = 1.0) -> float:
    """Share of the weight inside communities less the share that chance would put there.

    >>> import numpy as np
    >>> from scipy import sparse
    >>> two = sparse.csr_matrix(np.kron(np.eye(2), np.ones((3, 3)) - np.eye(3)))
    >>> modularity(two, np.array([0, 0, 0, 1, 1, 1]))
    0.5
    """
    edges = ties.tocoo()
    total = float(edges.data.sum())
    if total <= 0:
        return 0.0
    inside = float(edges.data[label[edges.row] == label[edges.col]].sum())
    degree = np.bincount(label, weights=np.asarray(ties.sum(axis=1)).ravel())
    return inside / total - resolution * float((degree**2).sum()) / total**2


def communities(ties: sparse.csr_matrix, *, rng: np.random.Generator, resolution: float = 1.0) -> Ints:
    """Community of each node of a symmetric graph with weights of at least 0; numbered from 0."""
    label = np.arange(ties.shape[0])
    graph = ties
    while True:
        moved = _local(graph, rng, resolution)
        names, moved = np.unique(moved, return_inverse=True)
        label = moved[label]
        if names.size == graph.shape[0]:
            return np.asarray(np.unique(label, return_inverse=True)[1], np.int64)
        fold = sparse.csr_matrix((np.ones(moved.size), (moved, np.arange(moved.size))), shape=(names.size, moved.size))
        graph = sparse.csr_matrix(fold @ graph @ fold.T)


def _local(graph: sparse.csr_matrix, rng: np.random.Generator, resolution: float) -> Ints:
    """Moves of single nodes until a pass gains nothing; the best labels seen."""
    n = graph.shape[0]
    degree = np.asarray(graph.sum(axis=1)).ravel()
    total = float(degree.sum())
    label = np.arange(n)
    if total <= 0:
        return label
    best, quality = label.copy(), modularity(graph, label, resolution=resolution)
    for _ in range(_PASSES):
        for batch in np.array_split(rng.permutation(n), min(_BATCHES, n)):
            label[batch] = _moves(graph, batch, label, degree, total, resolution)
        now = modularity(graph, label, resolution=resolution)
        if now <= quality + 1e-9:
            break
        best, quality = label.copy(), now
    return best


def _moves(graph: sparse.csr_matrix, nodes: Ints, label: Ints, degree: Floats, total: float, resolution: float) -> Ints:
    """The best community of each of `nodes`, all others standing still."""
    n = label.size
    member = sparse.csr_matrix((np.ones(n), (np.arange(n), label)), shape=(n, n))
    own = sparse.csr_matrix((graph.diagonal()[nodes], (np.arange(nodes.size), label[nodes])), shape=(nodes.size, n))
    stay = sparse.csr_matrix(
        (np.full(nodes.size, 1e-300), (np.arange(nodes.size), label[nodes])), shape=(nodes.size, n)
    )
    near = (graph[nodes] @ member - own + stay).tocsr()
    weight = np.bincount(label, weights=degree, minlength=n)
    rows = np.repeat(np.arange(nodes.size), np.diff(near.indptr))
    others = weight[near.indices] - np.where(near.indices == label[nodes][rows], degree[nodes][rows], 0.0)
    gain = near.data - resolution * degree[nodes][rows] * others / total
    home = near.indices == label[nodes][rows]
    gain = gain + np.where(home, 1e-12 * total, 0.0)
    order = np.lexsort((near.indices, -gain, rows))
    first = order[np.searchsorted(rows[order], np.arange(nodes.size))]
    return np.asarray(near.indices[first], np.int64)
