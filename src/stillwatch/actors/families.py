"""Families: prompts or system texts that share a template, mined from the sampled shingles of the discovery slice.

1. A shingle counts when at least `family_support` distinct accounts sent it.
2. Two such shingles belong to one fragment when they stand in the same requests (Jaccard at least one half). A fragment needs two
   shingles: one alone is a phrase, and joining over phrases percolates into one family of everybody.
3. Fragments whose senders overlap far above chance are one family: an operator's paraphrases of one template. Chance allows for
   how many fragments each account sends (the configuration model), and an account counts only for fragments that are at least a
   tenth of what it sends: else busy accounts and chat phrases join everybody to everybody.

Mined on the discovery slice alone; the test slice later shows whether a family holds.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
from scipy import sparse
from scipy.sparse import csgraph

from stillwatch.actors.joining import joined, overlapping
from stillwatch.actors.sightings import LEAST_ANCHORS, Counts, frequent_sightings, supported_sightings
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["SCOPES", "Mined", "mine", "mined_from", "reread"]

Ints = npt.NDArray[np.int64]

SCOPES = {"prompt": "anchors", "system": "system_anchors"}
"""Where a template can stand, and the column of `features` that samples its shingles."""

_JACCARD = 0.5
_LEAST_SHARE = 0.1
_SHARE = 0.06
_P_VALUE = 1e-3
_BLOCK = 2048

_SUPPORTED = Sql(
    "families_supported",
    """
    with told as (select s.account, @unnest(s.anchors) as anchor from {sightings} s),
    pairs as (select distinct t.account, t.anchor from told t)
    select p.anchor, count(*) as accounts
    from pairs p
    group by p.anchor
    having count(*) >= (select min(l.family_support) from {limits} l)
    """,
)

_SIGNATURES = Sql(
    "families_signatures",
    "select s.anchors, cast(sum(s.exchanges) as bigint) as exchanges from {sightings} s group by s.anchors order by s.anchors",
)

_SENDERS = Sql(
    "families_senders",
    """
    with told as (select s.account, s.exchanges, @unnest(s.anchors) as anchor from {sightings} s),
    counted as (
        select t.account, m.fragment, t.anchor, cast(sum(t.exchanges) as bigint) as exchanges
        from told t join {fragments} m on m.anchor = t.anchor
        group by t.account, m.fragment, t.anchor
    ),
    sent as (select c.account, c.fragment, max(c.exchanges) as exchanges from counted c group by c.account, c.fragment),
    totals as (
        select f.account, count(*) as total from {features} f where f.slice = 0 and f.account is not null group by f.account
    )
    select s.account, s.fragment, s.exchanges, t.total
    from sent s join totals t on t.account = s.account
    order by 1, 2
    """,
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Mined:
    """What mining found in one scope.

    `anchors` is sorted and `family[i]` is the place in `ids` of the family that `anchors[i]` marks. Per family: `size` in anchors,
    `fragments` that were joined into it, and `by_senders`, whether any were joined for their senders.
    """

    scope: str
    anchors: Ints
    family: Ints
    ids: Ints
    size: Ints
    fragments: Ints
    by_senders: npt.NDArray[np.bool_]


def mine(
    engine: Engine, features: Relation, *, scope: str, support: int, salt: int, counts: Counts | None = None
) -> Mined:
    """Mine the families of one scope (`prompt` or `system`) from the discovery slice of `features`.

    Args:
        support: distinct accounts that must have sent a shingle.
        salt: key of the family ids.
        counts: how often each bucket of shingles was met, where it is known (`sightings.bucket_counts`).
    """
    often = frequent_sightings(engine, features, scope=scope, support=support, counts=counts)
    limits = engine.from_arrow(pa.table({"family_support": pa.array([support], pa.int64())}))
    supported = engine.to_arrow(engine.sql(_SUPPORTED, sightings=often, limits=limits))
    anchors = np.sort(supported.column("anchor").to_numpy())
    sightings = supported_sightings(engine, often, anchors)
    fragment = _fragments(engine.to_arrow(engine.sql(_SIGNATURES, sightings=sightings)), anchors)
    anchors, fragment = anchors[fragment >= 0], fragment[fragment >= 0]
    if not anchors.size:
        return _mined(scope, anchors, fragment, np.empty(0, np.int64), salt)
    mapped = engine.from_arrow(pa.table({"anchor": anchors, "fragment": fragment}))
    senders = engine.to_arrow(engine.sql(_SENDERS, sightings=sightings, fragments=mapped, features=features))
    family_of = _families(senders, int(fragment.max()) + 1)
    return _mined(scope, anchors, fragment, family_of, salt)


def _fragments(signatures: pa.Table, anchors: Ints) -> Ints:
    """Fragment of each anchor, -1 where it stands alone: components of anchors that share their requests."""
    count = anchors.size
    if not count or not signatures.num_rows:
        return np.full(count, -1, np.int64)
    lists = signatures.column("anchors").combine_chunks()
    column = np.searchsorted(anchors, lists.flatten().to_numpy())
    row = np.repeat(np.arange(len(lists)), np.diff(lists.offsets.to_numpy()))
    weight = signatures.column("exchanges").to_numpy().astype(np.int64)
    seen = sparse.csr_matrix((np.ones(row.size, np.int64), (row, column)), shape=(len(lists), count))
    weighed = seen.multiply(weight[:, None]).tocsr()
    total = np.asarray(weighed.sum(axis=0), np.int64).ravel()
    one, other = _close(seen.T.tocsr(), weighed, total)
    graph = sparse.coo_matrix((np.ones(one.size, np.bool_), (one, other)), shape=(count, count))
    parts, label = csgraph.connected_components(graph, directed=False)
    size = np.bincount(label, minlength=parts)
    order = np.cumsum(size >= LEAST_ANCHORS) - 1
    return np.where(size[label] >= LEAST_ANCHORS, order[label], -1).astype(np.int64)


def _close(requests: sparse.csr_matrix, weighed: sparse.csr_matrix, total: Ints) -> tuple[Ints, Ints]:
    """Pairs of anchors that share at least half of their requests, a block of anchors after another: all at once they fill the memory.

    Args:
        requests: anchors by requests, zeros and ones.
        weighed: requests by anchors, how often each was sent.
        total: requests of each anchor.
    """
    one, other = [np.empty(0, np.int64)], [np.empty(0, np.int64)]
    for begin in range(0, total.size, _BLOCK):
        together = (requests[begin : begin + _BLOCK] @ weighed).tocoo()
        row, column = together.row.astype(np.int64) + begin, together.col.astype(np.int64)
        close = (row < column) & (together.data >= _JACCARD * (total[row] + total[column] - together.data))
        one.append(row[close])
        other.append(column[close])
    return np.concatenate(one), np.concatenate(other)


def _families(senders: pa.Table, fragments: int) -> Ints:
    """Family of each fragment. An account speaks for a fragment only where it is at least a tenth of what the account sends."""
    kept = senders.column("exchanges").to_numpy() >= _LEAST_SHARE * senders.column("total").to_numpy()
    accounts, row = np.unique(senders.column("account").to_numpy()[kept], return_inverse=True)
    column = senders.column("fragment").to_numpy()[kept]
    sent = sparse.csr_matrix((np.ones(row.size, np.int64), (row, column)), shape=(accounts.size, fragments))
    return joined(sent, *overlapping(sent, share=_SHARE, p_value=_P_VALUE), share=_SHARE)


def mined_from(scope: str, anchors: Ints, salt: int) -> Mined:
    """One family of known shingles (sorted, each once), as if it had been mined."""
    return _mined(scope, anchors, np.zeros(anchors.size, np.int64), np.zeros(1, np.int64), salt)


def reread(families: pa.Table) -> list[Mined]:
    """What an earlier run mined, from its rows of the table `families`."""
    out = []
    for scope in SCOPES:
        rows = families.filter(pc.equal(families.column("scope"), scope))
        size = pc.list_value_length(rows.column("anchors")).to_numpy().astype(np.int64)
        anchors = rows.column("anchors").combine_chunks().flatten().to_numpy()
        order = np.argsort(anchors, kind="stable")
        out.append(
            Mined(
                scope=scope,
                anchors=anchors[order],
                family=np.repeat(np.arange(rows.num_rows), size)[order],
                ids=rows.column("family").to_numpy(),
                size=size,
                fragments=rows.column("fragments").to_numpy().astype(np.int64),
                by_senders=rows.column("fragments").to_numpy() > 1,
            )
        )
    return out


def _mined(scope: str, anchors: Ints, fragment: Ints, family_of: Ints, salt: int) -> Mined:
    family = family_of[fragment] if anchors.size else np.empty(0, np.int64)
    count = int(family.max()) + 1 if anchors.size else 0
    size = np.bincount(family, minlength=count)
    fragments = np.bincount(family_of, minlength=count) if count else np.empty(0, np.int64)
    key = (salt & 0xFFFF_FFFF_FFFF_FFFF).to_bytes(8, "little")
    marks = np.split(anchors[np.argsort(family, kind="stable")], np.cumsum(size)[:-1]) if count else []
    ids = [
        int.from_bytes(
            hashlib.blake2b(own.tobytes(), digest_size=8, key=key, person=scope.encode()).digest(),
            "little",
            signed=True,
        )
        for own in marks
    ]
    return Mined(
        scope=scope,
        anchors=anchors,
        family=family.astype(np.int64),
        ids=np.array(ids, np.int64),
        size=size.astype(np.int64),
        fragments=fragments.astype(np.int64),
        by_senders=np.asarray(fragments > 1),
    )
