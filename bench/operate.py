"""What a watch costs and survives: rounds over a growing log against one reading of it whole, and kills at random moments.

    python bench/operate.py [rounds] [kills] [engines] [packages] [--kills 20] [--exchanges 20000] [--uv uv]

`rounds`: a log grows in 20 pieces, and CPU time of the rounds that read them is set beside that of reading all of it at once; then the CPU
time of a round in which nothing is new. `kills`: a watch runs as a process of its own while its logs grow, are rotated, and have earlier
lines delivered again in another order; it is killed with SIGKILL at seeded moments and started again. In the end every exchange must be
in, once. `engines`: one log weighed on DuckDB and on Spark (see operate_engines). `packages`: wheel and source archive (see
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
from figures import ROOT, Figures, bar, keep
from operate_packages import packages

sys.path.insert(0, str(ROOT))

from tests.pipeline.growing import NEVER, Clock, add, lines, watch
from tests.pipeline.logs import workspace

from stillwatch.engine import Store
from stillwatch.pipeline import Watcher

PIECES = 20
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
    yield from ("", "**Not shown here.** Loss of power; 100 million exchanges; a cluster; a broker's restart.")


def _engines(chosen: argparse.Namespace, folder: Path) -> Figures:
    from operate_engines import engines  # Spark is not everywhere

    return engines(chosen.exchanges, folder)


PARTS: dict[str, Callable[[argparse.Namespace, Path], Figures]] = {
    "rounds": lambda chosen, folder: rounds(chosen.exchanges, folder),
    "kills": lambda chosen, folder: kills(chosen.kills, folder),
    "engines": _engines,
    "packages": lambda chosen, folder: packages(folder, uv=chosen.uv),
}


def main() -> None:
    """Measure what was asked for and keep it."""
    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("parts", nargs="*", default=["rounds", "kills"])
    asked.add_argument("--kills", type=int, default=20)
    asked.add_argument("--exchanges", type=int, default=20_000)
    asked.add_argument("--uv", default="uv", help="the command uv, for packages")
    asked.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = asked.parse_args()
    for part in chosen.parts:
        with tempfile.TemporaryDirectory() as folder:
            made = PARTS[part](chosen, Path(folder))
        keep(chosen.out, "operate", part, made, page)
        print(json.dumps(made[0], indent=1))


if __name__ == "__main__":
    main()
