"""Every evasion knob on one campaign that is found without it: what it buys the attacker, and what it costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from statistics import fmean

from stillwatch.core import Estimate
from stillwatch.range.campaigns.profile import CampaignProfile
from stillwatch.range.evasion.moves import KNOBS, Knob, refused
from stillwatch.range.results import (
    Bar,
    Bars,
    Cell,
    Column,
    Curves,
    Line,
    Result,
    Section,
    Table,
    Unit,
    bar_of,
    point_of,
)
from stillwatch.range.studies.dials import KINDS, campaign_of
from stillwatch.range.studies.feeling import Felt, feel, felt_section
from stillwatch.range.studies.figures import GLANCE, OF_SHARES, OVER_SEEDS, OVER_WORLDS, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import Seen
from stillwatch.range.studies.tally import catch, found_rate, mean_by_seed, recall_of
from stillwatch.range.studies.work import Task, Worked, looking, work_off

__all__ = ["study"]

_CAMPAIGN = "grading"
_MOST = 60_000
_WIDE = 20
"""From this ratio of values on an axis is logarithmic."""
_CURVES = ("dilution", "overlap", "free_rewording", "topic_match", "reseller", "paraphrase")


def study(order: Order) -> Result:
    """Turn each knob through its values."""
    profile = KINDS[_CAMPAIGN]
    tasks = [_task(order, profile, "nothing", 0.0, seed) for seed in order.seeds]
    cannot = {name: why for name, knob in KNOBS.items() if (why := refused(knob, profile, order.fold))}
    for name, knob in _turned(cannot):
        tasks += [_task(order, profile, name, value, seed) for value in knob.values for seed in order.seeds]
    worked = work_off(order, tasks)
    look, _ = looking(order)
    felt = tuple(feel(order, _CAMPAIGN, seed, look) for seed in order.seeds)
    worlds = [*worked.all, *(seen for one in felt for seen in one.worlds)]
    plain = worked.worlds[("nothing", 0.0)]
    base = found_rate(plain, _CAMPAIGN)
    beaten = [name for name, knob in _turned(cannot) if _least(worked, name, knob.values) < 0.5 <= base.value]
    cheap = [name for name in beaten if _cost(worked, name) <= 1.5]
    return recorded(
        order,
        title="Evasion: what it buys, and what it costs",
        question="Which ways of evading hide a campaign that is found without them, and how much dearer do they make a useful answer?",
        answer=(*_answer(profile, base, beaten, cheap, cannot), _felt(felt)),
        sections=(
            Section(title=GLANCE, figures=_glance(worked, base, beaten, cheap, cannot)),
            Section(
                title="Each knob at each value",
                lead="Cost: paid requests to one useful answer, as a multiple of the cost without evasion, counted from the campaign.",
                figures=(_table(worked, plain, cannot),),
            ),
            Section(
                title="Along the values", figures=tuple(_curve(worked, name) for name in _CURVES if name not in cannot)
            ),
            felt_section(felt),
            Section(title="The worlds", figures=(world_table(worlds),)),
        ),
        worlds=worlds,
        prompts=worked.prompts,
        limits=(
            "Each knob alone on one campaign. An attacker who turns several at once, and watches what happens, does better.",
            "Costs are in requests; accounts, time and engineering have prices too, and nobody knows the exchange rate.",
        ),
    )


def _turned(cannot: Mapping[str, str]) -> list[tuple[str, Knob]]:
    """The knobs that the campaign can turn."""
    return [(name, knob) for name, knob in KNOBS.items() if name not in cannot]


def _answer(
    profile: CampaignProfile, base: Estimate, beaten: Sequence[str], cheap: Sequence[str], cannot: Mapping[str, str]
) -> tuple[str, ...]:
    plain = (
        f"Without evasion the campaign ({_CAMPAIGN}: {profile.accounts.value:g} accounts, {profile.rate.value:g} requests each) was "
        f"found in {base.value:.0%} of {base.n} worlds."
    )
    hidden = f"{len(beaten)} of {len(_turned(cannot))} ways of evading bring that below half at some value" + _listed(
        beaten
    )
    return plain, hidden, f"{len(cheap)} of these make a useful answer at most half as dear again" + _listed(cheap)


def _felt(felt: Sequence[Felt]) -> str:
    known = [one.boldest for one in felt if one.boldest is not None]
    lost, spent = fmean(one.accounts for one in felt), fmean(one.requests for one in felt)
    end = f"at {min(known)} to {max(known)} requests an account" if known else "at no load that was tried"
    return (
        f"Attackers who felt for the threshold ended {end}, in {len(known)} of {len(felt)} worlds, having lost {lost:,.0f} accounts and "
        f"paid for {spent:,.0f} requests on the way."
    )


def _glance(
    worked: Worked, base: Estimate, beaten: Sequence[str], cheap: Sequence[str], cannot: Mapping[str, str]
) -> tuple[Bars, Bars]:
    known, turned = base.value >= 0.5, _turned(cannot)
    told = [
        (seen.seed, float(catch(seen, _CAMPAIGN).found))
        for name, knob in turned
        for value in knob.values
        for seen in worked.worlds[(name, float(value))]
        if seen.actors
    ]
    found = Bars(
        title="Worlds in which the campaign was found",
        bars=(
            bar_of("without evasion", base, ours=True),
            bar_of("mean of every knob at every value", mean_by_seed(told), ours=True),
        ),
        interval=f"first: {OVER_WORLDS}; second: {OVER_SEEDS}",
        prominent=True,
    )
    ways = Bars(
        title=f"Of {len(turned)} ways of evading, those that hide the campaign at some value",
        bars=(
            Bar(label="at any cost", value=len(beaten) / len(turned) if known else None, ours=True),
            Bar(
                label="for a useful answer at most half as dear again",
                value=len(cheap) / len(turned) if known else None,
                ours=True,
            ),
        ),
        caption="Hidden: found in fewer than half of the worlds. Unknown where the campaign is not found without evasion.",
        prominent=True,
    )
    return found, ways


def _listed(names: Sequence[str]) -> str:
    return f": {', '.join(name.replace('_', ' ') for name in names)}." if names else "."


def _task(order: Order, profile: CampaignProfile, name: str, value: float, seed: int) -> Task:
    moves = KNOBS[name].moves(value) if name in KNOBS else ()
    campaign = campaign_of(
        profile, moves=moves, dial={"knob": name, "value": float(value)}, fold=order.fold, most=_MOST
    )
    return Task(at=(name, float(value)), seed=seed, campaign=campaign)


def _there(worlds: Sequence[Seen]) -> bool:
    """Whether the campaign sent anything that a detector could see."""
    return any(seen.actors for seen in worlds)


def _least(worked: Worked, name: str, values: Sequence[float]) -> float:
    worlds = [worked.worlds[(name, float(value))] for value in values]
    return min((found_rate(one, _CAMPAIGN).value for one in worlds if _there(one)), default=1.0)


def _cost(worked: Worked, name: str) -> float:
    """The least cost of a value at which the campaign is hidden in more than half of the worlds."""
    costs = [
        fmean(told)
        for value in KNOBS[name].values
        if found_rate(worlds := worked.worlds[(name, float(value))], _CAMPAIGN).value < 0.5
        and (told := [c for s in worlds if (c := s.told.get("cost")) is not None])
    ]
    return min(costs, default=float("inf"))


def _table(worked: Worked, plain: Sequence[Seen], cannot: Mapping[str, str]) -> Table:
    rows: list[tuple[Cell, ...]] = [_row("nothing", "no evasion", None, "", plain)]
    for name, knob in KNOBS.items():
        if name in cannot:
            rows.append(_row(name, f"{knob.says}: not possible with {cannot[name]}", None, "", ()))
            continue
        rows += [
            _row(name, knob.says, float(value), knob.unit, worked.worlds[(name, float(value))]) for value in knob.values
        ]
    return Table(
        title="Every knob at every value",
        columns=(
            Column(name="knob"),
            Column(name="value"),
            Column(name="what it does"),
            Column(name="found", unit=Unit.SHARE),
            Column(name="grouped", unit=Unit.SHARE),
            Column(name="recall", unit=Unit.SHARE),
            Column(name="cost", unit=Unit.FACTOR),
        ),
        rows=tuple(rows),
    )


def _row(name: str, says: str, value: float | None, unit: str, worlds: Sequence[Seen]) -> tuple[Cell, ...]:
    costs = [c for s in worlds if (c := s.told.get("cost")) is not None]
    there = [s for s in worlds if s.actors]
    caught = [catch(s, _CAMPAIGN) for s in there]
    return (
        name.replace("_", " "),
        "" if value is None else f"{value:g} {unit}" if unit != "on" else "on",
        says,
        fmean(float(one.found) for one in caught) if caught else None,
        fmean(one.grouped for one in caught) if caught else None,
        fmean(one.recall for one in caught) if caught else None,
        fmean(costs) if costs else None,
    )


def _curve(worked: Worked, name: str) -> Curves:
    knob = KNOBS[name]
    lines = []
    for label, rate in (("found", found_rate), ("recall", recall_of)):
        worlds = {float(value): worked.worlds[(name, float(value))] for value in knob.values}
        points = [point_of(value, rate(one, _CAMPAIGN)) for value, one in worlds.items() if _there(one)]
        lines.append(Line(name=label, points=tuple(points)))
    return Curves(
        title=f"{name.replace('_', ' ').capitalize()}: {knob.says}",
        x_name=knob.unit,
        y_name="found",
        x_unit=Unit.SHARE if knob.unit == "share" else Unit.NUMBER,
        x_log=max(knob.values) >= _WIDE * min(knob.values) > 0,
        lines=tuple(lines),
        interval=f"found: {OVER_WORLDS}; recall: {OF_SHARES}",
    )
