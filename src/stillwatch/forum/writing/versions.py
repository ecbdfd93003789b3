"""Versions of what was sent before: the same content keeps its bytes, other content gets a later `modified`, what was revoked stays so."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from typing import Any

from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.words import stamp
from stillwatch.forum.writing.objects import Sender, sdo

__all__ = ["REASONS", "revoked", "versioned"]

Object = dict[str, Any]
_DATES = ("created", "modified", "valid_from", "valid_until", "published")
_NOTED = frozenset({"indicator", "campaign", "intrusion-set"})
"""Types whose withdrawal is explained by a note; what merely ties them together goes without."""
REASONS = {
    "cleared": phrases.FIXED[6],
    "reopened": phrases.FIXED[7],
    "innocent": phrases.FIXED[8],
    "out_of_date": phrases.FIXED[9],
}
"""Why an indicator can be withdrawn, and the sentence that says so."""


def versioned(objects: Iterable[Object], before: Mapping[str, Object], *, today: dt.date) -> list[Object]:
    """The objects as their next versions, given those that were sent before by id.

    An object whose content is as before and which is still valid is returned as it was, to the byte: sending a case again changes nothing.
    """
    return [_next(one, before[one["id"]], today) if one["id"] in before else one for one in objects]


def _next(new: Object, old: Object, today: dt.date) -> Object:
    over = "valid_until" in old and old["valid_until"] <= stamp(today)
    if old.get("revoked") or "modified" not in new or (_content(new) == _content(old) and not over):
        return old
    return {**new, "created": old["created"], "modified": _later(old["modified"], today)}


def revoked(old: Object, *, sender: Sender, why: str, today: dt.date) -> list[Object]:
    """The object withdrawn for good, with a note that says why; nothing where it was withdrawn before.

    Args:
        old: the version that was sent last.
        sender: who sent it.
        why: a key of `REASONS`.
        today: the day of withdrawing.
    """
    if old.get("revoked"):
        return []
    gone = {**old, "revoked": True, "modified": _later(old["modified"], today)}
    if old["type"] not in _NOTED:
        return [gone]
    note = stix_id("note", old["id"], "withdrawn", gone["modified"])
    told = sdo("note", note, sender, today, abstract="withdrawn", content=REASONS[why], object_refs=[old["id"]])
    return [gone, {**told, "object_marking_refs": old["object_marking_refs"]}]


def _content(one: Object) -> Object:
    return {key: value for key, value in one.items() if key not in _DATES}


def _later(modified: str, today: dt.date) -> str:
    """The first instant of today, or one millisecond after the last version of today."""
    day = dt.date.fromisoformat(modified[:10])
    return stamp(today) if day < today else stamp(day, int(modified[20:23]) + 1)
