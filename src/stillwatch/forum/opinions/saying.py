"""Say something about another house's indicator: seen too, in bands; or not harvesting, with a reason from a list. Never more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import replace
from enum import StrEnum
from typing import Any

from stillwatch.cases.canonical import canonical
from stillwatch.forum.lint import lint
from stillwatch.forum.preview import sender_of
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.rules.rule import outgoing
from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.bundles import bundle
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.stix.markings import marks_of
from stillwatch.forum.words import ForumError, decade, stamp
from stillwatch.forum.writing.objects import Sender, common_objects, member_id, sdo
from stillwatch.forum.writing.versions import versioned

__all__ = ["Doubt", "not_harvesting", "said", "seen_too"]

Object = dict[str, Any]


class Doubt(StrEnum):
    """Why a house thinks that an indicator misleads, or what it lacks."""

    FALSE_POSITIVE = "false-positive"
    NOT_HARVESTING = "not-harvesting"
    OUT_OF_DATE = "out-of-date"
    WANT_MORE = "want-more-information"


def seen_too(
    indicator: Mapping[str, Any], sender: Sender, *, accounts: int, first: dt.date, last: dt.date, today: dt.date
) -> Object:
    """A sighting in this house's own traffic: the decade of accounts, the days, and nothing of who or how much."""
    made = stix_id("sighting", sender.code, indicator["id"])
    return sdo(
        "sighting",
        made,
        _as_strict(sender, indicator),
        today,
        description=phrases.FIXED[4],
        first_seen=stamp(first),
        last_seen=stamp(last),
        count=decade(accounts),
        sighting_of_ref=indicator["id"],
        where_sighted_refs=[member_id(sender.code)],
        summary=True,
    )


def not_harvesting(indicator: Mapping[str, Any], sender: Sender, doubt: Doubt, *, today: dt.date) -> list[Object]:
    """An opinion and the note that gives its reason. To want more information is neutral; all else disagrees."""
    strict = _as_strict(sender, indicator)
    word = "neutral" if doubt is Doubt.WANT_MORE else "disagree"
    opinion = stix_id("opinion", sender.code, indicator["id"])
    note = stix_id("note", sender.code, indicator["id"], "doubt")
    refs = [indicator["id"]]
    return [
        sdo("opinion", opinion, strict, today, opinion=word, object_refs=refs),
        sdo("note", note, strict, today, abstract=doubt.value, content=phrases.FIXED[5], object_refs=refs),
    ]


def _as_strict(sender: Sender, about: Mapping[str, Any]) -> Sender:
    """The sender with markings no milder than those of what it speaks of."""
    tlps, paps, _, _ = marks_of(list(about.get("object_marking_refs", [])))
    tlp = max([sender.tlp, *tlps], key=lambda one: one.strictness)
    pap = max([sender.pap, *paps], key=lambda one: one.strictness)
    return replace(sender, tlp=tlp, pap=pap)


def said(
    objects: list[Object], policy: Policy, before: Mapping[str, Object], *, now: dt.datetime, passed_today: int = 0
) -> tuple[list[Object], bytes]:
    """What is said, as objects in their next versions and in canonical bytes, once no rule refuses it.

    Args:
        objects: sightings, opinions and notes.
        policy: of this house.
        before: objects that left before, by id.
        now: the moment.
        passed_today: objects that left today.

    Raises:
        ForumError: with every refusal.
    """
    spoken = versioned(objects, before, today=now.astimezone(dt.UTC).date())
    whole = [*common_objects(sender_of(policy)), *spoken]
    found = lint(whole, outgoing(policy, now=now, before=before, passed_today=passed_today))
    if not found.passes:
        raise ForumError("\n".join(map(str, found.refusals)))
    return whole, canonical(bundle(whole))
