"""What other houses told, read by the same rules as what leaves, and kept as rows to look with. Nothing here decides anything."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

import pyarrow as pa

from stillwatch.cases import Confidence, Desk, Statement
from stillwatch.cases.canonical import canonical
from stillwatch.core import Part
from stillwatch.engine import TABLES, Workspace
from stillwatch.forum.lint import Linted, lint
from stillwatch.forum.opinions.contest import open_contests
from stillwatch.forum.opinions.lattice import State, corroboration
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.rules.r07_switches import strictest
from stillwatch.forum.rules.rule import Setting
from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.stix.markings import marks_of
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.words import Way

__all__ = ["TakenIn", "feedback", "take_in"]

Object = Mapping[str, Any]
Row = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class TakenIn:
    """What came of a batch: indicators new or changed, withdrawn, opinions, and what the rules refused."""

    fresh: int
    withdrawn: int
    opinions: int
    linted: Linted


def take_in(
    workspace: Workspace, objects: Sequence[Object], *, source: str, now: dt.datetime, policy: Policy | None = None
) -> TakenIn:
    """Keep the indicators and opinions of a batch against which no rule stands.

    An older version never replaces a newer one, and what was withdrawn stays withdrawn: the same batch twice changes nothing. The
    quotas are those of the house's own policy, if it has one, of what was kept today from this source.
    """
    rows = {row["id"]: row for row in workspace.store.read("indicators_in").to_pylist()}
    said: dict[str, list[Row]] = {}
    for row in workspace.store.read("opinions_in").to_pylist():
        said.setdefault(row["id"].partition("/")[0], []).append(row)
    held = [*rows.values(), *(told[0] for told in said.values() if told[0]["type"] != "contest")]
    before = {one["id"]: one for one in (json.loads(row["object"]) for row in held)}
    kept_today = sum(row["source"] == source and row["received"].date() == now.date() for row in rows.values())
    setting = Setting(way=Way.IN, now=now, before=before, passed_today=kept_today)
    if policy is not None:
        setting = replace(setting, most_a_day=policy.objects_a_day, most_a_batch=policy.objects_a_batch)
    linted = lint(objects, setting)
    fresh = withdrawn = opinions = 0
    for one in sorted(linted.passing(objects), key=_version):
        known = before.get(one["id"], {})
        if known == one or known.get("revoked"):
            continue
        before[one["id"]] = dict(one)
        if one["type"] == "indicator":
            rows[one["id"]] = _row(one, source, now)
            fresh, withdrawn = fresh + 1, withdrawn + bool(one.get("revoked"))
        elif one["type"] in ("sighting", "opinion"):
            said[one["id"]] = _said(one, now)
            opinions += 1
    contested = open_contests(workspace)
    words = [json.loads(told[0]["object"]) for told in said.values() if told[0]["type"] != "contest"]
    flat = {row["id"]: row for told in said.values() for row in told}
    for made, row in rows.items():
        state = corroboration(json.loads(row["object"]), words, contested=made in contested).state
        row["corroboration"] = state.value
    with workspace.writing():
        for name, kept in (("indicators_in", rows), ("opinions_in", flat)):
            table = pa.Table.from_pylist([kept[key] for key in sorted(kept)], schema=TABLES[name].schema)
            workspace.store.put(name, table, made_from="forum")
    return TakenIn(fresh=fresh, withdrawn=withdrawn, opinions=opinions, linted=linted)


def feedback(workspace: Workspace, desk: Desk, *, by: str) -> int:
    """Tell this house's own cases what others made of their indicators, as statements of an interested party. How many were added.

    What speaks against an indicator goes into the exculpatory part. The same feedback is told once.
    """
    ours = workspace.store.read("indicators_out", ["id", "case", "type", "object"]).to_pylist()
    said = [
        json.loads(row["object"]) for row in workspace.store.read("opinions_in").to_pylist() if row["type"] != "contest"
    ]
    contested = open_contests(workspace)
    added = 0
    for row in ours:
        if row["type"] != "indicator":
            continue
        one = json.loads(row["object"])
        state = corroboration(one, said, contested=row["id"] in contested).state
        if state is State.SEED:
            continue
        against = state is State.DISPUTED
        kind = phrases.indicator_name(read_pattern(one["pattern"], one["pattern_type"]).kind)  # type: ignore[union-attr]
        sentence = (
            f"{kind} ({row['id'][-12:]}) is {state} among other members."
            if not against
            else f"{kind} ({row['id'][-12:]}) is disputed: somebody has evidence that it is innocent, or contests it."
        )
        told = Statement(
            part=Part.EXCULPATORY if against else Part.OBSERVED,
            confidence=Confidence.LOW,
            sentence=sentence,
            ground="forum",
            interested_party=True,
        )
        if told not in desk.case(row["case"]).added:
            desk.state(row["case"], told, by=by)
            added += 1
    return added


def _version(one: Object) -> dt.datetime:
    """When an object was changed last; what has no versions comes first."""
    return dt.datetime.fromisoformat(one.get("modified", "1970-01-01T00:00:00Z"))


def _row(one: Object, source: str, now: dt.datetime) -> Row:
    compared = read_pattern(one["pattern"], one["pattern_type"])
    ours = one["extensions"][INDICATOR_EXTENSION]
    tlps, paps, _, _ = marks_of(one["object_marking_refs"])
    assert compared is not None  # noqa: S101 - R1 has read it
    return {
        "id": one["id"],
        "sender": one["created_by_ref"],
        "source": source,
        "kind": compared.kind.value,
        "value": compared.value,
        "stands_alone": ours["stands_alone"],
        "confidence": one["confidence"],
        "tlp": tlps[0].value,
        "pap": paps[0].value,
        "permitted_actions": strictest(one).permitted_actions,
        "corroboration": State.SEED.value,
        "valid_from": dt.datetime.fromisoformat(one["valid_from"]),
        "valid_until": dt.datetime.fromisoformat(one["valid_until"]),
        "modified": dt.datetime.fromisoformat(one["modified"]),
        "revoked": one.get("revoked", False),
        "received": now,
        "object": canonical(one).decode(),
    }


def _said(one: Object, now: dt.datetime) -> list[Row]:
    about = [one["sighting_of_ref"]] if one["type"] == "sighting" else one["object_refs"]
    return [
        {
            "id": one["id"] if len(about) == 1 else f"{one['id']}/{place}",
            "about": ref,
            "type": one["type"],
            "sender": one["created_by_ref"],
            "modified": dt.datetime.fromisoformat(one["modified"]),
            "received": now,
            "answered": None,
            "object": canonical(one).decode(),
        }
        for place, ref in enumerate(about)
    ]
