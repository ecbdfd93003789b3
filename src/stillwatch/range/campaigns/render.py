"""One generator for every campaign: accounts and rates as described, the window as long as there is room for."""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.cover import conversations
from stillwatch.range.campaigns.crew import hire, nobody
from stillwatch.range.campaigns.families import FAMILIES, NUMBERS, write
from stillwatch.range.campaigns.plan import HOUR, Plan, Requests, no_requests
from stillwatch.range.campaigns.profile import CampaignProfile, Conduct, Phase, Rhythm
from stillwatch.range.campaigns.swap import swap_banned
from stillwatch.range.ground import Ground, Ints, Reply
from stillwatch.range.purpose import Purpose
from stillwatch.range.splits import Fold

__all__ = ["hours_for", "parts_of", "render"]

_CLOCKS = {Rhythm.USERS: "evening", Rhythm.OFFICE: "office"}


def hours_for(profile: CampaignProfile, *, scale: float = 1.0, most: int) -> float:
    """The longest window in hours that keeps accounts and rates and holds at most so many requests of the campaign.

    Room for cover traffic is counted in.
    """
    daily = max(1.0, profile.daily * scale) / (1.0 - profile.cover)
    return min(24.0 * profile.days.value, 24.0 * most / daily)


def parts_of(total: int, shares: tuple[tuple[str, float], ...]) -> dict[str, int]:
    """Whole numbers in given shares that sum to `total`: each its floor, what is left to the largest remainders.

    >>> parts_of(10, (("a", 1.0), ("b", 1.0), ("c", 1.0)))
    {'a': 4, 'b': 3, 'c': 3}
    """
    weights = np.array([share for _, share in shares], float)
    exact = weights / weights.sum() * total
    whole = np.floor(exact).astype(int)
    for k in np.argsort(-(exact - whole), kind="stable")[: total - int(whole.sum())].tolist():
        whole[k] += 1
    return {name: int(n) for (name, _), n in zip(shares, whole, strict=True)}


def render(
    profile: CampaignProfile,
    ground: Ground,
    rng: np.random.Generator,
    *,
    scale: float = 1.0,
    hours: float | None = None,
    start: int = 0,
    fold: Fold = Fold.DEVELOP,
    most: int | None = None,
) -> Plan:
    """Render a campaign as a plan.

    The window is the whole of the ground's days from `start` on, or `hours`. `scale` shrinks the number of accounts, never the rate of
    one; `hours` and `most` (requests, cover counted in) shorten the window. The
    phases of a campaign keep their shares of it.

    Raises:
        Error: if scale or hours are not positive, or nothing would be sent.
    """
    hours = (ground.horizon - start) / HOUR if hours is None else hours
    for name, value in (("scale", scale), ("hours", hours)):
        if not value > 0:
            raise Error(f"{name}: got {value}, expected over 0")
    if profile.conduct == Conduct.PURCHASE:
        return Plan(
            name=profile.key, crew=nobody(), rows=no_requests(), infrastructure=profile.infrastructure, hours=hours, start=start,
            notes=profile.notes,
        )  # fmt: skip
    window = min(hours, 24.0 * profile.days.value)
    if most is not None:
        window = min(window, hours_for(profile, scale=scale, most=most))
    size = max(1, round(profile.accounts.value * scale))
    total = round(size * profile.rate.value * window / 24.0)
    if not total:
        raise Error(
            f"{profile.key}: got {size} accounts at {profile.rate.value:g} requests a day for {window:.2f} hours, which is no request; "
            "expected at least one: render more accounts or more hours"
        )
    streams = rng.spawn(4)
    crew = hire(profile.infrastructure, streams[0], size, group=profile.key)
    shares = {guest.name: guest.share for guest in profile.guests}
    sizes = parts_of(size, ((profile.key, 1.0 - sum(shares.values())), *((n, s) for n, s in shares.items())))
    volumes = parts_of(total, tuple((n, float(k)) for n, k in sizes.items()))
    rows, first = no_requests(), 0
    for name, own in sizes.items():
        phases = profile.phases
        if name in shares:
            mix = next(guest.mix for guest in profile.guests if guest.name == name)
            phases = (Phase(hours=1.0, volume=1.0, mix=mix),)
            crew.group[first : first + own] = [f"{profile.key}/{name}"] * own
        made = _phases(
            profile, phases, ground, streams[1], volumes[name], zone=crew.zone[first : first + own], window=window, start=start, fold=fold
        )  # fmt: skip
        rows = rows.join(replace(made, who=made.who + first))
        first += own
    plan = Plan(
        name=profile.key, crew=crew, rows=rows, infrastructure=profile.infrastructure, hours=window, start=start, fold=fold,
        notes=(*profile.notes, *profile.assumptions(), _shortened(profile, window, size)),
    )  # fmt: skip
    plan = plan.used()
    if profile.conduct != Conduct.HARVEST:
        purpose = Purpose.BYSTANDER if profile.conduct == Conduct.RELAY else Purpose.COVER
        plan = plan.but(purpose=np.full(len(plan), int(purpose)))
    if profile.cover:
        counts = np.round(plan.loads() * profile.cover / (1.0 - profile.cover)).astype(np.int64)
        plan = plan.but(
            rows=plan.rows.join(
                conversations(
                    ground, streams[2], counts, zone=plan.crew.zone, fold=fold, start=start, hours=window, purpose=Purpose.BYSTANDER
                )
            )
        )  # fmt: skip
    if profile.pivot:
        plan = _pivot(plan, streams[3], profile.pivot, ground.launch)
    if profile.ban is not None:
        at = start + round(profile.ban * window * HOUR)
        everybody = np.arange(len(plan.crew))
        plan = swap_banned(
            plan, streams[3], everybody, at=at, lag_hours=profile.lag * window / 24.0, keeps=profile.keeps
        )
    return plan


