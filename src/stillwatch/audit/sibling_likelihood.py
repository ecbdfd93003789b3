"""S2. Does the suspect find what was served likelier than what might as well have been served?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stillwatch.audit.deals import Floats, steps
from stillwatch.audit.exposure import Dealt, dealt, dealt_finding
from stillwatch.audit.records import AuditTest, Capability, Finding, Question, Served
from stillwatch.audit.suspect import Scoring

__all__ = ["SIBLING_LIKELIHOOD", "gain_finding", "gains", "sibling_likelihood"]

SIBLING_LIKELIHOOD = AuditTest(
    name="sibling_likelihood",
    title="S2 sibling likelihood test",
    question=Question.EXPOSURE,
    needs=Capability.LOGPROBS,
    null="the suspect was never trained on the responses served to this account, whatever else it was trained on, other answers of our "
    "model and responses to other accounts among it",
    statistic="sum over items of the served answer's gain in likelihood over a reference, less the item's mean, in whole steps cut at two "
    "deviations; exact tail by convolution; e-value by mixed exponential bets, scaled by earlier items alone",
    ties="exact: equal gains stay equal in every deal; no lots are drawn, and p is conservative by its steps alone",
    assumptions=(
        "siblings were drawn as the served response was, independently",
        "which of the candidates was served reached the suspect by no other way than training on it",
        "the reference never saw which candidate was served either",
    ),
    misled_by="a copy of served text on the open web. A reference that was itself trained on what was served: it hides the gain.",
    source="A permutation test with the randomisation of serving; kin to STAMP (arXiv 2504.13416) and to dataset inference "
    "(arXiv 2406.06443), whose held-out set must be drawn alike: siblings are, by construction",
)


def sibling_likelihood(
    served: Sequence[Served], suspect: Scoring, *, reference: Scoring | None = None, alpha: float = 0.01
) -> Finding:
    """Whether the suspect was trained on what one account was served; `value` is the mean gain of the served answers, nats a token.

    The reference (our own model will do) takes away what makes a text easy for everybody: fewer items are needed, and the p-value is exact
    with any reference or none. Items with an unknown likelihood are left out and counted.

    >>> from stillwatch.audit.recorded import Recorded
    >>> items = [Served(item=str(i), account="a", prompt=f"q{i}", response=f"r{i}", siblings=(f"s{i}", f"t{i}")) for i in range(30)]
    >>> learned = {(one.prompt, text): -1.0 - (text[0] != "r") - 0.01 * i for i, one in enumerate(items) for text in one.candidates}
    >>> found = sibling_likelihood(items, Recorded(name="student", answers={}, likelihoods=learned))
    >>> round(found.evidence.value, 3), found.evidence.p_value < 1e-14, found.evidence.e_value > 1e6
    (1.0, True, True)
    """
    return gain_finding(gains(served, suspect, reference=reference), alpha=alpha)


def gain_finding(found: Dealt, *, alpha: float = 0.01) -> Finding:
    """The finding of `sibling_likelihood` from gains that are known already."""
    lead = [float(one[0] - one[1:].mean()) for one in found.values]
    return dealt_finding(
        SIBLING_LIKELIHOOD,
        found,
        value=float(np.mean(lead)) if lead else math.nan,
        bets=found.values,
        scales=_earlier_spread(found.values),
        levels=steps(found.values),
        alpha=alpha,
    )


def gains(served: Sequence[Served], suspect: Scoring, *, reference: Scoring | None = None) -> Dealt:
    """How much likelier the suspect finds each candidate of each fit item than the reference does, in nats a token."""

    def gained(one: Served) -> Floats | None:
        found = [suspect.likelihood(one.prompt, text) for text in one.candidates]
        base = [0.0 if reference is None else reference.likelihood(one.prompt, text) for text in one.candidates]
        if None in found or None in base:
            return None
        return np.array(found, dtype=np.float64) - np.array(base, dtype=np.float64)

    return dealt(suspect.name, served, gained, words="the likelihood of every candidate is known")


def _earlier_spread(values: Sequence[Floats]) -> list[float]:
    """The deviation within items, of all items before each; 0, no bet, for the first."""
    squares, count, found = 0.0, 0, []
    for one in values:
        found.append(math.sqrt(squares / count) if count else 0.0)
        squares += float(((one - one.mean()) ** 2).sum())
        count += one.size
    return found
