"""docs/benchmarks/gateway-loop.md, drawn from the figures in gateway-loop.json."""

from __future__ import annotations

import statistics
from collections.abc import Iterator
from typing import Any

from bars import bars_of
from gateway_loop_world import DEMO
from gateway_students import students_drawn, students_told
from gateway_verify import verify_told

from stillwatch.range.campaigns import PROFILES, SCENARIOS
from stillwatch.stats import clopper_pearson

__all__ = ["files", "rates"]

SILENT = frozenset(name for name, one in {**PROFILES, **SCENARIOS}.items() if not one.accounts.value)
"""Campaigns of which no request reaches the provider."""

SHARED = (
    "",
    (
        "Each world is a few days: ordinary customers, the ten lookalikes of the demo in proportion, and one campaign, shrunk to the size given below. Requests pass the "
        "gateway's own reading, policy (the one that ships), editing and capture one by one; the capture is scanned every few hours by the pipeline, which publishes "
        "the standing that the gateway follows. Nobody has cleared any account beforehand. A campaign that does not react loses what is refused. One that reacts reads status and headers: after the first "
        "answer that says anything was done it leaves the account, goes on from a new one (card, device, mail, address) ten minutes later at half the rate, "
        "and wraps every request anew; it may buy twice as many accounts as it began with."
    ),
    "",
    (
        "**Before action**: distinct answers that an account got before it was first touched (clamped or harder); of one that reacts, new accounts count as untouched until they are. "
        "**In all**: all distinct answers, also those that came through within limits. Shares are of what the campaign wanted in these days and would have had without a gateway."
    ),
)


def files(found: dict[str, Any]) -> dict[str, str]:
    """The page, by file name."""
    drawn = (
        {"gateway-loop-students.svg": students_drawn(found["raw"]["students"], found["raw"].get("zoo"))}
        if "students" in found["raw"]
        else {}
    )
    return {"gateway-loop.md": page(found), **drawn}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    lines = ["# The range in the loop of the gateway", "", *bars_of(found, "bench/gateway_loop.py", before=SHARED)]
    raw = found["raw"]
    worlds = raw.get("day", {}).get("worlds", [])
    lines += _overview(worlds) if worlds else ()
    for desk, title in ((False, "The machine alone"), (True, "With an analyst who asks findings to verify themselves")):
        some = [one for one in worlds if one["desk"] is desk]
        if some:
            ran = _ran(some)
            lines += ["", f"## {title}", *_size(ran), *_campaigns(some), *_harm(ran), *_verified(ran)]
    if "students" in raw:
        lines += students_told(raw["students"], raw.get("zoo"))
    if "verify" in raw:
        lines += verify_told(raw["verify"])
    if "http" in raw:
        lines += _http(raw["http"])
    return "\n".join(lines) + "\n"


WAYS = (
    ("machine alone", False, False),
    ("machine alone, reacts", False, True),
    ("with an analyst", True, False),
    ("with an analyst, reacts", True, True),
)
"""(title, whether an analyst decides, whether the operator reacts) of the columns of the overview."""


def _overview(worlds: list[dict[str, Any]]) -> Iterator[str]:
    """A row a campaign of the range, whether or not it was run."""
    yield from (
        "",
        "## Every campaign of the range",
        "",
        (
            "Yield before action, and in all, of what the campaign wanted; medians where several seeds were run. *Not run* is not known, and nothing else. Where nothing was done to a campaign its operator has nothing to react to, and that world is "
            "not run again (=). Customers touched are requests of benign accounts, clamp or harder, over all worlds of the row."
        ),
        "",
        f"| campaign | {' | '.join(title for title, _, _ in WAYS)} | customers touched |",
        f"|---|{'---|' * len(WAYS)}---|",
    )
    for name in (*DEMO, *PROFILES, *SCENARIOS):
        own = [one for one in worlds if one["campaign"] == name]
        if name in SILENT:
            yield f"| {name} | nothing of it passes a gateway: transcripts are bought elsewhere |{' |' * len(WAYS)}"
            continue
        cells = [
            _cell([one for one in own if (one["desk"], one["adaptive"]) == (desk, reacts)]) for _, desk, reacts in WAYS
        ]
        counts = [group for one in _ran(own) for kind, group in one["groups"].items() if kind != "campaign"]
        harm = f"{sum(one['touched'] for one in counts):,} of {sum(one['requests'] for one in counts):,}" if own else ""
        yield f"| {name} | {' | '.join(cells)} | {harm} |"


def _cell(some: list[dict[str, Any]]) -> str:
    wanting = [one for one in some if one["wanted"]]
    if not wanting:
        return "wants nothing" if some else "not run"
    before, whole = (
        statistics.median(one[kind] / one["wanted"] for one in wanting) for kind in ("before_action", "obtained")
    )
    mark = "= " if all(one.get("nothing_to_react_to") for one in wanting) else ""
    return f"{mark}{before:.0%}, {whole:.0%}"


