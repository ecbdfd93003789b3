"""Campaigns whose every account is quiet: the sizes that were reported, and what operators do to stay unseen, among many customers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from stillwatch.range.campaigns.profile import CampaignProfile, Guest, assumed
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.evasion import Move
from stillwatch.range.evasion.dilute import Dilute
from stillwatch.range.evasion.places import Replacement
from stillwatch.range.evasion.topics import TopicSplit
from stillwatch.range.evasion.wording import Paraphrase
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.bench import Campaign
from stillwatch.range.studies.dials import KINDS, campaign_of
from stillwatch.range.studies.figures import GROUPED, OVER_WORLDS, false_accusations, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import Seen
from stillwatch.range.studies.tally import any_false, catch, false_discoveries, found_rate, mean_of
from stillwatch.range.studies.work import Task, work_off

__all__ = ["INNOCENT", "PATTERNS", "Pattern", "apart", "study"]

INNOCENT = "innocent"
"""Where the worlds without a campaign stand among the worlds of the study."""

_WHY = "a size of the study"
_FORTY = Paraphrase(versions=40, strength=0.25)


@dataclass(frozen=True, kw_only=True, slots=True)
class Pattern:
    """One way of spreading a harvest: so many accounts with so many requests each over the whole window, and what hides it."""

    profile: CampaignProfile
    accounts: int
    each: int
    says: str
    moves: tuple[Move, ...] = ()

    def campaign(self, name: str, order: Order) -> Campaign:
        """The campaign, under the name of the pattern."""
        days = order.size.days
        profile = replace(
            self.profile,
            key=name,
            accounts=assumed(self.accounts, _WHY),
            rate=assumed(self.each / days, _WHY),
            days=assumed(days, _WHY),
        )
        return campaign_of(
            profile,
            moves=self.moves,
            dial={"accounts": self.accounts, "each": self.each, "days": days},
            fold=order.fold,
        )


def _of_kinds(name: str, accounts: int, each: int, says: str) -> dict[str, Pattern]:
    return {
        f"{name}-{kind}": Pattern(profile=profile, accounts=accounts, each=each, says=f"{says}: {kind}")
        for kind, profile in KINDS.items()
    }


PATTERNS: Mapping[str, Pattern] = {
    **_of_kinds("middling", 250, 40, "250 accounts, 40 requests each"),
    **_of_kinds("small", 50, 20, "50 accounts, 20 requests each"),
    "july-replay": Pattern(
        profile=SCENARIOS["replay"], accounts=4000, each=4, says="4,000 accounts, 4 requests each, replaying others' reasoning"
    ),
    "july-scaffold": Pattern(
        profile=KINDS["scaffold"], accounts=4000, each=4, says="4,000 accounts, 4 requests each, one scaffold"
    ),
    "july-paraphrased": Pattern(
        profile=KINDS["scaffold"],
        accounts=4000,
        each=4,
        says="4,000 accounts, 4 requests each, forty wordings of the scaffold and nothing replayed",
        moves=(_FORTY,),
    ),
    "hidden": Pattern(
        profile=KINDS["scaffold"],
        accounts=1000,
        each=20,
        says="1,000 accounts, 20 requests each, a tenth of the traffic cover, forty wordings, ten topics apart",
        moves=(Dilute(fraction=0.9), _FORTY, TopicSplit(slices=10)),
    ),
    "replaced": Pattern(
        profile=KINDS["scaffold"],
        accounts=300,
        each=20,
        says="300 accounts, all banned after a day and replaced within the hour, with new cards and addresses",
        moves=(Replacement(share=1.0, at=0.5, lag_hours=1.0),),
    ),
    "pool": Pattern(
        profile=replace(
            SCENARIOS["shared_pool"], guests=(Guest(name="second", share=0.5, mix=(("autograding", 1.0),)),)
        ),
        accounts=600,
        each=20,
        says="two operators with 300 accounts each in one pool of addresses and cards",
    ),
}  # fmt: skip
"""Patterns by name. July: the pattern that was reported in July 2026, without shared payment."""


def study(order: Order) -> Result:
    """Look for every pattern in every world, and in every world without any."""
    tasks = [Task(at=(INNOCENT,), seed=seed) for seed in order.seeds]
    for name, pattern in PATTERNS.items():
        campaign = pattern.campaign(name, order)
        tasks += [Task(at=(name,), seed=seed, campaign=campaign, nightly=True) for seed in order.seeds]
    worked = work_off(order, tasks)
    worlds = {name: worked.worlds[name,] for name in PATTERNS}
    innocent = worked.worlds[INNOCENT,]
    return recorded(
        order,
        title="Heads: campaigns whose every account is quiet",
        question="Are campaigns found whose every account is quiet, at the sizes that were reported?",
        answer=(*_sentences(worlds), _false(worked.all, innocent)),
        sections=(
            Section(title="Found or not", figures=(_bars(worlds), _table(worlds))),
            Section(title="Innocent worlds", figures=(_accusing(innocent),)),
            Section(title="The innocent in these worlds", figures=(false_accusations(worked.all),)),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            f"{len(order.seeds)} worlds a pattern: intervals are wide, and differences within them mean nothing.",
            f"A window of {order.size.days} days. Campaigns that run for weeks leave more to find.",
            "The patterns are ours, at the sizes of reports: no raw telemetry of any campaign was published.",
        ),
    )


def apart(seen: Seen) -> bool:
    """Whether every operator of a pool has a group of its own: put up for review, and mostly its own accounts."""
    return all(catch(seen, actor).found for actor in seen.actors)


def _sentences(worlds: Mapping[str, Sequence[Seen]]) -> tuple[str, ...]:
    found = [name for name, seen in worlds.items() if _found(seen) >= 0.5]
    missed = [name for name in worlds if name not in found]
    told = f"{len(found)} of {len(worlds)} patterns were found in half of the worlds or more"
    told += f": {', '.join(found)}." if found else "."
    return (told, f"Missed: {', '.join(missed)}.") if missed else (told,)


def _found(worlds: Sequence[Seen]) -> float:
    return sum(any(catch(s, actor).found for actor in s.actors) for s in worlds) / len(worlds)


def _false(worlds: Sequence[Seen], innocent: Sequence[Seen]) -> str:
    realised, accusing = false_discoveries(worlds), any_false(innocent)
    return (
        f"False groups were {realised.value:.1%} of those put up for review on average (95 % interval {realised.low:.1%} to "
        f"{realised.high:.1%}); of the worlds without a campaign {accusing.value:.0%} had one (at most {accusing.high:.0%})."
    )


def _accusing(innocent: Sequence[Seen]) -> Bars:
    return Bars(
        title="Worlds without a campaign in which any group was put up for review",
        bars=(bar_of("any group", any_false(innocent), ours=True),),
        interval=OVER_WORLDS,
    )


def _bars(worlds: Mapping[str, Sequence[Seen]]) -> Bars:
    return Bars(
        title="Worlds in which the campaign was found",
        bars=tuple(
            bar_of(f"{PATTERNS[name].says} ({actor.split('/')[-1]})" if len(seen[0].actors) > 1 else PATTERNS[name].says,
                   found_rate(seen, actor), ours=True)
            for name, seen in worlds.items()
            for actor in seen[0].actors
        ),
        interval=OVER_WORLDS,
    )  # fmt: skip


def _table(worlds: Mapping[str, Sequence[Seen]]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, seen in worlds.items():
        for actor in seen[0].actors:
            caught = [catch(one, actor) for one in seen]
            pure = [one.precision for one in caught if one.precision is not None]
            early = [got for one in seen if (got := one.told.get("yield")) is not None]
            rows.append(
                (
                    actor,
                    PATTERNS[name].says,
                    round(sum(one.accounts for one in caught) / len(caught)),
                    sum(one.found for one in caught) / len(caught),
                    mean_of([one.grouped for one in caught]).value,
                    mean_of([one.recall for one in caught]).value,
                    sum(pure) / len(pure) if pure else None,
                    sum(early) / len(early) if early else None,
                    _mean([one.told.get("cost") for one in seen]),
                )
            )
    return Table(
        title="Means over worlds",
        columns=(
            Column(name="operator"),
            Column(name="pattern"),
            Column(name="accounts", unit=Unit.COUNT),
            Column(name="found", unit=Unit.SHARE),
            Column(name="grouped", unit=Unit.SHARE),
            Column(name="recall", unit=Unit.SHARE),
            Column(name="precision", unit=Unit.SHARE),
            Column(name="yield before action", unit=Unit.SHARE),
            Column(name="cost of a useful answer", unit=Unit.NUMBER),
        ),
        rows=tuple(rows),
        caption=f"{GROUPED} Yield: the share of its distinct answers that the campaign had when a nightly run first named its accounts.",
    )


def _mean(values: Sequence[float | None]) -> float | None:
    known = [value for value in values if value is not None]
    return sum(known) / len(known) if known else None
