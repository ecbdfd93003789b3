"""Connected components over cosine similarity: accounts that ask about the same things are one campaign.

After SENTRY (RithikSumbly/Cyber_defender_Solve_for_X, docs/DETECTION.md, sections 3, 4, 6 and 7): the centroids of two keys are linked
at a cosine of 0.80, components by union-find are campaigns, the members' fused scores are summed and held against the 99th percentile
of the sums of benign clusters.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from stillwatch.core.errors import Error
from stillwatch.engine import Sql
from stillwatch.range.peers.account_vectors import cell_counts, directions, similar_pairs
from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Traffic
from stillwatch.range.peers.partition import parts

__all__ = ["CosineComponents", "fleet_gap", "fused_scores"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

_ACTIVE = Sql(
    "peer_active_hours",
    """
    select f.account, count(*) as exchanges, count(distinct @hours(f.at)) as hours
    from {features} f
    where f.account is not null
    group by f.account
    order by f.account
    """,
)

_FIRST_VISITS = Sql(
    "peer_first_visits",
    """
    with visits as (
        select f.account, f.cell, min(@epoch_us(f.at)) as first_at
        from {features} f where f.account is not null and f.cell is not null
        group by f.account, f.cell
    ),
    middle as (
        select f.account, (min(@epoch_us(f.at)) + max(@epoch_us(f.at))) / 2e0 as at_us
        from {features} f where f.account is not null group by f.account
    ),
    later as (
        select f.account, count(*) as exchanges
        from {features} f join middle m on m.account = f.account
        where f.cell is not null and @epoch_us(f.at) > m.at_us
        group by f.account
    )
    select v.account, @count_if(v.first_at > m.at_us) as fresh, max(coalesce(l.exchanges, 0)) as later
    from visits v join middle m on m.account = v.account left join later l on l.account = v.account
    group by v.account
    order by v.account
    """,
)


@dataclass(frozen=True, kw_only=True)
class CosineComponents:
    """Cosine at or above `threshold`, then union-find; components of at least `least` accounts.

    Accounts with fewer than `least_exchanges` exchanges have no centroid worth the name and are left out. With cleared accounts at hand
    only components whose summed score is above the 99th percentile of the components of cleared accounts are reported.
    """

    threshold: float = 0.80
    least: int = 2
    least_exchanges: int = 5
    most_accounts: int = 100_000
    quantile: float = 0.99
    name: str = "cosine_components"
    about: ClassVar[About] = About(
        title="Connected components over cosine similarity (SENTRY-like)",
        source="RithikSumbly/Cyber_defender_Solve_for_X, docs/DETECTION.md, leg 2",
        reading="centroids of a whole log instead of 5-second windows; hashed projections of prompts (topic cells without text) instead "
        "of a classifier's features; query rate, topic diversity and coverage growth of the five signals, against the population "
        "instead of each key's own history; confidence and distance of consecutive queries are not in logs",
        limits="all pairs, computed in blocks: refuses more than 100,000 accounts; components chain, so that with many customers nearly "
        "everybody hangs together; accounts with disjoint work are never linked",
    )

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """Components of like-minded accounts, by the sum of their scores."""
        vectors = directions(traffic, least=self.least_exchanges)
        n = vectors.account.size
        if n > self.most_accounts:
            raise Error(f"{self.name}: got {n:,} accounts to compare in pairs, expected at most {self.most_accounts:,}")
        label = _labels(vectors.rows, self.threshold)
        place = np.searchsorted(traffic.account, vectors.account)
        fused = fused_scores(traffic)[place]
        found = [
            Cluster(members=vectors.account[part], score=float(fused[part].sum())) for part in parts(label, self.least)
        ]
        notes = [f"compared by {vectors.made_of}"]
        benign = np.isin(vectors.account, traffic.cleared)
        sums = [float(fused[benign][part].sum()) for part in parts(label[benign], self.least)]
        if sums:
            needed = float(np.quantile(sums, self.quantile))
            found = [one for one in found if one.score > needed]
            notes.append(f"reports sums above {needed:.3g}, from {len(sums)} components of cleared accounts")
        found.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(found), notes=tuple(notes))


def fused_scores(traffic: Traffic) -> Floats:
    """SENTRY's fused score an account: the sum over signals of how far above the population's mean it lies, in its deviations."""
    active = traffic.engine.to_arrow(traffic.engine.sql(_ACTIVE, features=traffic.features))
    rate = active.column("exchanges").to_numpy() / np.maximum(active.column("hours").to_numpy(), 1)
    visits = traffic.engine.to_arrow(traffic.engine.sql(_FIRST_VISITS, features=traffic.features))
    growth = np.zeros(traffic.account.size)
    place = np.searchsorted(traffic.account, visits.column("account").to_numpy())
    growth[place] = visits.column("fresh").to_numpy() / np.maximum(visits.column("later").to_numpy(), 1)
    counts = cell_counts(traffic)
    signals = (np.log1p(rate), _entropy(counts), growth)
    fused = np.zeros(traffic.account.size)
    for values in signals:
        if values.size and (spread := float(values.std())) > 0:
            fused += np.maximum(0.0, (values - values.mean()) / spread)
    return fused


def fleet_gap(counts: sparse.csr_matrix, *, least: int = 5) -> float:
    """SENTRY's third leg: entropy of all accounts' topics pooled, less the mean entropy of an account, both between 0 and 1.

    An alarm about a whole fleet: it names no account, so no metric of members can use it. NaN without an account of `least` exchanges.

    >>> from scipy import sparse
    >>> round(fleet_gap(sparse.csr_matrix([[8.0, 0.0], [0.0, 8.0]])), 3)
    1.0
    """
    busy = counts[np.flatnonzero(np.asarray(counts.sum(axis=1)).ravel() >= least)]
    if not busy.shape[0]:
        return float("nan")
    pooled = sparse.csr_matrix(busy.sum(axis=0))
    return float(_entropy(pooled)[0] - _entropy(busy).mean())


def _entropy(counts: sparse.csr_matrix) -> Floats:
    """Shannon entropy of each row, as a share of the largest that this many columns allow."""
    total = np.asarray(counts.sum(axis=1)).ravel()
    each = counts.tocoo()
    share = each.data / total[each.row]
    bits = np.bincount(each.row, weights=-share * np.log(share), minlength=counts.shape[0])
    return np.asarray(bits / np.log(max(counts.shape[1], 2)))


def _labels(rows: sparse.csr_matrix | npt.NDArray[np.float32], threshold: float) -> Ints:
    """Component of each row; edges are folded into the components block by block and never all held."""
    label = np.arange(rows.shape[0])
    for one, other, _ in similar_pairs(rows, threshold):
        a, b = label[one], label[other]
        new = a != b
        if new.any():
            ends = np.unique(np.stack([a[new], b[new]], axis=1), axis=0)
            joined = sparse.coo_matrix((np.ones(len(ends)), (ends[:, 0], ends[:, 1])), shape=(label.size, label.size))
            label = np.asarray(csgraph.connected_components(joined, directed=False)[1], np.int64)[label]
    return label
