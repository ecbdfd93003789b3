"""Co-action networks: accounts that ask the same thing within seconds of each other, again and again.

After CooRnet (Giglietto, Righetti, Rossi, Marino 2020, doi:10.1080/1369118X.2020.1739732): what is shared within a short interval by
several accounts is a coordinated act, the interval is read off the quickest things themselves, the network of accounts is weighted by
joint acts, and edges above a percentile of the weights stay. Components are the groups, as in Pacheco and others (ICWSM 2021,
arXiv:2001.05658). SynchroTrap (Cao and others, CCS 2014, doi:10.1145/2660267.2660269) is of the same family.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import ClassVar

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse

from stillwatch.engine import Sql
from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Traffic
from stillwatch.range.peers.partition import linked
from stillwatch.range.peers.things import pairs_within

__all__ = ["CoAction"]

Ints = npt.NDArray[np.int64]

_SECOND = 1_000_000
_ACTS = {
    "prompt": "select f.account, f.prompt_hash as object, @epoch_us(f.at) as at_us from {features} f where f.prompt_hash is not null",
    "skeleton": "select f.account, f.prompt_skeleton as object, @epoch_us(f.at) as at_us from {features} f "
    "where f.prompt_skeleton is not null",
    "anchor": "select f.account, @unnest(f.anchors) as object, @epoch_us(f.at) as at_us from {features} f where f.anchors is not null",
}

_QUICKEST = {
    kind: Sql(
        f"peer_quickest_{kind}",
        f"""
        with acts as ({told}),
        firsts as (
            select a.object, a.account, min(a.at_us) as at_us from acts a where a.account is not null group by a.object, a.account
        ),
        placed as (
            select f.object, f.at_us, row_number() over (partition by f.object order by f.at_us) as place,
                   count(*) over (partition by f.object) as accounts, min(f.at_us) over (partition by f.object) as begun
            from firsts f
        )
        select p.object, min(case when p.place = 2 then p.at_us - p.begun end) as second_after,
               min(case when 2 * p.place >= p.accounts and p.place > 1 then p.at_us - p.begun end) as half_after
        from placed p
        where p.accounts > 1
        group by p.object
        order by p.object
        """,
    )
    for kind, told in _ACTS.items()
}

_JOINT = {
    kind: Sql(
        f"peer_joint_{kind}",
        f"""
        with acts as ({told}),
        binned as (
            select distinct a.account, a.object, @div(a.at_us, i.width) as bin
            from acts a join {{interval}} i on i.width > 0
            where a.account is not null
        ),
        together as (select b.object, b.bin from binned b group by b.object, b.bin having count(*) > 1)
        select b.account, b.object, b.bin
        from binned b join together t on t.object = b.object and t.bin = b.bin
        order by 2, 3, 1
        """,
    )
    for kind, told in _ACTS.items()
}


@dataclass(frozen=True, kw_only=True)
class CoAction:
    """Accounts joined by more joint acts than `percentile` of the pairs have; at least two, and groups of at least `least`.

    `seconds` is the interval. `None` estimates it as CooRnet does: among the tenth of things that get their second sender soonest, the
    median time until half of their senders have sent them; links spread within minutes, templates do not, so it comes out in days.
    """

    kinds: tuple[str, ...] = ("prompt", "skeleton", "anchor")
    seconds: float | None = 60.0
    percentile: float = 0.95
    least: int = 10
    most_pairs: int = 20_000_000
    name: str = "co_action"
    about: ClassVar[About] = About(
        title="Co-action network",
        source="CooRnet, Giglietto et al. 2020 (doi:10.1080/1369118X.2020.1739732); Pacheco et al. 2021 (arXiv:2001.05658)",
        reading="acts are prompts, skeletons and template shingles instead of links; intervals do not slide; components instead of "
        "Louvain as the last step",
        limits="a percentile and no test: some pairs are always the closest, and a campaign that makes most of the pairs is cut down to "
        "its closest; work queues that never ask twice, and human hours, leave no "
        "joint acts; no more than 20 million pairs, rarest acts first",
    )

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """Groups by mean joint acts of a pair."""
        width = round(self.seconds * _SECOND) if self.seconds is not None else self._estimated(traffic)
        having = _joint(traffic, self.kinds, max(width, 1))
        kept, note = pairs_within(having, self.most_pairs)
        acts = having[:, np.flatnonzero(kept)]
        ties = sparse.csr_matrix(acts @ acts.T)
        ties.setdiag(0)
        ties.eliminate_zeros()
        notes = [f"interval of {width / _SECOND:,.3g} s", *([note] if note else [])]
        if not ties.nnz:
            return Findings(clusters=(), notes=tuple(notes))
        needed = max(2.0, float(np.quantile(ties.data, self.percentile)))
        notes.append(f"at least {needed:,.4g} joint acts")
        strong = ties.copy()
        strong.data = np.where(strong.data >= needed, strong.data, 0)
        strong.eliminate_zeros()
        found = []
        for members in linked(strong, self.least):
            inside = float(ties[members][:, members].sum()) / (members.size * (members.size - 1))
            found.append(Cluster(members=traffic.account[members], score=inside))
        found.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(found), notes=tuple(notes))

    def _estimated(self, traffic: Traffic) -> int:
        """Microseconds."""
        seconds, halves = [np.empty(0)], [np.empty(0)]
        for kind in self.kinds:
            rows = traffic.engine.to_arrow(traffic.engine.sql(_QUICKEST[kind], features=traffic.features))
            seconds.append(rows.column("second_after").to_numpy().astype(np.float64))
            halves.append(rows.column("half_after").to_numpy().astype(np.float64))
        soon, half = np.concatenate(seconds), np.concatenate(halves)
        if not soon.size:
            return _SECOND
        quickest = soon <= np.quantile(soon, 0.1)
        return max(_SECOND, round(float(np.median(half[quickest]))))


def _joint(traffic: Traffic, kinds: tuple[str, ...], width: int) -> sparse.csr_matrix:
    """Accounts by acts (one thing in one interval) that at least two accounts took part in."""
    interval = traffic.engine.from_arrow(pa.table({"width": pa.array([width], pa.int64())}))
    accounts, acts, offset = [np.empty(0, np.int64)], [np.empty(0, np.int64)], 0
    for kind in kinds:
        rows = traffic.engine.to_arrow(traffic.engine.sql(_JOINT[kind], features=traffic.features, interval=interval))
        if not rows.num_rows:
            continue
        told, at = rows.column("object").to_numpy(), rows.column("bin").to_numpy()
        new = np.concatenate([[True], (told[1:] != told[:-1]) | (at[1:] != at[:-1])])
        act = np.cumsum(new) - 1
        accounts.append(np.searchsorted(traffic.account, rows.column("account").to_numpy()))
        acts.append(act + offset)
        offset += int(act[-1]) + 1
    row, column = np.concatenate(accounts), np.concatenate(acts)
    return sparse.csr_matrix((np.ones(row.size, np.int64), (row, column)), shape=(traffic.account.size, max(offset, 1)))
