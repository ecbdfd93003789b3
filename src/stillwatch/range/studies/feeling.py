"""An attacker who feels for the threshold: the boldest load of an account that goes unpunished, found with the provider's reaction.

Each try is a campaign with new accounts that is really sent, looked at, and paid for; what was stopped tells the next try. The provider
reacts within the window here; delayed and batched actions would tell the attacker less.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

from stillwatch.range.evasion.probing import halving
from stillwatch.range.results import Bar, Bars, Cell, Column, Section, Table, Unit
from stillwatch.range.studies.dials import dialled
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.work import Task

__all__ = ["Felt", "feel", "felt_section", "stopped"]

ACCOUNTS = 150
"""New accounts of each try."""

LOW, HIGH = 2, 128
"""Requests of an account: the most cautious value and the boldest, between which the search halves."""

TRIES = 5
TOLERATED = 0.05
"""The share of a try's accounts that the attacker can bear to lose."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Felt:
    """What one attacker learned: every try in order with the share of its accounts that was stopped, and the boldest that went unpunished
    (None where every try was punished)."""

    seed: int
    tries: tuple[tuple[int, float], ...]
    worlds: tuple[Seen, ...]

    @property
    def boldest(self) -> int | None:
        """Requests of an account."""
        return max((each for each, lost in self.tries if lost <= TOLERATED), default=None)

    @property
    def requests(self) -> int:
        """Requests sent on all tries."""
        return sum(seen.sent for seen in self.worlds)

    @property
    def accounts(self) -> int:
        """Accounts lost on all tries."""
        return round(sum(lost for _, lost in self.tries) * ACCOUNTS)


def stopped(seen: Seen, actor: str) -> float:
    """The share of a campaign's accounts that are in any group put up for review; groups may overlap, so it is cut at 1."""
    own = f"actor/{actor}"
    caught = sum(cluster.members.get(own, 0) for cluster in seen.by(OURS).clusters if cluster.accuses)
    return min(1.0, caught / seen.groups[own])


def feel(order: Order, kind: str, seed: int, look: Callable[[Task], Seen]) -> Felt:
    """One attacker's search in the world of a seed; `look` sends a try and looks at it."""
    search = halving(LOW, HIGH, TRIES)
    each = round(next(search))
    tries: list[tuple[int, float]] = []
    worlds: list[Seen] = []
    while True:
        campaign = dialled(kind, accounts=ACCOUNTS, each=each, fold=order.fold, days=order.size.days)
        campaign = replace(campaign, dial={**campaign.dial, "try": len(tries)})
        worlds.append(look(Task(at=("feeling", len(tries), each), seed=seed, campaign=campaign)))
        tries.append((each, stopped(worlds[-1], kind)))
        if len(tries) == TRIES:
            return Felt(seed=seed, tries=tuple(tries), worlds=tuple(worlds))
        each = round(search.send(tries[-1][1] <= TOLERATED))


def felt_section(felt: tuple[Felt, ...]) -> Section:
    """The search as figures: every try, and what the attacker had in the end."""
    known = [float(one.boldest) for one in felt if one.boldest is not None]
    end = Bars(
        title="Requests an account that go unpunished after the search",
        bars=(
            Bar(
                label="median over attackers",
                value=median(known) if known else None,
                low=min(known) if known else None,
                high=max(known) if known else None,
                n=len(felt),
                ours=True,
                remark=f"{len(felt) - len(known)} of {len(felt)} found no load that was tolerated",
            ),
        ),
        unit=Unit.NUMBER,
        interval="least and most over attackers",
        caption=f"Between {LOW} and {HIGH} requests were tried, with {ACCOUNTS} new accounts each time.",
    )
    rows: list[tuple[Cell, ...]] = [
        (one.seed, number, each, lost, seen.sent, round(lost * ACCOUNTS))
        for one in felt
        for number, ((each, lost), seen) in enumerate(zip(one.tries, one.worlds, strict=True), 1)
    ]
    table = Table(
        title="Every try",
        columns=(
            Column(name="seed", unit=Unit.COUNT),
            Column(name="try", unit=Unit.COUNT),
            Column(name="requests an account", unit=Unit.COUNT),
            Column(name="accounts stopped", unit=Unit.SHARE),
            Column(name="requests spent", unit=Unit.COUNT),
            Column(name="accounts lost", unit=Unit.COUNT),
        ),
        rows=tuple(rows),
        caption=(
            "What a try costs its operator: its requests are paid for whatever becomes of it, and what it harvested before it was "
            "stopped is its own."
        ),
    )
    return Section(
        title="Feeling for the threshold",
        lead=(
            f"The attacker sends {TRIES} campaigns one after another, sees which accounts are stopped, and halves the range of requests an "
            f"account each time; it can bear to lose {TOLERATED:.0%} of its accounts."
        ),
        figures=(end, table),
    )
