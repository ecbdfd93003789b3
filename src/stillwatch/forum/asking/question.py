"""A question: a note about indicators that the forum has already been told, so that asking tells nothing new but who wonders."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.words import ForumError
from stillwatch.forum.writing.objects import Sender, member_id, sdo

__all__ = ["ASKED", "MOST_INDICATORS", "Question", "question_object", "questions_in"]

ASKED = "have-you-seen"
"""The note's abstract."""

MOST_INDICATORS = 50
"""Indicators that one question may name: it is about one actor."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Question:
    """Who asks (an identity, no name), and about which indicators. `topic` is the same whoever asks about these."""

    id: str
    asker: str
    about: frozenset[str]
    day: str

    @property
    def topic(self) -> str:
        """What answers to it are compared by."""
        return stix_id("topic", *sorted(self.about))


def question_object(indicators: Sequence[str], sender: Sender, *, today: dt.date) -> dict[str, Any]:
    """Ask who else has seen the actor whom these indicators mark. The same question on the same day is the same object.

    Raises:
        ForumError: for no indicators, or too many for one actor.
    """
    about = sorted(set(indicators))
    if not 0 < len(about) <= MOST_INDICATORS:
        raise ForumError(f"got {len(about)} indicators, expected 1 to {MOST_INDICATORS}: a question is about one actor")
    made = stix_id("note", "question", member_id(sender.code), about, today.isoformat())
    return sdo("note", made, sender, today, abstract=ASKED, content=phrases.ASKED, object_refs=about)


def questions_in(objects: Iterable[Mapping[str, Any]]) -> list[Question]:
    """The questions among objects, those of longest ago first; withdrawn ones are asked no more."""
    found = [
        Question(
            id=one["id"],
            asker=one["created_by_ref"],
            about=frozenset(one["object_refs"]),
            day=one["created"][:10],
        )
        for one in objects
        if one.get("type") == "note" and one.get("abstract") == ASKED and not one.get("revoked")
    ]
    return sorted(found, key=lambda question: (question.day, question.id))
