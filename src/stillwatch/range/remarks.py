"""What people say next in a conversation: short remarks, most of which take up words of the answer before."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

__all__ = ["REMARKS", "remarks"]

REMARKS = 1 << 16
"""How many different remarks there are."""

_TRIES = 6

_SHORT = (
    "Thanks, that helps.", "Can you make it shorter?", "Could you say that in simpler words?", "And what about the second part?",
    "Give me an example please", "why?", "Are you sure?", "ok and how long does that take", "Rewrite it in a more formal tone.",
    "Put it in a table", "continue", "Can you expand on the first point?", "What would you do instead?", "Make a list of the steps.",
    "That did not work, I still get the same result", "no, I meant the other one", "please translate your answer to Spanish",
    "What are the risks?", "How much would it cost roughly?", "Summarise what we said so far.", "Now write it as an e-mail.",
    "great, next one", "which of these is better for a beginner?", "Can you check it again?", "Where did you get that from?",
    "Is there a free alternative?",
)  # fmt: skip
_ABOUT = (
    "what do you mean by {a}", "{a} - is that still true?", "Leave out {a} and say more about {b}.",
    "you wrote {a}, how does that go with {b}?", "And {a}?", "Explain {a} to me", "so {a}, right?", "I did not get the part about {a}",
    "Go on from {a} please",
    "how did {a} come to {b}",
    "Is {a} the same as {b}?", "put {a} before {b}", "ok but why {a}", "Give me a source for {a}", "{b}, not {a}", "hm, {a}?",
    "Can you put {a} in other words?", "tell me about {a} first, then {b}", "that is too long, keep {a} only", "Compare {a} with {b}.",
)  # fmt: skip


def remarks(rng: np.random.Generator, sentences: Sequence[str], *, part: int | None = None) -> list[str]:
    """Different remarks in random order; those that name something name some words of the sentences, which answers are made of.

    There are `REMARKS`, fewer where there are few sentences. With `part` 0 or 1 they are said in every second way only.
    """
    ways = slice(None) if part is None else slice(part, None, 2)
    about = _ABOUT[ways]
    words = [sentence.strip().rstrip(".").split() for sentence in sentences]
    long = [each for each in words if len(each) > 8]
    found = dict.fromkeys(_SHORT[ways])
    for _ in range(_TRIES if long else 0):
        for a, b, c, d, e in rng.integers(0, 1 << 30, (REMARKS - len(found), 5)).tolist():
            first, second = long[a % len(long)], long[b % len(long)]
            found[about[c % len(about)].format(a=_some(first, d, 3 + e % 5), b=_some(second, e >> 8, 2 + d % 4))] = None
    told = list(found)
    return [told[k] for k in rng.permutation(len(told)).tolist()]


def _some(words: Sequence[str], where: int, size: int) -> str:
    """Some words side by side, without the comma at their end."""
    first = where % max(1, len(words) - size)
    return " ".join(words[first : first + size]).rstrip(",;:")