def _phases(
    profile: CampaignProfile,
    phases: tuple[Phase, ...],
    ground: Ground,
    rng: np.random.Generator,
    total: int,
    *,
    zone: Ints,
    window: float,
    start: int,
    fold: Fold,
) -> Requests:
    volumes = parts_of(total, tuple((str(k), phase.volume) for k, phase in enumerate(phases)))
    rows, begin = no_requests(), float(start)
    found = np.zeros(0, np.int64)
    for k, phase in enumerate(phases):
        length = phase.hours * window * HOUR
        made = no_requests()
        for key, n in parts_of(volumes[str(k)], phase.mix).items():
            if n:
                taken = np.concatenate([rows.text, made.text])
                made = made.join(write(FAMILIES[NUMBERS[key]], ground, rng, n, fold, NUMBERS[key], taken))
        made, won = _searched(made, ground, rng, fold, profile.winners)
        if len(found):
            elicits = np.isin(made.family, [NUMBERS["pretext"], NUMBERS["write_out"], NUMBERS["replay"]])
            made = replace(made, frame=np.where(elicits, found[rng.integers(0, len(found), len(made))], made.frame))
        found = won if len(won) else found
        made = made.take(rng.permutation(len(made)))
        rows = rows.join(
            _timed(profile, ground, rng, made, zone=zone, begin=round(begin), length=max(1, round(length)))
        )
        begin += length
    return rows


def _searched(
    rows: Requests, ground: Ground, rng: np.random.Generator, fold: Fold, winners: int
) -> tuple[Requests, Ints]:
    """Give each request of a search a technique of its own; a few succeed, and their frames are handed back."""
    tries = np.flatnonzero(rows.family == NUMBERS["search"])
    if not len(tries):
        return rows, np.zeros(0, np.int64)
    wording = FAMILIES[NUMBERS["search"]].wordings[fold]
    made: dict[str, None] = {}
    while len(made) < len(tries):
        made.update(dict.fromkeys(wording.reworded(rng, len(tries) - len(made), loose=0.15)))
    frame, reply, tokens = rows.frame.copy(), rows.reply.copy(), rows.tokens_out.copy()
    frame[tries] = ground.frames.numbers(list(made))
    won = rng.choice(tries, min(winners, len(tries)), replace=False)
    reply[won], tokens[won] = int(Reply.TAGGED), 400
    return replace(rows, frame=frame, reply=reply, tokens_out=tokens), frame[won]


def _timed(
    profile: CampaignProfile,
    ground: Ground,
    rng: np.random.Generator,
    rows: Requests,
    *,
    zone: Ints,
    begin: int,
    length: int,
) -> Requests:
    """Deal requests to accounts, round and round or by unequal loads, and give them times within one phase."""
    size, people = len(rows), len(zone)
    if profile.spread:
        weight = rng.lognormal(0.0, profile.spread, people)
        who = rng.choice(people, size, p=weight / weight.sum())
    else:
        who = rng.permutation(people)[np.arange(size) % people]
    if profile.rhythm == Rhythm.QUEUE:
        at = begin + np.sort(rng.integers(0, length, size))
    else:
        clock = ground.clock.times(rng, _CLOCKS[profile.rhythm], zone[who])
        days = max(1, round(length / (24 * HOUR)))
        at = begin + (clock - begin + rng.integers(0, days, size) * 24 * HOUR) % length
    return replace(rows, who=who.astype(np.int64), at=at.astype(np.int64))


def _pivot(plan: Plan, rng: np.random.Generator, share: float, launch: int) -> Plan:
    """Move a share of the traffic to the newest model from its launch on."""
    moved = (plan.rows.at >= launch) & (rng.random(len(plan)) < share)
    return plan.but(model=np.where(moved, 2, plan.rows.model))


def _shortened(profile: CampaignProfile, window: float, size: int) -> str:
    return (
        f"rendered: {size} of {profile.accounts.value:g} accounts, {window:.1f} of {24 * profile.days.value:g} hours, at the rate of "
        f"the source"
    )
