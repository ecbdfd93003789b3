"""Send a hub requests that nobody sends in earnest, and say what it answered, what it lost and what memory it took.

python bench/forum_fuzz.py [--requests 100000] [--seed 9] [--write]
"""

from __future__ import annotations

import argparse
import json
import random
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import psutil

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from tests.forum.taxii.fuzz import requests  # noqa: E402
from tests.forum.taxii.hub import asking, settings  # noqa: E402

from stillwatch.forum.taxii import Member  # noqa: E402
from stillwatch.forum.taxii.database import connector  # noqa: E402


def main() -> None:
    asked = argparse.ArgumentParser()
    asked.add_argument("--requests", type=int, default=100_000)
    asked.add_argument("--seed", type=int, default=9)
    asked.add_argument("--write", action="store_true")
    wanted = asked.parse_args()
    process, answers, acknowledged, memory = psutil.Process(), Counter[int](), set[str](), []
    with tempfile.TemporaryDirectory() as folder:
        most = 10**9
        members = [
            Member(name=one.name, token_sha256=one.token_sha256, objects_per_day=most, reads_per_day=most)
            for one in settings(Path(folder)).member
        ]
        begun = time.process_time()
        with asking(settings(Path(folder), member=members)) as ask:
            for number, (answer, ids) in enumerate(requests(random.Random(wanted.seed), ask, wanted.requests)):
                answers[answer.status] += 1
                acknowledged.update(ids)
                if number % max(1, wanted.requests // 20) == 0:
                    memory.append(round(process.memory_info().rss / 2**20, 1))
        held = connector(str(Path(folder) / "hub.sqlite"))()
        lost = acknowledged - {name for (name,) in held.rows("SELECT id FROM objects")}
        held.close()
    found = {
        "form": "stillwatch.forum-fuzz/1",
        "requests": wanted.requests,
        "seed": wanted.seed,
        "answers": {str(status): count for status, count in sorted(answers.items())},
        "failures": sum(count for status, count in answers.items() if status >= 500),
        "acknowledged": len(acknowledged),
        "lost": len(lost),
        "memory_mib": memory,
        "cpu_ms_per_request": round(1000 * (time.process_time() - begun) / wanted.requests, 2),
    }
    print(json.dumps(found, indent=1))
    if wanted.write:
        pages = ROOT / "docs" / "benchmarks"
        (pages / "forum-fuzz.json").write_text(json.dumps(found, indent=1) + "\n", "utf-8")
        told = ", ".join(f"{count:,} x {status}" for status, count in found["answers"].items())
        (pages / "forum-fuzz.md").write_text(
            f"# The hub under hostile requests\n\nWritten by `python bench/forum_fuzz.py --requests {wanted.requests} --write`, never by hand.\n\n"
            f"{wanted.requests:,} requests from seed {wanted.seed}, in process: {told}. Failures of the hub (5xx): {found['failures']}. "
            f"Objects acknowledged: {len(acknowledged)}, of which lost: {len(lost)}. Memory at the start, after a tenth and at the end: "
            f"{memory[0]}, {memory[2]} and {memory[-1]} MiB, hub and sender together.\n",
            "utf-8",
        )


if __name__ == "__main__":
    main()
