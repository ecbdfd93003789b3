"""C1. Does a data set hold what was served, more than what might as well have been served?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.audit.deals import Floats, doubled_midranks
from stillwatch.audit.exposure import Dealt, dealt, levelled_finding
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, Served
from stillwatch.audit.suspect import Holding

__all__ = ["CORPUS_COPIES", "copies", "copies_finding", "corpus_copies"]

CORPUS_COPIES = AuditTest(
    name="corpus_copies",
    title="C1 corpus copies",
    question=Question.EXPOSURE,
    needs=Capability.CORPUS,
    null="the data set was put together without the responses served to this account, whatever else it holds, other answers of our model "
    "among it",
    statistic="sum over items of the rank of the served answer, by the share of its runs of words that the data set holds, among the "
    "siblings'; exact tail by convolution given the ties; e-value by mixed exponential bets on the ranks, in the order of the items",
    ties="exact: answers that the data set holds as much of share their mean rank in every deal",
    assumptions=(
        "siblings were drawn as the served response was, independently",
        "which of the candidates was served reached the data set by no other way than from the account",
    ),
    misled_by="an account that published what it was served: others may have gathered it there. A data set that was rewritten holds no "
    "runs.",
    source="The sibling test of a model, put to a data set; runs of words as in the n-gram overlap tests of contaminated benchmarks",
)


def corpus_copies(served: Sequence[Served], corpus: Holding, *, alpha: float = 0.01) -> Finding:
    """Whether a data set holds the responses served to one account; `value` is the share of items of which it holds the served one most.

    Items of which it holds nothing at all say nothing and cost nothing: equal numbers are dealt alike.
    """
    return copies_finding(copies(served, corpus), alpha=alpha)


def copies_finding(found: Dealt, *, alpha: float = 0.01) -> Finding:
    """The finding of `corpus_copies` from shares that are known already."""
    return levelled_finding(CORPUS_COPIES, found, doubled_midranks(found.values), alpha=alpha)


def copies(served: Sequence[Served], corpus: Holding) -> Dealt:
    """The share of each candidate's runs of words that the data set holds, for each fit item."""

    def held(one: Served) -> Floats:
        return np.array([corpus.held(text) for text in one.candidates])

    return dealt(corpus.name, served, held, words="every item was looked for")
