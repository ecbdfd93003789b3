"""S3b. Where our model and models as capable as ours part, does the suspect go our way, more than models that learned from neither?"""

from __future__ import annotations

import math
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.audit.deals import Floats
from stillwatch.audit.overlap import Similarity, same_start
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.audit.suspect import Answering, Scoring, Suspect
from stillwatch.core import Error
from stillwatch.stats import conformal_p

__all__ = ["TWIN_CONTRAST", "contrast_finding", "parting", "twin_contrast", "twin_likelihood"]

TWIN_CONTRAST = AuditTest(
    name="twin_contrast",
    title="S3b agreement where twins part",
    question=Question.RESEMBLANCE,
    needs=Capability.TEXT,
    null="the suspect is exchangeable with the independents: where ours and its twins part, it goes our way no oftener than a model that "
    "did not learn from ours",
    statistic="mean over prompts of the likeness of the suspect's answer to ours, less its mean likeness to the twins' (or, as the plan "
    "says, of the log-likelihood that ours gives the suspect's answer, less the twins' mean); rank of the suspect among the independents; "
    "e-value calibrated",
    ties="conservative: an independent that goes our way as often counts as going oftener",
    assumptions=(
        "twins are as capable as ours and made by the like recipe on other data; they may be few, as nothing is ranked among them",
        "the independents did not learn from ours beyond what the web holds, and are as likely as the suspect to have met that",
        "students of the twins are among the independents where the suspect may be one",
        "the independents are clustered: models that share a base count as one",
    ),
    misled_by="a suspect with more of our text in its web corpus than the independents have. Independents that are all unlike the suspect "
    "in size or base.",
    source="Answers to a pilot in which plain agreement said nothing (a strong model agrees less with any weak suspect): what all strong "
    "models share is taken away, and suspects are ranked, not teachers",
)


