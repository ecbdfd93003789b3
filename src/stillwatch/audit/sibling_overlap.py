"""S1. Does the suspect's answer resemble what was served more than what might as well have been served?"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from stillwatch.audit.deals import Floats, doubled_midranks
from stillwatch.audit.exposure import Dealt, dealt, levelled_finding
from stillwatch.audit.overlap import Similarity, gram_overlap
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, Served
from stillwatch.audit.suspect import Answering

__all__ = ["SIBLING_OVERLAP", "overlap_finding", "overlaps", "sibling_overlap"]

SIBLING_OVERLAP = AuditTest(
    name="sibling_overlap",
    title="S1 sibling-overlap rank test",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on the responses served to this account, whatever else it was trained on, other answers of our "
    "model and responses to other accounts among it",
    statistic="sum over items of the rank of the served answer's similarity to the suspect's answer among the siblings'; exact tail by "
    "convolution given the ties; e-value by mixed exponential bets on the ranks, in the order of the items",
    ties="exact: equal similarities share their mean rank in every deal; no lots are drawn, and p is conservative by its steps alone",
    assumptions=(
        "siblings were drawn as the served response was, independently",
        "which of the candidates was served reached the suspect by no other way than training on it",
    ),
    misled_by="a copy of served text on the open web or in a retrieval index: it shows exposure to the text, not who harvested it. "
    "Siblings that were drawn later from another snapshot.",
    source="A rank test with the randomisation of serving; kin to STAMP (arXiv 2504.13416), which randomises the released version",
)


def sibling_overlap(
    served: Sequence[Served], suspect: Answering, *, similarity: Similarity = gram_overlap, alpha: float = 0.01
) -> Finding:
    """Whether the suspect's answers lean to what one account was served; `value` is the share of items where it comes first.

    Where the suspect knows nothing, that share is about 1 / (K + 1). Items that the suspect did not answer are left out and counted;
    valid, since the suspect cannot know which candidate was served. The e-process is valid at every item.

    >>> from stillwatch.audit.recorded import Recorded
    >>> items = [Served(item=str(i), account="a", prompt=f"q{i}", response=f"answer number {i}", siblings=("else", "other", "third"))
    ...          for i in range(12)]
    >>> parrot = Recorded(name="parrot", answers={one.prompt: one.response for one in items}, likelihoods={})
    >>> found = sibling_overlap(items, parrot)
    >>> round(found.evidence.value, 2), found.evidence.p_value == 0.25**12, found.evidence.e_value > 1e4
    (1.0, True, True)
    >>> sibling_overlap(items[:2], parrot).evidence.needed
    4
    """
    return overlap_finding(overlaps(served, suspect, similarity=similarity), alpha=alpha)


def overlap_finding(found: Dealt, *, alpha: float = 0.01) -> Finding:
    """The finding of `sibling_overlap` from similarities that are known already."""
    return levelled_finding(SIBLING_OVERLAP, found, doubled_midranks(found.values), alpha=alpha)


def overlaps(served: Sequence[Served], suspect: Answering, *, similarity: Similarity = gram_overlap) -> Dealt:
    """The similarity of the suspect's one answer to each candidate of each fit item."""

    def alike(one: Served) -> Floats | None:
        answer = suspect.answer(one.prompt)
        return None if answer is None else np.array([similarity(answer, text) for text in one.candidates])

    return dealt(suspect.name, served, alike, words="the suspect answered every item")
