"""Cores: groups of accounts held together by shared things, trimmed until every member is well tied. Pure arrays.

1. *k-core*: things shared by fewer than `least` linked accounts are dropped, then accounts without a thing, until nothing changes.
2. Things whose accounts overlap far above chance form one group (an operator's templates, his cards, his devices).
3. *Peel*: within a group accounts tied less than half as strongly as the typical member are dropped, again and again until none is
   (a peel by weighted degree after Charikar 2000 and FRAUDAR, Hooi et al. 2016; the densest part itself would keep the few accounts
   tied by everything and lose the many tied by the template).
4. Every account belongs to one group at most, that where its tie times the logarithm of the group's size is largest: candidates are
   disjoint, and a template shared by hundreds outweighs an address shared by ten.

A group that only places tie together (addresses, subnets, fingerprints) needs two kinds of them: a carrier's address is no actor.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse

from stillwatch.actors.joining import joined, overlapping

__all__ = ["Group", "groups"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_SHARE = 0.25


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One candidate: its members (sorted), the ties of each, the rows of the links that hold it, and how dense it is."""

    accounts: Ints
    ties: Floats
    links: Ints
    density: float


def groups(
    account: Ints, thing: Ints, weight: Floats, strong: Flags, kind: Ints, *, least: int, most: int
) -> list[Group]:
    """Candidate groups from links, one entry a link.

    Args:
        account, thing, weight: links as parallel arrays; things are numbers that differ between kinds.
        strong: whether the link is of a kind that can hold a group alone.
        kind: number of the link's kind.
        least: members that a group needs.
        most: groups to return, the heaviest first.
    """
    rows = np.flatnonzero(_core(account, thing, least))
    if not rows.size:
        return []
    accounts, a = np.unique(account[rows], return_inverse=True)
    things, t = np.unique(thing[rows], return_inverse=True)
    tied = sparse.csr_matrix((np.ones(rows.size, np.int64), (a, t)), shape=(accounts.size, things.size))
    label = joined(tied, *overlapping(tied, share=_SHARE, p_value=0.05), share=_SHARE)[t]
    label = _held(label, strong[rows], kind[rows])
    found = [
        group
        for part in _disjoint(a, label, weight[rows])
        if (group := _peeled(rows[part], account, thing, weight, least)) is not None
    ]
    found.sort(key=lambda group: (-group.density * group.accounts.size, int(group.accounts[0])))
    return found[:most]


def _held(label: Ints, strong: Flags, kind: Ints) -> Ints:
    """Labels, -1 for groups that nothing but one kind of place holds."""
    count = int(label.max()) + 1
    width = int(kind.max()) + 1
    kinds = np.bincount(np.unique(label * width + kind) // width, minlength=count)
    holds = (np.bincount(label, weights=strong, minlength=count) > 0) | (kinds >= 2)
    return np.where(holds[label], label, -1)


def _core(account: Ints, thing: Ints, least: int) -> npt.NDArray[np.bool_]:
    """Links that survive when things with fewer than `least` accounts are dropped again and again."""
    things, t = np.unique(thing, return_inverse=True)
    return np.asarray(np.bincount(t, minlength=things.size)[t] >= least) if account.size else np.zeros(0, np.bool_)


def _disjoint(account: Ints, label: Ints, weight: Floats) -> list[Ints]:
    """Links by group, each account's links only in the group that it belongs to."""
    kept = np.flatnonzero(label >= 0)
    if not kept.size:
        return []
    count = int(label.max()) + 1
    pair, place = np.unique(account[kept] * count + label[kept], return_inverse=True)
    tie = np.bincount(place, weights=weight[kept])
    size = np.bincount(pair % count, minlength=count)
    score = tie * np.log1p(size[pair % count])
    order = np.lexsort((pair % count, -score, pair // count))
    best = np.full(int(account.max()) + 1, -1, np.int64)
    owner, first = np.unique(pair[order] // count, return_index=True)
    best[owner] = pair[order][first] % count
    own = kept[best[account[kept]] == label[kept]]
    own = own[np.argsort(label[own], kind="stable")]
    return [part for part in np.split(own, np.flatnonzero(np.diff(label[own])) + 1) if part.size]


def _peeled(rows: Ints, account: Ints, thing: Ints, weight: Floats, least: int) -> Group | None:
    """The dense part of one group, if enough members remain."""
    accounts, a = np.unique(account[rows], return_inverse=True)
    if accounts.size < least:
        return None
    tie = np.bincount(a, weights=weight[rows]).astype(np.float64)
    kept = np.ones(accounts.size, np.bool_)
    while True:
        strong_enough = kept & (tie >= 0.5 * np.median(tie[kept]))
        if strong_enough.sum() == kept.sum():
            break
        kept = strong_enough
    members = np.flatnonzero(kept)
    if members.size < least:
        return None
    inside = kept[a]
    things = np.unique(thing[rows[inside]]).size
    density = float(tie[members].sum()) / (members.size + things)
    return Group(accounts=accounts[members], ties=tie[members], links=np.sort(rows[inside]), density=density)
