"""W2. Do the suspect's replies favour what our key marked more than what keys marked that were never used?"""

from __future__ import annotations

import math

import numpy as np

from stillwatch.audit.deals import STAKES, Floats
from stillwatch.audit.marks import Keys, Pairs, Tokens, green_places, lift, places_of
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.stats import permutation_p

__all__ = ["DECOY_KEYS", "decoy_keys", "key_scores", "keyed_finding", "ranked_finding"]

DECOY_KEYS = AuditTest(
    name="decoy_keys",
    title="W2 decoy-key p-value",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on text marked with this account's key, so the key might as well be any of the decoys",
    statistic="sum over distinct (context, token) pairs of their worth where green; rank of the true key among decoys, (1 + b) / (B + 1); "
    "e-value by mixed exponential bets with the exact mean over independent green bits",
    ties="conservative: a decoy that scores as much as the true key counts against it",
    assumptions=(
        "the true key was drawn at random and nothing that was put in depends on it: prompts are unmarked",
        "filters chose contexts, never pairs",
        "for the e-value alone: each pair is green with the same chance, independently (not so with lists of fixed size)",
    ),
    misled_by="marked text in the prompts or in what the suspect retrieves. One key for many suspects: their false alarms come together.",
    source="Randomisation over the key, after Sander and others (2024), arXiv 2402.14904; Hoeffding's bound as in arXiv 2602.03812",
)

_CHUNK = 1 << 16


def decoy_keys(
    replies: Pairs,
    key: np.uint64,
    decoys: Keys,
    *,
    suspect: str,
    account: str,
    reference: Pairs | None = None,
    share: float = 0.25,
    unmarked_prompts: bool | None = None,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect learned the marks of one account's key; `value` is how many deviations above the decoys' mean the key scores.

    p is exact for any statistic, at least `1 / (B + 1)`; fewer decoys than alpha takes is undecided, with the decoys needed (they cost no
    queries). `n` counts decoys. The e-value goes beyond the floor of p; take the reference's replies from a clean model.

    >>> rng = np.random.default_rng(1)
    >>> from stillwatch.audit.marks import draw_keys, pairs
    >>> replies, decoys = pairs([rng.integers(0, 50, size=2000)]), draw_keys(rng, 199)
    >>> found = decoy_keys(replies, draw_keys(rng, 1)[0], decoys, suspect="clean", account="a")
    >>> found.evidence.p_value > 0.01, found.evidence.e_value < 20
    (True, True)
    """
    return keyed_finding(
        DECOY_KEYS,
        lift(replies, reference),
        key,
        decoys,
        suspect=suspect,
        account=account,
        share=share,
        unmarked=unmarked_prompts,
        alpha=alpha,
    )


def keyed_finding(
    test: AuditTest,
    lifted: tuple[Tokens, Tokens, Floats],
    key: np.uint64,
    decoys: Keys,
    *,
    suspect: str,
    account: str,
    share: float,
    unmarked: bool | None,
    alpha: float,
) -> Finding:
    """The finding of a test that ranks the true key among decoys by the worth of its green pairs: (contexts, tokens, worth).

    Raises:
        ValueError: what was put in is known to be marked.
    """
    context, token, worth = lifted
    keys = np.concatenate([[key], decoys]).astype(np.uint64)
    enough = decoys.size >= math.ceil(1.0 / alpha - 1e-9) - 1
    scores = key_scores(keys, context, token, worth, share=share) if enough else np.zeros(keys.size)
    told = {"suspect": suspect, "account": account}
    return ranked_finding(test, worth, scores, **told, share=share, unmarked=unmarked, alpha=alpha)


def ranked_finding(
    test: AuditTest,
    worth: Floats,
    scores: Floats,
    *,
    suspect: str,
    account: str,
    share: float,
    unmarked: bool | None,
    alpha: float,
) -> Finding:
    """The finding from the worth of all pairs and the scores of the keys, the true one's first: keys may be scored once for many accounts.

    Raises:
        ValueError: what was put in is known to be marked.
    """
    needed = math.ceil(1.0 / alpha - 1e-9) - 1
    decoys = scores.size - 1
    decided = decoys >= needed and worth.size > 0
    value, p_value, e_value = math.nan, None, None
    if decided:
        p_value = permutation_p(float(scores[0]), scores[1:])
        deviation = float(scores[1:].std()) or 1.0
        value = float(scores[0] - scores[1:].mean()) / deviation
        e_value = _tilted(float(scores[0]), worth, share)
    holds = State.UNRECORDED if unmarked is None else State.HOLDS
    if unmarked is False:
        raise ValueError(
            "unmarked_prompts: marked prompts give the key away to any model; ask with prompts that hold no served text"
        )
    return test.finding(
        suspect,
        account=account,
        value=value,
        n=decoys,
        p_value=p_value,
        e_value=e_value,
        needed=needed,
        conditions=(
            Condition(words="prompts hold no marked text", state=holds),
            Condition(words=f"each of {worth.size} (context, token) pairs is scored once", state=State.HOLDS),
        ),
    )


def key_scores(keys: Keys, context: Tokens, token: Tokens, worth: Floats, *, share: float) -> Floats:
    """The worth of all green pairs under each key, in chunks of bounded memory."""
    rows = max(1, _CHUNK // max(1, token.size))
    places = places_of(context, token)
    parts = [green_places(keys[at : at + rows], places, share=share) @ worth for at in range(0, keys.size, rows)]
    return np.concatenate(parts).astype(np.float64)


def _tilted(score: float, worth: Floats, share: float) -> float:
    """The e-value of a score: bets `exp(s score)` over their mean if every pair is green by chance, equal weight on stakes s."""
    unit = math.sqrt(share * (1.0 - share) * float((worth**2).sum()))
    logs = []
    for stake in STAKES:
        tilt = 10.0 * stake / unit
        bend = tilt * worth
        logs.append(tilt * score - float(np.logaddexp(math.log1p(-share), math.log(share) + bend).sum()))
    return float(np.exp(np.minimum(logs, 690.0)).mean())
