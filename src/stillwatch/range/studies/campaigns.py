"""Every campaign of the public record and every scenario, one at a time: which are found, and which are only grouped."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from stillwatch.core import Estimate
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct
from stillwatch.range.campaigns.profiles import PROFILES, SCENARIOS
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.dials import campaign_of
from stillwatch.range.studies.figures import GLANCE, GROUPED, OVER_SEEDS, OVER_WORLDS, false_accusations, world_table
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import Seen
from stillwatch.range.studies.tally import catch, false_discoveries, found_rate, mean_by_seed, mean_of
from stillwatch.range.studies.work import Task, Worked, work_off
from stillwatch.range.studies.yields import middling, yield_sentence, yields

__all__ = ["MOST_REQUESTS", "campaign_tasks", "everything", "studied", "study"]

MOST_REQUESTS = 60_000
"""Requests of a campaign at most; in a world of fewer exchanges, as many as its customers send."""
_SHARE = 0.25
"""A campaign may have a quarter as many accounts as the world at most; beyond that fewer of its accounts are rendered, at its own rate."""


def everything() -> dict[str, CampaignProfile]:
    """Every campaign by name: those of the record, then the scenarios."""
    return {**PROFILES, **SCENARIOS}


def campaign_tasks(order: Order) -> list[Task]:
    """Every campaign that meets the provider, in every world. The leave-one-out study asks for the same worlds."""
    tasks = []
    for name, profile in everything().items():
        accounts = max(1.0, profile.accounts.value)
        scale = min(1.0, _SHARE * order.size.accounts / accounts)
        most = min(MOST_REQUESTS, order.size.exchanges)
        campaign = campaign_of(profile, fold=order.fold, scale=scale, most=most)
        tasks += [Task(at=("campaign", name), seed=seed, campaign=campaign, nightly=True) for seed in order.seeds]
    return tasks


def studied(worked: Worked) -> dict[str, list[Seen]]:
    """The worlds of each campaign that sent anything at all."""
    return {
        str(at[1]): worlds
        for at, worlds in worked.worlds.items()
        if at[0] == "campaign" and any(s.actors for s in worlds)
    }


def study(order: Order) -> Result:
    """Look for every campaign in every world."""
    worked = work_off(order, campaign_tasks(order))
    profiles = everything()
    seen = studied(worked)
    harvests = {name: worlds for name, worlds in seen.items() if profiles[name].conduct == Conduct.HARVEST}
    others = {name: worlds for name, worlds in seen.items() if name not in harvests}
    unseen = [name for name in profiles if name not in seen]
    realised = false_discoveries(worked.all)
    return recorded(
        order,
        title="Campaigns: which are found",
        question="Which of the campaigns that were reported, and which ways of harvesting, does the detector find in days of traffic?",
        answer=(
            _sentence(harvests),
            yield_sentence(harvests, order.seed),
            _false(realised, order),
            f"Never in the logs, and so never found: {', '.join(unseen)}."
            if unseen
            else "Every campaign left something in the logs.",
        ),
        sections=(
            Section(title=GLANCE, figures=(_glance(harvests, realised), *middling(harvests))),
            Section(
                title="Found or not",
                lead="Each campaign alone among ordinary customers, at the rate an account that its discoverer described.",
                figures=(_bars(harvests), _table(harvests, profiles)),
            ),
            Section(
                title="Yield before action",
                lead="What each campaign had obtained of its distinct answers when it was stopped, if the detector looks every night and "
                "everybody in a group put up for review is stopped at that midnight. It cannot be less with a nightly run.",
                figures=yields(harvests),
            ),
            *_no_harvest(others, profiles),
            Section(title="The innocent in these worlds", figures=(false_accusations(worked.all),)),
            Section(title="What was reported, and by whom", figures=(_record(profiles),)),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            "Profiles render allegations of interested parties; no raw telemetry of any campaign was published.",
            f"{order.size.days} days at most of campaigns that ran for weeks; of larger ones fewer accounts at the same rate.",
        ),
    )


def _glance(harvests: Mapping[str, Sequence[Seen]], realised: Estimate) -> Bars:
    told = [(s.seed, _caught(s, name)) for name, worlds in harvests.items() for s in worlds]
    return Bars(
        title="Found, and wrongly found",
        bars=(
            bar_of(f"campaigns that harvest and are found, of {len(harvests)}", mean_by_seed(told), ours=True),
            bar_of("false groups among those put up for review", realised, ours=True),
        ),
        interval=OVER_SEEDS,
        prominent=True,
    )


def _false(realised: Estimate, order: Order) -> str:
    return (
        f"False groups were {realised.value:.1%} of those put up for review on average (95 % interval {realised.low:.1%} to "
        f"{realised.high:.1%}); the nominal rate is {order.settings.actors.actor_fdr:.0%}."
    )


def _no_harvest(others: Mapping[str, Sequence[Seen]], profiles: Mapping[str, CampaignProfile]) -> tuple[Section, ...]:
    if not others:
        return ()
    lead = (
        "Relays and waves of sign-ups: conduct that was reported but takes nothing by itself. What is put up for review here may be right "
        "by a contract and is no evidence of distillation."
    )
    return (Section(title="What is no harvest", lead=lead, figures=(_table(others, profiles),)),)


def _sentence(harvests: Mapping[str, Sequence[Seen]]) -> str:
    rates = {name: mean_of([_caught(s, name) for s in worlds]).value for name, worlds in harvests.items()}
    found = [name for name, rate in rates.items() if rate >= 0.5]
    missed = [name for name in rates if name not in found]
    told = f"{len(found)} of {len(rates)} campaigns that harvest were found in half of the worlds or more"
    told += f": {', '.join(found)}" if found else ""
    return told + (f". Missed: {', '.join(missed)}." if missed else ".")


def _caught(seen: Seen, name: str) -> float:
    """Whether any operator of the campaign was found."""
    return float(any(catch(seen, actor).found for actor in seen.actors if actor.split("/")[0] == name))


def _bars(worlds: Mapping[str, Sequence[Seen]]) -> Bars:
    return Bars(
        title="Worlds in which the campaign was found",
        bars=tuple(bar_of(name, found_rate(seen, name), ours=True) for name, seen in worlds.items()),
        interval=OVER_WORLDS,
    )


def _table(worlds: Mapping[str, Sequence[Seen]], profiles: Mapping[str, CampaignProfile]) -> Table:
    rows: list[tuple[Cell, ...]] = []
    for name, seen in worlds.items():
        for actor in dict.fromkeys(a for s in seen for a in s.actors):
            caught = [catch(s, actor) for s in seen]
            pure = [one.precision for one in caught if one.precision is not None]
            rows.append(
                (
                    actor,
                    profiles[name].says.split(":")[0].split(";")[0],
                    round(sum(one.accounts for one in caught) / len(caught)),
                    round(sum(s.sent for s in seen) / len(seen)),
                    sum(one.found for one in caught) / len(caught),
                    sum(one.grouped for one in caught) / len(caught),
                    sum(one.recall for one in caught) / len(caught),
                    sum(pure) / len(pure) if pure else None,
                )
            )
    return Table(
        title="Means over worlds",
        columns=(
            Column(name="operator"),
            Column(name="what was reported"),
            Column(name="accounts", unit=Unit.COUNT),
            Column(name="requests", unit=Unit.COUNT),
            Column(name="found", unit=Unit.SHARE),
            Column(name="grouped", unit=Unit.SHARE),
            Column(name="recall", unit=Unit.SHARE),
            Column(name="precision", unit=Unit.SHARE),
        ),
        rows=tuple(rows),
        caption=GROUPED,
    )


def _record(profiles: Mapping[str, CampaignProfile]) -> Table:
    return Table(
        title="Sources of the profiles",
        columns=(Column(name="campaign"), Column(name="alleged"), Column(name="source"), Column(name="assumed by us")),
        rows=tuple(
            (name, one.alleged, one.source, "; ".join(one.assumptions()) or "nothing") for name, one in profiles.items()
        ),
    )
