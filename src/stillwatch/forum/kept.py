"""What left, as rows of `indicators_out`: which objects a case gave rise to, in which version they left, and when."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from typing import Any

import pyarrow as pa

from stillwatch.cases import Desk
from stillwatch.cases.canonical import canonical
from stillwatch.cases.journal import Entry, Private
from stillwatch.engine import TABLES, Workspace, durable_write
from stillwatch.forum.indicators import value_digest
from stillwatch.forum.preview import Preview
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.stix.markings import marks_of
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.words import ForumError, Lane

__all__ = ["keep_record", "left_before", "passed_on", "record_said", "share", "with_launched"]

Object = dict[str, Any]


def left_before(workspace: Workspace, case: str | None = None) -> dict[str, Object]:
    """Every object that left, by id, as it left last; of one case, or of all."""
    rows = workspace.store.read("indicators_out", ["id", "case", "object"]).to_pylist()
    return {row["id"]: json.loads(row["object"]) for row in rows if case in (None, row["case"])}


def passed_on(workspace: Workspace, day: dt.date, *, besides: Collection[str] = ()) -> int:
    """How many objects left on a day, besides those with these ids."""
    rows = workspace.store.read("indicators_out", ["id", "last_left"]).to_pylist()
    return sum(row["last_left"].date() == day and row["id"] not in besides for row in rows)


def with_launched(workspace: Workspace, policy: Policy) -> Policy:
    """The policy with the models that this house has launched among the public ones."""
    launched = workspace.store.read("releases", ["model"]).column("model").to_pylist()
    return replace(policy, public_models=tuple(dict.fromkeys((*policy.public_models, *launched))))


def share(
    workspace: Workspace, desk: Desk, told: Preview, *, by: str, to: str, now: dt.datetime, lane: Lane = Lane.PEER
) -> list[Object]:
    """Record that a preview leaves, keep its record of what was removed, and return the objects: the caller sends exactly these.

    The journal says so before anything is sent; what it names is what leaves, by digest.

    Raises:
        ForumError: when a rule refuses.
    """
    if not told.linted.passes:
        reasons = "; ".join(dict.fromkeys(f"{one.code}: {one.why}" for one in told.linted.refusals))
        raise ForumError(f"{told.case}: {len(told.linted.refusals)} refusals stand ({reasons})")
    digest = keep_record(workspace, told)
    kind = "case.withdrawn" if any(one.get("revoked") for one in told.objects) else "case.shared"
    body = {
        "sha256": told.sha256,
        "record": digest,
        "to": to,
        "lane": lane.value,
        "objects": len(told.objects),
        "fresh": sorted(told.fresh),
    }
    spared = [f"{refusal.code} {refusal.object} {refusal.path}" for refusal, _ in told.linted.overridden]
    people = tuple(
        Private(field=f"override/{place}/{role}", subject=f"person:{name}", value=name)
        for place, (_, one) in enumerate(told.linted.overridden)
        for role, name in (("by", one.by), ("second", one.second))
    )
    desk.journal.append(Entry(kind=kind, by=by, case=told.case, body={**body, "overridden": spared}, private=people))
    _keep(workspace, [one for one in told.objects if one["id"] in told.fresh], told.case, digest, now, lane)
    return list(told.objects)


def keep_record(workspace: Workspace, told: Preview) -> str:
    """Keep the record of what was removed from a preview, and return its digest, which what leaves names."""
    digest = hashlib.sha256(told.record).hexdigest()
    folder = workspace.root / "desk" / "sanitised"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable_write(folder / f"{digest}.json", told.record, mode=0o600)
    return digest


def record_said(
    workspace: Workspace, desk: Desk, objects: Sequence[Object], *, about: str, sha256: str, by: str, now: dt.datetime
) -> None:
    """Record what is said of another house's indicator: in the journal first, then among what left, where it stands under no case."""
    desk.journal.begin()
    desk.journal.append(Entry(kind="forum.said", by=by, body={"about": about, "sha256": sha256}))
    before = left_before(workspace)
    _keep(workspace, [one for one in objects if before.get(one["id"]) != one], "", sha256, now, Lane.PEER)


def _keep(workspace: Workspace, fresh: Sequence[Object], case: str, record: str, now: dt.datetime, lane: Lane) -> None:
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    with workspace.writing():
        rows = {row["id"]: row for row in workspace.store.read("indicators_out").to_pylist()}
        for one in fresh:
            first = rows[one["id"]]["first_left"] if one["id"] in rows else today
            rows[one["id"]] = _row(one, case, record, first, today, lane)
        table = pa.Table.from_pylist([rows[key] for key in sorted(rows)], schema=TABLES["indicators_out"].schema)
        workspace.store.put("indicators_out", table, made_from="forum")


def _row(
    one: Mapping[str, Any], case: str, record: str, first: dt.datetime, last: dt.datetime, lane: Lane
) -> dict[str, Any]:
    compared = read_pattern(one["pattern"], one["pattern_type"]) if one["type"] == "indicator" else None
    tlps = marks_of(one.get("object_marking_refs", []))[0]
    until = one.get("valid_until")
    return {
        "id": one["id"],
        "case": case,
        "type": one["type"],
        "kind": compared and one["extensions"][INDICATOR_EXTENSION]["kind"],
        "value_digest": compared and value_digest(compared.kind, compared.value),
        "lane": lane.value,
        "tlp": tlps[0].value if tlps else None,
        "first_left": first,
        "last_left": last,
        "valid_until": dt.datetime.fromisoformat(until) if until else None,
        "revoked": one.get("revoked", False),
        "object": canonical(one).decode(),
        "record": record,
    }
