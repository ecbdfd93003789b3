"""S10, where units were shuffled. Do the suspect's matrices stretch space as ours do, more than those of models made independently?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
from scipy.optimize import linear_sum_assignment

from stillwatch.audit.deals import Floats
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.audit.unit_order import HIDDEN_UNITS, common_layers, hidden_units
from stillwatch.audit.weights import Weights
from stillwatch.core import Error
from stillwatch.stats import conformal_p

__all__ = ["SPECTRA", "spectra"]

SPECTRA = AuditTest(
    name="spectra",
    title="S10 weight independence, whatever the order of units",
    question=Question.DESCENT,
    needs=Capability.WEIGHTS,
    null="the suspect's weights are exchangeable with those of the controls, which were made without ours",
    statistic="mean over layers of how well hidden units match, each with one of ours (mean correlation of the best matching), less the "
    "root mean square difference of the logs of singular values, each in deviations over suspect and controls together; rank of the "
    "suspect among the controls; e-value calibrated",
    ties="conservative: a control that is as close counts as closer",
    assumptions=(
        "controls have the suspect's architecture and kind of recipe, and were made independently of ours and of one another",
    ),
    misled_by="controls of another recipe: spectra tell optimisers, lengths of training and weight decay as well as descent. Rotations of "
    "the residual stream on purpose hide the matching, not the spectra. A student trained from fresh weights is independent here, rightly.",
    source="Invariants of the order of units, as the unconstrained statistics of Zhu and others (ICML 2025), arXiv 2502.12292, ranked "
    "among controls for want of an exact law",
)


def spectra(
    suspect: Weights,
    ours: Weights,
    controls: Sequence[Weights],
    *,
    tensors: Sequence[str] = HIDDEN_UNITS,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect is closer to ours than every control; `value` is the mean correlation of its units with their matches in ours.

    `n` counts controls: p is at least `1 / (n + 1)`. Fewer than alpha takes is undecided, with the controls needed.

    >>> rng = np.random.default_rng(2)
    >>> def model(name, rows): return Weights(name=name, tensors={"mlp.up_proj.weight": rows})
    >>> base = rng.normal(size=(24, 8))
    >>> controls = [model(f"c{at}", rng.normal(size=(24, 8))) for at in range(19)]
    >>> shuffled = model("suspect", rng.permutation(base) + rng.normal(size=base.shape) / 9)
    >>> found = spectra(shuffled, model("ours", base), controls, alpha=0.05).evidence
    >>> found.p_value, found.value > 0.9
    (0.05, True)

    Raises:
        Error: a control that lacks a layer which suspect and ours share.
    """
    layers = common_layers(suspect, ours, tensors)
    for one in controls:
        if missing := [name for name in layers if one.shapes.get(name) != suspect.shapes[name]]:
            raise Error(f"{one.name}: has no {missing[0]} of the suspect's shape; a control has its architecture")
    n, needed = len(controls), math.ceil(1.0 / alpha - 1e-9) - 1
    value, p_value = math.nan, None
    if layers:
        close = np.array([_closeness(one, ours, layers) for one in (suspect, *controls)])
        value = float(close[0, 0])
        if n >= needed:
            spread = close.std(axis=0)
            score = ((close - close.mean(axis=0)) / np.where(spread > 0.0, spread, 1.0)).sum(axis=1)
            p_value = float(conformal_p(score[1:], score[:1] - 1e-9)[0])
    return SPECTRA.finding(
        suspect.name,
        model=ours.name,
        value=value,
        n=n,
        p_value=p_value,
        needed=needed,
        conditions=(
            Condition(words="controls are as the suspect but for descent, none of them ours", state=State.UNRECORDED),
        ),
    )


def _closeness(one: Weights, ours: Weights, layers: Sequence[str]) -> tuple[float, float]:
    """The mean correlation of matched units, and the likeness of spectra (0 for the same, less for others)."""
    matched, alike = [], []
    for name in layers:
        theirs, mine = hidden_units(one, name), hidden_units(ours, name)
        correlation = _standard(mine) @ _standard(theirs).T
        matched.append(float(correlation[linear_sum_assignment(correlation, maximize=True)].mean()))
        logs = [np.log(np.maximum(np.linalg.svd(rows, compute_uv=False), 1e-12)) for rows in (mine, theirs)]
        alike.append(-float(np.sqrt(np.mean((logs[0] - logs[1]) ** 2))))
    return float(np.mean(matched)), float(np.mean(alike))


def _standard(rows: Floats) -> Floats:
    away = rows - rows.mean(axis=1, keepdims=True)
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-300), dtype=np.float64)
