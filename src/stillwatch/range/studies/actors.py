"""Detectability: how a campaign's chance of being found changes as the attacker turns accounts, load, dilution and likeness to others."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwatch.core import Estimate
from stillwatch.range.results import Curves, Line, Result, Section, Unit, point_of
from stillwatch.range.splits import Fold
from stillwatch.range.studies.bench import Campaign, Detector
from stillwatch.range.studies.beside import beside
from stillwatch.range.studies.dials import KINDS, dialled
from stillwatch.range.studies.figures import GLANCE, OF_SHARES, OVER_WORLDS, false_accusations, world_table
from stillwatch.range.studies.limit import limit_section, limit_sentence
from stillwatch.range.studies.look import weigh_accounts
from stillwatch.range.studies.mimic import mimic
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.roster import actor_detectors, name_of, refusals
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS, Seen
from stillwatch.range.studies.tally import any_false, found_rate, recall_of
from stillwatch.range.studies.work import ACTORS_ALONE, Task, Worked, work_off

__all__ = ["study"]

TOTAL = 6000
"""Harvest requests of a campaign whose accounts are varied."""

ACCOUNTS = (30, 60, 150, 300, 600, 1500, 3000)
EACH = (2, 5, 12, 30, 75, 200)
FEW = 75
DILUTION = (0.0, 0.25, 0.5, 0.75, 0.9, 0.95)
SHARES = (0.0, 0.01, 0.03, 0.1, 0.3, 1.0)
LIKE = (300, 30)
"""Accounts, and requests of each, of the campaign that copies ordinary customers."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Dial:
    """One thing that the attacker turns, over its values, in words."""

    name: str
    values: tuple[float, ...]
    x_name: str
    unit: Unit
    log: bool
    lead: str

    def campaign(self, kind: str, value: float, fold: Fold, days: int) -> Campaign:
        """The campaign with this dial at a value and the others where they stand."""
        if self.name == "accounts":
            return dialled(kind, accounts=int(value), each=max(1, TOTAL // int(value)), fold=fold, days=days)
        if self.name == "each":
            return dialled(kind, accounts=FEW, each=int(value), fold=fold, days=days)
        return dialled(kind, accounts=300, each=10, dilution=value, fold=fold, days=days)


DIALS = (
    Dial(
        name="accounts",
        values=ACCOUNTS,
        x_name="accounts of the campaign",
        unit=Unit.COUNT,
        log=True,
        lead=f"The same {TOTAL:,} harvest requests, spread over more and more accounts.",
    ),
    Dial(
        name="each",
        values=EACH,
        x_name="harvest requests of an account",
        unit=Unit.COUNT,
        log=True,
        lead=f"{FEW} accounts that ask more and more.",
    ),
    Dial(
        name="dilution",
        values=DILUTION,
        x_name="share of other people's traffic",
        unit=Unit.SHARE,
        log=False,
        lead="300 accounts with 10 harvest requests each, hidden in ordinary traffic at the operator's cost: at 90 % it pays ten times.",
    ),
)


def study(order: Order) -> Result:
    """Turn each dial for each campaign in each world."""
    peers = actor_detectors()
    tasks = [Task(at=("innocent",), seed=seed, detectors={**ACTORS_ALONE, **peers}) for seed in order.seeds]
    for dial in DIALS:
        for kind in KINDS:
            for value in dial.values:
                campaign = dial.campaign(kind, value, order.fold, order.size.days)
                detectors = {**ACTORS_ALONE, **peers}
                tasks += [
                    Task(at=(dial.name, kind, value), seed=seed, campaign=campaign, detectors=detectors)
                    for seed in order.seeds
                ]
    likeness: dict[str, Detector] = {**ACTORS_ALONE, OURS_ACCOUNTS: weigh_accounts, **peers}
    for share in SHARES:
        campaign = mimic(accounts=LIKE[0], each=LIKE[1], share=share, fold=order.fold)
        tasks += [
            Task(at=("share", "mimic", share), seed=seed, campaign=campaign, detectors=likeness) for seed in order.seeds
        ]
    worked = work_off(order, tasks)
    innocent = worked.worlds[("innocent",)]
    methods = [OURS, *peers]
    return recorded(
        order,
        title="Actors: what can be found, and where it ends",
        question="How does the chance of finding a campaign change as it uses more accounts, asks less of each, or hides in other traffic?",
        answer=(*_sentences(worked), limit_sentence(worked, SHARES), _false(innocent)),
        sections=(
            limit_section(worked, SHARES, LIKE, methods),
            Section(title=GLANCE, figures=beside(_turned(worked), innocent, methods)),
            *(_section(worked, dial, methods) for dial in DIALS),
            Section(title="The innocent in these worlds", figures=(false_accusations(worked.all),)),
            Section(title="The worlds", figures=(world_table(innocent), *refusals(worked.all))),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            f"{len(order.seeds)} worlds a point: intervals are wide, and differences within them mean nothing.",
            f"Worlds of {order.size.days} days. A campaign that runs for weeks leaves more to find than these days show.",
        ),
    )


def _turned(worked: Worked) -> list[tuple[str, Seen]]:
    """Every world of the dials with the campaign in it."""
    return [
        (kind, seen)
        for dial in DIALS
        for kind in KINDS
        for value in dial.values
        for seen in worked.worlds[(dial.name, kind, value)]
    ]


def _section(worked: Worked, dial: Dial, methods: Sequence[str]) -> Section:
    figures = [
        Curves(
            title="Campaigns found",
            x_name=dial.x_name,
            y_name="found",
            x_unit=dial.unit,
            x_log=dial.log,
            lines=_lines(worked, dial, found=True),
            interval=OVER_WORLDS,
            caption="Found: one group put up for review holds at least half of the campaign's accounts and is at least half its own.",
        ),
        Curves(
            title="Accounts put up for review",
            x_name=dial.x_name,
            y_name="recall",
            x_unit=dial.unit,
            x_log=dial.log,
            lines=_lines(worked, dial, found=False),
            interval=OF_SHARES,
            caption="Recall: accounts of the campaign in groups that are mostly its own.",
        ),
    ]
    if len(methods) > 1:
        figures += [_beside(worked, dial, kind, methods) for kind in KINDS]
    return Section(title=_TITLES[dial.name], lead=dial.lead, figures=tuple(figures))


_TITLES = {"accounts": "More accounts", "each": "More requests of each account", "dilution": "More cover"}


def _lines(worked: Worked, dial: Dial, *, found: bool) -> tuple[Line, ...]:
    rate = found_rate if found else recall_of
    return tuple(
        Line(
            name=kind,
            points=tuple(point_of(value, rate(worked.worlds[(dial.name, kind, value)], kind)) for value in dial.values),
        )
        for kind in KINDS
    )


def _beside(worked: Worked, dial: Dial, kind: str, methods: Sequence[str]) -> Curves:
    """All methods on one campaign."""
    lines = []
    for method in methods:
        points = []
        for value in dial.values:
            worlds = [s for s in worked.worlds[(dial.name, kind, value)] if not s.by(method).refused]
            if worlds:
                points.append(point_of(value, found_rate(worlds, kind, method=method)))
        lines.append(Line(name=name_of(method), points=tuple(points), ours=method == OURS))
    return Curves(
        title=f"{kind.capitalize()}: found by each method",
        x_name=dial.x_name,
        y_name="found",
        x_unit=dial.unit,
        x_log=dial.log,
        lines=tuple(lines),
        interval=OVER_WORLDS,
    )


def _sentences(worked: Worked) -> list[str]:
    out = []
    for dial in DIALS:
        told = []
        for kind in KINDS:
            rates: Mapping[float, Estimate] = {
                v: found_rate(worked.worlds[(dial.name, kind, v)], kind) for v in dial.values
            }
            seen = [v for v in dial.values if rates[v].value >= 0.5]
            told.append(f"{kind} " + (f"at {_spans(seen, dial)}" if seen else "nowhere"))
        out.append(f"{_OPENINGS[dial.name]}: {'; '.join(told)}.")
    return out


_OPENINGS = {
    "accounts": f"With {TOTAL:,} requests over more and more accounts, found in half of the worlds or more",
    "each": f"With {FEW} accounts that ask more and more, found in half of the worlds or more",
    "dilution": "Behind more and more cover, found in half of the worlds or more",
}


def _spans(values: Sequence[float], dial: Dial) -> str:
    """Runs of neighbouring values: `30 to 600, 3000`."""
    runs: list[list[float]] = []
    for value in values:
        place = dial.values.index(value)
        if runs and place and runs[-1][-1] == dial.values[place - 1]:
            runs[-1].append(value)
        else:
            runs.append([value])
    return ", ".join(_told(run[0], dial) + (f" to {_told(run[-1], dial)}" if len(run) > 1 else "") for run in runs)


def _told(value: float, dial: Dial) -> str:
    return f"{value:.0%}" if dial.unit is Unit.SHARE else f"{int(value):,}"


def _false(innocent: Sequence[Seen]) -> str:
    rate = any_false(innocent)
    return (
        f"Without any campaign, {rate.value:.0%} of {len(innocent)} worlds had a group put up for review "
        f"(95 % interval {rate.low:.0%} to {rate.high:.0%})."
    )
