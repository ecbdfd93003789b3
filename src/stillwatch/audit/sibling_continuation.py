"""S1b. Begun for it, does the suspect end what was served as it ended, more than what might as well have been served?"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from stillwatch.audit.deals import Floats, doubled_midranks
from stillwatch.audit.exposure import Dealt, dealt, levelled_finding
from stillwatch.audit.overlap import Similarity, gram_overlap
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, Served
from stillwatch.audit.suspect import Answering

__all__ = [
    "SIBLING_CONTINUATION",
    "Cut",
    "continuation_finding",
    "continuations",
    "half_of_words",
    "sibling_continuation",
]

Cut: TypeAlias = Callable[[str, str], tuple[str, str]]
"""Of a prompt and a text after it, what the suspect is asked and how the text goes on from there."""

SIBLING_CONTINUATION = AuditTest(
    name="sibling_continuation",
    title="S1b sibling continuation",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on the responses served to this account, whatever else it was trained on, other answers of our "
    "model and responses to other accounts among it",
    statistic="every candidate is begun for the suspect; sum over items of the rank of the likeness of its answer to the rest of the "
    "served text among the likenesses to the siblings' rests; exact tail by convolution given the ties; e-value by mixed exponential "
    "bets on the ranks, in the order of the items",
    ties="exact: equal likenesses share their mean rank in every deal; no lots are drawn, and p is conservative by its steps alone",
    assumptions=(
        "siblings were drawn as the served response was, independently",
        "which of the candidates was served reached the suspect by no other way than training on it",
        "the beginnings that are asked are cut alike for all candidates, and sent in an order that does not tell them apart",
    ),
    misled_by="a copy of served text on the open web or in a retrieval index. Asking costs K + 1 replies an item, and shows the "
    "suspect's host the beginnings of siblings, which can then no longer be called unserved: ask each suspect about siblings of its own.",
    source="The extraction prompts of memorisation studies (Carlini and others, arXiv 2202.07646), with siblings in place of a threshold",
)


def half_of_words(prompt: str, text: str) -> tuple[str, str]:
    """The prompt with the first half of the text's words behind it, and the other half.

    >>> half_of_words("Why?", "a b c d e")
    ('Why? a b', 'c d e')
    """
    words = text.split()
    half = len(words) // 2
    return " ".join([prompt, *words[:half]]), " ".join(words[half:])


def sibling_continuation(
    served: Sequence[Served],
    suspect: Answering,
    *,
    similarity: Similarity = gram_overlap,
    cut: Cut = half_of_words,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect goes on as what one account was served did; `value` is the share of items where the served text comes first.

    Needs a suspect that goes on from a beginning, as completion interfaces and prefilled chats do. Items with a candidate that it did not
    go on from are left out and counted.

    >>> from stillwatch.audit.recorded import Recorded
    >>> items = [Served(item=str(i), account="a", prompt=f"q{i}", response=f"one {i} two {i}", siblings=(f"b {i} c d", f"e {i} f g"))
    ...          for i in range(12)]
    >>> said = {half_of_words(one.prompt, text)[0]: "two " + one.item for one in items for text in one.candidates}
    >>> found = sibling_continuation(items, Recorded(name="parrot", answers=said, likelihoods={}))
    >>> round(found.evidence.value, 2), found.evidence.p_value < 1e-5
    (1.0, True)
    """
    return continuation_finding(continuations(served, suspect, similarity=similarity, cut=cut), alpha=alpha)


def continuation_finding(found: Dealt, *, alpha: float = 0.01) -> Finding:
    """The finding of `sibling_continuation` from likenesses that are known already."""
    return levelled_finding(SIBLING_CONTINUATION, found, doubled_midranks(found.values), alpha=alpha)


def continuations(
    served: Sequence[Served], suspect: Answering, *, similarity: Similarity = gram_overlap, cut: Cut = half_of_words
) -> Dealt:
    """The likeness of the suspect's answer to the rest of each candidate that was begun for it, of each fit item."""

    def alike(one: Served) -> Floats | None:
        found = []
        for text in one.candidates:
            asked, rest = cut(one.prompt, text)
            answer = suspect.answer(asked)
            if answer is None:
                return None
            found.append(similarity(answer, rest))
        return np.array(found)

    return dealt(suspect.name, served, alike, words="the suspect went on from every candidate")
