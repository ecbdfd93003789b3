"""The surface of detectability: so many accounts with so many requests of each, what is found, and by which evidence."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence

from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.dials import KINDS, dialled
from stillwatch.range.studies.figures import OVER_WORLDS, false_accusations, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, Seen
from stillwatch.range.studies.tally import catch, found_rate
from stillwatch.range.studies.work import Task, Worked, work_off

__all__ = ["ACCOUNTS", "EACH", "cells", "study"]

ACCOUNTS = (50, 100, 250, 1000, 4000)
EACH = (4, 10, 20, 40)
_GLANCED = 20
"""Requests of each account at which the first figure stands."""

Cells = Mapping[tuple[str, int, int], Sequence[Seen]]


def study(order: Order) -> Result:
    """Look for every kind of campaign at every size, in every world."""
    tasks = [
        Task(
            at=(kind, accounts, each),
            seed=seed,
            campaign=dialled(kind, accounts=accounts, each=each, fold=order.fold, days=order.size.days),
        )
        for kind in KINDS
        for accounts in ACCOUNTS
        if accounts <= order.size.accounts
        for each in EACH
        for seed in order.seeds
    ]
    worked = work_off(order, tasks)
    seen = cells(worked)
    return recorded(
        order,
        title="The surface: how many accounts with how few requests are still seen",
        question="From how many accounts, with how many requests of each, is a harvest found, and by which evidence?",
        answer=tuple(_sentence(seen, kind) for kind in KINDS),
        sections=(
            *(_section(seen, kind) for kind in KINDS),
            Section(title="The innocent in these worlds", figures=(false_accusations(worked.all),)),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            f"{len(order.seeds)} worlds a cell: intervals are wide, and differences within them mean nothing.",
            "Campaigns share one wording and nothing else; cards, addresses or replays in common would be further evidence.",
            "Tiling speaks only where the items asked of one known set, squared, are well above the size of the set.",
        ),
    )


def cells(worked: Worked) -> dict[tuple[str, int, int], list[Seen]]:
    """The worlds of each cell: kind, accounts, requests of each."""
    return {(str(at[0]), int(at[1]), int(at[2])): worlds for at, worlds in worked.worlds.items()}


def _section(seen: Cells, kind: str) -> Section:
    rows: list[tuple[Cell, ...]] = []
    for (of, accounts, each), worlds in seen.items():
        if of == kind:
            rate = found_rate(worlds, kind)
            caught = [catch(one, kind) for one in worlds]
            rows.append(
                (
                    accounts,
                    each,
                    rate.value,
                    rate.low,
                    rate.high,
                    sum(one.grouped for one in caught) / len(caught),
                    sum(one.recall for one in caught) / len(caught),
                    _evidence(worlds, kind),
                )
            )
    return Section(
        title=kind.capitalize(),
        figures=(
            Bars(
                title=f"{kind.capitalize()}, {_GLANCED} requests of each: worlds in which it was found",
                bars=tuple(
                    bar_of(f"{accounts:,} accounts", found_rate(worlds, kind), ours=True)
                    for (of, accounts, each), worlds in seen.items()
                    if of == kind and each == _GLANCED
                ),
                interval=OVER_WORLDS,
                prominent=True,
            ),
            Table(
                title=f"{kind.capitalize()}: found, by accounts and requests of each",
                columns=(
                    Column(name="accounts", unit=Unit.COUNT),
                    Column(name="requests of each", unit=Unit.COUNT),
                    Column(name="found", unit=Unit.SHARE),
                    Column(name="at least (95 %)", unit=Unit.SHARE),
                    Column(name="at most (95 %)", unit=Unit.SHARE),
                    Column(name="grouped", unit=Unit.SHARE),
                    Column(name="recall", unit=Unit.SHARE),
                    Column(name="evidence that counted"),
                ),
                rows=tuple(rows),
                caption="Evidence that counted: tests of acting together and of harvesting, for the group that holds most of the campaign, "
                "whatever was decided of it; with the number of worlds where it did not count in all.",
            ),
        ),
    )


def _evidence(worlds: Sequence[Seen], kind: str) -> str:
    """The tests that counted for the group that holds most of the campaign."""
    counted: Counter[str] = Counter()
    held = 0
    for one in worlds:
        groups = [cluster for cluster in one.by(OURS).clusters if cluster.members.get(f"actor/{kind}", 0)]
        if groups:
            best = max(groups, key=lambda cluster: cluster.members[f"actor/{kind}"])
            counted.update(best.counted)
            held += 1
    if not held:
        return "no group"
    told = [
        f"{name.replace('_', ' ')}" + ("" if n == held else f" ({n} of {held})") for name, n in counted.most_common()
    ]
    return ", ".join(told) or "none"


def _sentence(seen: Cells, kind: str) -> str:
    """The fewest accounts that are found in half of the worlds, for each number of requests."""
    told = []
    for each in EACH:
        found = [
            n
            for (of, n, e), worlds in seen.items()
            if of == kind and e == each and found_rate(worlds, kind).value >= 0.5
        ]
        told.append(f"{min(found):,} accounts x {each}" if found else f"none x {each}")
    return f"{kind.capitalize()}, found in half of the worlds or more from: {', '.join(told)}."
