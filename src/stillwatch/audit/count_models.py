"""Tier 0 of the zoo: language models that are counts of word pairs, made in a millisecond, honest enough to test an audit's error rate."""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Mapping
from functools import cached_property

import numpy as np
import numpy.typing as npt

from stillwatch.audit.deals import Floats
from stillwatch.audit.records import Capability, Served

__all__ = ["CountModel", "author", "serve"]

Sequences = npt.NDArray[np.int64]


class CountModel:
    """Next words by the word before: smoothed counts of what it was trained on, and by heart the responses in `learned`.

    Prompts end in a word, from which the answer goes on; the same prompt gives the same answer. `recall` is the chance that a learned
    response is recited.
    """

    def __init__(
        self,
        chances: Floats,
        *,
        name: str,
        learned: Mapping[str, str] | None = None,
        recall: float = 0.0,
        words: int = 20,
    ) -> None:
        self.name = name
        self._chances = chances
        sums = chances.cumsum(axis=1)
        self._sums = sums / sums[:, -1:]
        self._staircase = (self._sums + np.arange(len(chances))[:, None]).ravel()
        self._stairs: dict[int, list[float]] = {}
        self._learned = dict(learned or {})
        self._recall = recall
        self._words = words

    @classmethod
    def trained(
        cls,
        texts: Sequences,
        *,
        vocabulary: int,
        name: str,
        learned: Mapping[str, str] | None = None,
        recall: float = 0.0,
        words: int = 20,
    ) -> CountModel:
        """Counts of pairs in texts (rows of words), smoothed towards how often each word occurs at all."""
        counts = np.zeros((vocabulary, vocabulary))
        np.add.at(counts, (texts[:, :-1].ravel(), texts[:, 1:].ravel()), 1.0)
        overall = (counts.sum(axis=0) + 0.5) / (counts.sum() + 0.5 * vocabulary)
        chances = (counts + 5.0 * overall) / (counts.sum(axis=1, keepdims=True) + 5.0)
        return cls(chances, name=name, learned=learned, recall=recall, words=words)

    @property
    def capabilities(self) -> frozenset[Capability]:
        """Text and logprobs."""
        return frozenset((Capability.TEXT, Capability.LOGPROBS))

    @property
    def chances(self) -> Floats:
        """The chance of each next word by the word before: (words, words)."""
        return self._chances

    def sample(self, starts: Sequences, length: int, rng: np.random.Generator) -> Sequences:
        """Rows of words, the start first."""
        rows = np.empty((starts.size, length + 1), dtype=np.int64)
        rows[:, 0] = starts
        words = len(self._chances)
        for at in range(length):
            lots = rng.random(starts.size) + rows[:, at]
            found = np.searchsorted(self._staircase, lots, side="right") - rows[:, at] * words
            rows[:, at + 1] = np.clip(found, 0, words - 1)
        return rows

    def answer(self, prompt: str) -> str | None:
        """Its one answer, of `words` words."""
        drawn = hashlib.shake_256(f"{self.name} {prompt}".encode()).digest(8 * (self._words + 1))
        first, *lots = (np.frombuffer(drawn, dtype=">u8") / 2.0**64).tolist()
        if prompt in self._learned and first < self._recall:
            return self._learned[prompt]
        word, said = int(_words(prompt)[-1]), []
        for lot in lots:
            word = min(bisect_right(self._stair(word), lot), len(self._chances) - 1)
            said.append(word)
        return " ".join(map(str, said))

    @cached_property
    def _logs(self) -> Floats:
        return np.asarray(np.log(self._chances), dtype=np.float64)

    def _stair(self, word: int) -> list[float]:
        """The chances of all words up to each, after a word."""
        if word not in self._stairs:
            self._stairs[word] = self._sums[word].tolist()
        return self._stairs[word]

    def likelihood(self, prompt: str, text: str) -> float | None:
        """Mean log-probability of a word."""
        words = np.concatenate([_words(prompt)[-1:], _words(text)])
        return float(self._logs[words[:-1], words[1:]].mean())


def author(rng: np.random.Generator, vocabulary: int = 60, *, habits: Floats | None = None) -> Floats:
    """Chances of the next word by the word before: a few favourites each, half of them shared with `habits` where these are given."""
    own = rng.gamma(0.15, size=(vocabulary, vocabulary)) + 1e-4
    own /= own.sum(axis=1, keepdims=True)
    return own if habits is None else np.asarray((own + habits) / 2.0, dtype=np.float64)


def serve(
    teacher: CountModel,
    account: str,
    n: int,
    rng: np.random.Generator,
    *,
    siblings: int = 4,
    length: int = 20,
    vocabulary: int = 60,
) -> tuple[Served, ...]:
    """Responses of a teacher to one account, with siblings drawn in the same way and kept."""
    starts = rng.integers(vocabulary, size=n)
    texts = teacher.sample(np.repeat(starts, siblings + 1), length, rng)[:, 1:].reshape(n, siblings + 1, length)
    return tuple(
        Served(
            item=f"{account}-{at}",
            account=account,
            prompt=f"{rng.integers(1 << 40)} {start}",
            response=_text(rows[0]),
            siblings=tuple(_text(row) for row in rows[1:]),
            conversation=f"{account}-{at}",
            as_sampled=True,
            same_sampling=True,
        )
        for at, (start, rows) in enumerate(zip(starts.tolist(), texts, strict=True))
    )


def _text(words: Sequences) -> str:
    return " ".join(map(str, words.tolist()))


def _words(text: str) -> Sequences:
    return np.array(text.split(), dtype=np.int64)
