"""W1. Are more of the suspect's word pairs green under our key than chance makes green?"""

from __future__ import annotations

from dataclasses import replace

import numpy as np

from stillwatch.audit.marks import Pairs, green
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.stats import binomial_excess

__all__ = ["RADIOACTIVITY", "radioactivity"]

RADIOACTIVITY = AuditTest(
    name="radioactivity",
    title="W1 watermark radioactivity",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on text marked with this account's key: each distinct pair is green with its known chance",
    statistic="count of green pairs among the distinct (context, token) pairs of the whole audit; exact binomial upper tail; e-value by "
    "betting on the count",
    ties="exact: the whole chance of the observed count stands in the tail, no half of it (mid-p) is left out",
    assumptions=(
        "the key was drawn at random and the replies do not depend on it: prompts are unmarked",
        "each pair is green with the same chance, independently (not so with lists of fixed size: use W2)",
    ),
    misled_by="marked text in the prompts. A pair that is counted as often as it occurs: clean models look guilty. Little power at small "
    "shares, as rare pairs swamp the count: W2 with a reference sees far less.",
    source="Sander and others (2024), arXiv 2402.14904, with de-duplication over the whole audit",
)


def radioactivity(
    replies: Pairs, key: np.uint64, *, suspect: str, account: str, share: float = 0.25, alpha: float = 0.01
) -> Finding:
    """Whether a suspect is radioactive under one account's key; `value` is the share of its distinct pairs that are green.

    `n` counts pairs. So few that p could not reach alpha were all of them green: undecided, with the pairs needed.

    >>> rng = np.random.default_rng(3)
    >>> from stillwatch.audit.marks import draw_keys, pairs
    >>> clean = radioactivity(pairs([rng.integers(0, 90, size=3000)]), draw_keys(rng, 1)[0], suspect="clean", account="a")
    >>> round(clean.evidence.value, 2), clean.evidence.p_value > 0.01
    (0.25, True)
    """
    bits = green(np.array([key]), replies.context, replies.token, share=share)[0]
    found = binomial_excess(int(bits.sum()), bits.size, share)
    needed = int(np.ceil(np.log(alpha) / np.log(share) - 1e-9))
    if bits.size < needed:
        found = replace(found, p_value=None, e_value=None, needed=needed)
    return RADIOACTIVITY.finding(
        suspect,
        account=account,
        value=found.value,
        n=found.n,
        p_value=found.p_value,
        e_value=found.e_value,
        needed=found.needed,
        conditions=(Condition(words=f"each of {bits.size} (context, token) pairs is counted once", state=State.HOLDS),),
    )