def twin_contrast(
    prompts: Sequence[str],
    suspect: Answering,
    ours: Answering,
    twins: Sequence[Answering],
    independents: Sequence[Answering],
    *,
    similarity: Similarity = same_start,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect sides with our model against its twins; `value` is deviations above the independents' mean.

    `n` counts independents: p is at least `1 / (n + 1)`. Fewer than alpha takes: undecided, with the independents needed. Prompts that a
    model did not answer are left out and counted.

    >>> from stillwatch.audit.recorded import Recorded
    >>> rng = np.random.default_rng(1)
    >>> prompts = [f"q{i}" for i in range(60)]
    >>> def model(name): return Recorded(name=name, answers={q: f"{rng.integers(4)} is it" for q in prompts}, likelihoods={})
    >>> ours, twin, *others = (model(str(at)) for at in range(21))
    >>> found = twin_contrast(prompts, ours, ours, [twin], others, alpha=0.05)
    >>> found.evidence.p_value, twin_contrast(prompts, ours, ours, [twin], others[:3]).evidence.needed
    (0.05, 99)
    """
    _checked(prompts, twins)
    models = (suspect, *independents)
    rows = []
    for prompt in prompts:
        said = [one.answer(prompt) for one in models]
        told = [one.answer(prompt) for one in (ours, *twins)]
        if None not in said and None not in told:
            alike = np.array([[similarity(one or "", other or "") for other in told] for one in said])
            rows.append(alike[:, 0] - alike[:, 1:].mean(axis=1))
    return _ranked(suspect.name, rows, f"every model answered each of the {len(prompts)} prompts", len(prompts), alpha)


def twin_likelihood(
    prompts: Sequence[str],
    suspect: Answering,
    ours: Scoring,
    twins: Sequence[Scoring],
    independents: Sequence[Answering],
    *,
    alpha: float = 0.01,
) -> Finding:
    """`twin_contrast` with another likeness: how much likelier our model finds the suspect's answer than its twins do, a token in nats.

    The suspect and the independents give text alone; ours and the twins, which are the auditor's, score it. Where two models differ little
    this sees far more than comparing their answers, as every token of an answer counts. Null, rank and ties are those of `twin_contrast`.

    >>> from stillwatch.audit.recorded import Recorded
    >>> prompts, names = [f"q{i}" for i in range(9)], [f"m{at}" for at in range(20)]
    >>> said = [Recorded(name=one, answers={q: f"{one} {q}" for q in prompts}, likelihoods={}) for one in names]
    >>> def scorer(name, liked): return Recorded(name=name, answers={}, likelihoods={
    ...     (q, f"{one} {q}"): -1.0 if one == liked else -2.0 for one in names for q in prompts})
    >>> twin_likelihood(prompts, said[0], scorer("ours", "m0"), [scorer("twin", "m1")], said[1:], alpha=0.05).evidence.p_value
    0.05
    """
    _checked(prompts, twins)
    rows = []
    for prompt in prompts:
        said = [one.answer(prompt) for one in (suspect, *independents)]
        told = [None if text is None else model.likelihood(prompt, text) for text in said for model in (ours, *twins)]
        known = [one for one in told if one is not None]
        if len(known) == len(told):
            found = np.array(known).reshape(len(said), -1)
            rows.append(found[:, 0] - found[:, 1:].mean(axis=1))
    words = f"every model answered each of the {len(prompts)} prompts, and ours and the twins scored each answer"
    return _ranked(suspect.name, rows, words, len(prompts), alpha)


def parting(logs: npt.ArrayLike, *, most: int = 2_000) -> npt.NDArray[np.int64]:
    """The places, in order, at which one of several models is surest of a word of its own: an equal part for each, `most` at most.

    `logs` are log-probabilities of next words, (models, places, words). With models treated alike, who learned from none of them has no
    reason to side with ours. These are prompts, answered by one word, for `twin_contrast` and `twin_likelihood`.

    >>> ours, twin = [[-0.1, -3.0], [-0.5, -0.9], [-0.1, -3.0]], [[-0.1, -3.0], [-0.9, -0.5], [-2.0, -0.2]]
    >>> parting([ours, twin]).tolist(), parting([ours, twin], most=2).tolist()
    ([1, 2], [2])

    Raises:
        Error: fewer than two models.
    """
    known: Floats = np.asarray(logs)
    if known.ndim != 3 or len(known) < 2:
        raise Error("logs: expected (models, places, words) of ours and one twin at least")
    tops, places = known.argmax(axis=2), np.arange(known.shape[1])
    taken = []
    for at, mine in enumerate(known):
        others = [other for other in range(len(known)) if other != at]
        sure = np.min([mine[places, tops[at]] - mine[places, tops[other]] for other in others], axis=0)
        first = np.argsort(-sure, kind="stable")[: most // len(known)]
        taken.append(first[sure[first] > 0.0])
    return np.unique(np.concatenate(taken))


def contrast_finding(suspect: str, scores: Floats, condition: Condition, *, alpha: float = 0.01) -> Finding:
    """The finding from scores that are known already, the suspect's first and then the independents'."""
    n, needed = max(0, scores.size - 1), math.ceil(1.0 / alpha - 1e-9) - 1
    value, p_value = math.nan, None
    if n:
        value = float((scores[0] - scores[1:].mean()) / (scores[1:].std() or 1.0))
        if n >= needed:
            p_value = float(conformal_p(scores[1:], scores[:1] - 1e-12)[0])
    return TWIN_CONTRAST.finding(
        suspect,
        value=value,
        n=n,
        p_value=p_value,
        needed=needed,
        conditions=(condition,),
    )


def _checked(prompts: Sequence[str], twins: Sequence[Suspect]) -> None:
    if len(set(prompts)) != len(prompts):
        raise Error("prompts: one occurs twice")
    if not twins:
        raise Error("twins: got none, expected at least one model as capable as ours")


def _ranked(suspect: str, rows: Sequence[Floats], words: str, asked: int, alpha: float) -> Finding:
    """The finding from a row for each prompt that everybody answered, of `asked` in all: the suspect's lead, then the independents'."""
    scores = np.array(rows).mean(axis=0) if rows else np.zeros(0)
    silent = asked - len(rows)
    condition = Condition(words=words, state=State.MENDED if silent else State.HOLDS, left_out=silent)
    return contrast_finding(suspect, scores, condition, alpha=alpha)
