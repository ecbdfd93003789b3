"""S5. Could the suspect be our model behind another name? Its answers against several of ours to the same prompts."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from stillwatch.audit.deals import Floats, steps
from stillwatch.audit.exposure import Dealt, dealt, levelled_finding
from stillwatch.audit.overlap import Similarity, gram_overlap
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, Served
from stillwatch.audit.suspect import Answering

__all__ = ["EQUALITY", "distances", "equality", "equality_finding"]

EQUALITY = AuditTest(
    name="equality",
    title="S5 equality test",
    question=Question.RESEMBLANCE,
    needs=Capability.TEXT,
    null="the suspect is our model behind another name: it draws its answers as ours were drawn, from the same version, system text and "
    "decoding",
    statistic="sum over items of how far the suspect's answer lies from our answers to the same prompt, beside how far each of ours lies "
    "from the rest; exact tail by convolution; e-value by mixed exponential bets in the order of the items",
    ties="exact: equal distances stay equal in every deal, and p is conservative by its steps alone",
    assumptions=(
        "our answers to a prompt were drawn independently, from one version, system text and decoding",
        "the suspect was asked each prompt afresh, as ours was",
    ),
    misled_by="a reseller's own system text, another temperature or a quantised copy: it is our model still, and the test says that it is "
    "not the same. A large p says that so many answers could not tell them apart, and nothing of training.",
    source="After Gao, Liang and Guestrin (2025), arXiv 2410.20247: the question is theirs; dealing the suspect's answer among ours makes "
    "it exact for one answer a prompt",
)


def equality(
    served: Sequence[Served], suspect: Answering, *, similarity: Similarity = gram_overlap, alpha: float = 0.01
) -> Finding:
    """Whether the suspect's answers stand out among ours; `value` is the share of items where its answer is the odd one out.

    Our model behind another name has a share of about `1 / (K + 2)`. A small p says that it is another model, or ours otherwise set up.

    >>> from stillwatch.audit.recorded import Recorded
    >>> items = [Served(item=str(i), account="a", prompt=f"q{i}", response="a plain yes", siblings=("a plain no", "a plain yes"))
    ...          for i in range(20)]
    >>> other = Recorded(name="other", answers={one.prompt: "quite another thing" for one in items}, likelihoods={})
    >>> found = equality(items, other)
    >>> found.evidence.value, found.evidence.p_value < 1e-9
    (1.0, True)
    """
    return equality_finding(distances(served, suspect, similarity=similarity), alpha=alpha)


def equality_finding(found: Dealt, *, alpha: float = 0.01) -> Finding:
    """The finding of `equality` from distances that are known already."""
    return levelled_finding(EQUALITY, found, steps(found.values), alpha=alpha, bets=found.values)


def distances(served: Sequence[Served], suspect: Answering, *, similarity: Similarity = gram_overlap) -> Dealt:
    """For each fit item, how little the suspect's answer, and then each of ours, is like the other answers to that prompt."""

    def apart(one: Served) -> Floats | None:
        answer = suspect.answer(one.prompt)
        if answer is None:
            return None
        texts = (answer, *one.candidates)
        alike = np.zeros((len(texts), len(texts)))
        for at, text in enumerate(texts):
            for other in range(at):
                alike[at, other] = alike[other, at] = similarity(text, texts[other])
        return np.asarray(-alike.sum(axis=1) / (len(texts) - 1), np.float64)

    found = dealt(suspect.name, served, apart, words="the suspect answered every item")
    return replace(found, account=None)
