"""A journal of a handful of people, made for a test: with a clock that ticks and keys of its own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases.journal import Entry, Journal, Private
from stillwatch.cases.signing import Signer
from stillwatch.cases.subjects import Subjects

KEY = b"k" * 32
SIGNER = Signer(Ed25519PrivateKey.from_private_bytes(b"c" * 32))


def ticking(start: dt.datetime = dt.datetime(2026, 11, 1, 9, tzinfo=dt.UTC)) -> Callable[[], dt.datetime]:
    """A clock that goes on by a second at every look."""
    now = [start]

    def look() -> dt.datetime:
        now[0] += dt.timedelta(seconds=1)
        return now[0]

    return look


def journal(folder: Path) -> Journal:
    """The journal in a folder, with the keys of all tests."""
    folder.mkdir(parents=True, exist_ok=True)
    return Journal(folder / "desk", SIGNER, Subjects(folder / "subjects.sqlite", KEY), ticking())


def entry(number: int, by: str = "mary", about: str = "account:A-1") -> Entry:
    """Something that somebody looked at."""
    return Entry(
        kind="case.seen",
        by=by,
        case="C-1",
        body={"number": number, "share": 0.25},
        private=(Private(field="note", subject=about, value=f"note {number}, a ö customer"),),
    )
