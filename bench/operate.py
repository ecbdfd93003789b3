"""What a watch costs and survives: rounds over a growing log against one reading of it whole, and kills at random moments.

    python bench/operate.py [rounds] [kills] [engines] [packages] [--kills 20] [--exchanges 20000] [--uv uv]
    python bench/operate.py sources
    python bench/operate.py image [--podman podman] [--compose podman-compose] [--image stillwatch]    (see operate_image)
    python bench/operate.py newcomer                    (the figures of bench/newcomer.py --write, as bars)
    python bench/operate.py hour [--exchanges 1000000] [--keep DIR]
    python bench/operate.py hundred [--exchanges 100000000 --days 10 --kept 1 --minutes 60] [--keep DIR]

`rounds`: a log grows in 20 pieces, and CPU time of the rounds that read them is set beside that of reading all of it at once; then the CPU
time of a round in which nothing is new. `kills`: a watch runs as a process of its own while its logs grow, are rotated, and have earlier
lines delivered again in another order; it is killed with SIGKILL at seeded moments and started again. In the end every exchange must be
in, once. `sources`: messages through every broker that is installed, each restarted with SIGKILL between, some sent
twice and in another order. `hour`, `hundred`: see operate_scale. `engines`: one log weighed on DuckDB and on Spark (see operate_engines). `packages`: wheel and source archive (see
operate_packages). Figures go to docs/benchmarks/operate.json, the page is drawn from them.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

from bars import bars_of
from figures import ROOT, Figures, bar, keep, redraw
from operate_image import image
from operate_image import lines as image_lines
from operate_packages import packages

sys.path.insert(0, str(ROOT))

from tests.brokers import BROKERS
from tests.pipeline.growing import NEVER, Clock, add, lines, watch
from tests.pipeline.logs import SMALL, workspace

from stillwatch.engine import Store
from stillwatch.ingest import source_of
from stillwatch.pipeline import Inputs, Watcher

PIECES = 20
TURNS = 5
EACH = 200
QUIET = 50
LATER = dt.datetime(2027, 7, 1, tzinfo=dt.UTC)
"""After every exchange, or those to come would be rejected."""


def rounds(exchanges: int, folder: Path) -> Figures:
    """CPU of reading a log as it grows, beside that of reading it whole."""
    Watcher._due = lambda self: False  # type: ignore[method-assign]  # reading alone
    each = exchanges // PIECES
    data = [lines(i * each, (i + 1) * each) for i in range(PIECES)]
    warm = watch(workspace(folder / "warm"), [add(folder / "warm.jsonl", lines(0, 50))], Clock(now=LATER), NEVER)
    warm.round()
    whole = watch(workspace(folder / "whole"), [add(folder / "whole.jsonl", b"".join(data))], Clock(now=LATER), NEVER)
    at_once = cpu(whole.round)
    log = folder / "grown.jsonl"
    grown = watch(workspace(folder / "grown"), [log], Clock(now=LATER), NEVER)
    took = []
    for piece in data:
        add(log, piece)
        took.append(cpu(grown.round))
    quiet = cpu(lambda: [grown.round() for _ in range(QUIET)]) / QUIET
    same = grown.pulse.exchanges == whole.pulse.exchanges == exchanges
    half = PIECES // 2
    later = sum(took[half:]) / sum(took[1 : 1 + half])
    bars = [
        bar("rounds read what one reading reads", float(same), "", "1", same),
        bar("CPU of reading in rounds to reading at once", round(sum(took) / at_once, 2), "x", "no bar", None),
        bar(
            "CPU of the last ten rounds to that of the first",
            round(later, 2),
            "x",
            "<= 1.2 (only what is new)",
            later <= 1.2,
        ),
        bar("CPU of a round in which nothing is new", round(quiet * 1e3, 1), "ms", "no bar", None),
    ]
    return bars, {"exchanges": exchanges, "pieces": PIECES, "at_once": at_once, "took": took, "quiet": quiet}


def kills(count: int, folder: Path) -> Figures:
    """A watch killed again and again while its logs grow."""
    chance = random.Random(31)
    logs, root = folder / "logs", folder / "w"
    workspace(root)
    program = "from stillwatch.cli import main; main()"
    words = ["watch", str(logs), "--workspace", str(root), "--poll", "0.05", "--detect-minutes", "100000"]
    made, survived, reading = 0, 0, []
    for kill in range(count + 1):
        running = subprocess.Popen(
            [sys.executable, "-c", program, *words], stdout=subprocess.DEVNULL, stderr=subprocess.PIPE
        )
        before = Store(root).manifest("features").rows
        deliver(logs, chance, made, made := made + 200, kill)
        last = kill == count
        target = made if last else before + 1
        late = time.monotonic() + 300
        while Store(root).manifest("features").rows < target and running.poll() is None and time.monotonic() < late:
            if not last and made < before + 600:
                deliver(logs, chance, made, made := made + 20, kill)
            time.sleep(chance.uniform(0.01, 0.05))
        time.sleep(0 if last else chance.uniform(0.0, 0.6))
        survived += running.poll() is None
        running.kill()
        running.communicate()
        reading.append(Store(root).manifest("features").rows)
    ids = Store(root).read("exchanges", ["exchange_id"]).column("exchange_id").to_pylist()
    rows = Store(root).manifest("features").rows
    good = len(ids) == len(set(ids)) == rows == made
    bars = [
        bar("exchanges that were delivered", made, "", "no bar", None),
        bar("of them in after the kills", len(set(ids)), "", "all", len(set(ids)) == made),
        bar("counted twice", len(ids) - len(set(ids)), "", "0", len(ids) == len(set(ids))),
        bar("kills that met a running watch", survived - 1, f"of {count}", str(count), survived - 1 == count),
    ]
    return bars, {"kills": count, "in_after_each": reading, "whole": good}


def sources(folder: Path) -> Figures:
    """Messages through every broker that is installed, with restarts, duplicates and another order."""
    chance = random.Random(37)
    told: dict[str, Any] = {}
    for name, opened in BROKERS.items():
        place = folder / name
        place.mkdir()
        with opened(place) as broker:
            space = workspace(place / "w")
            inputs = Inputs(logs=[], sources=[source_of(broker.address)])
            watcher = Watcher(space, inputs, SMALL, NEVER, clock=Clock(now=LATER), wall=lambda: LATER)
            sent, away = 0, 0
            for turn in range(TURNS):
                came = lines(turn * EACH, (turn + 1) * EACH).splitlines()
                again = lines(0, turn * EACH).splitlines()
                mixed = came + chance.sample(again, len(again) // 5)
                chance.shuffle(mixed)
                broker.send(mixed)
                sent += len(mixed)
                watcher.round()
                broker.stop()
                watcher.round()
                away += watcher.pulse.state == "behind"
                broker.start()
            watcher.round()
            ids = Store(space.root).read("exchanges", ["exchange_id"]).column("exchange_id").to_pylist()
            told[name] = {"sent": sent, "in": len(set(ids)), "twice": len(ids) - len(set(ids)), "away": away}
    bars = []
    for name, one in told.items():
        wanted = TURNS * EACH
        bars += [
            bar(
                f"{name}: exchanges in after {TURNS} restarts", one["in"], f"of {wanted:,}", "all", one["in"] == wanted
            ),
            bar(f"{name}: counted twice", one["twice"], f"of {one['sent']:,} messages", "0", one["twice"] == 0),
        ]
    return bars, told


def newcomer(out: Path) -> Figures:
    """What bench/newcomer.py found, as bars beside the others."""
    found = json.loads((out / "newcomer.json").read_text())
    total, actors = sum(seconds for _, seconds in found["took"]), found["actors_for_review"]
    shown = sorted(path.name for path in (out.parent / "newcomer").glob("*.png")) if found["pictures"] else []
    bars = [
        bar("from git clone to findings in the console, by the docs alone", round(total), "s", "no bar", None),
        bar("actors for review that a newcomer sees", actors, "", ">= 1", actors >= 1),
        bar("screenshots of it", len(shown), "", ">= 2", len(shown) >= 2),
    ]
    return bars, {"commit": found["commit"], "pictures": shown, "demo": found["demo"]}


def deliver(logs: Path, chance: random.Random, first: int, last: int, turn: int) -> None:
    """New lines into one of three logs, some earlier ones again, now and then a rotation."""
    pieces = [lines(i, i + 10) for i in range(first, last, 10)]
    pieces += [lines(i, i + 10) for i in (chance.randrange(0, max(10, first), 10) for _ in range(3))] if first else []
    chance.shuffle(pieces)
    for piece in pieces:
        log = logs / f"api-{chance.randrange(3)}.jsonl"
        cut = chance.randrange(len(piece))
        add(log, piece[:cut])  # half a line for a moment
        add(log, piece[cut:])
    if chance.random() < 0.1 and log.exists():
        log.rename(log.with_name(f"{log.name}.{turn}.{time.monotonic_ns()}"))


def cpu(work: Callable[[], object]) -> float:
    """Seconds of CPU that something took, with its processes."""
    before = _spent()
    work()
    return _spent() - before


def _spent() -> float:
    told = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(one.ru_utime + one.ru_stime for one in told)


def page(found: dict[str, Any]) -> dict[str, str]:
    """The page for people."""
    return {"operate.md": "\n".join(_page(found)) + "\n"}


def _page(found: dict[str, Any]) -> Iterator[str]:
    yield "# Operating: what was measured"
    yield ""
    yield from bars_of(found, "bench/operate.py")
    if "rounds" in found["raw"]:
        told = found["raw"]["rounds"]
        yield from ("", "## A log that grows", "")
        yield f"{told['exchanges']:,} exchanges in {told['pieces']} pieces, in one process; CPU seconds, as wall time says nothing on a shared machine."
        yield f"At once: {told['at_once']:.2f}. Rounds: {', '.join(f'{one:.2f}' for one in told['took'])}."
        yield "What a detection costs is that of a scan, and is not in these figures."
    if "kills" in found["raw"]:
        yield from ("", "## Kills", "")
        yield (
            "SIGKILL at seeded moments, while three logs grow half a line at a time, earlier lines come again in another order, and logs are "
            "rotated. Exchanges that were in after each kill: "
            + ", ".join(map(str, found["raw"]["kills"]["in_after_each"]))
            + "."
        )
    if "sources" in found["raw"]:
        yield from ("", "## Brokers", "")
        yield (
            f"{TURNS} times {EACH} new messages, a fifth of the earlier ones once more, in another order; the broker is killed with SIGKILL after each and "
            "started again. Kafka's API by Tansu, which keeps topics in memory: after a restart it is another topic of the same name, and is "
            "read from its beginning. Rounds that met no broker and said so: "
            + ", ".join(f"{name} {one['away']}" for name, one in found["raw"]["sources"].items())
            + "."
        )
    if "hour" in found["raw"]:
        told = found["raw"]["hour"]
        yield from ("", "## An hour behind a day", "")
        yield (
            f"A day of {told['exchanges']:,} exchanges: at once {told['whole']['before']['cpu']:.1f} CPU seconds, its last hour ({told['share']:.1%} of it) behind "
            f"the rest {told['one']['cpu']:.1f}, behind a day more {told['two']['cpu']:.1f}. Peak memory {told['one']['peak_mib']:,} and "
            f"{told['two']['peak_mib']:,} MiB. Reading costs what is new; signals are measured again of accounts that sent something; families, links and tests "
            "read the features of all that is kept, which `keep.days` and `actors.window_days` bound: where both windows are a day, the hour took "
            f"{told['near'][0]['cpu']:.1f} CPU seconds and {told['near'][0]['peak_mib']:,} MiB behind a day, {told['near'][1]['cpu']:.1f} and "
            f"{told['near'][1]['peak_mib']:,} MiB behind two."
        )
    if "hundred" in found["raw"]:
        yield from ("", "## Day by day", "")
        yield "| exchanges | accounts | days | seconds | exchanges/s | peak memory | kept at most | actors for review, by day |"
        yield "|---|---|---|---|---|---|---|---|"
        for size, run in sorted(found["raw"]["hundred"]["sizes"].items(), key=lambda one: int(one[0])):
            done = run["done"]
            seconds = sum(one["seconds"] for one in done)
            yield (
                f"| {int(size):,} | {run['accounts']:,} | {len(done)} of {run['days']} | {seconds:,.0f} | "
                f"{sum(one['exchanges'] for one in done) / max(seconds, 1e-9):,.0f} | {max((one['peak_mib'] for one in done), default=0):,} MiB | "
                f"{max((one['kept'] for one in done), default=0):,} | {', '.join(str(one['actors']) for one in done)} |"
            )
        yield ""
        yield "Generated, scanned and dropped a day at a time in one workspace; writing the logs is not in the times."
    if "engines" in found["raw"]:
        told = found["raw"]["engines"]
        yield from ("", "## Two engines", "")
        yield (
            f"A made day of {told['exchanges']:,} exchanges by {told['accounts']:,} accounts (seed {told['seed']}), read once and weighed on each engine. "
            f"Every row of {len(told['on']['spark']['tables'])} tables of findings is compared. Spark runs on this machine, its start included: "
            f"{told['on']['spark']['cpu']:.0f} CPU seconds beside {told['on']['duckdb']['cpu']:.0f} of DuckDB. On a cluster, queries and kernels spread; "
            "graphs, tests and the report stay on one machine."
        )
    if "packages" in found["raw"]:
        told = found["raw"]["packages"]
        yield from ("", "## Packages", "")
        yield (
            "Packages that each extra brings, by Python: "
            + "; ".join(f"{name} {count}" for name, count in told["resolved"].items())
            + "."
        )
    if "image" in found["raw"]:
        yield from image_lines(found["raw"]["image"])
    missing = [what for part, what in WANTED.items() if part not in found["raw"]]
    if missing:
        yield from ("", f"**Not measured yet:** {'; '.join(missing)}.")
    yield from (
        "",
        "**Not shown here.** Loss of power; a cluster; a Kafka broker that keeps its topics over a restart.",
    )


def _engines(chosen: argparse.Namespace, folder: Path) -> Figures:
    from operate_engines import engines  # Spark is not everywhere

    return engines(chosen.exchanges or 20_000, folder)


def _scale(chosen: argparse.Namespace, part: str) -> Figures:
    import operate_scale  # it needs more than the small parts do

    made: Figures = getattr(operate_scale, part)(chosen)
    return made


WANTED = {
    "rounds": "what a growing log costs",
    "kills": "kills at any moment",
    "sources": "brokers that are restarted",
    "hour": "an hour against its share of a day",
    "hundred": "a hundred million exchanges day by day",
    "engines": "the same log on Spark and DuckDB",
    "packages": "what is built and what each extra brings",
    "image": "a container",
    "newcomer": "a newcomer's way",
}
"""What the page is to show, by part."""

PARTS: dict[str, Callable[[argparse.Namespace, Path], Figures]] = {
    "rounds": lambda chosen, folder: rounds(chosen.exchanges or 20_000, folder),
    "kills": lambda chosen, folder: kills(chosen.kills, folder),
    "sources": lambda chosen, folder: sources(folder),
    "hour": lambda chosen, folder: _scale(chosen, "hour"),
    "hundred": lambda chosen, folder: _scale(chosen, "hundred"),
    "engines": _engines,
    "newcomer": lambda chosen, folder: newcomer(chosen.out),
    "packages": lambda chosen, folder: packages(folder, uv=chosen.uv),
    "image": lambda chosen, folder: image(folder, podman=chosen.podman, compose=chosen.compose, name=chosen.image),
}


def main() -> None:
    """Measure what was asked for and keep it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", default=["rounds", "kills"], help=f"{', '.join(WANTED)}; page draws it anew")
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--exchanges", type=lambda told: int(float(told)))
    asked.add_argument(
        "--accounts", type=lambda told: int(float(told)), help="of hundred; a hundredth of the exchanges by default"
    )
    asked.add_argument("--days", type=int, default=10, help="of hundred")
    asked.add_argument("--kept", type=int, default=1, help="days that hundred keeps")
    asked.add_argument("--minutes", type=float, default=1e9, help="after which hundred begins no other day")
    asked.add_argument("--keep", type=Path, default=Path(tempfile.gettempdir()) / "stillwatch-operate")
    asked.add_argument("--uv", default="uv", help="the command uv, for packages")
    asked.add_argument("--podman", default="podman", help="the command podman, for image")
    asked.add_argument("--compose", default="podman-compose", help="the command podman-compose, for image")
    asked.add_argument("--image", default="stillwatch", help="what make image built, for image")
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = asked.parse_args()
    for part in chosen.parts:
        if part == "page":
            redraw(chosen.out, "operate", page)
            continue
        with tempfile.TemporaryDirectory() as folder:
            made = PARTS[part](chosen, Path(folder))
        keep(chosen.out, "operate", part, made, page)
        print(json.dumps(made[0], indent=1))


if __name__ == "__main__":
    main()
