"""Stillwatch's own detectors behind the same Protocols, as a scan runs them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import ClassVar

import numpy as np
import pyarrow as pa

from stillwatch import accounts, actors, signals
from stillwatch.core.records import Decision
from stillwatch.core.settings import Settings
from stillwatch.range.peers.actor_peer import About, Cluster, Findings, Scores, Traffic

__all__ = ["OurAccounts", "OurActors"]


@dataclass(frozen=True, kw_only=True)
class OurActors:
    """`stillwatch.actors`: what goes up for review, with the accounts that are listed as members."""

    settings: Settings = field(default_factory=Settings)
    name: str = "stillwatch_actors"
    about: ClassVar[About] = About(
        title="Stillwatch, actors",
        source="this package: actors.find, actors.describe",
        reading="the members that a report lists: those that were tested, and those that joined afterwards",
        limits="one operator needs at least ten accounts and a tie in the discovery half of the hours",
    )

    def find(self, traffic: Traffic, *, rng: np.random.Generator) -> Findings:
        """Actors put up for review, by their evidence."""
        found = actors.find(
            traffic.engine, traffic.features, traffic.account_facts, settings=self.settings, salt=traffic.salt
        )
        told = actors.describe(traffic.engine, traffic.features, found, salt=traffic.salt)
        owner = told.members.column("actor").to_numpy()
        member = told.members.column("account").to_numpy()
        clusters = [
            Cluster(members=np.unique(member[owner == row["actor"]]), score=float(row["e_value"]))
            for row in told.actors.select(["actor", "decision", "e_value"]).to_pylist()
            if row["decision"] == Decision.REVIEW
        ]
        clusters.sort(key=lambda one: (-one.score, int(one.members[0])))
        return Findings(clusters=tuple(clusters), notes=(f"{len(found.judged)} candidates were tested",))


@dataclass(frozen=True, kw_only=True)
class OurAccounts:
    """`stillwatch.accounts`: every signal measured, weighed against the cleared accounts where there are any."""

    settings: Settings = field(default_factory=Settings)
    name: str = "stillwatch_accounts"
    about: ClassVar[About] = About(
        title="Stillwatch, accounts",
        source="this package: signals.measure, accounts.judge",
        reading="the score is the mean e-value over the signals of evidence",
        limits="accuses nobody without cleared accounts; undecided below the signals' least numbers of observations",
    )

    def score(self, traffic: Traffic, *, rng: np.random.Generator) -> Scores:
        """How loud each account is among all (`accounts.Weighed.score`); accused are those put up for review."""
        measured = signals.measure(traffic.engine, traffic.features, traffic.account_facts, traffic.releases)
        judgement = accounts.judge(
            [
                accounts.Measured(
                    name=one.name, title=one.title, needs=one.needs, evidence=one.evidence, rows=measured[one.name]
                )
                for one in signals.SIGNALS.values()
            ],
            traffic.engine.to_arrow(traffic.account_facts),
            self.settings.detect,
            accounts=pa.array(traffic.account),
            cleared=pa.array(traffic.cleared) if traffic.cleared.size else None,
        )
        weighed = judgement.weighed
        accused = np.isin(traffic.account, judgement.accounts(Decision.REVIEW).to_numpy())
        score = np.where(weighed.eligible, weighed.score, np.nan)
        return Scores(
            account=traffic.account, score=score, accused=accused, notes=(judgement.note,) if judgement.note else ()
        )
