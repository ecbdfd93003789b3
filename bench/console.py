"""What the console and the files of its cases promise, measured: pages, journals, tampering, kills, and every way against every role.

    python bench/console.py [pages] [journal] [changes] [kills] [ways] [--accounts 1000000] [--flagged 98000] [--changes 10000] [--kills 200]

`pages`: CPU time of the server for each page of an installation with a million accounts with a verdict and 100,000 findings, in this
process, through the whole application. `journal`: an append and a page over a short and over a long journal. `changes`: single bytes of
sealed files, stamped and redacted ones among them, and of journals, changed at random. `kills`: SIGKILL at random moments while a process appends and reports what was
acknowledged. `ways`: every route by every role, forms without their token, and what a scanner of web applications looks at first.
Figures go to docs/benchmarks/console.json, the page is drawn from them.
"""

from __future__ import annotations

import argparse
import json
import resource
import statistics
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

from bars import bars_of
from evidence import changed, journals, killed, sealed_files
from figures import ROOT, Figures, bar, keep

sys.path.insert(0, str(ROOT))

from tests.cases.desk import desk, entry, opening
from tests.cases.exhibits import AUDITOR, file
from tests.console.baseline import baseline_faults, given, role_faults
from tests.console.browser import Browser, house_in
from tests.console.world import account_of, actor_of, made

from stillwatch.cases import Desk, Verdict, add_exhibit, label, seal, verified
from stillwatch.cases import sealed_files as files_of
from stillwatch.console import House
from stillwatch.core import CaseError, TamperingFound, handle
from stillwatch.pipeline import case_opening

BAR = 200.0
"""Milliseconds that a page may take."""

SHORT, LONG = 200, 5_000
"""Records of the two journals that are held against each other."""


def pages(folder: Path, told: argparse.Namespace) -> Figures:
    """Make a large installation and look at its pages."""
    root = folder / "w"
    sizes = {name: getattr(told, name) for name in ("accounts", "flagged", "actors", "members")}
    space = made(root, **sizes)
    house = house_in(space)
    begun = time.process_time()
    scan = house.scan()
    start = time.process_time() - begun
    assert scan is not None
    for number in range(told.labels):
        label(house.desk, _account(number), Verdict.UNSURE, by="analyst", why="looked at it for the bench")
    for number in range(told.cases):
        house.desk.open(case_opening(scan.view, _actor(3 * number)), by="analyst")
    case = next(reversed(house.book().cases))
    mary = Browser(house, "approver")
    ways = {
        "today": lambda i: "/",
        "findings": lambda i: "/findings",
        "findings, a far page": lambda i: f"/findings?page={400 + 40 * i}",
        "findings, sorted by exchanges": lambda i: "/findings?sort=exchanges&up=1",
        "findings, filtered by words": lambda i: f"/findings?q=others+of+its&page={i + 2}",
        "actor": lambda i: f"/actors/{_actor(5 * i)}",
        "actor, along a link": lambda i: f"/actors/{_actor(5 * i + 1)}?thing=payment:77",
        "account": lambda i: f"/accounts/{_account(61_001 * i % told.accounts)}",
        "cases": lambda i: "/cases",
        "case": lambda i: f"/cases/{case}",
        "calibration": lambda i: "/calibration",
        "labels": lambda i: "/said",
        "audit sample": lambda i: "/sample",
        "search by words": lambda i: f"/search?q=reasoning+{i}",
        "journal": lambda i: "/journal",
        "help": lambda i: "/help",
    }
    seen = {}
    for name, way in ways.items():
        size = len(mary.see(way(0)))
        spent = [_spent(lambda i=i, way=way: mary.see(way(i))) for i in range(1, told.visits + 1)]
        seen[name] = {"median_ms": statistics.median(spent), "slowest_ms": max(spent), "bytes": size}
    steps = {
        "label a finding": _spent(lambda: _labelled(mary)),
        "open a case": _spent(lambda: mary.send("/cases", handle=_actor(3 * told.cases))),
        "decide a case": _spent(lambda: _decided(mary, case)),
    }
    copy = sum(path.stat().st_size for path in (root / "state" / "console").glob("*.parquet"))
    findings = scan.findings.rows.num_rows
    bars = [
        bar(f"{name}: slowest of {told.visits}", round(one["slowest_ms"]), "ms", f"< {BAR:g}", one["slowest_ms"] < BAR)
        for name, one in seen.items()
    ]
    bars += [bar(f"{name}: once", round(spent), "ms", f"< {BAR:g}", spent < BAR) for name, spent in steps.items()]
    return bars, {
        **sizes,
        "findings": findings,
        "signals": _signals(house),
        "labels": told.labels,
        "cases": told.cases,
        "records": len(house.book().history),
        "visits": told.visits,
        "pages": seen,
        "start_s": start,
        "copy_mib": copy / 2**20,
        "memory_mib": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    }


