"""From features to findings: accounts weighed, actors found and judged, everything written down. One screen a job."""

from __future__ import annotations

from dataclasses import dataclass

import pyarrow.compute as pc

from stillwatch import accounts, actors, signals
from stillwatch.core import Decision, Settings
from stillwatch.engine import Sql, Workspace, open_engine
from stillwatch.pipeline.carried import measured_now
from stillwatch.pipeline.histories import (
    Followed,
    as_measured,
    follow,
    read_calendar,
    recent_dates,
    recent_days,
    window,
)
from stillwatch.pipeline.pictures import Pictures, draw
from stillwatch.pipeline.purposes import facts_with_purposes
from stillwatch.pipeline.read_logs import Progress
from stillwatch.pipeline.shingle_counts import shingle_counts

__all__ = ["Findings", "detect"]

_EVERYBODY = Sql(
    "detect_everybody",
    "select distinct f.account from {features} f where f.account is not null order by f.account",
)
"""Every account that sent anything."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Findings:
    """What a run concluded beyond the tables: how the accounts' error budget was spent, and what the report shows of actors.

    `notes` are what there is to say of what was carried from an earlier run.
    """

    tested: int
    for_review: int
    threshold_p: float | None
    best_p: float | None
    can_fire: bool
    basis: accounts.Basis
    calibrated_by: int
    note: str
    spent: tuple[accounts.Spent, ...]
    pictures: Pictures
    followed: Followed
    notes: tuple[str, ...] = ()


def detect(
    workspace: Workspace, settings: Settings, *, progress: Progress | None = None, salt: int | None = None
) -> Findings:
    """Weigh every account, find and judge actors, and commit the tables. The same features and settings give the same tables.

    Args:
        salt: names families and actors; the workspace's own by default.
    """
    steps = ("families and links", "actors", "signals", "accounts")
    tell = progress or (lambda stage, done, total: None)
    store = workspace.store
    salt = workspace.names.salt("actors") if salt is None else salt
    with open_engine(
        settings.run.engine,
        store,
        memory_mb=settings.run.memory_mb,
        scratch=workspace.scratch,
        master=settings.run.spark_master,
    ) as engine:
        features, facts, releases = engine.scan("features"), engine.scan("account_facts"), engine.scan("releases")
        tell(steps[0], 0, len(steps))
        artifacts = engine.materialise(signals.register(engine, features), "artifacts")
        before = store.read("actor_looks")
        calendar = read_calendar(engine, features)
        declared = facts_with_purposes(store, calendar.end)
        looked_at = settings.actors.window_days
        seen = window(engine, calendar, looked_at) if looked_at else features
        known = facts if declared is None else engine.from_arrow(declared)
        counts, notes = shingle_counts(
            engine,
            store,
            workspace.root / "state",
            support=settings.actors.family_support,
            days=recent_dates(calendar, looked_at) if looked_at else None,
        )
        found = actors.find(
            engine, seen, known, artifacts, releases, settings=settings, salt=salt, before=before, counts=counts
        )
        store.put("families", found.families)
        store.put("links", found.links)
        tell(steps[1], 1, len(steps))
        described = actors.describe(engine, seen, found, salt=salt)
        store.put("actor_looks", found.looks)
        store.put("actors", described.actors)
        store.put("actor_members", described.members)
        store.put("actor_lineage", described.lineage)
        store.put("actor_evidence", described.evidence)
        pictures = draw(engine, seen, found, described, everything=features)
        tell(steps[2], 2, len(steps))
        store.put("signups", signals.signups(store.read("account_facts")))
        recent = window(engine, calendar, settings.detect.window_days)
        store.put("topics", signals.topics(engine, recent))
        given = {
            "features": recent,
            "account_facts": facts,
            "releases": releases,
            "artifacts": artifacts,
            "signups": engine.scan("signups"),
            "topics": engine.scan("topics"),
        }
        days = recent_days(calendar, settings.detect.window_days)
        measured = measured_now(engine, store, workspace.root / "state", given, days=days)
        followed = follow(engine, store, settings, calendar=calendar)
        everybody = engine.to_arrow(engine.sql(_EVERYBODY, features=features)).column("account").combine_chunks()
    tell(steps[3], 3, len(steps))
    judgement = accounts.judge(
        as_measured(measured, store.read("topics")),
        store.read("account_facts") if declared is None else declared,
        settings.detect,
        accounts=everybody,
        cleared=followed.cleared,
        watched=followed.watch,
    )
    store.put("account_evidence", judgement.evidence())
    store.put("calibration", judgement.calibration)
    tell(steps[3], len(steps), len(steps))
    smallest = pc.min(judgement.combined.column("p_value")).as_py()
    return Findings(
        tested=judgement.tested,
        for_review=len(judgement.accounts(Decision.REVIEW)),
        threshold_p=judgement.threshold_p,
        best_p=smallest,
        can_fire=judgement.weighed.basis is not accounts.Basis.THEMSELVES and judgement.tested > 0,
        basis=judgement.weighed.basis,
        calibrated_by=int((judgement.weighed.reference & judgement.weighed.eligible).sum()),
        note=judgement.note,
        spent=judgement.spent,
        pictures=pictures,
        followed=followed,
        notes=notes,
    )
