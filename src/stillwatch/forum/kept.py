"""What left, as rows of `indicators_out`: which objects a case gave rise to, in which version they left, and when."""

from __future__ import annotations

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from typing import Any

import pyarrow as pa

from stillwatch.cases import Desk
from stillwatch.cases.canonical import canonical
from stillwatch.cases.journal import Entry, Private
from stillwatch.engine import TABLES, Workspace, durable_write
from stillwatch.forum.indicators import value_digest
from stillwatch.forum.preview import Preview
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.stix.markings import marks_of
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.words import ForumError, Lane

__all__ = ["left_before", "passed_on", "share"]

Object = dict[str, Any]


def left_before(workspace: Workspace, case: str | None = None) -> dict[str, Object]:
    """Every object that left, by id, as it left last; of one case, or of all."""
    rows = workspace.store.read("indicators_out", ["id", "case", "object"]).to_pylist()
    return {row["id"]: json.loads(row["object"]) for row in rows if case in (None, row["case"])}


def passed_on(workspace: Workspace, day: dt.date) -> int:
    """How many objects left on a day."""
    last = workspace.store.read("indicators_out", ["last_left"]).column("last_left").to_pylist()
    return sum(one.date() == day for one in last)


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
    digest = hashlib.sha256(told.record).hexdigest()
    folder = workspace.root / "desk" / "sanitised"
    folder.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable_write(folder / f"{digest}.json", told.record, mode=0o600)
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
    with workspace.writing():
        workspace.store.put("indicators_out", _rows(workspace, told, digest, now, lane), made_from="forum")
    return list(told.objects)


def _rows(workspace: Workspace, told: Preview, record: str, now: dt.datetime, lane: Lane) -> pa.Table:
    before = {row["id"]: row for row in workspace.store.read("indicators_out").to_pylist()}
    today = now.astimezone(dt.UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    for one in told.objects:
        if one["id"] in told.fresh:
            first = before[one["id"]]["first_left"] if one["id"] in before else today
            before[one["id"]] = _row(one, told.case, record, first, today, lane)
    return pa.Table.from_pylist([before[key] for key in sorted(before)], schema=TABLES["indicators_out"].schema)


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
