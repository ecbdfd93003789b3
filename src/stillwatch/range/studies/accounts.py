"""Single accounts: how many of a campaign's each method finds one by one, at a given rate of false accusations."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stillwatch.range.results import Bar, Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.bench import Detector
from stillwatch.range.studies.dials import KINDS, dialled
from stillwatch.range.studies.figures import GLANCE, OF_SHARES, OVER_SEEDS, world_table
from stillwatch.range.studies.look import weigh_accounts
from stillwatch.range.studies.mimic import mimic
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.roster import account_detectors, name_of, refusals
from stillwatch.range.studies.seen import OURS_ACCOUNTS, Seen
from stillwatch.range.studies.tally import mean_by_seed, mean_of
from stillwatch.range.studies.unsealed import RATES
from stillwatch.range.studies.work import Task, work_off

__all__ = ["study"]

_LOADS = ((300, 10), (60, 60))
_LIKE = "as customers"


def study(order: Order) -> Result:
    """Score every account of every campaign by every method."""
    detectors: dict[str, Detector] = {
        OURS_ACCOUNTS: weigh_accounts,
        **account_detectors(unmimic_python=order.unmimic_python),
    }
    campaigns = {
        f"{kind}, {each} each": dialled(kind, accounts=accounts, each=each, fold=order.fold, days=order.size.days)
        for kind in KINDS
        for accounts, each in _LOADS
    }
    campaigns[_LIKE] = mimic(accounts=300, each=30, share=0.0, fold=order.fold)
    tasks = [
        Task(at=(name,), seed=seed, campaign=campaign, detectors=detectors)
        for name, campaign in campaigns.items()
        for seed in order.seeds
    ]
    worked = work_off(order, tasks)
    worlds = {name: worked.worlds[(name,)] for name in campaigns}
    best = max(
        (bar for name in campaigns if name != _LIKE for bar in _bars(worlds[name], detectors) if bar.ours),
        key=lambda bar: bar.value or 0.0,
    )
    likeness = next(bar for bar in _bars(worlds[_LIKE], detectors) if bar.ours)
    return recorded(
        order,
        title="Accounts: what one account's traffic shows",
        question="How many accounts of a campaign does each method find one by one, at a given rate of false accusations?",
        answer=_answer(best, likeness),
        sections=(
            Section(title=GLANCE, figures=tuple(_glance(worlds, detectors, each) for _, each in _LOADS)),
            *(
                Section(
                    title=name.capitalize(),
                    figures=(
                        Bars(
                            title="Accounts found at a false-positive rate of 1 %",
                            bars=tuple(_bars(seen, detectors)),
                            interval=OF_SHARES,
                            level=0.01,
                            level_name="no power",
                        ),
                    ),
                )
                for name, seen in worlds.items()
            ),
            Section(title="At every rate", figures=(_table(worlds, detectors), _accused(worked.all, detectors))),
            Section(title="The worlds", figures=(world_table(worked.all), *refusals(worked.all))),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            "Thresholds are set on the innocent of the same world, which flatters every method alike: nobody has them beforehand.",
            "Half of the innocent, lookalikes among them, are cleared beforehand: methods may calibrate on them, and they do not count.",
        ),
    )


def _answer(best: Bar, likeness: Bar) -> tuple[str, ...]:
    most = (
        f"At a false-positive rate of 1 %, our score of single accounts finds at most {best.value or 0.0:.0%} of a campaign's accounts in "
        "these worlds; campaigns that ask little of each account are a matter for the tests of groups."
    )
    return (
        most,
        f"Of accounts that do what customers do it finds {likeness.value or 0.0:.1%}: the limit that no method passes.",
    )


def _glance(worlds: Mapping[str, Sequence[Seen]], detectors: Mapping[str, Detector], each: int) -> Bars:
    """Every method over the campaigns of one load."""
    seen = [s for kind in KINDS for s in worlds[f"{kind}, {each} each"]]
    bars = []
    for method in detectors:
        told = [
            (s.seed, caught / of)
            for s in seen
            if (rank := s.by(method).ranks.get("0.01"))
            for caught, of in [rank]
            if of
        ]
        ours = method == OURS_ACCOUNTS
        bars.append(
            bar_of(name_of(method), mean_by_seed(told), ours=ours)
            if told
            else Bar(label=name_of(method), value=None, ours=ours, remark="refused every world")
        )
    return Bars(
        title=f"Accounts with {each} requests each that are found at a false-positive rate of 1 %, mean of {len(KINDS)} campaigns",
        bars=tuple(bars),
        interval=OVER_SEEDS,
        level=0.01,
        level_name="no power",
        prominent=True,
    )


def _power(worlds: Sequence[Seen], method: str, rate: float) -> list[float]:
    told = [ranks[f"{rate:g}"] for s in worlds if f"{rate:g}" in (ranks := s.by(method).ranks)]
    return [caught / of for caught, of in told if of]


def _bars(worlds: Sequence[Seen], detectors: Mapping[str, Detector]) -> list[Bar]:
    out = []
    for method in detectors:
        power = _power(worlds, method, 0.01)
        ours = method == OURS_ACCOUNTS
        out.append(
            bar_of(name_of(method), mean_of(power), ours=ours)
            if power
            else Bar(label=name_of(method), value=None, ours=ours)
        )
    return out


def _table(worlds: Mapping[str, Sequence[Seen]], detectors: Mapping[str, Detector]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, seen in worlds.items():
        for method in detectors:
            powers = [_power(seen, method, rate) for rate in RATES]
            rows.append((name, name_of(method), *(sum(p) / len(p) if p else None for p in powers)))
    return Table(
        title="Share of the campaign's accounts found, by false-positive rate",
        columns=(
            Column(name="campaign"),
            Column(name="method"),
            *(Column(name=f"FPR {100 * rate:g} %", unit=Unit.SHARE) for rate in RATES),
        ),
        rows=tuple(rows),
        caption="A rate is unknown where not even one innocent account of the world may be accused at it, or where the method refused.",
    )


def _accused(worlds: Sequence[Seen], detectors: Mapping[str, Detector]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for method in detectors:
        counts: dict[str, int] = {}
        for seen in worlds:
            for group, n in seen.by(method).accused.items():
                counts[group.split("/")[0]] = counts.get(group.split("/")[0], 0) + n
        rows.append((name_of(method), counts.get("actor", 0), counts.get("lookalike", 0), counts.get("benign", 0)))
    return Table(
        title="Whom each method accuses by its own rule",
        columns=(
            Column(name="method"),
            Column(name="guilty", unit=Unit.COUNT),
            Column(name="lookalikes", unit=Unit.COUNT),
            Column(name="ordinary customers", unit=Unit.COUNT),
        ),
        rows=tuple(rows),
    )
