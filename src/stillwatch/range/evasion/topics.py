"""Which topics an account asks about: disjoint slices, a queue sorted by topic, or topics drawn as ordinary customers have them."""

from __future__ import annotations

import re
import zlib
from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.evasion.move import ACCOUNTS, ITEMS, refuse, share
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.purpose import Purpose
from stillwatch.range.splits import shelf

__all__ = ["TopicMatch", "TopicSortedQueue", "TopicSplit", "divergence", "topics_of"]

_WIDTH = 256
_WORD = re.compile(r"[^\W\d_]{3,}")


def topics_of(texts: list[str], count: int, rng: np.random.Generator) -> Ints:
    """A topic from 0 to `count` - 1 for each text: k-means over hashed words, which is what an operator without a model would do."""
    vectors = _vectors(texts)
    centres = vectors[rng.choice(len(texts), min(count, len(texts)), replace=False)]
    nearest = np.zeros(len(texts), np.int64)
    for _ in range(8):
        nearest = np.argmax(vectors @ centres.T, axis=1)
        sums = np.zeros_like(centres)
        np.add.at(sums, nearest, vectors)
        length = np.linalg.norm(sums, axis=1, keepdims=True)
        centres = np.where(length > 0, sums / np.maximum(length, 1e-9), centres)
    return nearest


def _vectors(texts: list[str]) -> NDArray[np.float64]:
    out = np.zeros((len(texts), _WIDTH))
    for row, text in zip(out, texts, strict=True):
        for word in _WORD.findall(text.lower())[:80]:
            code = zlib.crc32(word.encode("utf-8"))
            row[code % _WIDTH] += 1.0 if code & 0x80000000 else -1.0
    out = np.sign(out) * np.sqrt(np.abs(out))
    length = np.linalg.norm(out, axis=1, keepdims=True)
    centred = out / np.maximum(length, 1e-9)
    return np.asarray(centred - centred.mean(axis=0))


def divergence(plan: Plan, ground: Ground, rng: np.random.Generator, *, count: int = 20) -> float:
    """Kullback-Leibler divergence in nats of the harvest's topics from those of ordinary customers; 0 when they are alike.

    Both sides get one pseudo-count a topic. Topics are those of the two pools together.
    """
    harvested = plan.rows.text[plan.rows.having(Purpose.HARVEST, Purpose.OFF_TARGET)]
    benign = rng.choice(shelf(ground, plan.fold, "open", "search", "support"), 3000)
    texts = ground.texts.all
    topic = topics_of([texts[k] for k in np.concatenate([harvested, benign]).tolist()], count, rng)
    p, q = (np.bincount(part, minlength=count) + 1.0 for part in (topic[: len(harvested)], topic[len(harvested) :]))
    p, q = p / p.sum(), q / q.sum()
    return float((p * np.log(p / q)).sum())


def _sorted_rows(plan: Plan, ground: Ground, rng: np.random.Generator, topics: int) -> Ints:
    """Rows of the harvest in the order of their topics."""
    rows = np.flatnonzero(plan.rows.having(Purpose.HARVEST, Purpose.OFF_TARGET))
    texts = ground.texts.all
    topic = topics_of([texts[k] for k in plan.rows.text[rows].tolist()], topics, rng)
    found: Ints = rows[np.lexsort((rng.random(len(rows)), topic))]
    return found


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicSplit:
    """Disjoint slices of the topics: accounts are cut into so many groups of equal size, and each group asks of its own slice only.

    Cost: none in requests, accounts or hours.
    """

    slices: int
    stage: ClassVar[int] = ACCOUNTS

    def __post_init__(self) -> None:
        if self.slices < 2:
            raise refuse("TopicSplit.slices", self.slices, "at least 2: one slice is no split")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        people = len(plan.crew)
        if self.slices > people:
            raise refuse("TopicSplit.slices", self.slices, f"at most {people}, the number of accounts")
        rows = _sorted_rows(plan, ground, rng, max(8, min(4 * self.slices, 64)))
        who = plan.rows.who.copy()
        groups = np.array_split(rng.permutation(people), self.slices)
        weights = np.cumsum([len(group) for group in groups]) / people
        ends = np.round(weights * len(rows)).astype(int)
        for group, begin, end in zip(groups, [0, *ends[:-1].tolist()], ends.tolist(), strict=True):
            part = rng.permutation(rows[begin:end])
            who[part] = group[np.arange(len(part)) % len(group)]
        return plan.but(who=who).used()

    def cost(self, before: Price) -> Price:
        return before


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicSortedQueue:
    """The queue is sorted by topic and dealt in blocks, so that each account stays with a subject as a person does.

    Loads stay as they are. Cost: none in requests, accounts or hours.
    """

    topics: int = 40
    stage: ClassVar[int] = ACCOUNTS

    def __post_init__(self) -> None:
        if self.topics < 2:
            raise refuse("TopicSortedQueue.topics", self.topics, "at least 2: one topic gives no order")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = _sorted_rows(plan, ground, rng, self.topics)
        who = plan.rows.who.copy()
        loads = np.bincount(who[rows], minlength=len(plan.crew))
        order = rng.permutation(len(loads))
        who[rows] = np.repeat(order, loads[order])
        return plan.but(who=who)

    def cost(self, before: Price) -> Price:
        return before


@dataclass(frozen=True, kw_only=True, slots=True)
class TopicMatch:
    """A share of the items is drawn from what ordinary customers ask, in the same wrapper, so that topics look ordinary.

    At 1 topics are those of customers: the limit at which topic tests have no power. Cost: requests, one over (1 - share) times as many to
    one answer on target; answers off target count as useless, though an operator may keep them.
    """

    share: float
    stage: ClassVar[int] = ITEMS

    def __post_init__(self) -> None:
        share("TopicMatch.share", self.share)

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        rows = plan.rows
        harvest = np.flatnonzero(rows.having(Purpose.HARVEST))
        chosen = rng.permutation(harvest)[: round(self.share * len(harvest))]
        pool = shelf(ground, plan.fold, "open", "search", "support")
        drawn = pool[rng.integers(0, len(pool), len(chosen))]
        text, purpose, item = rows.text.copy(), rows.purpose.copy(), rows.item.copy()
        text[chosen], purpose[chosen], item[chosen] = drawn, int(Purpose.OFF_TARGET), -drawn - 1
        return plan.but(text=text, purpose=purpose, item=item)

    def cost(self, before: Price) -> Price:
        if self.share >= 1.0:
            return replace(before, answers=0, requests=float("inf"), accounts=float("inf"), hours=float("inf"))
        return before.spread_over(before.answers * (1.0 - self.share))
