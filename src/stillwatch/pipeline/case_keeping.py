"""After a scan: what it saw of actors that have a case goes into that case, and actors for review get one where the settings say so.

Who decides stays a person. New members join a case only while it is open, for a decision in force is about those whom it named; a case
closed without action is opened again when its actor acts after that; a clearance or a restriction is never undone here; mergers and
splits of actors are proposed with their lineage. The same scan twice records nothing twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence

from stillwatch.cases import Book, Case, Desk, Member, Ruling, State, continue_case, propose
from stillwatch.core import Settings, handle
from stillwatch.core.errors import CaseError, TamperingFound
from stillwatch.engine import Workspace
from stillwatch.pipeline.case_opening import case_opening
from stillwatch.pipeline.list_prices import read_prices
from stillwatch.report import ActorView, ScanView

__all__ = ["keep_cases"]

_PIPELINE = "stillwatch"


def keep_cases(workspace: Workspace, settings: Settings, view: ScanView) -> tuple[str, ...]:
    """Take a scan into the cases; what a summary has to say of it. A journal that cannot be trusted is left alone, and that is said."""
    opens = settings.cases.open == "review"
    if not opens and not (workspace.root / "desk" / "journal.head").exists():
        return ()
    try:
        return _keep(workspace, Desk(workspace), view, opens=opens)
    except (TamperingFound, CaseError) as error:
        return (f"warning: the cases do not have this scan: {error}",)


def _keep(workspace: Workspace, desk: Desk, view: ScanView, *, opens: bool) -> tuple[str, ...]:
    counts = {"opened": 0, "continued": 0, "opened again": 0, "proposed to merge or split": 0}
    desk.lapse()
    for actor in view.for_review:
        case = _case_of(desk.cases().values(), actor)
        if case is not None:
            counts["opened again"] += _opened_again(desk, case, actor)
            counts["continued"] += _continued(desk, case.id, actor, view.run.run)
        elif opens and not any(o.handle == actor.handle for c in desk.cases().values() for o in c.openings):
            prices = read_prices(workspace.root / "prices.toml")
            labels = desk.book().feedback.labels
            desk.open(case_opening(view, actor.handle, prices=prices, labels=labels), by=_PIPELINE)
            counts["opened"] += 1
    members = {actor.handle: [m.handle for m in actor.members] for actor in view.actors}
    lineage = workspace.store.read("actor_lineage").to_pylist()
    for event, own, other in sorted(
        (row["event"], handle("actor", row["actor"]), handle("actor", row["other"]))
        for row in lineage
        if row["event"] in ("merged_into", "split_from")
    ):
        counts["proposed to merge or split"] += _proposed(desk, event, own, other, members)
    told = [f"{n} {what}" for what, n in counts.items() if n]
    return (f"cases: {', '.join(told)}",) if told else ()


def _case_of(cases: Iterable[Case], actor: ActorView) -> Case | None:
    """The case about an actor; of several, after a split, the one that has most of its members."""
    about = [c for c in cases if c.state is not State.MERGED and any(o.handle == actor.handle for o in c.openings)]
    own = {member.handle for member in actor.members}
    return max(about, key=lambda c: len(own.intersection(m.handle for m in c.members)), default=None)


def _opened_again(desk: Desk, case: Case, actor: ActorView) -> bool:
    """Open a case again that was closed without action, where its actor sent something after that."""
    given = case.in_force
    closed = bool(given) and all(one.ruling is Ruling.NO_ACTION for one in given)
    if case.state is not State.DECIDED or not closed or actor.last_seen is None:
        return False
    if actor.last_seen <= max(dt.datetime.fromisoformat(one.at) for one in given):
        return False
    desk.reopen(
        case.id, by=_PIPELINE, why=f"the pipeline saw {actor.handle} act again until {actor.last_seen:%Y-%m-%d %H:%M}"
    )
    return True


def _continued(desk: Desk, case_id: str, actor: ActorView, run: str) -> bool:
    """Record members of an actor that its case has neither as members nor in an earlier such record."""
    case, book = desk.case(case_id), desk.book()
    known = {member.handle for member in case.members} | _seen(book, case)
    new = tuple(
        Member(handle=m.handle, exchanges=m.exchanges, harvest_exchanges=m.harvest_exchanges, reason=m.reason)
        for m in actor.members
        if m.handle not in known
    )
    if new:
        continue_case(desk, case_id, new, run=run, e_value=actor.e_value, by=_PIPELINE)
    return bool(new)


def _seen(book: Book, case: Case) -> set[str]:
    """Members whom a split or an undone merger took out: they stay out. While a decision stands or waits, also those told beside it."""
    out = ("case.gave_off", "case.unmerged")
    kinds = out if case.state is State.OPEN else (*out, "case.continued")
    told = [one for one in book.by_case.get(case.id, ()) if one.record.kind in kinds]
    sealed = (item for one in told for item in one.private.items())
    return {str(value["handle"]) for name, value in sealed if name.startswith(("member/", "gone/"))}


def _proposed(desk: Desk, event: str, own: str, other: str, members: Mapping[str, Sequence[str]]) -> bool:
    """Propose to a case what became of its actor, once: to take in the case of an actor that joined it, or to give off one that left."""
    cases = [case for case in desk.cases().values() if case.state is not State.MERGED]
    mine, theirs = (next((c for c in cases if any(o.handle == n for o in c.openings)), None) for n in (own, other))
    if theirs is None:
        return False
    if event == "merged_into":
        if mine is None or mine.id == theirs.id:
            return False
        why = f"the pipeline saw {own} become part of {other}: merge {mine.id} into this case"
        return propose(desk, theirs.id, step="merge", about=own, by=_PIPELINE, why=why, other=mine.id)
    gone = set(members.get(own, ())).intersection(m.handle for m in theirs.members)
    if not gone or len(gone) == len(theirs.members) or (mine is not None and mine.id != theirs.id):
        return False
    why = f"the pipeline saw {own} split from {other}: split off its {len(gone)} members of this case"
    leaving = tuple(m for m in theirs.members if m.handle in gone)
    return propose(desk, theirs.id, step="split", about=own, by=_PIPELINE, why=why, members=leaving)
