"""The range in the loop: campaigns run against the gateway while scans make the standing, and what they still get is counted.

    python bench/gateway_loop.py day [--seeds 1 2] [--campaigns NAME ...] [--adaptive NAME ...] [--desk]     the loop
    python bench/gateway_loop.py students [--seeds 1 2 3]                 what a student learns within each extraction budget
    python bench/gateway_loop.py zoo [--seeds 1 2 3]                      the same with small transformers (needs the extra zoo)
    python bench/gateway_loop.py verify [--seeds 1 2 3]                   who would pass a check of identity, by population
    python bench/gateway_loop.py http [--seeds 1]                         some of a day through a real gateway, held against the loop's door
    python bench/gateway_loop.py page                                     draw the page anew, nothing is measured

Days of the range come request by request. Each passes the gateway's own reading, policy, editing and capture; every `--every` hours the
capture is scanned and the standing published, and the gateway follows it. `day` keeps what it has measured, a campaign and seed at a
time, so an interrupted run goes on. A world takes about a minute of CPU; one whose operator could react, but to whom nothing was done
without that, is the one without that and is not run again.
"""

from __future__ import annotations

import argparse
import datetime as dt
import hashlib
import json
import resource
import shutil
import tempfile
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow.csv
from figures import COMMIT, ROOT, Figures, bar, keep, redraw
from gateway_loop_desk import Analyst, Checks
from gateway_loop_door import Call, Door, Met
from gateway_loop_page import SILENT, files, rates
from gateway_loop_world import DEMO, EPOCH, Campaign, Traffic

from stillwatch.core import Settings
from stillwatch.core.settings import RunSettings
from stillwatch.engine import Workspace
from stillwatch.pipeline import Inputs, scan, standing_file
from stillwatch.policy import Step
from stillwatch.range.campaigns import PROFILES, SCENARIOS
from stillwatch.range.launches import write_releases

ALL = tuple(name for name in (*DEMO, *PROFILES, *SCENARIOS) if name not in SILENT)
POLICY = ROOT / "src" / "stillwatch" / "policy" / "default.toml"
NOT_COUNTED = {"accounts": 0, "requests": 0, "touched_accounts": 0, "touched": 0, "refused": 0}


@dataclass
class Tally:
    """What the loop counts while it runs."""

    touched_at: dict[str, float] = field(default_factory=dict)
    seen: dict[str, Counter[str]] = field(default_factory=dict)
    before: set[tuple[int, int]] = field(default_factory=set)
    got: set[tuple[int, int]] = field(default_factory=set)
    first: float | None = None
    codes: Counter[str] = field(default_factory=Counter)

    def add(self, call: Call, met: Met, item: tuple[int, int] | None, *, guilty: bool) -> None:
        """Count one answer."""
        own = self.seen.setdefault(call.account, Counter())
        own["requests"] += 1
        touched = met.step >= Step.CLAMP
        own["touched"] += touched
        own["refused"] += met.status in (403, 429) and not met.answered and met.step >= Step.CLAMP
        if touched:
            self.touched_at.setdefault(call.account, call.at)
            self.codes[f"{met.step.name.lower()}/{met.code}"] += 1
        if guilty:
            self.first = call.at if self.first is None else self.first
            if met.answered and item is not None:
                self.got.add(item)
                if call.account not in self.touched_at:
                    self.before.add(item)


def some_days(
    seed: int,
    campaign: Campaign,
    *,
    every: int,
    days: int,
    accounts: int,
    exchanges: int,
    crew: int,
    most: int,
    desk: bool,
) -> dict[str, Any]:
    """Run one campaign against the gateway for some days; the counts."""
    begun = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    traffic = Traffic(seed, campaign, accounts=accounts, exchanges=exchanges, crew=crew, most=most, days=days)
    tally = Tally()
    folder = Path(tempfile.mkdtemp(prefix="gateway-loop-"))
    try:
        checks, held = _play(traffic, tally, folder, seed=seed, hours=range(every, 24 * days + 1, every), desk=desk)
    finally:
        shutil.rmtree(folder)
    ended = resource.getrusage(resource.RUSAGE_SELF), resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = sum(b.ru_utime + b.ru_stime - a.ru_utime - a.ru_stime for a, b in zip(begun, ended, strict=True))
    return _told(traffic, tally, checks, held) | {"campaign": campaign.name, "adaptive": campaign.adaptive, "desk": desk, "seed": seed,
        "cpu_s": round(cpu), "commit": COMMIT}  # fmt: skip


