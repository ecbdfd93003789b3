"""A journal and a desk made for a test: with a clock that ticks and keys of their own."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable
from pathlib import Path

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases import (
    CaseTest,
    Confidence,
    Desk,
    Exculpatory,
    Factor,
    FactorShown,
    Impact,
    Lookalike,
    Member,
    Opening,
    Statement,
)
from stillwatch.cases.journal import Entry, Journal, Private
from stillwatch.cases.signing import Signer
from stillwatch.cases.subjects import Subjects
from stillwatch.core import Example, FamilyView, HourCount, Part, Piece, ReleaseMark, SharedThing, Support
from stillwatch.engine import Workspace

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
    """The journal in a folder, begun, with the keys of all tests."""
    folder.mkdir(parents=True, exist_ok=True)
    made = Journal(folder / "desk", SIGNER, Subjects(folder / "subjects.sqlite", KEY), ticking())
    made.begin()
    return made


def entry(number: int, by: str = "mary", about: str = "account:A-1") -> Entry:
    """Something that somebody looked at."""
    return Entry(
        kind="case.seen",
        by=by,
        case="C-1",
        body={"number": number, "share": 0.25},
        private=(Private(field="note", subject=about, value=f"note {number}, a ö customer"),),
    )


def opening(handle: str = "X-0000000000001", run: str = "00ff", members: int = 4) -> Opening:
    """A finding that says all that a case must say."""
    return Opening(
        handle=handle,
        run=run,
        version="0",
        reason="templates shared by newcomers",
        first_seen=dt.datetime(2026, 10, 1, tzinfo=dt.UTC),
        last_seen=None,
        e_value=1.5e300,
        p_value=None,
        threshold=80.0,
        tests=(CaseTest(name="tiling", null="no job queue", n=40, supports=Support.HARVEST, sentence="few repeats"),),
        statements=tuple(
            Statement(part=part, confidence=Confidence.HIGH, sentence=f"{part} thing", ground="a table")
            for part in Part
        ),
        factors=tuple(FactorShown(factor=factor, shown=None, why="not looked at") for factor in Factor),
        exculpatory=Exculpatory(
            lookalikes=(Lookalike(name="classroom", fits=False, why="no term"),),
            base_rates=("5 % of findings may be wrong",),
            not_tested=("a contract",),
        ),
        impact=Impact(exchanges=900, attempts=800, obtained=700, obtained_tokens=None, capability="reasoning"),
        guarantees=("held out",),
        members=tuple(
            Member(handle=f"A-000000000000{i}", exchanges=200, harvest_exchanges=150, reason="shares a template")
            for i in range(members)
        ),
        families=(
            FamilyView(
                handle="F-0000000000001",
                scope="prompt",
                exchanges=800,
                accounts=members,
                examples=(Example(pieces=(Piece(constant=True, text="Solve step by step:", length=19),)),),
            ),
        ),
        links=(SharedThing(key="payment:7", kind="payment", label="7K2Q", members=members),),
        hours=(HourCount(at=dt.datetime(2026, 10, 1, tzinfo=dt.UTC), harvest=8, other=1),),
        releases=(ReleaseMark(model="m-1", at=dt.datetime(2026, 10, 1, tzinfo=dt.UTC)),),
    )


def desk(folder: Path) -> Desk:
    """A desk in a fresh workspace."""
    return Desk(Workspace(folder / "w"), ticking())
