"""S10. Do hidden units stand in the suspect where they stand in our model? Two trainings from scratch cannot agree on that."""

from __future__ import annotations

import fnmatch
import math
from collections.abc import Sequence

import numpy as np

from stillwatch.audit.deals import Floats
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.audit.weights import Weights
from stillwatch.stats import permutation_p

__all__ = ["HIDDEN_UNITS", "UNIT_ORDER", "common_layers", "hidden_units", "unit_order"]

UNIT_ORDER = AuditTest(
    name="unit_order",
    title="S10 weight independence, by the order of hidden units",
    question=Question.DESCENT,
    needs=Capability.WEIGHTS,
    null="the suspect's weights were made without ours: our hidden units might as well stand in any other order",
    statistic="sum over layers and hidden units of the cosine between the unit's weights in our model and in the suspect at the same "
    "place; rank among orders drawn at random for each layer, (1 + b) / (B + 1); e-value calibrated",
    ties="conservative: an order that agrees as much counts against it",
    assumptions=(
        "our first weights were drawn alike and independently for the units of a layer, and training treats units alike",
        "the matrices are first ones of feed-forward blocks, not embeddings (rows are words) nor heads with rotary positions",
        "the suspect's maker had neither our weights nor our first weights",
    ),
    misled_by="units that were put into another order on purpose, which costs nothing and hides descent: a large p clears nobody (see the "
    "spectra). A student that was trained from fresh weights on our answers is independent here, rightly: this is no test of distillation.",
    source="The constrained test of Zhu and others (ICML 2025), arXiv 2502.12292",
)

HIDDEN_UNITS = (
    "*mlp*up_proj*weight",
    "*mlp*gate_proj*weight",
    "*mlp*c_fc*weight",
    "*fc1*weight",
    "*feed_forward*w[13]*weight",
)
"""Names of first matrices of feed-forward blocks in common models; rows are hidden units, but columns in `c_fc`."""

_LAYERS, _UNITS, _CHUNK = 16, 1024, 1 << 22


def unit_order(
    suspect: Weights,
    ours: Weights,
    *,
    tensors: Sequence[str] = HIDDEN_UNITS,
    orders: int = 9_999,
    rng: np.random.Generator,
    alpha: float = 0.01,
) -> Finding:
    """Whether units agree place by place; `value` is how many deviations above random orders. `n` counts the layers compared.

    At most 16 layers, evenly spread, and the first 1,024 units of each: chosen by place, whatever their weights. No layer of one name
    and shape in both: undecided.

    >>> rng = np.random.default_rng(1)
    >>> base, other = (rng.normal(size=(32, 8)) for _ in range(2))
    >>> ours, tuned, fresh = (Weights(name=n, tensors={"mlp.up_proj.weight": t})
    ...                       for n, t in (("ours", base), ("tuned", base + other), ("fresh", other)))
    >>> unit_order(tuned, ours, rng=rng, orders=999).evidence.p_value
    0.001
    >>> unit_order(fresh, ours, rng=rng, orders=999).evidence.p_value > 0.01
    True
    """
    layers = common_layers(suspect, ours, tensors)
    enough = orders + 1 >= 1.0 / alpha - 1e-9
    value, p_value = math.nan, None
    if layers and enough:
        drawn = np.zeros(orders + 1)
        for name in layers:
            mine, theirs = (_unit_rows(hidden_units(one, name)) for one in (ours, suspect))
            drawn += _by_order(mine @ theirs.T, orders, rng)
        p_value = permutation_p(float(drawn[0]), drawn[1:])
        value = float((drawn[0] - drawn[1:].mean()) / (drawn[1:].std() or 1.0))
    return UNIT_ORDER.finding(
        suspect.name,
        model=ours.name,
        value=value,
        n=len(layers),
        p_value=p_value,
        needed=1,
        conditions=(
            Condition(words="rows of the matrices named are hidden units, not words or heads", state=State.UNRECORDED),
        ),
    )


def common_layers(one: Weights, other: Weights, tensors: Sequence[str]) -> list[str]:
    """Matrices that both have by one of these names and in one shape, at most 16, evenly spread over the names in their order."""
    shapes = other.shapes
    found = sorted(
        name
        for name, shape in one.shapes.items()
        if len(shape) == 2 and min(shape) > 1 and shapes.get(name) == shape
        if any(fnmatch.fnmatchcase(name, pattern) for pattern in tensors)
    )
    return [found[at] for at in np.unique(np.linspace(0, len(found) - 1, _LAYERS).astype(int))] if found else []


def hidden_units(weights: Weights, name: str) -> Floats:
    """The weights of the first hidden units of a layer, a row a unit."""
    found = weights.tensor(name)
    return (found.T if "c_fc" in name else found)[:_UNITS]


def _unit_rows(rows: Floats) -> Floats:
    """Rows less their mean, which all units share, and of length one."""
    away = rows - rows.mean(axis=0)
    return np.asarray(away / np.maximum(np.linalg.norm(away, axis=1, keepdims=True), 1e-300), dtype=np.float64)


def _by_order(alike: Floats, orders: int, rng: np.random.Generator) -> Floats:
    """The sum of likeness over places, in the order that is and in random ones."""
    units = alike.shape[0]
    found, places = np.empty(orders + 1), np.arange(units)
    found[0] = np.trace(alike)
    step = max(1, _CHUNK // units)
    for at in range(1, orders + 1, step):
        rows = min(step, orders + 1 - at)
        mixed = rng.permuted(np.broadcast_to(places, (rows, units)), axis=1)
        found[at : at + rows] = alike[mixed, places].sum(axis=1)
    return found
