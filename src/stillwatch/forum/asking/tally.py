"""The sum over all answers, by the one who counts: yes, no, or no answer. Nothing about fewer than three labs other than the asker.

A yes is a sum that R9 lets leave: three labs or more, none with most of it, in a decade. A no takes three labs that all looked and found
nothing, and nobody who said anything else. All other cases are one and the same "no answer": two labs have seen it, somebody is silent,
too few have answered. Each topic is told once in each set of answering labs, and never in sets that differ by one lab or two.
Misled by: labs that lie, and one that answers under three names. Whoever counts sees what each lab answered; the asker never does.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.engine import durable_write
from stillwatch.forum.asking.answering import Answer
from stillwatch.forum.asking.question import Question
from stillwatch.forum.rules.r09_aggregate import LEAST_LABS, Sums
from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.ids import stix_id
from stillwatch.forum.words import ForumError
from stillwatch.forum.writing.objects import Sender, member_id, sdo

__all__ = ["Told", "Verdict", "answers_in", "read_tallies", "tally", "told_object", "verdicts_in", "write_tallies"]


class Verdict(StrEnum):
    """What the asker, and everybody, is told; the note's abstract."""

    YES = "seen-elsewhere"
    NO = "not-seen-elsewhere"
    NONE = "no-answer"


class Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One answer that was given, with whose numbers went into it: it is remembered, so that no two differ by a few labs."""

    question: str
    topic: str
    asker: str
    counts: dict[str, int]
    verdict: Verdict
    band: int | None


def answers_in(objects: Iterable[Mapping[str, Any]]) -> dict[str, dict[str, int | None]]:
    """By question, what each lab answered: the decade of a yes, 0 for a no, None for no answer."""
    out: dict[str, dict[str, int | None]] = {}
    for one in objects:
        said = one.get("abstract")
        if one.get("type") != "note" or said not in set(Answer) or one.get("revoked"):
            continue
        number = {Answer.NO: 0, Answer.NONE: None}.get(Answer(said), phrases.band_of(one["content"]))
        for question in one["object_refs"]:
            out.setdefault(question, {})[one["created_by_ref"]] = number
    return out


def tally(question: Question, answers: Mapping[str, int | None], before: Sequence[Told]) -> Told | None:
    """What may be told of the answers to a question; None where it waits for more labs. What was told once is told so for ever.

    Args:
        question: what was asked.
        answers: of each lab, as `answers_in` has them; the asker's own does not count.
        before: everything that was told.
    """
    for one in before:
        if one.question == question.id:
            return one
    others = {lab: number for lab, number in answers.items() if lab != question.asker}
    if len(others) < LEAST_LABS:
        return None
    counts = {lab: number for lab, number in others.items() if number is not None}
    verdict, band = _verdict(question, others, counts, [one for one in before if one.topic == question.topic])
    return Told(
        question=question.id, topic=question.topic, asker=question.asker, counts=counts, verdict=verdict, band=band
    )


def _verdict(
    question: Question, others: Mapping[str, int | None], counts: Mapping[str, int], before: Sequence[Told]
) -> tuple[Verdict, int | None]:
    if any(0 < len(one.counts.keys() ^ counts.keys()) < LEAST_LABS for one in before):
        return Verdict.NONE, None
    if len(counts) == len(others) and not any(counts.values()):
        return Verdict.NO, None
    sums = Sums()
    for one in before:
        sums.total(one.topic, one.counts, asker=one.asker)
    band = sums.total(question.topic, counts, asker=question.asker)
    return (Verdict.NONE, None) if band is None else (Verdict.YES, band)


def told_object(told: Told, sender: Sender, *, today: dt.date) -> dict[str, Any]:
    """What is told, as a note about the question, by the house that counts."""
    content = {
        Verdict.YES: phrases.seen_elsewhere(told.band or 1),
        Verdict.NO: phrases.NOT_ELSEWHERE,
        Verdict.NONE: phrases.NO_ANSWER,
    }[told.verdict]
    made = stix_id("note", "told", member_id(sender.code), told.question)
    return sdo("note", made, sender, today, abstract=told.verdict.value, content=content, object_refs=[told.question])


def verdicts_in(objects: Iterable[Mapping[str, Any]], counter: str) -> dict[str, tuple[Verdict, int | None]]:
    """By question, what the house that counts has told, with the decade of a yes; what others say in its place is nothing.

    Args:
        objects: what was pulled.
        counter: the code of the house that counts.
    """
    return {
        question: (Verdict(one["abstract"]), phrases.band_elsewhere(one["content"]))
        for one in objects
        if one.get("type") == "note" and one.get("abstract") in set(Verdict) and not one.get("revoked")
        if one["created_by_ref"] == member_id(counter)
        for question in one["object_refs"]
    }


def read_tallies(path: Path) -> list[Told]:
    """Everything that was told, from the counter's own file; nothing where there is none.

    Raises:
        ForumError: when it is damaged: then nothing may be told, as nobody knows what was.
    """
    if not path.exists():
        return []
    try:
        return msgspec.json.decode(path.read_bytes(), type=list[Told])
    except msgspec.MsgspecError as error:
        raise ForumError(f"{path}: {error}; nothing is told while it is unknown what was") from error


def write_tallies(path: Path, told: Sequence[Told]) -> None:
    """Keep everything that was told, for its owner alone."""
    durable_write(path, msgspec.json.format(msgspec.json.encode(list(told)), indent=1) + b"\n", mode=0o600)
