"""Change bytes of sealed files and journals and kill writers of journals, and say what was found and what was lost.

Every change is of one byte at a seeded place, to a seeded other value. A change is found when the check refuses the file; of a journal it
is located when the first fault names the line that was changed. Kills are SIGKILL at seeded moments while a process appends and reports
what was acknowledged (tests/cases/kill_writers.py). `bench/console.py changes kills` runs it and writes the figures.
"""

from __future__ import annotations

import random
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.cases.desk import SIGNER, desk, entry, journal, opening  # noqa: E402

from stillwatch.cases import journal_faults, redact, seal, verified  # noqa: E402
from stillwatch.core import TamperingFound  # noqa: E402


def changed(whole: bytes, changes: int, seed: int, look: Callable[[bytes, int], tuple[bool, bool]]) -> dict[str, float]:
    """How many single-byte changes a check found and located, and its CPU time."""
    rng = random.Random(seed)
    found = located = 0
    begun = time.process_time()
    for _ in range(changes):
        place = rng.randrange(len(whole))
        data = bytearray(whole)
        data[place] ^= rng.randrange(1, 256)
        one, there = look(bytes(data), place)
        found, located = found + one, located + there
    each = (time.process_time() - begun) / changes
    told = {"bytes": len(whole), "changes": changes, "found": found, "cpu_ms": round(each * 1e3, 2)}
    return told | ({"located": located} if located else {})


def sealed_files(folder: Path, changes: int) -> dict[str, dict[str, float]]:
    at = desk(folder)
    made = at.open(opening(members=4), by="mary")
    whole = seal(at, made.id, by="mary", why="bench")
    copy = redact(at, whole, {"000012": "bystander"}, by="mary", why="bench")

    def refused(data: bytes, _: int) -> tuple[bool, bool]:
        try:
            verified(data, [at.signer.public])
        except TamperingFound:
            return True, False
        return False, False

    return {
        "sealed file": changed(whole.read_bytes(), changes, 1, refused),
        "redacted copy": changed(copy.read_bytes(), changes, 2, refused),
    }


def journals(folder: Path, changes: int) -> dict[str, dict[str, float]]:
    kept = journal(folder)
    for number in range(8):
        kept.append(entry(number))
    path = kept.folder / "journal.jsonl"
    whole = path.read_bytes()

    def faulty(data: bytes, place: int) -> tuple[bool, bool]:
        path.write_bytes(data)
        faults = journal_faults(kept.folder, SIGNER.public)
        return bool(faults), bool(faults) and faults[0].line == whole.count(b"\n", 0, place) + 1

    return {"journal": changed(whole, changes, 3, faulty)}


def killed(folder: Path, kills: int) -> str:
    script = ROOT / "tests" / "cases" / "kill_writers.py"
    done = subprocess.run(
        [sys.executable, script, folder, str(kills), "6"], capture_output=True, text=True, check=False
    )
    return done.stdout.strip() if done.returncode == 0 else f"LOST OR DAMAGED: {done.stderr.strip()}"
