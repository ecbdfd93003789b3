"""The figures behind docs/benchmarks/forum-tags.md: what a tag costs, how fast a board is matched, and what hostile requests and kills do.

    python bench/forum_tags.py cost                      CPU per identifier, step by step, beside the plain library in the same run
    python bench/forum_tags.py matching                  boards of a million tags matched on one machine
    python bench/forum_tags.py hostile [--requests N]    malformed and changed requests to a custodian's server
    python bench/forum_tags.py kills [--kills N]         a custodian killed while it answers: nothing leaves uncounted
    python bench/forum_tags.py overlap --python PATH     two labs with openmined-psi; PATH is the python of its environment
    python bench/forum_tags.py                           all of them (some minutes); overlap only with --python

CPU time is that of the process (user and system), over whatever else the machine did; ratios are within one run. Figures go to
docs/benchmarks/forum-tags.json (`--out` names another folder); parts that are not run keep the figures they had.
"""

from __future__ import annotations

import argparse
import asyncio
import random
import resource
import signal
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import numpy as np
from bars import bars_of
from figures import ROOT, Figures, bar, keep

sys.path.insert(0, str(ROOT))

from tests.forum.tags.world import EPOCH, world

from stillwatch.forum.tags import (
    Custodian,
    Kind,
    add_member,
    bucket,
    bucket_bits,
    canonical,
    oprf,
    tag_values,
)
from stillwatch.forum.tags.board import Board
from stillwatch.forum.tags.group import plus
from stillwatch.forum.tags.quotas import Quota
from stillwatch.forum.tags.tagging import begin
from stillwatch.forum.tags.wire import decode_answer, encode

PLAIN, WANTED = 450, 400
"""Microseconds for an identifier: about what the plain library took on a quiet machine, and what is wanted of us."""

now = time.process_time


def cost(rounds: int = 3, size: int = 2_048) -> Figures:
    """CPU per identifier for batches of 2,048, ours and the plain library in turn."""
    rows: list[dict[str, float]] = []
    with tempfile.TemporaryDirectory() as made:
        at = world(Path(made))
        for name in at.custodians:
            add_member(at.folder / name / "members.json", "bench", {Kind.EMAIL: Quota(day=10**7, epoch=10**7)})
        for number in range(rounds + 1):
            values = [f"person{number}-{n:x}@host{n % 977}.example.org" for n in range(size)]
            rows.append({**_ours(at, values), **_plain(values)})
    rows = rows[1:]
    steps = {name: statistics.median(row[name] for row in rows) / size * 1e6 for name in rows[0]}
    ours, plain = steps["ours"], steps["plain"]
    bars = [
        bar(
            "CPU for one identifier, both custodians and client, measured",
            round(ours),
            "us",
            f"<= {WANTED}",
            ours <= WANTED,
        ),
        bar("the plain library (voprf, one custodian after the other) in the same run", round(plain), "us", "", None),
        bar(
            f"ours on a machine where the plain library takes {PLAIN} us (quiet), by that share",
            round(PLAIN * ours / plain),
            "us",
            f"<= {WANTED}",
            PLAIN * ours / plain <= WANTED,
        ),
        bar(
            "ours as a share of the plain library",
            round(ours / plain, 3),
            "",
            f"<= {WANTED / PLAIN:.2f}",
            ours / plain <= WANTED / PLAIN,
        ),
    ]
    return bars, {
        "steps": {name: round(value, 1) for name, value in steps.items()},
        "batch": size,
        "rounds": rounds,
    }