def journal(folder: Path, told: argparse.Namespace) -> Figures:
    """An append, and what a page asks of the journal, once it was read: over a short and a long one."""
    cost: dict[int, dict[str, float]] = {}
    for length in (SHORT, LONG):
        house = desk(folder / str(length))
        house.open(opening(), by="mary")
        with house.journal.writing() as append:
            append([entry_of(number) for number in range(length)])
        house.book()
        first = _spent(Desk(house.workspace).book)
        case = next(iter(house.cases()))
        appended = statistics.median(_spent(lambda: house.see(case, by="mary", why="bench")) for _ in range(60))
        looked = statistics.median(_spent(house.book) for _ in range(60))
        cost[length] = {"first_ms": first, "append_ms": appended, "look_ms": looked}
    ratio = cost[LONG]["append_ms"] / cost[SHORT]["append_ms"]
    bars = [
        bar(f"an append and a look, {LONG:,} records to {SHORT}", round(ratio, 2), "x", "<= 2", ratio <= 2),
        bar(
            f"the same at {LONG:,} records",
            round(cost[LONG]["append_ms"], 1),
            "ms",
            "< 20",
            cost[LONG]["append_ms"] < 20,
        ),
        bar(f"reading {LONG:,} records whole, once a process", round(cost[LONG]["first_ms"]), "ms", "no bar", None),
    ]
    return bars, {str(length): one for length, one in cost.items()}


def entry_of(number: int) -> Any:
    """A record of no case, as labels and openings of texts are."""
    return replace(entry(number), kind="prompt.opened", case=None)


def changes(folder: Path, told: argparse.Namespace) -> Figures:
    """Single bytes changed at random."""
    found = {
        **sealed_files(folder / "s", told.changes),
        **journals(folder / "j", told.changes),
        **stamped(folder / "t", told.changes),
        **exhibited(folder / "e", told.changes),
    }
    bars = [
        bar(
            f"{of}: single-byte changes found",
            one["found"],
            f"of {one['changes']:,}",
            "all",
            one["found"] == one["changes"],
        )
        for of, one in found.items()
    ]
    whole = found["journal"]
    bars.append(
        bar(
            "journal: named in the right line",
            whole["located"],
            f"of {whole['changes']:,}",
            "all",
            whole["located"] == whole["changes"],
        )
    )
    return bars, found


def stamped(folder: Path, count: int) -> dict[str, dict[str, float]]:
    """The same for a file with a time stamp, where what it takes is installed."""
    try:
        import rfc3161_client  # noqa: F401
        from tests.cases.authority import Authority

        from stillwatch.cases import read_authority, stamp
        from stillwatch.engine import Workspace
    except ImportError:
        return {}
    at, authority = Desk(Workspace(folder / "w")), Authority(folder / "tsa")
    path = seal(at, at.open(opening(), by="mary").id, by="mary", why="bench")
    roots = read_authority(authority.root)
    whole = stamp(at, path, authority, roots, by="mary", why="bench")[0].read_bytes()

    def refused(data: bytes, _: int) -> tuple[bool, bool]:
        try:
            verified(data, [at.signer.public], roots)
        except TamperingFound:
            return True, False
        return False, False

    return {"stamped file": changed(whole, count, 4, refused)}


def exhibited(folder: Path, count: int) -> dict[str, dict[str, float]]:
    """The same for a case with an audit's exhibit in it, and for the exhibit by itself before a case takes it in."""
    at = desk(folder)
    case = at.open(opening(), by="mary")
    data = file(case.members[0].handle)
    add_exhibit(at, case.id, data, by="mary", why="bench", keys=[AUDITOR.public])
    whole = seal(at, case.id, by="mary", why="bench").read_bytes()
    other = at.open(opening("X-0000000000002", "00fe"), by="mary").id

    def refused(data: bytes, _: int) -> tuple[bool, bool]:
        try:
            verified(data, [at.signer.public], auditors=[AUDITOR.public])
        except TamperingFound:
            return True, False
        return False, False

    def not_taken(data: bytes, _: int) -> tuple[bool, bool]:
        try:
            add_exhibit(at, other, data, by="mary", why="bench", keys=[AUDITOR.public])
        except (TamperingFound, CaseError):
            return True, False
        return False, False

    alone = data.removesuffix(b"\n")
    return {
        "sealed file with an exhibit": changed(whole, count, 5, refused),
        "exhibit": changed(alone, count, 6, not_taken),
    }