def _play(traffic: Traffic, tally: Tally, folder: Path, *, seed: int, hours: range, desk: bool) -> tuple[Checks, int]:
    workspace, settings = _workspace(folder / "ws", seed), Settings(run=RunSettings(workers=1))
    facts, releases = folder / "accounts.csv", folder / "releases.csv"
    write_releases(traffic.world.launched, releases)
    door = Door(workspace, POLICY, standing_file(workspace))
    analyst = Analyst(workspace, settings) if desk else None
    known = {
        row["account"]: row["verification"] for row in traffic.facts().select(["account", "verification"]).to_pylist()
    }
    checks = Checks(known, lambda name: _guilty(traffic, name), np.random.default_rng([seed, 11]))
    held = 0
    for hour in hours:
        now = EPOCH + hour * 3600
        for row, call in traffic.until(now):
            met = door.serve(call)
            guilty = _guilty(traffic, call.account)
            tally.add(call, met, traffic.item(row) if guilty else None, guilty=guilty)
            if met.code == "verification_required":
                checks.ask(call.account)
            if guilty:
                traffic.back(row, call, met)
        if hour == hours[-1]:
            break
        door.close()
        pyarrow.csv.write_csv(traffic.facts(), facts)
        at = dt.datetime.fromtimestamp(now, dt.UTC)
        print(
            f"  {hour:02d} h {sum(one['requests'] for one in tally.seen.values()):,} requests, {len(tally.touched_at):,} accounts touched",
            flush=True,
        )
        view = scan(
            workspace, Inputs(logs=[workspace.root / "inbox"], accounts=facts, releases=releases), settings, now=at
        ).view
        if analyst is not None:
            held = analyst.look(view, checks.passed, now=at)
        door.watched.refresh()
    return checks, held


def _workspace(root: Path, seed: int) -> Workspace:
    """A workspace whose key is the seed's, so that the same seed gives the same figures."""
    (root / "keys").mkdir(parents=True)
    (root / "keys" / "pseudonym.key").write_text(hashlib.sha256(f"loop {seed}".encode()).hexdigest() + "\n")
    return Workspace(root)


def _guilty(traffic: Traffic, account: str) -> bool:
    return traffic.truth.get(account, ("actor", ""))[0] == "actor"


def _told(traffic: Traffic, tally: Tally, checks: Checks, held: int) -> dict[str, Any]:
    wanted = traffic.items()
    groups: dict[str, dict[str, int]] = {}
    for account, counts in tally.seen.items():
        role, group = traffic.truth.get(account, ("actor", "bought"))
        name = "campaign" if role == "actor" else f"lookalike: {group}" if role == "lookalike" else f"ordinary: {group}"
        into = groups.setdefault(name, dict(NOT_COUNTED))
        into["accounts"] += 1
        into["touched_accounts"] += counts["touched"] > 0
        for kind in ("requests", "touched", "refused"):
            into[kind] += counts[kind]
    verified: dict[str, dict[str, int]] = {}
    for account, passes in checks.asked.items():
        role, group = traffic.truth.get(account, ("actor", "bought"))
        into = verified.setdefault("campaign" if role == "actor" else f"{role}: {group}", {"asked": 0, "passed": 0})
        into["asked"] += 1
        into["passed"] += passes
    acted = [at for account, at in tally.touched_at.items() if _guilty(traffic, account)]
    return {
        "wanted": len(wanted),
        "before_action": len(tally.before & wanted),
        "obtained": len(tally.got & wanted),
        "crew": traffic.crew,
        "bought": len(traffic.operator.bought),
        "hours_to_action": round(float(min(acted) - tally.first) / 3600, 2)
        if acted and tally.first is not None
        else None,
        "groups": dict(sorted(groups.items())),
        "verified": dict(sorted(verified.items())),
        "held": held,
        "codes": dict(sorted(tally.codes.items())),
    }


