"""Have you seen this? A lab asks, each other answers yes, no or not at all, and only a sum over three of them comes back."""

from __future__ import annotations

from stillwatch.forum.asking.answering import LEAST_ACCOUNTS, Answer, Looked, answer_object, answer_of
from stillwatch.forum.asking.question import MOST_INDICATORS, Question, question_object, questions_in
from stillwatch.forum.asking.tally import (
    Told,
    Verdict,
    answers_in,
    read_tallies,
    tally,
    told_object,
    verdicts_in,
    write_tallies,
)

__all__ = [
    "LEAST_ACCOUNTS",
    "MOST_INDICATORS",
    "Answer",
    "Looked",
    "Question",
    "Told",
    "Verdict",
    "answer_object",
    "answer_of",
    "answers_in",
    "question_object",
    "questions_in",
    "read_tallies",
    "tally",
    "told_object",
    "verdicts_in",
    "write_tallies",
]