def _ran(worlds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """The worlds that were run: without those that are another one again."""
    return [one for one in worlds if not one.get("nothing_to_react_to")]


def rates(worlds: list[dict[str, Any]]) -> tuple[float, float]:
    """(share of requests of benign accounts that were touched, that were refused)."""
    counts = [group for one in _ran(worlds) for name, group in one["groups"].items() if name != "campaign"]
    total = max(1, sum(one["requests"] for one in counts))
    return round(sum(one["touched"] for one in counts) / total, 6), round(
        sum(one["refused"] for one in counts) / total, 6
    )


def _size(worlds: list[dict[str, Any]]) -> Iterator[str]:
    size = worlds[0]["size"]
    seeds = ", ".join(map(str, sorted({one["seed"] for one in worlds})))
    commits = ", ".join(dict.fromkeys(one["commit"] for one in worlds))
    yield from (
        "",
        (
            f"{len(worlds)} worlds; seeds {seeds}; {size.get('days', 1)} days, {size['accounts']:,} ordinary accounts with {size['exchanges']:,} requests, campaigns of at most {size['crew']} accounts and "
            f"{size['most']:,} requests, a scan every {size['every']} hours; measured at {commits}. CPU a world: {round(sum(one['cpu_s'] for one in worlds) / len(worlds))} s."
        ),
    )


def _campaigns(worlds: list[dict[str, Any]]) -> Iterator[str]:
    yield from (
        "",
        "| campaign | seed | reacts | wanted | before action | in all | hours to the first action | accounts | touched | bought | what was done |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    )
    for one in sorted(worlds, key=lambda one: (one["campaign"], one["adaptive"], one["seed"])):
        own = one["groups"].get("campaign", {"touched_accounts": 0, "accounts": 0})
        hours = "never" if one["hours_to_action"] is None else one["hours_to_action"]
        done = ", ".join(f"{name} {count:,}" for name, count in one["codes"].items()) or "nothing"
        yield (
            f"| {one['campaign']} | {one['seed']} | {_reacts(one)} | {one['wanted']:,} | {_share(one['before_action'], one['wanted'])} | "
            f"{_share(one['obtained'], one['wanted'])} | {hours} | {own['accounts']:,} | {own['touched_accounts']:,} | {one['bought']:,} | {done} |"
        )


def _reacts(one: dict[str, Any]) -> str:
    if one.get("nothing_to_react_to"):
        return "nothing to react to"
    return "yes" if one["adaptive"] else "no"


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.0%}" if whole else "-"


def _harm(worlds: list[dict[str, Any]]) -> Iterator[str]:
    groups: dict[str, dict[str, int]] = {}
    for one in worlds:
        for name, counts in one["groups"].items():
            into = groups.setdefault(name, dict.fromkeys(counts, 0))
            for kind, count in counts.items():
                into[kind] += count
    groups.pop("campaign", None)
    yield from ("", "What customers met, summed over these worlds (touched: a clamp or harder; the interval is of the share of accounts, 95 %):", "",
                "| population | accounts | touched | share, interval | requests | touched | refused |", "|---|---|---|---|---|---|---|")  # fmt: skip
    for name, of in sorted(groups.items(), key=lambda pair: (-pair[1]["touched"], pair[0])):
        rate = clopper_pearson(of["touched_accounts"], of["accounts"])
        yield f"| {name} | {of['accounts']:,} | {of['touched_accounts']:,} | {rate.value:.2%}, {rate.low:.2%} to {rate.high:.2%} | {of['requests']:,} | {of['touched']:,} | {of['refused']:,} |"


def _verified(worlds: list[dict[str, Any]]) -> Iterator[str]:
    groups: dict[str, list[int]] = {}
    for one in worlds:
        for name, counts in one["verified"].items():
            into = groups.setdefault(name, [0, 0])
            into[0] += counts["asked"]
            into[1] += counts["passed"]
    if not worlds[0]["desk"]:
        return
    yield from ("", ("Checks of identity that accounts met and answered. Whether a customer passes is assumed, by what had been checked before: organisation 0.99, payment 0.97, phone 0.95, email 0.9, nothing 0.8; of a "
                "campaign's accounts 0.1 pass with somebody else's papers. So the rates say which populations are asked and how they differ, not how well a real check works."), "")  # fmt: skip
    if not groups:
        yield "Nobody was asked."
        return
    yield from ("| population | asked | passed | rate, 95 % interval |", "|---|---|---|---|")
    for name, (asked, passed) in sorted(groups.items()):
        rate = clopper_pearson(passed, asked)
        yield f"| {name} | {asked:,} | {passed:,} | {rate.value:.1%}, {rate.low:.1%} to {rate.high:.1%} |"


def _http(told: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## The loop's door and the real gateway", "")
    yield (
        f"{told['requests']:,} requests of seed {told['seed']} went over HTTP through `Gateway` on uvicorn to a model API on a port of its own, and again, at the moments that the gateway had noted, through the "
        f"door that the loop uses. Statuses: {', '.join(f'{name} {count:,}' for name, count in told['statuses'].items())}. Differences in status, in our headers or in the body that reached the model: {told['differences']}."
    )
