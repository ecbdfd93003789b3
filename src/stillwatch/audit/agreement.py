"""S3. Does the suspect agree with our model more than with any model as capable as ours?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np

from stillwatch.audit.deals import deal_tail, steps
from stillwatch.audit.overlap import Similarity, same_start
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.audit.suspect import Answering

__all__ = ["AGREEMENT", "agreement"]

AGREEMENT = AuditTest(
    name="agreement",
    title="S3 paired control-relative agreement",
    question=Question.RESEMBLANCE,
    needs=Capability.TEXT,
    null="our model and the controls are exchangeable from where the suspect stands: it agrees with ours no more than with one of them",
    statistic="the larger of two p-values: the rank of our model's mean agreement with the suspect among the controls', and the worst over "
    "controls of the exact paired test over prompts (McNemar's where agreement is yes or no); e-value calibrated",
    ties="conservative: a control that agrees as much counts as agreeing more; pairs that agree alike say nothing",
    assumptions=(
        "controls are as capable as our model and made independently: same kind of recipe, other data",
        "the account under suspicion never sent these prompts",
    ),
    misled_by="controls weaker than our model: good models agree with one another, and err alike (ICML 2025: 60 % of common errors), so a "
    "strong model agrees less with any weak suspect, copied or not. Web text of our model in the suspect's corpus.",
    source="After Nikolic and others (2025), arXiv 2502.00706, paired over prompts, without choosing the best control on the same data",
)


def agreement(
    prompts: Sequence[str],
    suspect: Answering,
    ours: Answering,
    controls: Sequence[Answering],
    *,
    similarity: Similarity = same_start,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect is closer to our model than to every control; `value` is the lead over the closest control, in mean agreement.

    `n` counts controls, as they are what is compared: p is at least `1 / (n + 1)`, however many prompts. Fewer than that takes: undecided,
    with the controls needed. Expect little power: in a pilot, plain agreement told no student from an independent model.

    >>> from stillwatch.audit.recorded import Recorded
    >>> rng = np.random.default_rng(1)
    >>> prompts = [f"q{i}" for i in range(60)]
    >>> def model(name): return Recorded(name=name, answers={q: f"{rng.integers(4)} is it" for q in prompts}, likelihoods={})
    >>> ours, controls = model("ours"), [model(f"c{i}") for i in range(19)]
    >>> found = agreement(prompts, ours, ours, controls, alpha=0.05)
    >>> found.evidence.p_value, found.evidence.value > 0.5, agreement(prompts, ours, ours, controls[:3]).evidence.needed
    (0.05, True, 99)
    """
    if len(set(prompts)) != len(prompts):
        raise ValueError("prompts: one occurs twice")
    models = (ours, *controls)
    rows = []
    for prompt in prompts:
        said = suspect.answer(prompt)
        others = [model.answer(prompt) for model in models]
        if said is not None and None not in others:
            rows.append([similarity(said, other) for other in others if other is not None])
    table = np.array(rows, dtype=np.float64).reshape(len(rows), len(models))
    n, needed = len(controls), math.ceil(1.0 / alpha - 1e-9) - 1
    decided = n >= needed and len(rows) > 0
    means = table.mean(axis=0) if rows else np.full(len(models), math.nan)
    p_value = None
    if decided:
        rank = (1 + int((means[1:] >= means[0] - 1e-12).sum())) / (n + 1)
        paired = [deal_tail(steps(list(table[:, [0, at]]))) for at in range(1, n + 1)]
        p_value = max(rank, *paired)
    silent = len(prompts) - len(rows)
    return AGREEMENT.finding(
        suspect.name,
        value=float(means[0] - means[1:].max()) if n and rows else math.nan,
        n=n,
        p_value=p_value,
        needed=needed,
        conditions=(
            Condition(
                words=f"every model answered each of the {len(prompts)} prompts",
                state=State.MENDED if silent else State.HOLDS,
                left_out=silent,
            ),
        ),
    )
