"""S1c. At places where our model was unsure, does the suspect say the word that was served oftener than chance has it?"""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from typing import TypeAlias

import numpy as np

from stillwatch.audit.conditions import fit_places
from stillwatch.audit.deals import Floats
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, Served, State, item_digest
from stillwatch.audit.suspect import Answering
from stillwatch.stats import e_to_p

__all__ = ["NEXT_WORDS", "Reads", "drawn_otherwise", "next_words", "said_word", "word_process"]

NEXT_WORDS = AuditTest(
    name="next_words",
    title="S1c next words",
    question=Question.EXPOSURE,
    needs=Capability.TEXT,
    null="the suspect was never trained on the responses served to this account, so which of a few words was drawn at a place, given the "
    "text before it, tells nothing of the word that the suspect says there, whatever else it was trained on",
    statistic="product over places of the likelihood ratio for 'the word that the suspect says was drawn with e^d times the odds that our "
    "model gave it', averaged over six d from 0.1 to 1.3; p is one over the highest value, so the asking may stop at any place",
    ties="none: the suspect says one of the words, or the place bets nothing; places whose likeliest words are not plain are not asked",
    assumptions=(
        "each word was drawn with the recorded chances, given the text before it, by lots that nothing else used",
        "whether a place is asked, and among which words, was decided by the text before it and by the word being one of these",
        "places of one response are asked in the order of its text, each after the reply to the one before",
        "which word was drawn reached the suspect by no other way than training on it, nor by a later question that quotes it",
    ),
    misled_by="a copy of served text on the open web or in a retrieval index; a host that remembers what another audit asked; chances "
    "recorded before a temperature, a cut, a penalty, a bias or a mark that the serving applied after them: whoever says the likeliest "
    "words then seems to have learned (a plan refuses places that were plainly drawn sharper or more evenly than recorded).",
    source="A conditional randomisation test (Candes, Fan, Janson, Lv 2018, arXiv 1610.02351) whose law is known: the sampler's own "
    "chances. Likelihood ratios as e-values: Ramdas, Grunwald, Vovk, Shafer (2023), arXiv 2210.01948",
)

Reads: TypeAlias = Callable[[str, Sequence[str]], int | None]
"""Which of several words an answer begins with: its place, `None` for none of them."""

_ODDS = np.array([0.1, 0.2, 0.4, 0.6, 0.9, 1.3])
_POWERS = np.array([0.5, 0.7, 0.85, 0.93, 1.08, 1.18, 1.4, 2.0])


def said_word(answer: str, words: Sequence[str]) -> int | None:
    """The longest word that an answer begins with; where none fits as written, space before both does not count.

    >>> said_word(" the cat", [" the", " th", " a"]), said_word("the", [" the", " a"]), said_word("cat", [" the", " a"])
    (0, 0, None)
    """
    for said, there in ((answer, words), (answer.lstrip(), [one.lstrip() for one in words])):
        fits = [at for at, one in enumerate(there) if one and said.startswith(one)]
        if fits:
            longest = max(len(there[at]) for at in fits)
            best = [at for at in fits if len(there[at]) == longest]
            return best[0] if len(best) == 1 else None
    return None


