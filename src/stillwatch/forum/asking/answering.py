"""One lab's answer: yes with a decade, no, or none. It goes to whoever counts, never to the asker, and no reason for silence is told."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from stillwatch.forum.asking.question import Question
from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.words import decade
from stillwatch.forum.writing.objects import Sender, member_id, sdo

__all__ = ["LEAST_ACCOUNTS", "MOST_A_DAY", "Answer", "Looked", "answer_object", "answer_of"]

LEAST_ACCOUNTS = 3
"""Accounts under which a yes would speak of one customer."""

MOST_A_DAY = 20
"""Questions of one asker that are answered on a day."""


class Answer(StrEnum):
    """What a lab says; the note's abstract."""

    YES = "seen-here"
    NO = "not-seen-here"
    NONE = "no-answer-here"


@dataclass(frozen=True, kw_only=True, slots=True)
class Looked:
    """What a lab found of an actor by its own evidence: accounts, those that stay open, and whether it could look with every indicator."""

    accounts: int
    open: int
    whole: bool


def answer_of(question: Question, looked: Looked, answered: Sequence[Question], *, today: dt.date) -> Answer:
    """What may be said. Silence has many reasons, and none is told.

    A yes is about three accounts or more; a no is said only by who looked with everything and found nothing left open. Questions that
    overlap with one answered before, and are not the same, get no answer: the difference would tell of single indicators. Nor does who
    asked too much today.

    Args:
        question: what is asked.
        looked: what is here.
        answered: the questions that this lab has answered before.
        today: the day.
    """
    asked_today = sum(one.asker == question.asker and one.day == today.isoformat() for one in answered)
    overlapping = any(one.about & question.about and one.about != question.about for one in answered)
    if overlapping or asked_today >= MOST_A_DAY:
        return Answer.NONE
    if looked.accounts >= LEAST_ACCOUNTS:
        return Answer.YES
    return Answer.NO if looked.whole and not looked.accounts and not looked.open else Answer.NONE


def answer_object(
    question: Question, answer: Answer, looked: Looked, sender: Sender, *, today: dt.date
) -> dict[str, Any]:
    """The answer as a note about the question; one lab has one for each question, for ever."""
    content = {
        Answer.YES: phrases.seen_here(decade(max(looked.accounts, 1))),
        Answer.NO: phrases.NOT_HERE,
        Answer.NONE: phrases.NO_ANSWER,
    }[answer]
    made = stix_id("note", "answer", member_id(sender.code), question.id)
    return sdo("note", made, sender, today, abstract=answer.value, content=content, object_refs=[question.id])
