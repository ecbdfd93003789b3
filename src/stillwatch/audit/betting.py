"""W3. Bets that each new pair of the suspect's replies is green: evidence that may be looked at after each, so that one stops early."""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

from stillwatch.audit.deals import Floats
from stillwatch.audit.marks import Pairs, green
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, State
from stillwatch.stats import e_to_p, first_alarm

__all__ = ["BETTING", "bet_process", "betting", "chances_left"]

BETTING = AuditTest(
    name="betting",
    title="W3 betting e-process",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on text marked with this account's key, so each new pair is green with its known chance",
    statistic="product over distinct pairs, in the order of the replies, of bets on green at the exact chance, equal weight on six stakes; "
    "p is one over the highest value",
    ties="none: a pair is green or not",
    assumptions=(
        "the key was drawn at random and the replies do not depend on it",
        "each new pair is green with the same chance, independently; for lists of fixed size, the share of green words left in its context",
    ),
    misled_by="marked text in the prompts. Power is lost to rare pairs, for no reference is subtracted: use W2 where nobody stops early.",
    source="Waudby-Smith and Ramdas (2024), arXiv 2010.09686, section 5, for bets without replacement; for marks arXiv 2602.14286",
)

_STAKES = np.array([0.01, 0.02, 0.05, 0.1, 0.2, 0.4])


def betting(
    replies: Pairs,
    key: np.uint64,
    *,
    suspect: str,
    account: str,
    share: float = 0.25,
    listed: tuple[int, int] | None = None,
    alpha: float = 0.01,
) -> Finding:
    """Whether the suspect learned the marks of one account's key, stopping at e >= 1/alpha; `value` is the share of green pairs used.

    `n` counts the pairs that were used up to the stop. `listed` gives (green words, all words) of every context where the mark has lists
    of fixed size. Too few pairs to reach 1/alpha were all of them green: undecided, with the pairs needed.

    >>> rng = np.random.default_rng(2)
    >>> from stillwatch.audit.marks import draw_keys, pairs
    >>> key, replies = draw_keys(rng, 1)[0], pairs([rng.integers(0, 300, size=4000)])
    >>> betting(replies, key, suspect="clean", account="a").evidence.e_value < 20
    True
    >>> marked = green(np.array([key]), replies.context, replies.token)[0] | (rng.random(replies.token.size) < 0.2)
    >>> some = Pairs(context=replies.context[marked], token=replies.token[marked], count=replies.count[marked])
    >>> found = betting(some, key, suspect="student", account="a")
    >>> found.evidence.e_value >= 100, found.evidence.n < 200
    (True, True)
    """
    hits = green(np.array([key], dtype=np.uint64), replies.context, replies.token, share=share)[0]
    chances = np.full(hits.size, share) if listed is None else chances_left(replies.context, hits, listed=listed)
    best = bet_process(np.ones(hits.size, dtype=np.bool_), chances)
    decided = bool(hits.size) and float(best[-1]) >= 1.0 / alpha
    running = bet_process(hits, chances) if decided else np.zeros(0)
    stop = int(first_alarm(running, alpha=alpha)) if decided else -1
    used = running[: stop + 1] if stop >= 0 else running
    needed = math.ceil(math.log(_STAKES.size / alpha) / math.log1p(_STAKES[-1] * (1.0 / share - 1.0)))
    return BETTING.finding(
        suspect,
        account=account,
        value=float(hits[: used.size].mean()) if used.size else math.nan,
        n=used.size if decided else hits.size,
        p_value=float(e_to_p(used.max())) if decided else None,
        e_value=float(used[-1]) if decided else None,
        needed=max(needed, hits.size + 1),
        conditions=(Condition(words="each (context, token) pair is used once", state=State.HOLDS),),
        running=tuple(used.tolist()),
    )


def bet_process(hits: npt.NDArray[np.bool_], chances: Floats) -> Floats:
    """The running e-value of bets on hits, each with a known chance given all before it; a sure thing is no bet.

    >>> bet_process(np.array([True, False]), np.array([0.25, 0.25])).round(3).tolist()
    [1.39, 1.154]
    """
    sure = (chances <= 0.0) | (chances >= 1.0)
    gain = np.where(sure, 0.0, (hits - chances) / np.where(sure, 1.0, chances))
    logs = np.cumsum(np.log1p(np.multiply.outer(_STAKES, gain)), axis=1)
    return np.asarray(np.exp(np.minimum(logs, 690.0)).mean(axis=0), dtype=np.float64)


def chances_left(context: npt.NDArray[np.int64], hits: npt.NDArray[np.bool_], *, listed: tuple[int, int]) -> Floats:
    """The chance that the next distinct token of a context is green: green words left over words left, drawn without replacement.

    >>> chances_left(np.array([1, 1, 2, 1]), np.array([True, False, True, True]), listed=(2, 4)).round(3).tolist()
    [0.5, 0.333, 0.5, 0.5]
    """
    marked, words = listed
    left: dict[int, tuple[int, int]] = {}
    found = np.empty(hits.size)
    for at, (where, hit) in enumerate(zip(context.tolist(), hits.tolist(), strict=True)):
        marked_left, words_left = left.get(where, (marked, words))
        if words_left < 1 or marked_left < hit:
            raise ValueError(f"listed: more pairs of one context than a list of {marked} in {words} allows")
        found[at] = marked_left / words_left
        left[where] = (marked_left - hit, words_left - 1)
    return found
