"""Detectors look at a world: features, facts and launches in, groups of pseudonyms out. The truth is not among what they get."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch import accounts, actors, signals
from stillwatch.core import Decision, Settings
from stillwatch.engine import DuckEngine, Relation, Sql
from stillwatch.range.studies.featured import NAMES
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS

__all__ = ["Blind", "Group", "Said", "look_for_actors", "weigh_accounts"]

_SO_FAR = Sql(
    "range_so_far",
    """
    select f.*
    from {features} f
    join {moment} m on @epoch_us(f.at) < m.until
    """,
)

Ints = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Blind:
    """What a detector may see: Parquet files of features and of prompts, account facts and launches."""

    features: Sequence[Path]
    texts: Sequence[Path]
    facts: pa.Table
    releases: pa.Table
    scratch: Path
    until: int | None = None
    """Microseconds since 1970 from which on nothing has happened yet; None where the window is over."""

    def open(self, settings: Settings) -> tuple[DuckEngine, Relation, Relation, Relation]:
        """An engine with the three relations on it; the caller closes it."""
        engine = DuckEngine(memory_mb=settings.run.memory_mb, scratch=self.scratch)
        features = engine.scan_files(list(self.features))
        if self.until is not None:
            moment = engine.from_arrow(pa.table({"until": pa.array([self.until], pa.int64())}))
            features = engine.sql(_SO_FAR, features=features, moment=moment)
        return (
            engine,
            features,
            engine.from_arrow(self.facts),
            engine.from_arrow(self.releases),
        )


@dataclass(frozen=True, kw_only=True, slots=True)
class Group:
    """Accounts that a method holds for one actor."""

    accounts: Ints
    decision: str
    score: float | None
    found_by: tuple[str, ...] = ()
    reason: str = ""
    counted: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Said:
    """What one method said: groups, single accounts for review among `tested`, why it refused, processor time.

    `scores` are accounts and a score of each: larger is more suspicious, NaN undecided.
    """

    method: str
    groups: tuple[Group, ...] = ()
    accused: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    tested: int | None = None
    scores: tuple[Ints, npt.NDArray[np.float64]] | None = None
    refused: str = ""
    seconds: float = 0.0


def look_for_actors(world: Blind, settings: Settings, cleared: Ints) -> Said:
    """Our own detector of actors: everything it judged, with the members that a report lists. It uses no cleared accounts."""
    begun = time.process_time()
    engine, features, facts, releases = world.open(settings)
    with engine:
        artifacts = engine.keep(signals.register(engine, features))
        found = actors.find(engine, features, facts, artifacts, releases, settings=settings, salt=NAMES.salt("actors"))
        told = actors.describe(engine, features, found, salt=NAMES.salt("actors"))
    owner, member = (told.members.column(name).to_numpy() for name in ("actor", "account"))
    counts = {one.actor: tuple(name for name in actors.TESTS if name in one.counts) for one in found.judged}
    groups = tuple(
        Group(
            accounts=np.unique(member[owner == row["actor"]]),
            decision=row["decision"],
            score=row["e_value"],
            found_by=tuple(row["found_by"]),
            reason=row["reason"].split(":")[0][:80],
            counted=counts[row["actor"]],
        )
        for row in told.actors.select(["actor", "decision", "e_value", "found_by", "reason"]).to_pylist()
    )
    return Said(method=OURS, groups=groups, seconds=time.process_time() - begun)


def weigh_accounts(world: Blind, settings: Settings, cleared: Ints) -> Said:
    """Our own weighing of single accounts, calibrated on the accounts that an analyst has cleared."""
    begun = time.process_time()
    engine, features, facts, releases = world.open(settings)
    with engine:
        measured = signals.measure(engine, features, facts, releases)
    judgement = accounts.judge(
        [
            accounts.Measured(
                name=one.name, title=one.title, needs=one.needs, evidence=one.evidence, rows=measured[one.name]
            )
            for one in signals.SIGNALS.values()
        ],
        world.facts,
        settings.detect,
        cleared=pa.array(np.sort(cleared)),
    )
    weighed = judgement.weighed
    return Said(
        method=OURS_ACCOUNTS,
        accused=judgement.accounts(Decision.REVIEW).to_numpy(),
        tested=judgement.tested,
        scores=(weighed.grid.accounts, np.where(weighed.eligible, weighed.score, np.nan)),
        seconds=time.process_time() - begun,
    )
