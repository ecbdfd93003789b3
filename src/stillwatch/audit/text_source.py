"""S4. Does the suspect write like one of these teachers, more than models that learned from none of them, or like none of them?"""

from __future__ import annotations

import math
import re
import zlib
from collections.abc import Sequence
from itertools import pairwise

import numpy as np
import numpy.typing as npt

from stillwatch.audit.deals import Floats, deal_tail, steps
from stillwatch.audit.overlap import gram_overlap
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.audit.suspect import Answering
from stillwatch.core import Error
from stillwatch.stats import conformal_p

__all__ = ["RATHER_THAN", "TEXT_SOURCE", "text_source"]

TEXT_SOURCE = AuditTest(
    name="text_source",
    title="S4 text source, open set",
    question=Question.RESEMBLANCE,
    needs=Capability.TEXT,
    null="the suspect is exchangeable with the independents: it writes like this teacher no more than a model that learned from none of "
    "the teachers; of one teacher rather than another: that, or their answers to a prompt are exchangeable from where the suspect stands",
    statistic="mean over prompts of a text's log-likelihood ratio a gram, the teacher's hashed words and word pairs against those of "
    "everybody else together, learned on the other half of the prompts; rank of the suspect among the independents; for "
    "pairs the larger of the rank of the difference and the exact paired test over prompts of likeness to the one and to the other; Holm "
    "over teachers, and again over pairs; e-value calibrated",
    ties="conservative: an independent that scores as much counts as writing more like the teacher",
    assumptions=(
        "the independents learned from no teacher's text beyond what the web holds, and are as likely as the suspect to have met that",
        "the independents are clustered: models that share a base count as one, and stand in the plan once",
        "no account under suspicion sent these prompts",
    ),
    misled_by="a suspect with more of a teacher's text in its web corpus than the independents have: it was released later. A system text "
    "that changes the manner of one model alone. Other teachers that are missing: a student of an unnamed one may resemble a named one.",
    source="Words and word pairs as in Sun and others (2025), arXiv 2502.12150, who sort texts among a closed set; the rank among "
    "independent models adds 'none of these' with a bound on error",
)

RATHER_THAN = " rather than "
"""Stands between the names of two teachers that are held against one another."""

_PLACES = 1 << 13
_TOKENS = re.compile(r"\w+|[^\w\s]|\n")


def text_source(
    prompts: Sequence[str],
    suspect: Answering,
    teachers: Sequence[Answering],
    independents: Sequence[Answering],
    *,
    alpha: float = 0.01,
) -> tuple[Finding, ...]:
    """One finding for each teacher, and one for each ordered pair; `value` is deviations above the independents' mean.

    `n` counts independents, as they are what is compared: p is at least `1 / (n + 1)`, however many prompts. Fewer than that takes, with
    Holm over teachers (over pairs: for those): undecided, with the independents needed.

    A teacher's words are held against those of everybody else. The suspect is among these as each independent is, so the ranks are exact.

    >>> from stillwatch.audit.recorded import Recorded
    >>> rng, prompts = np.random.default_rng(1), [f"q{at}" for at in range(8)]
    >>> def model(name, words): return Recorded(
    ...     name=name, answers={q: " ".join(rng.choice(words.split(), size=9)) for q in prompts}, likelihoods={})
    >>> independents = [model(f"i{at}", "one two three four five") for at in range(19)]
    >>> teacher, student = model("ours", "one two six"), model("suspect", "one two six four")
    >>> found, = text_source(prompts, student, [teacher], independents, alpha=0.05)
    >>> found.evidence.p_value, text_source(prompts, independents[0], [teacher], independents[1:4])[0].evidence.needed
    (0.05, 99)
    """
    if len(set(prompts)) != len(prompts):
        raise Error("prompts: one occurs twice")
    models = (suspect, *independents)
    said = [[one.answer(prompt) for one in (*models, *teachers)] for prompt in prompts]
    whole = [[text for text in row if text is not None] for row in said if None not in row]
    scores = _scores(whole, len(models)) if len(whole) >= 2 else None
    silent = Condition(
        words=f"every model answered each of the {len(prompts)} prompts",
        state=State.HOLDS if len(whole) == len(prompts) else State.MENDED,
        left_out=len(prompts) - len(whole),
    )
    names = [one.name for one in teachers]
    asked = [(name, at, None) for at, name in enumerate(names)]
    pairs = [
        (f"{one}{RATHER_THAN}{other}", at, against)
        for at, one in enumerate(names)
        for against, other in enumerate(names)
        if at != against
    ]
    findings = []
    for family in (asked, pairs):
        needed = math.ceil(len(family) / alpha - 1e-9) - 1
        for name, at, against in family:
            row = None if scores is None else scores[at] - (0.0 if against is None else scores[against])
            paired = 0.0 if against is None else _paired(whole, len(models) + at, len(models) + against)
            findings.append(_finding(name, row, paired, silent, suspect.name, len(independents), needed))
    return tuple(findings)


def _paired(rows: Sequence[Sequence[str]], one: int, other: int) -> float:
    """The exact p of the suspect's answers being as like those of one teacher as those of another, were the two dealt anew each prompt."""
    if not rows:
        return 1.0
    return deal_tail(steps([np.array([gram_overlap(row[0], row[at]) for at in (one, other)]) for row in rows]))


def _scores(rows: Sequence[Sequence[str]], models: int) -> Floats:
    """How much each model writes like each teacher: (teachers, models). Each half of the prompts is scored by the other half."""
    texts = [[_grams(text) for text in row] for row in rows]
    found = np.zeros((len(texts[0]) - models, models))
    for half in (0, 1):
        counts = np.stack(
            [
                np.bincount(np.concatenate(column), minlength=_PLACES)
                for column in zip(*texts[1 - half :: 2], strict=True)
            ]
        )
        everything = counts.sum(axis=0)
        for at, teacher in enumerate(counts[models:]):
            worth = _logs(teacher) - _logs(everything - teacher)
            found[at] += np.sum([[worth[one].mean() for one in row[:models]] for row in texts[half::2]], axis=0)
    return found / len(rows)


def _logs(counts: Floats) -> Floats:
    """The log chances of grams, smoothed towards all alike by a tenth of a gram a place."""
    return np.asarray(np.log((counts + 0.1) / (counts.sum() + 0.1 * counts.size)), dtype=np.float64)


def _grams(text: str) -> npt.NDArray[np.int64]:
    """The places of each word and each pair of words, by a hash that is the same everywhere; a text without words has the place of none."""
    tokens = [one.casefold() for one in _TOKENS.findall(text)]
    grams = [*tokens, *(f"{one} {other}" for one, other in pairwise(tokens))] or [""]
    return np.array([zlib.crc32(one.encode("utf-8", "surrogatepass")) % _PLACES for one in grams], dtype=np.int64)


def _finding(
    name: str, row: Floats | None, paired: float, silent: Condition, suspect: str, n: int, needed: int
) -> Finding:
    value, p_value = math.nan, None
    if row is not None and n:
        value = float((row[0] - row[1:].mean()) / (row[1:].std() or 1.0))
        if n >= needed:
            p_value = max(paired, float(conformal_p(row[1:], row[:1] - 1e-12)[0]))
    return TEXT_SOURCE.finding(
        suspect,
        model=name,
        value=value,
        n=n,
        p_value=p_value,
        needed=needed,
        conditions=(silent,),
    )
