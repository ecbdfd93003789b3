"""Kill a hub in the middle of pushes, again and again, and count what was acknowledged and is gone.

    python tests/forum/taxii/kill_hub.py FOLDER KILLS SEED

Two members push at once over HTTP; each object that a 202 acknowledged is written down. After every kill -9 a new hub opens the same
database: all of them must be there, once, in the order of their dates, and the log must be whole and have grown from what it was.
"""

from __future__ import annotations

import itertools
import random
import sys
import threading
import time
from pathlib import Path

ROOT = Path(__file__).parents[3]
sys.path.insert(0, str(ROOT))

import msgspec  # noqa: E402
from tests.forum.taxii.hub import SHARED, SIGNER, TOKENS, indicator  # noqa: E402
from tests.forum.taxii.serving import Served  # noqa: E402

from stillwatch.forum.log import Ledger, NoteKey, audit, read_note  # noqa: E402
from stillwatch.forum.taxii import Credentials, Remote, RemoteError  # noqa: E402
from stillwatch.forum.taxii.database import connector  # noqa: E402

DIGESTS = ",".join(TOKENS[name][1] for name in ("lab-a", "lab-b", "lab-c"))


def pusher(port: int, member: str, numbers: itertools.count[int], acknowledged: list[str]) -> None:
    remote = Remote(
        f"http://127.0.0.1:{port}/forum/collections/{SHARED}/",
        Credentials(token=TOKENS[member][0]),
        tries=1,
        seconds=10,
    )
    try:
        while True:
            some = [indicator(next(numbers)) for _ in range(5)]
            status = remote.push(msgspec.json.encode({"objects": some}))
            assert status.success_count == 5
            acknowledged += [one["id"] for one in some]
    except RemoteError:
        remote.close()


def heard(acknowledged: list[str], before: int, seconds: float = 60.0) -> None:
    """Wait for the first acknowledgement of a hub, so that a busy machine has shown something too; every second kill does not."""
    until = time.monotonic() + seconds
    while len(acknowledged) == before and time.monotonic() < until:
        time.sleep(0.01)


def lost(folder: Path, acknowledged: list[str], notes: list[str]) -> list[str]:
    """What is wrong with what is on the disk."""
    held = connector(str(folder / "hub.sqlite"))()
    try:
        there = [name for (name,) in held.rows("SELECT id FROM objects ORDER BY added")]
        gone = set(acknowledged) - set(there)
        faults = [f"{len(gone)} acknowledged objects are gone"] if gone else []
        faults += ["an object is there twice"] if len(there) != len(set(there)) else []
        log = Ledger(held)
        key = NoteKey(name="hub.example/log", key=SIGNER.public)
        audit(log.events(), [read_note(one) for one in notes], [key], origin="hub.example/log")
        written = sum(one.facts is not None and one.facts["kind"] == "write" for one in log.events())
        return faults + ([f"{written} writes in the log of {len(there)} objects"] if written != len(there) else [])
    finally:
        held.close()


def main() -> None:
    folder, kills, rng = Path(sys.argv[1]), int(sys.argv[2]), random.Random(int(sys.argv[3]))
    folder.mkdir(parents=True, exist_ok=True)
    numbers, acknowledged, notes = itertools.count(), list[str](), list[str]()
    for kill in range(kills):
        hub, before = Served(folder, DIGESTS), len(acknowledged)
        threads = [
            threading.Thread(target=pusher, args=(hub.port, name, numbers, acknowledged)) for name in ("lab-a", "lab-b")
        ]
        for one in threads:
            one.start()
        if kill % 2 == 0:
            heard(acknowledged, before)
        time.sleep(0.05 + rng.random() * 0.4)
        hub.kill()
        for one in threads:
            one.join()
        if faults := lost(folder, acknowledged, notes):
            sys.exit(f"after kill {kill}: {'; '.join(faults)}")
        held = connector(str(folder / "hub.sqlite"))()
        from stillwatch.forum.taxii.log_pages import issue_checkpoint

        notes.append(str(issue_checkpoint(Ledger(held), "hub.example/log", SIGNER)))
        held.close()
    if not acknowledged:
        sys.exit("nothing was acknowledged, so nothing was shown")
    print(f"{kills} kills, {len(acknowledged)} objects acknowledged, all there once, {len(notes)} checkpoints hold")


if __name__ == "__main__":
    main()