def day(chosen: argparse.Namespace) -> Figures:
    """Every campaign and seed that was asked for and is not measured yet; each is kept as soon as it is done."""
    path = chosen.out / "gateway-loop.json"
    kept = json.loads(path.read_text())["raw"].get("day", {"worlds": []})["worlds"] if path.exists() else []
    size = {
        "accounts": chosen.accounts,
        "exchanges": chosen.exchanges,
        "crew": chosen.crew,
        "most": chosen.most,
        "every": chosen.every,
        "days": chosen.days,
    }
    kept = [one for one in kept if one["size"] == size and (not chosen.anew or one["commit"] == COMMIT)]
    jobs = [Campaign(name=name) for name in chosen.campaigns] + [
        Campaign(name=name, adaptive=True) for name in chosen.adaptive
    ]
    done = {(one["campaign"], one["adaptive"], one["desk"], one["seed"]) for one in kept}
    for seed in chosen.seeds:
        for job in jobs:
            if (job.name, job.adaptive, chosen.desk, seed) in done:
                continue
            found = _as_the_other(job, kept, desk=chosen.desk, seed=seed)
            if found is None:
                found = some_days(seed, job, desk=chosen.desk, **size) | {"size": size}
            kept.append(found)
            print(
                job.label,
                seed,
                {
                    k: found[k]
                    for k in ("wanted", "before_action", "obtained", "bought", "hours_to_action", "codes", "cpu_s")
                },
                flush=True,
            )
            keep(chosen.out, "gateway-loop", "day", (_bars(kept), {"worlds": kept}), files)
    return _bars(kept), {"worlds": kept}


def _as_the_other(job: Campaign, kept: list[dict[str, Any]], *, desk: bool, seed: int) -> dict[str, Any] | None:
    """The world of a campaign whose operator reacts, where nothing was done to the one whose does not: there is nothing to react to."""
    if not job.adaptive:
        return None
    for one in kept:
        same = (one["campaign"], one["adaptive"], one["desk"], one["seed"]) == (job.name, False, desk, seed)
        if same and not one["groups"].get("campaign", NOT_COUNTED)["touched"]:
            return {**one, "adaptive": True, "nothing_to_react_to": True, "cpu_s": 0}
    return None


def _bars(worlds: list[dict[str, Any]]) -> list[dict[str, Any]]:
    made = []
    for desk in (False, True):
        some = [one for one in worlds if one["desk"] is desk]
        if some:
            who = "machine and desk" if desk else "machine alone"
            plain = [one for one in some if not one["adaptive"] and one["wanted"]]
            reacting = [one for one in some if one["adaptive"] and one["wanted"]]
            for label, chosen in (("", plain), (", operators who react", reacting)):
                if chosen:
                    share = float(np.median([one["before_action"] / one["wanted"] for one in chosen]))
                    made.append(
                        bar(
                            f"Yield before action, median campaign of {len(chosen)}, {who}{label}",
                            round(share, 3),
                            "share",
                            "-",
                            None,
                        )
                    )
                    share = float(np.median([one["obtained"] / one["wanted"] for one in chosen]))
                    made.append(
                        bar(
                            f"Yield over all days, median campaign of {len(chosen)}, {who}{label}",
                            round(share, 3),
                            "share",
                            "-",
                            None,
                        )
                    )
            touched, refused = rates(some)
            made.append(
                bar(f"Requests of benign accounts touched (clamp or harder), {who}", touched, "share", "-", None)
            )
            made.append(bar(f"Requests of benign accounts refused, {who}", refused, "share", "-", None))
    return made


def main() -> None:
    """Measure one part and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=["day", "students", "zoo", "verify", "http", "page"])
    parser.add_argument("--seeds", type=int, nargs="+", default=[1])
    parser.add_argument("--campaigns", nargs="*", default=list(ALL), choices=ALL)
    parser.add_argument("--adaptive", nargs="*", default=list(ALL), choices=ALL)
    parser.add_argument(
        "--desk", action="store_true", help="an analyst asks whoever is put up for review to verify themselves"
    )
    parser.add_argument("--accounts", type=int, default=1500)
    parser.add_argument("--exchanges", type=int, default=22_500, help="of ordinary customers, over all days")
    parser.add_argument("--days", type=int, default=2)
    parser.add_argument("--crew", type=int, default=375, help="accounts of a campaign at most")
    parser.add_argument("--most", type=int, default=22_500, help="requests of a campaign at most")
    parser.add_argument("--every", type=int, default=12, choices=[2, 3, 4, 6, 8, 12], help="hours between scans")
    parser.add_argument("--anew", action="store_true", help="measure again what was measured at another commit")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    if chosen.part == "page":
        redraw(chosen.out, "gateway-loop", files)
        return
    if chosen.part == "http":
        from gateway_loop_http import agree

        measured = agree(chosen.seeds)
    elif chosen.part == "students":
        from gateway_students import students

        measured = students(chosen.seeds)
    elif chosen.part == "zoo":
        from gateway_students_zoo import zoo

        measured = zoo(chosen.seeds)
    elif chosen.part == "verify":
        from gateway_verify import verify

        measured = verify(chosen.seeds, accounts=chosen.accounts, exchanges=chosen.exchanges)
    else:
        measured = day(chosen)
    keep(chosen.out, "gateway-loop", chosen.part, measured, files)


if __name__ == "__main__":
    main()
