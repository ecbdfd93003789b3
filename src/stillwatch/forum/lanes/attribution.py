"""A named organisation, for a government alone: an allegation of two people with a published source and a confidence, never a machine's.

Between peers nobody is named: R1 and R15 refuse it there, and the unnamed cluster (intrusion-set) stands in its place.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

from stillwatch.cases import FORGOTTEN, Case, Confidence
from stillwatch.cases.ruling import Ruling
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.words import ForumError
from stillwatch.forum.writing.objects import Sender, sdo

__all__ = ["attribution"]

Object = dict[str, Any]

_SURE = {Confidence.LOW: 15, Confidence.MODERATE: 50, Confidence.HIGH: 85}
"""Confidence as STIX counts it (STIX 2.1, appendix A: low, medium and high)."""

_ALLEGED = "An allegation of two people of the reporting house, by a published source. No court has found it."


def attribution(objects: Sequence[Object], case: Case, sender: Sender, *, source: str, today: dt.date) -> list[Object]:
    """The organisation that the case is attributed to, and its tie to the case's cluster.

    Args:
        objects: of the case, with its cluster.
        case: with a decision in force that attributes it: until a second person approved it, none is.
        sender: who sends.
        source: address of what was published about it.
        today: the day.

    Raises:
        ForumError: when no such decision is in force, its organisation was forgotten, nothing published is named, or there is no cluster
            to tie it to.
    """
    given = next((one for one in reversed(case.in_force) if one.ruling is Ruling.ATTRIBUTE), None)
    if given is None:
        raise ForumError(f"{case.id}: no decision in force attributes it; stillwatch case decide and approve do")
    if given.organisation in (None, FORGOTTEN) or given.confidence is None:
        raise ForumError(f"{case.id}: whom it was attributed to is forgotten, so nobody can be named")
    parts = urlsplit(source)
    if parts.scheme != "https" or not parts.hostname:
        raise ForumError("an organisation is named with a published source: its https address")
    cluster = next((one for one in objects if one["type"] == "intrusion-set"), None)
    if cluster is None:
        raise ForumError(f"{case.id}: has no cluster that could be attributed")
    made, sure = stix_id("threat-actor", case.id, given.organisation), _SURE[given.confidence]
    actor = sdo(
        "threat-actor",
        made,
        sender,
        today,
        name=given.organisation,
        description=_ALLEGED,
        threat_actor_types=["unknown"],
        confidence=sure,
        external_references=[{"source_name": "published", "url": source}],
    )
    tie = sdo(
        "relationship",
        stix_id("relationship", cluster["id"], "attributed-to", made),
        sender,
        today,
        relationship_type="attributed-to",
        source_ref=cluster["id"],
        target_ref=made,
        confidence=sure,
    )
    return [actor, tie]
