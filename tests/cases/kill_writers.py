"""Kill writers of a journal at random moments and say what was acknowledged: run in a process of its own, which forks.

    python kill_writers.py FOLDER ROUNDS SEED

Each child appends records and reports each one's number only when append has returned. After each kill the journal is checked here.
"""

from __future__ import annotations

import os
import random
import select
import signal
import sys
import time
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parents[2]))

from tests.cases.desk import SIGNER, entry, journal

from stillwatch.cases.journal import Journal, journal_faults


def main(folder: Path, rounds: int, seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - moments of kills, no secret
    kept = journal(folder)
    acknowledged: dict[int, int] = {}
    for _ in range(rounds):
        acknowledged |= one_life(kept, rng.uniform(0.0005, 0.03))
        faults = journal_faults(folder / "desk", SIGNER.public)
        if faults:
            sys.exit(f"faults after a kill: {faults}")
        held = {r.seq: r.body["number"] for r in kept.records() if r.kind == "case.seen"}
        lost = {seq: n for seq, n in acknowledged.items() if held.get(seq) != n}
        if lost:
            sys.exit(f"acknowledged and lost: {lost}")
    aside = len(list((folder / "desk" / "unacknowledged").glob("*")))
    sys.stdout.write(f"{rounds} kills, {len(acknowledged)} acknowledged, {aside} tails set aside\n")


def one_life(kept: Journal, seconds: float) -> dict[int, int]:
    """Numbers by record that a child had acknowledged when it was killed."""
    told, telling = os.pipe()
    child = os.fork()
    if not child:
        number = 0
        while True:
            number += 1
            record = kept.append(entry(number))
            os.write(telling, f"{record.seq} {number}\n".encode())
    os.close(telling)
    select.select([told], [], [], 10)  # its first acknowledgement: it is at work
    time.sleep(seconds)
    os.kill(child, signal.SIGKILL)
    os.waitpid(child, 0)
    with os.fdopen(told, "rb") as file:
        lines = [line.split() for line in file.read().split(b"\n")[:-1]]
    return {int(seq): int(number) for seq, number in lines}


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]), int(sys.argv[3]))