def _ours(at: Any, values: list[str]) -> dict[str, float]:
    """The steps of one batch; `ours` is all of it as a member and two custodians run it, counting and files included."""
    held, asks = at.committee, at.asks("bench")
    t = [now()]

    def mark() -> None:
        t.append(now())

    spelled = [canonical(Kind.EMAIL, value) for value in values]
    mark()
    batch = begin(held, Kind.EMAIL, spelled)
    mark()
    body = encode(batch.asked)
    answers = [decode_answer(custodian.answer("bench", body)) for custodian in at.custodians.values()]
    mark()
    sent = oprf.points_of(batch.asked.elements)
    points = [oprf.points_of(answer.elements) for answer in answers]
    for statement, answer, some in zip(batch.committee.statements, answers, points, strict=True):
        oprf.check_proof(statement.public(Kind.EMAIL), sent, some, answer.proof)
    mark()
    summed = [plus(one, other) for one, other in zip(*points, strict=True)]
    mark()
    outputs = oprf.finalise(batch.blinded, summed)
    mark()
    assert len(outputs) == len(values)
    begun = now()
    made = asyncio.run(tag_values(held, asks, Kind.EMAIL, [f"x{value}" for value in values]))
    whole = now() - begun
    assert len(made.tags) == len(values)
    names = ("spell", "blind", "both custodians", "check both proofs", "add up", "take blinds off and hash")
    return {**{name: later - earlier for name, earlier, later in zip(names, t, t[1:], strict=False)}, "ours": whole}


def _plain(values: list[str]) -> dict[str, float]:
    """The plain library: two keys one after the other, each with its blinding, its proof and its check."""
    from voprf import ristretto

    inputs = [b"email\0" + value.encode() for value in values]
    begun = now()
    for seed in (b"n" * 32, b"s" * 32):
        key = ristretto.Evaluator.from_seed(seed, b"bench")
        pairs = [ristretto.Client.blind(one) for one in inputs]
        sent = [blinded.serialize() for _, blinded in pairs]
        answer = key.evaluate_batch([ristretto.BlindedInput.deserialize(one) for one in sent]).serialize()
        back = ristretto.VerifiableBatchOutput.deserialize(answer)
        inputs = ristretto.Client.finalize_batch([client for client, _ in pairs], back, key.public_key)
    return {"plain": now() - begun}


