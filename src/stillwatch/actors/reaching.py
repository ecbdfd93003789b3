"""Testing the accounts that a seed grew to, each in the test slice against accounts as busy that nothing ties to it."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.links import OBSERVED
from stillwatch.actors.population import HeldOut
from stillwatch.stats import conformal_p, e_needed, storey_bh

__all__ = ["Reached", "Verdict", "carried_share", "met", "reached"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


class Verdict(StrEnum):
    """What the test slice says of one account that was looked at."""

    SHOWN = "shown"
    TIED = "tied by record, not shown by conduct"
    NOT_SHOWN = "not shown"
    UNDECIDED = "undecided"


@dataclass(frozen=True, kw_only=True, slots=True)
class Reached:
    """One account that was looked at. `n` are its held-out exchanges, `carried` and `pressed` shares of them; unknown p is undecided.

    `needed` says of an undecided one what would decide: exchanges in the test slice where it has none, else strangers enough to show it
    though nobody else is.
    """

    account: int
    verdict: Verdict
    why: tuple[str, ...]
    n: int
    carried: float | None
    pressed: float | None
    p_value: float | None
    needed: int | None


def carried_share(sent: pa.Table, families: Sequence[int], population: HeldOut) -> Floats:
    """Share of each account's held-out exchanges that carry one of the families."""
    mine = _of(sent, families, held_out=1)
    at = np.searchsorted(population.account, mine.column("account").to_numpy())
    counts = np.bincount(at, weights=mine.column("exchanges").to_numpy(), minlength=population.account.size)
    return np.asarray(np.minimum(counts / np.maximum(population.exchanges, 1), 1.0))


def met(sent: pa.Table, families: Sequence[int]) -> Ints:
    """Accounts that sent one of the families in the discovery slice, were it once by the way: no measure of strangers."""
    return np.unique(_of(sent, families, held_out=0).column("account").to_numpy())


def _of(sent: pa.Table, families: Sequence[int], *, held_out: int) -> pa.Table:
    carrying = pc.is_in(sent.column("family"), pa.array(families, pa.int64()))
    return sent.filter(pc.and_(carrying, pc.equal(sent.column("slice"), held_out)))


def reached(
    looked_at: Ints, links: pa.Table, carries: Floats | None, population: HeldOut, related: Ints, level: float
) -> tuple[Reached, ...]:
    """Every candidate with its verdict: those that are shown first, by p-value.

    Most of what a true seed grows to is the operator's, so innocents are estimated, not taken to be all (`stats.storey_bh`): a few heads
    that sleep in the test slice do not hide the others. Whom no evidence could show, because even the least p-value that its strangers
    allow is above the level, is not among those that are tested (Tarone 1990, Gilbert 2005): it would only raise the bar for the others.
    The number of strangers says who that is, and no score does, so the error rate holds.

    Args:
        related: further accounts that are no measure of strangers.
    """
    tied = np.isin(population.account, np.union1d(looked_at, related))
    scores = [population.elicited] if carries is None else [carries, population.elicited]
    places = population.places(looked_at)
    p_value, floor = np.full(places.size, np.nan), np.full(places.size, np.nan)
    for code in np.unique(population.bin[places]):
        mine = np.flatnonzero(population.bin[places] == code)
        others = np.flatnonzero((population.bin == code) & ~tied)
        if not others.size:
            continue
        smallest = np.min([conformal_p(one[others], one[places[mine]]) for one in scores], axis=0)
        p_value[mine] = np.minimum(len(scores) * smallest, 1.0)
        floor[mine] = min(len(scores) / (others.size + 1), 1.0)
    known, shown = ~np.isnan(p_value), np.zeros(places.size, np.bool_)
    tested = known & (floor <= level)
    if tested.any():
        shown[tested] = storey_bh(p_value[tested], q=level).selected
    # At the least p-value that its calibration allows, and not shown: more accounts would decide, not more evidence.
    short = known & ~shown & (p_value <= floor)
    # Alone it has to reach what `storey_bh` asks of the first where all others count as innocent.
    enough = math.ceil(len(scores) * e_needed(max(looked_at.size, 1), level * (1 - level)) - 1e-9) - 1
    why, observed = _reasons(links)
    out = []
    active = dict(zip(population.account[places].tolist(), range(places.size), strict=True))
    for account in looked_at.tolist():
        at = active.get(account)
        place = None if at is None else int(places[at])
        decided = at is not None and bool(known[at]) and not short[at]
        verdict = Verdict.UNDECIDED
        if decided:
            verdict = Verdict.SHOWN if shown[at] else Verdict.TIED if account in observed else Verdict.NOT_SHOWN
        out.append(
            Reached(
                account=account,
                verdict=verdict,
                why=why[account],
                n=0 if place is None else int(population.exchanges[place]),
                carried=None if place is None or carries is None else float(carries[place]),
                pressed=None if place is None else float(population.elicited[place]),
                p_value=None if at is None or not known[at] else float(p_value[at]),
                needed=None if decided else 1 if at is None else enough,
            )
        )
    order = list(Verdict)
    return tuple(
        sorted(out, key=lambda r: (order.index(r.verdict), 1.0 if r.p_value is None else r.p_value, r.account))
    )


def _reasons(links: pa.Table) -> tuple[dict[int, tuple[str, ...]], set[int]]:
    """Why each account was looked at, rarest thing first, and whom a fact of the records ties."""
    found: dict[int, list[tuple[int, str]]] = {}
    observed = set()
    for row in links.select(["account", "kind", "object_accounts", "reason"]).to_pylist():
        found.setdefault(row["account"], []).append((row["object_accounts"], row["reason"]))
        if row["kind"] in OBSERVED:
            observed.add(row["account"])
    return {account: tuple(reason for _, reason in sorted(rows)) for account, rows in found.items()}, observed
