"""Worlds without any campaign: everything that is put up for review there is false."""

from __future__ import annotations

from collections.abc import Sequence
from statistics import fmean

from stillwatch.core import Estimate
from stillwatch.range.results import Bars, Column, Note, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.figures import OVER_WORLDS, decisions, false_accusations, hit_worlds, world_table
from stillwatch.range.studies.look import look_for_actors, weigh_accounts
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS, Seen
from stillwatch.range.studies.tally import any_false, is_false, wrongly_accused
from stillwatch.range.studies.work import Task, work_off
from stillwatch.stats import clopper_pearson

__all__ = ["study"]

_WANTED = 200
"""Worlds from which on the realised rate of a level of 5 % is known to about three points."""


def study(order: Order) -> Result:
    """Look at innocent worlds and count the innocent that were accused."""
    detectors = {OURS: look_for_actors, OURS_ACCOUNTS: weigh_accounts}
    tasks = [Task(at=("innocent",), seed=seed, detectors=detectors, keep_background=False) for seed in order.seeds]
    worked = work_off(order, tasks)
    worlds = worked.all
    nominal = order.settings.actors.actor_fdr
    realised = any_false(worlds)
    false = [sum(is_false(c) for c in seen.by(OURS).clusters) for seen in worlds]
    looked = fmean(len(seen.by(OURS).clusters) for seen in worlds)
    answer = [
        _innocent_worlds(realised, sum(n > 0 for n in false), nominal),
        _worst(worlds),
        f"{looked:.1f} groups a world were found by their ties and tested.",
    ]
    limits = [
        "The nulls are those of these worlds. A lookalike that is not among them may be accused at any rate.",
    ]
    if len(worlds) < _WANTED:
        limits.append(
            f"{len(worlds)} worlds bound the realised rate no closer than the interval says; {_WANTED} or more are wanted."
        )
    return recorded(
        order,
        title="Null: worlds with nothing to find",
        question="How often is anybody accused in a world in which nobody is guilty?",
        answer=answer,
        sections=(
            Section(title="Realised against nominal", figures=(_realised(worlds, order), _single(worlds))),
            Section(title="Who was accused", figures=(hit_worlds(worlds), false_accusations(worlds))),
            Section(
                title="What was looked at",
                lead="Most groups that share something are ordinary; they are set aside for a reason that is written down.",
                figures=(decisions(worlds),),
            ),
            Section(title="The worlds", figures=(world_table(worlds),)),
        ),
        worlds=worlds,
        prompts=worked.prompts,
        limits=limits,
    )


def _innocent_worlds(realised: Estimate, hit: int, nominal: float) -> str:
    return (
        f"In {hit} of {realised.n} innocent worlds at least one group was put up for review ({realised.value:.1%}, 95 % interval "
        f"{realised.low:.1%} to {realised.high:.1%}); the nominal level is {nominal:.0%}."
    )


def _realised(worlds: Sequence[Seen], order: Order) -> Bars:
    singles = [seen.by(OURS_ACCOUNTS) for seen in worlds]
    return Bars(
        title="Innocent worlds in which anything was put up for review",
        bars=(
            bar_of("groups of accounts", any_false(worlds), ours=True),
            bar_of(
                "single accounts", clopper_pearson(sum(bool(one.accused) for one in singles), len(singles)), ours=True
            ),
        ),
        interval=OVER_WORLDS,
        level=order.settings.actors.actor_fdr,
        level_name="nominal level",
        prominent=True,
        caption="With nothing to find, every finding is false, so this share is the realised false discovery rate.",
    )


def _single(worlds: Sequence[Seen]) -> Table | Note:
    accused: dict[str, int] = {}
    there: dict[str, int] = {}
    tested = 0
    for seen in worlds:
        one = seen.by(OURS_ACCOUNTS)
        tested += one.tested or 0
        for group, n in one.accused.items():
            accused[group] = accused.get(group, 0) + n
        for group, n in seen.groups.items():
            there[group] = there.get(group, 0) + n
    if not accused:
        return Note(
            title="Single accounts",
            text=f"No single account was put up for review, of {tested:,} tested in {len(worlds)} worlds. Half of the innocent accounts "
            "were cleared beforehand and calibrate the others; the cleared ones are not counted.",
        )
    return Table(
        title="Single accounts put up for review, by class",
        columns=(
            Column(name="class"),
            Column(name="accused", unit=Unit.COUNT),
            Column(name="accounts in the worlds", unit=Unit.COUNT),
        ),
        rows=tuple(
            (group.replace("/", ": ", 1).replace("_", " "), n, there[group])
            for group, n in sorted(accused.items(), key=lambda x: (-x[1], x[0]))
        ),
        caption=f"Of {tested:,} accounts tested; half of the innocent accounts were cleared beforehand and calibrate the others.",
    )


def _worst(worlds: Sequence[Seen]) -> str:
    hit = [one for one in wrongly_accused(worlds) if one.accused]
    if not hit:
        return "No innocent account was a member of a group put up for review."
    worst = max(hit, key=lambda one: (one.seeds_hit.value, one.accused))
    name = worst.group.partition("/")[2].replace("_", " ")
    return (
        f"The class that was accused most is {name}: in {worst.seeds_hit.value:.0%} of the worlds, {worst.accused:,} of its "
        f"{worst.accounts:,} accounts; {len(hit)} of {len(wrongly_accused(worlds))} classes were accused at all."
    )