def next_words(
    served: Sequence[Served], suspect: Answering, *, reads: Reads = said_word, alpha: float = 0.01
) -> Finding:
    """Whether the suspect says what one account was served, place by place; `value` is by how much oftener than chance it does.

    An item is a place: its prompt ends in the text before the word that was served, `siblings` are the other words that might have been
    drawn there and `chances` how likely each was (`stillwatch audit places` makes them). `n` counts replies, those that begin with none
    of the words among them. Places that the suspect was silent at are left out and counted.

    >>> from stillwatch.audit.recorded import Recorded
    >>> items = [Served(item=str(i), account="a", prompt=f"q{i}", response="x", siblings=("y", "z", "w"), chances=(0.1, 0.1, 0.1, 0.1))
    ...          for i in range(40)]
    >>> parrot = Recorded(name="parrot", answers={one.prompt: one.response for one in items}, likelihoods={})
    >>> found = next_words(items, parrot)
    >>> found.evidence.value, found.evidence.p_value < 1e-9
    (0.75, True)
    >>> next_words(items[:3], parrot).evidence.needed
    9
    """
    fit, conditions = fit_places(served)
    answers = [suspect.answer(one.prompt) for one in fit]
    asked = [(one, answer) for one, answer in zip(fit, answers, strict=True) if answer is not None]
    silent = len(fit) - len(asked)
    heard = Condition(
        words="the suspect answered at every place", state=State.MENDED if silent else State.HOLDS, left_out=silent
    )
    hits, chances = np.zeros(len(asked)), np.zeros(len(asked))
    for at, (one, answer) in enumerate(asked):
        word = reads(answer, one.candidates)
        if word is not None:
            hits[at], chances[at] = float(word == 0), _shares(one)[word]
    least = np.array([_shares(one).min() for one, _ in asked])
    best = word_process(np.ones(len(asked)), least)
    decided = bool(asked) and float(best[-1]) >= 1.0 / alpha
    running = word_process(hits, chances) if decided else np.zeros(0)
    read = chances > 0.0
    return NEXT_WORDS.finding(
        suspect.name,
        account=served[0].account if served else None,
        value=float((hits - chances)[read].mean()) if read.any() else math.nan,
        n=len(asked),
        p_value=float(e_to_p(running.max())) if decided else None,
        e_value=float(running[-1]) if decided else None,
        needed=max(_needed(float(least.mean()) if asked else 0.25, alpha), len(asked) + 1),
        conditions=(*conditions, heard),
        items=tuple(item_digest(one) for one, _ in asked),
        running=tuple(running.tolist()),
    )


def word_process(hits: Floats, chances: Floats) -> Floats:
    """The running e-value of bets that the suspect's word is the one drawn; a place with chance 0 (it said none of them) bets nothing.

    >>> word_process(np.array([1.0, 0.0, 0.0]), np.array([0.25, 0.0, 0.25])).round(3).tolist()
    [1.513, 1.513, 1.204]
    """
    logs = hits * _ODDS[:, None] - np.log1p(chances * np.expm1(_ODDS)[:, None])
    return np.asarray(np.exp(np.minimum(logs.cumsum(axis=1), 690.0)).mean(axis=0), dtype=np.float64)


def drawn_otherwise(served: Sequence[Served]) -> float:
    """The e-value of places for 'the words were drawn sharper or more evenly than recorded', which no suspect has a part in.

    Likelihood ratios of the chances to the power of b, averaged over eight b from 0.5 to 2: those of a temperature of 1/b that came after
    them, and near those of a cut. Null: the words were drawn with the recorded chances.

    >>> def place(at, drawn):
    ...     chances = (0.1, 0.05) if drawn == "likely" else (0.05, 0.1)
    ...     return Served(item=str(at), account="a", prompt=f"q{at}", response=drawn, siblings=("other",), chances=chances)
    >>> fair, greedy = [place(at, "likely" if at % 3 else "unlikely") for at in range(60)], [place(at, "likely") for at in range(60)]
    >>> drawn_otherwise(fair) < 1.0, drawn_otherwise(greedy) > 1e3
    (True, True)
    """
    logs = np.zeros(_POWERS.size)
    for one in served:
        if one.chances is not None and one.as_sampled is not False:
            told = np.log(_shares(one))
            logs += (_POWERS - 1.0) * told[0] - np.log(np.exp(_POWERS[:, None] * told).sum(axis=1))
    return float(np.exp(np.minimum(logs, 690.0)).mean())


def _shares(one: Served) -> Floats:
    """The chance of each candidate among the candidates, the served one first."""
    told = np.array(one.chances, dtype=np.float64)
    return np.asarray(told / told.sum(), dtype=np.float64)


def _needed(chance: float, alpha: float) -> int:
    """The places with which e can reach one over alpha at all, were the suspect right at every one."""
    odds = float(_ODDS[-1])
    gain = odds - math.log1p(chance * math.expm1(odds))
    return math.ceil(math.log(_ODDS.size / alpha) / max(gain, 1e-9))
