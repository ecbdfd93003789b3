"""Cores: groups of accounts held together by shared things, trimmed until every member is well tied. Pure arrays.

1. *k-core*: things shared by fewer than `least` linked accounts are dropped, then accounts without a thing, until nothing changes.
2. Things whose accounts overlap far above chance form one group (an operator's templates, his cards, his devices).
3. *Peel*: within a group the accounts are kept whose ties raise the group's density, the sum of ties over accounts and
   things, where an account's tie is capped at the strongest single thing, so that a few accounts tied by everything do not
   push out the many tied by the template (after Charikar 2000 and FRAUDAR, Hooi et al. 2016; the cap is ours).
4. Every account belongs to one group at most, the one that it is tied to most: candidates are disjoint.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
from scipy import sparse
from scipy.sparse import csgraph

from stillwatch.actors.families import overlapping

__all__ = ["Group", "groups"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """One candidate: its members (sorted), the ties of each, the rows of the links that hold it, and how dense it is."""

    accounts: Ints
    ties: Floats
    links: Ints
    density: float


def groups(account: Ints, thing: Ints, weight: Floats, *, least: int, population: int, most: int) -> list[Group]:
    """Candidate groups from links, one entry a link.

    Args:
        account, thing, weight: links as parallel arrays; things are numbers that differ between kinds.
        least: members that a group needs.
        population: accounts that could have been linked.
        most: groups to return, the heaviest first.
    """
    alive = _core(account, thing, least)
    rows = np.flatnonzero(alive)
    if not rows.size:
        return []
    accounts, a = np.unique(account[rows], return_inverse=True)
    things, t = np.unique(thing[rows], return_inverse=True)
    tied = sparse.csr_matrix((np.ones(rows.size, np.int64), (a, t)), shape=(accounts.size, things.size))
    one, other = overlapping(tied, population=population, share=0.25, lift=3.0)
    joined = sparse.coo_matrix((np.ones(one.size), (one, other)), shape=(things.size, things.size))
    label = np.asarray(csgraph.connected_components(joined, directed=False)[1])[t]
    found = []
    for rows_of in _disjoint(a, label, weight[rows]):
        found.extend(_peeled(rows[rows_of], account, thing, weight, least))
    found.sort(key=lambda group: (-group.density * group.accounts.size, int(group.accounts[0])))
    return found[:most]


def _core(account: Ints, thing: Ints, least: int) -> npt.NDArray[np.bool_]:
    """Links that survive when things with fewer than `least` accounts are dropped again and again."""
    things, t = np.unique(thing, return_inverse=True)
    return np.asarray(np.bincount(t, minlength=things.size)[t] >= least) if account.size else np.zeros(0, np.bool_)


def _disjoint(account: Ints, label: Ints, weight: Floats) -> list[Ints]:
    """Links by group, each account's links only in the group to which it is tied most."""
    if not account.size:
        return []
    count = int(label.max()) + 1
    tie = sparse.csr_matrix((weight, (account, label)), shape=(int(account.max()) + 1, count))
    best = np.asarray(tie.argmax(axis=1)).ravel()
    kept = np.flatnonzero(best[account] == label)
    order = kept[np.argsort(label[kept], kind="stable")]
    return [part for part in np.split(order, np.flatnonzero(np.diff(label[order])) + 1) if part.size]


def _peeled(rows: Ints, account: Ints, thing: Ints, weight: Floats, least: int) -> list[Group]:
    """The dense part of one group, if enough members remain."""
    accounts, a = np.unique(account[rows], return_inverse=True)
    if accounts.size < least:
        return []
    cap = float(weight[rows].max())
    tie = np.minimum(np.bincount(a, weights=weight[rows]), cap)
    order = np.lexsort((accounts, -tie))
    things = np.unique(thing[rows]).size
    density = np.cumsum(tie[order]) / (np.arange(1, accounts.size + 1) + things)
    # Members of equal tie stand or fall together, else the order of ids would decide.
    ends = np.flatnonzero(np.append(np.diff(tie[order]) < 0, True))
    best = int(ends[np.argmax(density[ends])])
    if best + 1 < least:
        return []
    members = np.sort(order[: best + 1])
    inside = np.isin(a, members)
    return [
        Group(accounts=accounts[members], ties=tie[members], links=np.sort(rows[inside]), density=float(density[best]))
    ]