def matching(tags: int = 1_000_000) -> Figures:
    """A board and a member's own tags, a million each, a thousandth in both."""
    rng = np.random.default_rng(1)
    both = rng.integers(0, 2**64, (tags // 1000, 2), np.uint64)
    board, own = (
        _board(np.concatenate([both, rng.integers(0, 2**64, (tags - len(both), 2), np.uint64)])) for _ in "ab"
    )
    few = _board(np.concatenate([both, rng.integers(0, 2**64, (9_000, 2), np.uint64)]))
    took: dict[str, float] = {}
    for name, mine in (("a million of one's own", own), ("ten thousand of one's own", few)):
        times = []
        for _ in range(9):
            begun = now()
            found = board.places(mine)
            times.append(now() - begun)
            assert len(found) == len(both)
        took[name] = statistics.median(times) * 1e3
    large = _board(rng.integers(0, 2**64, (12_000_000, 2), np.uint64))
    begun = now()
    bits = bucket_bits(large)
    sizes = len(bucket(large, bits, 77))
    cut = now() - begun
    bars = [
        bar(f"a board of {tags:,} matched with {name}", round(value, 1), "ms", "<= 20", value <= 20)
        for name, value in took.items()
    ]
    return bars, {
        "ms": {name: round(value, 2) for name, value in took.items()},
        "buckets": {"tags": len(large), "bits": bits, "one_bucket": sizes, "ms": round(cut * 1e3, 1)},
    }


def _board(pairs: Any) -> Board:
    order = np.lexsort((pairs[:, 1], pairs[:, 0]))
    high, low = (np.ascontiguousarray(pairs[order, half]) for half in (0, 1))
    return Board(kind=Kind.EMAIL, epoch=EPOCH, high=high, low=low, support=np.ones(len(high), np.uint8))


def hostile(requests: int) -> Figures:
    """Random bytes, changed requests and wrong tokens, over a socket; then an honest request is answered."""
    import httpx
    from tests.forum.tags.test_service import served

    rng = random.Random(9)
    seen: dict[int, int] = {}
    with tempfile.TemporaryDirectory() as made:
        at = world(Path(made))
        for name in at.custodians:
            add_member(at.folder / name / "members.json", "bench", {Kind.EMAIL: Quota(day=10**7, epoch=10**7)})
        good = encode(begin(at.committee, Kind.EMAIL, ["jane@example.org"]).asked)
        token = add_member(at.folder / "north" / "members.json", "bench")
        begun = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        with served(at.custodians["north"]) as url, httpx.Client(base_url=url) as client:
            for _ in range(requests):
                body = bytearray(good if rng.random() < 0.8 else rng.randbytes(rng.randrange(3_000)))
                for _ in range(rng.randrange(1, 8)):
                    body[rng.randrange(len(body))] = rng.randrange(256) if body else 0
                if rng.random() < 0.2:
                    del body[rng.randrange(len(body) + 1) :]
                said = token if rng.random() < 0.95 else rng.randbytes(20).hex()
                status = client.post(
                    "/evaluate", content=bytes(body), headers={"Authorization": f"Bearer {said}"}
                ).status_code
                seen[status] = seen.get(status, 0) + 1
            fresh = encode(begin(at.committee, Kind.EMAIL, ["joe@example.org"]).asked)
            honest = client.post("/evaluate", content=fresh, headers={"Authorization": f"Bearer {token}"}).status_code
        grown = (resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - begun) / 1024
    broken = sum(n for status, n in seen.items() if status >= 500)
    bars = [
        bar(f"answers with status 500 or above to {requests:,} hostile requests", broken, "", "0", broken == 0),
        bar("an honest request afterwards", honest, "", "200", honest == 200),
        bar("memory that the server grew by meanwhile", round(grown, 1), "MiB", "<= 64", grown <= 64),
    ]
    return bars, {"statuses": {str(k): v for k, v in sorted(seen.items())}}


_ANSWERING = """
import sys
from pathlib import Path
from tests.forum.tags.world import TODAY
from stillwatch.forum.tags import Custodian, Kind, committee
from stillwatch.forum.tags.tagging import begin
from stillwatch.forum.tags.wire import encode
import datetime as dt
folder = Path(sys.argv[1])
clock = lambda: dt.datetime(2026, 11, 22, 12, tzinfo=dt.UTC)
both = [Custodian(folder / name, clock) for name in ("north", "south")]
held = committee(tuple(s for c in both for s in c.statements()), today=TODAY)
number = int(sys.argv[2]) * 1000000
while True:
    body = encode(begin(held, Kind.EMAIL, [f"k{number}@example.org"]).asked)
    number += 1
    both[0].answer("bench", body)
    sys.stdout.write("answered\\n")
    sys.stdout.flush()
"""


def kills(many: int) -> Figures:
    """SIGKILL at seeded moments while a custodian answers batches of 64: what was answered is counted."""
    rng = random.Random(6)
    answered = 0
    with tempfile.TemporaryDirectory() as made:
        at = world(Path(made))
        add_member(at.folder / "north" / "members.json", "bench", {Kind.EMAIL: Quota(day=10**9, epoch=10**9)})
        for number in range(many):
            child = subprocess.Popen(
                [sys.executable, "-c", _ANSWERING, made, str(number)], cwd=ROOT, stdout=subprocess.PIPE, text=True
            )
            assert child.stdout is not None
            answered += child.stdout.readline() == "answered\n"
            time.sleep(rng.random() * 0.3)
            child.send_signal(signal.SIGKILL)
            answered += child.stdout.read().count("answered\n")
            child.wait()
        again = Custodian(at.folder / "north", lambda: at.now[0])
        counted = again.ledger.spent("bench", Kind.EMAIL, EPOCH, Quota(day=10**9, epoch=10**9)).today // 64
        lines = sum(line.outcome == "counted" for line in again.ledger.lines())
    bars = [
        bar(f"answers that left uncounted, {many} kills", max(0, answered - counted), "", "0", counted >= answered),
        bar(
            "batches counted whose answer did not leave",
            counted - answered,
            "",
            f"<= {many}",
            counted - answered <= many,
        ),
    ]
    return bars, {"answered": answered, "counted": counted, "lines": lines}


def overlap(python: Path) -> Figures:
    """Count, consent, reveal: 4,000 values against 20,000, a tenth in both."""
    from stillwatch.forum.tags.overlap import Asker, Consent, Holder

    mine = [f"email m{n}@example.org" for n in range(4_000)]
    theirs = [*mine[::10], *(f"email t{n}@example.org" for n in range(19_600))]
    begun = resource.getrusage(resource.RUSAGE_CHILDREN)
    with Asker(python, mine) as asker, Holder(python, theirs, ("one", "two")) as holder:
        reply = holder.answer(asker.ask())
        counted = asker.count(reply)
        size = len(reply.setup) // 2 + len(reply.response) // 2
        agreed = [
            Consent(lab=lab, by="counsel", why="bench", asker=asker.commitment, holder=holder.commitment)
            for lab in ("one", "two")
        ]
        which = asker.which(holder.answer(asker.ask(reveal=True), agreed))
    ended = resource.getrusage(resource.RUSAGE_CHILDREN)
    spent = ended.ru_utime + ended.ru_stime - begun.ru_utime - begun.ru_stime
    bars = [
        bar("overlap counted", counted, "values", "400", counted == 400),
        bar("overlap revealed after consent", len(which), "values", "400", which == sorted(mine[::10])),
    ]
    return bars, {"cpu_s_of_all_processes": round(spent, 1), "reply_bytes": size, "asked": 4_000, "held": 20_000}


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    raw = found["raw"]
    lines = ["# Tags: what was measured", "", *bars_of(found, "bench/forum_tags.py")]
    load = found["machine"]["load_at_the_end"]
    lines += [
        "",
        f"Load averages at the end of the last part: {load}. CPU times rise with what else runs on the core: compare ratios.",
    ]
    if "cost" in raw:
        lines += _cost(raw["cost"])
    if "matching" in raw:
        cut = raw["matching"]["buckets"]
        lines += [
            "",
            "## Buckets",
            "",
            f"A board of {cut['tags']:,} tags is cut by {cut['bits']} bits; one bucket held {cut['one_bucket']:,} tags. Finding how far a board may be cut and taking one bucket took {cut['ms']} ms.",
        ]
    if "hostile" in raw:
        said = ", ".join(f"{n:,} times {status}" for status, n in raw["hostile"]["statuses"].items())
        lines += [
            "",
            "## Hostile requests",
            "",
            f"Random bytes, honest requests with one to seven bytes changed or cut off, one token in twenty wrong: {said}.",
        ]
    if "kills" in raw:
        told = raw["kills"]
        lines += [
            "",
            "## Kills",
            "",
            f"{told['answered']:,} batches were answered and {told['counted']:,} counted. A member whose answer was lost asks the same batch again without being counted anew.",
        ]
    if "overlap" in raw:
        told = raw["overlap"]
        lines += [
            "",
            "## Overlap of two labs",
            "",
            f"{told['asked']:,} values against {told['held']:,}, filled up to powers of two, counted once and revealed once: {told['cpu_s_of_all_processes']} s of CPU in all processes, {told['reply_bytes']:,} bytes a reply.",
        ]
    return "\n".join(lines) + "\n"


def _cost(raw: dict[str, Any]) -> Iterator[str]:
    steps = dict(raw["steps"])
    ours, plain = steps.pop("ours"), steps.pop("plain")
    yield from ("", "## What one identifier costs", "")
    yield (
        f"Batches of {raw['batch']:,}, median of {raw['rounds']} rounds, microseconds of CPU for one identifier. The sum of steps differs from the whole by "
        "what lies between them (tasks, looking for dense ranges, putting tags back in order)."
    )
    yield from ("", "| step | us |", "|---|---|")
    yield from (f"| {name} | {value} |" for name, value in steps.items())
    yield f"| **all of it, as the client runs it** | **{ours}** |"
    yield f"| the plain library, same run | {plain} |"


def main() -> None:
    """Run one part, or all, and write the page after each."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument(
        "part", nargs="?", default="all", choices=["cost", "matching", "hostile", "kills", "overlap", "all"]
    )
    parser.add_argument("--requests", type=int, default=5_000)
    parser.add_argument("--kills", type=int, default=40)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    parts: dict[str, Callable[[], Figures]] = {
        "cost": cost,
        "matching": matching,
        "hostile": lambda: hostile(chosen.requests),
        "kills": lambda: kills(chosen.kills),
    }
    if chosen.python is not None:
        parts["overlap"] = lambda: overlap(chosen.python)
    for part in parts if chosen.part == "all" else [chosen.part]:
        keep(chosen.out, "forum-tags", part, parts[part](), lambda found: {"forum-tags.md": page(found)})


if __name__ == "__main__":
    main()
