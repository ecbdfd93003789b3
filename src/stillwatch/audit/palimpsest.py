"""S8. Does the suspect remember best what our model read last? Only our weights, or what came of them, know the order of our data."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Sequence
from pathlib import Path

import msgspec
import numpy as np
import scipy

from stillwatch.audit.recorded import json_lines
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.audit.suspect import Scoring
from stillwatch.core import Error, FormatError
from stillwatch.stats import permutation_p

__all__ = ["PALIMPSEST", "order_digest", "palimpsest", "read_order"]

PALIMPSEST = AuditTest(
    name="palimpsest",
    title="S8 palimpsest",
    question=Question.DESCENT,
    needs=Capability.LOGPROBS,
    null="the suspect's weights were made without ours, so the shuffle that put our training data in order tells nothing of what it finds "
    "likely",
    statistic="Spearman's correlation of a text's place in the order of our training with the suspect's log-likelihood of it, less a "
    "reference's where one is named; rank among shuffles drawn at random, (1 + b) / (B + 1); e-value calibrated",
    ties="exact: equal likelihoods share their mean rank in every shuffle, and a shuffle that agrees as much counts against it",
    assumptions=(
        "the texts were put in their order by a random shuffle, before training and whatever they say",
        "the shuffle reached the suspect by no other way than our weights: the order was never published",
    ),
    misled_by="an order that was not random: by source, by date, by length (a curriculum) correlates with likelihood in any model. A data "
    "set that was published in the order in which we read it. Texts read several times. A student trained from fresh weights on our "
    "answers has no reason to know the order: this tests descent, and nobody has shown that it finds distillation.",
    source="Kuditipudi and others (2025), arXiv 2510.19796, query setting",
)

_CHUNK = 1 << 22


class _Text(msgspec.Struct, forbid_unknown_fields=True):
    place: int
    text: str


def read_order(path: Path) -> tuple[str, ...]:
    """Training texts in the order of training, from lines of `place` and `text` in any order of lines.

    Raises:
        FormatError: a line that cannot be read, or a place or text that occurs twice; with its line.
    """
    found: dict[int, str] = {}
    texts: set[str] = set()
    for at, line in json_lines(path, _Text):
        if line.place in found or line.text in texts:
            raise FormatError(f"{path}:{at}: {'place' if line.place in found else 'text'}: occurs a second time")
        found[line.place] = line.text
        texts.add(line.text)
    return tuple(found[place] for place in sorted(found))


def order_digest(order: Sequence[str]) -> str:
    """SHA-256 of the texts in their order."""
    made = hashlib.sha256()
    for one in order:
        made.update(hashlib.sha256(one.encode("utf-8", "surrogatepass")).digest())
    return made.hexdigest()


def palimpsest(
    order: Sequence[str],
    suspect: Scoring,
    *,
    reference: Scoring | None = None,
    shuffles: int = 9_999,
    rng: np.random.Generator,
    alpha: float = 0.01,
) -> Finding:
    """Whether likelihood rises with the place in training; `value` is Spearman's correlation. `n` counts texts with a likelihood.

    A text is scored after an empty prompt. So few texts that no order of them could reach alpha are undecided.

    >>> from stillwatch.audit.recorded import Recorded
    >>> rng, order = np.random.default_rng(1), [f"text {at}" for at in range(200)]
    >>> def model(lean): return Recorded(name="s", answers={}, likelihoods={
    ...     ("", text): float(-abs(rng.normal()) - 1 + lean * at / 200) for at, text in enumerate(order)})
    >>> palimpsest(order, model(1.0), rng=rng, shuffles=999).evidence.p_value
    0.001
    >>> palimpsest(order, model(0.0), rng=rng, shuffles=999).evidence.p_value > 0.01
    True
    """
    if len(set(order)) != len(order):
        raise Error("order: a text occurs twice")
    found = []
    for text in order:
        known = suspect.likelihood("", text)
        beside = 0.0 if reference is None else reference.likelihood("", text)
        if known is not None and beside is not None:
            found.append(known - beside)
    n, silent = len(found), len(order) - len(found)
    needed = next(texts for texts in range(2, 200) if math.lgamma(texts + 1) >= -math.log(alpha))
    value, p_value = math.nan, None
    if n >= needed and shuffles + 1 >= 1.0 / alpha - 1e-9:
        likely = scipy.stats.rankdata(found)
        likely -= likely.mean()
        places = np.arange(n) - (n - 1) / 2.0
        scale = math.sqrt(float((likely**2).sum() * (places**2).sum())) or 1.0
        step = max(1, _CHUNK // n)
        drawn = [
            rng.permuted(np.broadcast_to(places, (min(step, shuffles - at), n)), axis=1) @ likely
            for at in range(0, shuffles, step)
        ]
        observed = float(places @ likely)
        value, p_value = observed / scale, permutation_p(observed, np.concatenate(drawn))
    return PALIMPSEST.finding(
        suspect.name,
        value=value,
        n=n,
        p_value=p_value,
        needed=needed,
        conditions=(
            Condition(
                words="every text of the order has a likelihood",
                state=State.MENDED if silent else State.HOLDS,
                left_out=silent,
            ),
            Condition(words="the order of training was drawn at random", state=State.UNRECORDED),
        ),
    )
