"""Accounts by the things they share: the table that every graph method starts from, as a sparse matrix.

A thing is a prompt, a template's shingle, a payment instrument, an address. Only things that at least two accounts have are kept, so
two accounts meet only through what they share and nobody compares all with all.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.engine import Sql
from stillwatch.range.peers.actor_peer import Traffic

__all__ = ["ASKED", "KINDS", "SHARED", "Shared", "pairs_within", "shared_things"]

Ints = npt.NDArray[np.int64]

_LISTS = {"anchor": "anchors", "system_anchor": "system_anchors"}
_VALUES = {
    "prompt": "prompt_hash",
    "skeleton": "prompt_skeleton",
    "system": "system_hash",
    "ip": "ip",
    "subnet": "subnet",
    "tls": "tls_fingerprint",
}
_FACTS = {"payment": "payment", "device": "device", "registration": "registration"}

KINDS = (*_LISTS, *_VALUES, *_FACTS)
"""Every kind of thing."""

ASKED = ("prompt", "skeleton", "anchor", "system_anchor")
"""What accounts ask: the nearest thing to the products, links and pages of the papers."""

SHARED = ("payment", "device", "registration", "ip")
"""What accounts are run with."""

_HAVING = """
    often as (select t.object from told t group by t.object having count(*) > 1)
    select t.account, t.object, t.exchanges from told t join often o on o.object = t.object order by 1, 2
"""

_FROM = {
    **{
        kind: Sql(
            f"peer_things_{kind}",
            f"""
            with each as (
                select f.account, @unnest(f.{column}) as object
                from {{features}} f where f.account is not null and f.{column} is not null
            ),
            told as (select e.account, e.object, count(*) as exchanges from each e group by e.account, e.object),
            {_HAVING}
            """,
        )
        for kind, column in _LISTS.items()
    },
    **{
        kind: Sql(
            f"peer_things_{kind}",
            f"""
            with told as (
                select f.account, f.{column} as object, count(*) as exchanges
                from {{features}} f where f.account is not null and f.{column} is not null
                group by f.account, f.{column}
            ),
            {_HAVING}
            """,
        )
        for kind, column in _VALUES.items()
    },
    **{
        kind: Sql(
            f"peer_things_{kind}",
            f"""
            with active as (select distinct f.account from {{features}} f where f.account is not null),
            told as (
                select a.account, a.{column} as object, 1 as exchanges
                from {{account_facts}} a join active b on b.account = a.account where a.{column} is not null
            ),
            {_HAVING}
            """,
        )
        for kind, column in _FACTS.items()
    },
}


@dataclass(frozen=True, kw_only=True)
class Shared:
    """Which account has which thing: `counts[i, j]` is how often `account[i]` sent thing j (1 for facts); `kind[j]` names its kind."""

    account: Ints
    counts: sparse.csr_matrix
    kind: tuple[str, ...]
    notes: tuple[str, ...]

    @property
    def having(self) -> sparse.csr_matrix:
        """The same with ones."""
        ones = self.counts.copy()
        ones.data = np.ones_like(ones.data)
        return ones


def shared_things(traffic: Traffic, kinds: Sequence[str] = KINDS, *, most_share: float = 1.0) -> Shared:
    """Everything of `kinds` that at least two accounts have, and at most `most_share` of all accounts (but ten always may)."""
    accounts, things, sent, names, notes = [], [], [], [], []
    offset = 0
    most = max(10.0, most_share * traffic.account.size)
    for kind in kinds:
        query = _FROM[kind]
        given = {"features": traffic.features, "account_facts": traffic.account_facts}
        rows = traffic.engine.to_arrow(traffic.engine.sql(query, **{name: given[name] for name in query.inputs}))
        objects, place = np.unique(rows.column("object").to_numpy(), return_inverse=True)
        had = np.bincount(place, minlength=objects.size)
        kept = (had <= most)[place]
        if (had > most).any():
            notes.append(
                f"{int((had > most).sum()):,} things of kind {kind} left out: more than {most:,.0f} accounts have them"
            )
        accounts.append(np.searchsorted(traffic.account, rows.column("account").to_numpy()[kept]))
        things.append(place[kept] + offset)
        sent.append(rows.column("exchanges").to_numpy()[kept])
        names += [kind] * objects.size
        offset += objects.size
    row, column = np.concatenate([np.empty(0, np.int64), *accounts]), np.concatenate([np.empty(0, np.int64), *things])
    values = np.concatenate([np.empty(0, np.int64), *sent]).astype(np.float64)
    used, column = np.unique(column, return_inverse=True)
    return Shared(
        account=traffic.account,
        counts=sparse.csr_matrix((values, (row, column)), shape=(traffic.account.size, used.size)),
        kind=tuple(names[place] for place in used.tolist()),
        notes=tuple(notes),
    )


def pairs_within(having: sparse.csr_matrix, most_pairs: int) -> tuple[npt.NDArray[np.bool_], str]:
    """Which things to keep so that no more than `most_pairs` pairs of accounts meet through them (rarest first), and what was left out."""
    had = np.bincount(having.indices, minlength=having.shape[1]).astype(np.int64)
    order = np.argsort(had, kind="stable")
    kept = np.zeros(had.size, np.bool_)
    kept[order[np.cumsum(had[order] * (had[order] - 1) // 2) <= most_pairs]] = True
    left = had[~kept]
    note = (
        f"{left.size:,} things that {left.min():,} accounts or more share left out: beyond {most_pairs:,} pairs"
        if left.size
        else ""
    )
    return kept, note