def kills(folder: Path, told: argparse.Namespace) -> Figures:
    """Writers of a journal, killed."""
    said = killed(folder, told.kills)
    lost = said.startswith("LOST")
    return [
        bar(
            f"kills after which something acknowledged was lost, of {told.kills}",
            None if lost else 0,
            "",
            "0",
            not lost,
        )
    ], {"said": said}


def ways(folder: Path, told: argparse.Namespace) -> Figures:
    """Every route by every role, and a scanner's first look."""
    house = house_in(made(folder / "w"))
    mary = Browser(house, "analyst")
    case = mary.sent_on_to("/cases", handle=_actor(0)).removeprefix("/cases/")
    mary.send(f"/cases/{case}/seal", note="for counsel")
    places = given(case, files_of(house.desk, case)[0])
    tried, wrong = role_faults(house, places)
    looked, faults = baseline_faults(house, places)
    bars = [
        bar(f"answers to a role that are not those of the table, of {tried}", len(wrong), "", "0", not wrong),
        bar(f"faults of a scanner's baseline in {looked} answers", len(faults), "", "0", not faults),
    ]
    return bars, {"tried": tried, "wrong": wrong, "looked": looked, "faults": faults}


PARTS = {"pages": pages, "journal": journal, "changes": changes, "kills": kills, "ways": ways}


def _signals(house: House) -> int:
    return len(house.workspace.store.files("account_evidence")) - 1


def _spent(look: Any) -> float:
    begun = time.process_time()
    look()
    return 1000 * (time.process_time() - begun)


def _labelled(mary: Browser) -> None:
    mary.send("/labels", handle=_account(7), verdict="false", why="an ordinary customer", back="/findings")


def _decided(mary: Browser, case: str) -> None:
    note = "nothing that fits an innocent explanation"
    mary.send(f"/cases/{case}/decide", ruling="throttle", reason="harvest_at_scale", note=note)


def _account(number: int) -> str:
    return handle("account", account_of(number))


def _actor(number: int) -> str:
    return handle("actor", actor_of(number))


def page(found: dict[str, Any]) -> dict[str, str]:
    """The page of the docs."""
    return {"console.md": "\n".join(_page(found)) + "\n"}


def _page(found: dict[str, Any]) -> Iterator[str]:
    yield "# The console and the files of its cases: what was measured"
    yield ""
    yield from bars_of(found, "bench/console.py")
    raw = found["raw"]
    if "pages" in raw:
        told = raw["pages"]
        yield from ("", "## Pages", "")
        yield (
            f"{told['accounts']:,} accounts with a verdict, each with {told['signals']} signals; {told['findings']:,} findings ({told['actors']:,} "
            f"candidate actors of {told['members']} members each, the rest single accounts); a journal of {told['records']:,} records with "
            f"{told['cases']:,} cases and {told['labels']:,} labels. CPU time, in milliseconds, of {told['visits']} visits to each page after a first one, each to "
            "another finding where the page is about one."
        )
        yield from ("", "| page | median | slowest | bytes |", "|---|---|---|---|")
        for name, one in told["pages"].items():
            yield f"| {name} | {one['median_ms']:.0f} | {one['slowest_ms']:.0f} | {one['bytes']:,} |"
        yield ""
        yield (
            f"First, once for each scan: {told['start_s']:.1f} s of CPU until the first page, of which most makes a copy of the evidence in which the "
            f"rows of one account lie together ({told['copy_mib']:.0f} MiB on disk). Peak memory of the process, which also made the workspace: {told['memory_mib']:.0f} MiB."
        )
    if "kills" in raw:
        yield from ("", f"Killed writers: {raw['kills']['said']}.")
    for name in ("wrong", "faults"):
        yield from (f"- {one}" for one in raw.get("ways", {}).get(name, ()))
    yield from (
        "",
        (
            "**Not shown here.** Time on the network and in the browser, several people at once, and disks that are slower than this machine's cache. Listing an "
            "account's exchanges reads all features, asking a query reads what it names, and drawing a sample reads all verdicts: these are not pages of this "
            "table, and take as long as the data are large. Changes by somebody who holds the signing key; loss of power."
        ),
    )


def main() -> None:
    """Measure what was asked for and keep it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", default=list(PARTS))
    for name, value in (
        ("accounts", 1_000_000),
        ("flagged", 98_000),
        ("actors", 2_000),
        ("members", 150),
        ("labels", 300),
        ("cases", 20),
        ("visits", 15),
        ("changes", 10_000),
        ("kills", 200),
    ):
        asked.add_argument(f"--{name}", type=int, default=value)
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = asked.parse_args()
    for part in chosen.parts:
        with tempfile.TemporaryDirectory(prefix="console-bench-") as folder:
            figures = PARTS[part](Path(folder), chosen)
        keep(chosen.out, "console", part, figures, page)
        print(json.dumps(figures[0], indent=1))


if __name__ == "__main__":
    main()
