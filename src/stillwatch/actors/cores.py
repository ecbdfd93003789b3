"""Cores: groups of accounts held together by shared things, trimmed until every member is well tied. Pure arrays.

1. *k-core*: things shared by fewer than `least` linked accounts are dropped, then accounts without a thing, until nothing changes.
2. Things whose accounts overlap far above chance form one group (an operator's templates, his cards, his devices).
3. *Peel*: within a group the accounts are kept whose ties raise the group's density, the sum of ties over accounts and
   things, where an account's tie is capped at the strongest single thing, so that a few accounts tied by everything do not
   push out the many tied by the template (after Charikar 2000 and FRAUDAR, Hooi et al. 2016; the cap is ours).
4. Groups take their accounts in order of weight, the heaviest first, and what was taken is gone: candidates are disjoint.

A group that only places tie together (addresses, subnets, fingerprints) needs two kinds of them: a carrier's address is no actor.
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
Flags = npt.NDArray[np.bool_]


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
    one, other = overlapping(tied, share=0.25)
    joined = sparse.coo_matrix((np.ones(one.size), (one, other)), shape=(things.size, things.size))
    label = np.asarray(csgraph.connected_components(joined, directed=False)[1])[t]
    return _taken(rows, label, account, thing, weight, strong, kind, least, most)


def _core(account: Ints, thing: Ints, least: int) -> npt.NDArray[np.bool_]:
    """Links that survive when things with fewer than `least` accounts are dropped again and again."""
    things, t = np.unique(thing, return_inverse=True)
    return np.asarray(np.bincount(t, minlength=things.size)[t] >= least) if account.size else np.zeros(0, np.bool_)


def _taken(
    rows: Ints,
    label: Ints,
    account: Ints,
    thing: Ints,
    weight: Floats,
    strong: Flags,
    kind: Ints,
    least: int,
    most: int,
) -> list[Group]:
    """Peel the groups, heaviest first, each from the accounts that are left."""
    order = np.argsort(label, kind="stable")
    parts = np.split(rows[order], np.flatnonzero(np.diff(label[order])) + 1)
    parts.sort(key=lambda part: (-float(weight[part].sum()), int(part[0])))
    gone: set[int] = set()
    found: list[Group] = []
    for part in parts:
        left = part[[a not in gone for a in account[part].tolist()]] if gone else part
        if np.unique(account[left]).size < least:
            continue
        group = _peeled(left, account, thing, weight, least)
        if group is None or not (strong[group.links].any() or np.unique(kind[group.links]).size >= 2):
            continue
        found.append(group)
        gone.update(group.accounts.tolist())
        if len(found) == most:
            break
    return found


def _peeled(rows: Ints, account: Ints, thing: Ints, weight: Floats, least: int) -> Group | None:
    """The dense part of one group, if enough members remain."""
    accounts, a = np.unique(account[rows], return_inverse=True)
    if accounts.size < least:
        return None
    cap = float(weight[rows].max())
    tie = np.minimum(np.bincount(a, weights=weight[rows]), cap)
    order = np.lexsort((accounts, -tie))
    things = np.unique(thing[rows]).size
    density = np.cumsum(tie[order]) / (np.arange(1, accounts.size + 1) + things)
    # Members of equal tie stand or fall together, else the order of ids would decide.
    ends = np.flatnonzero(np.append(np.diff(tie[order]) < 0, True))
    best = int(ends[np.argmax(density[ends])])
    if best + 1 < least:
        return None
    members = np.sort(order[: best + 1])
    inside = np.isin(a, members)
    return Group(
        accounts=accounts[members], ties=tie[members], links=np.sort(rows[inside]), density=float(density[best])
    )
