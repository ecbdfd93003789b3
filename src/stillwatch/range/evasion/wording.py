# ruff: noqa: E501 - texts stand on one line each
"""What stands around the items: rotated templates, paraphrase at several strengths, a constant core, changing personas."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import ClassVar

import numpy as np

from stillwatch.range.campaigns.families import FAMILIES
from stillwatch.range.campaigns.plan import Plan
from stillwatch.range.campaigns.wording import Wording, loosen, spin
from stillwatch.range.evasion.move import WORDS, refuse
from stillwatch.range.evasion.price import Price
from stillwatch.range.ground import Ground, Ints
from stillwatch.range.purpose import PAID, Purpose

__all__ = ["FreeRewording", "Paraphrase", "Personas", "Rotate", "Unwrap"]


def _worded(plan: Plan) -> list[tuple[Wording, Ints]]:
    """The plan's wordings with the rows that carry them; requests without a wrapper are left alone."""
    rows = plan.rows
    framed = rows.having(*PAID) & (rows.frame >= 0) & (rows.family >= 0) & ~rows.having(Purpose.SEARCH)
    return [
        (FAMILIES[number].wordings[plan.fold], np.flatnonzero(framed & (rows.family == number)))
        for number in np.unique(rows.family[framed]).tolist()
    ]


@dataclass(frozen=True, kw_only=True, slots=True)
class Rotate:
    """So many templates for each family of prompts, one drawn for each request, or with `by_account` one for each account.

    Cost: outside calls only, one to write each template.
    """

    templates: int
    by_account: bool = False
    stage: ClassVar[int] = WORDS

    def __post_init__(self) -> None:
        if not 1 <= self.templates <= 100_000:
            raise refuse("Rotate.templates", self.templates, "1 to 100,000")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        frame, outside = plan.rows.frame.copy(), 0
        for wording, rows in _worded(plan):
            made: dict[str, None] = {}
            for _ in range(20):
                made.update(dict.fromkeys(wording.reworded(rng, self.templates - len(made))))
                if len(made) >= self.templates:
                    break
            frames = ground.frames.numbers(list(made))
            drawn = rng.integers(0, len(frames), max(len(plan.crew), len(rows)))
            frame[rows] = frames[drawn[plan.rows.who[rows]] if self.by_account else drawn[: len(rows)]]
            outside += len(made)
        return plan.but(frame=frame, outside=plan.outside + outside)

    def cost(self, before: Price) -> Price:
        return replace(before, outside=before.outside + self.templates / before.answers)


@dataclass(frozen=True, kw_only=True, slots=True)
class Paraphrase:
    """One base template in `versions`, a share `strength` of whose words is changed or set apart; with `core` the demand stays word for
    word.

    Cost: outside calls only, one for each version.
    """

    versions: int
    strength: float
    core: bool = False
    stage: ClassVar[int] = WORDS

    def __post_init__(self) -> None:
        if self.versions < 1:
            raise refuse("Paraphrase.versions", self.versions, "at least 1")
        if not 0.0 < self.strength <= 1.0:
            raise refuse("Paraphrase.strength", self.strength, "a share of words over 0 and up to 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        frame, outside = plan.rows.frame.copy(), 0
        for wording, rows in _worded(plan):
            base = wording.fixed()
            if self.core:
                openers = [
                    spin(o, rng)[0] for o in wording.openers for _ in range(-(-self.versions // len(wording.openers)))
                ]
                made = [f"{o}\n{base}" for o in loosen(openers[: self.versions], rng, self.strength)]
            else:
                made = loosen([base] * self.versions, rng, self.strength)
            frame[rows] = ground.frames.numbers(made)[rng.integers(0, len(made), len(rows))]
            outside += self.versions
        return plan.but(frame=frame, outside=plan.outside + outside)

    def cost(self, before: Price) -> Price:
        return replace(before, outside=before.outside + self.versions / before.answers)


@dataclass(frozen=True, kw_only=True, slots=True)
class FreeRewording:
    """Another wrapper for every request, written by a paraphraser: other clauses, other order, a share `strength` of words changed.

    Cost: outside calls only, one for each wrapped request. No run of words is shared by many requests; what is asked stays the same.
    """

    strength: float = 0.4
    stage: ClassVar[int] = WORDS

    def __post_init__(self) -> None:
        if not 0.0 <= self.strength <= 1.0:
            raise refuse("FreeRewording.strength", self.strength, "a share of words from 0 to 1")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        frame, outside = plan.rows.frame.copy(), 0
        for wording, rows in _worded(plan):
            frame[rows] = ground.frames.numbers(wording.reworded(rng, len(rows), loose=self.strength))
            outside += len(rows)
        return plan.but(frame=frame, outside=plan.outside + outside)

    def cost(self, before: Price) -> Price:
        return replace(before, outside=before.outside + before.requests)


@dataclass(frozen=True, kw_only=True, slots=True)
class Unwrap:
    """No scaffold at all: the items alone. A family with two slots cannot do without, and is refused.

    Cost: none counted; answers then lack the form that the wrapper forced, which has no number here.
    """

    stage: ClassVar[int] = WORDS

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        frame = plan.rows.frame.copy()
        for _, rows in _worded(plan):
            if (plan.rows.extra[rows] >= 0).any():
                raise refuse("Unwrap", "items of two parts", "items of one part: what joins the parts is the wrapper")
            frame[rows] = -1
        return plan.but(frame=frame)

    def cost(self, before: Price) -> Price:
        return before


_WHO = ("nurse", "retired judge", "sailor", "tax adviser", "gardener", "sixth-form teacher", "game designer", "midwife", "surveyor",
        "choir leader", "baker", "statistician", "set builder", "radio ham", "beekeeper", "proofreader", "paramedic", "locksmith")  # fmt: skip
_HOW = ("calm", "dry", "curious", "patient", "brisk", "cheerful", "precise", "plain-spoken", "thorough", "sceptical")
_WHERE = ("a coastal town", "a night school", "a small workshop", "the civil service", "a village clinic", "a touring company", "a harbour",
          "an evening paper", "a mountain hut", "a co-operative", "a lending library")  # fmt: skip


@dataclass(frozen=True, kw_only=True, slots=True)
class Personas:
    """So many invented persons as system prompts, one for each account, so that accounts look like different products.

    Cost: outside calls only, one to write each.
    """

    personas: int
    stage: ClassVar[int] = WORDS

    def __post_init__(self) -> None:
        most = len(_WHO) * len(_HOW) * len(_WHERE)
        if not 1 <= self.personas <= most:
            raise refuse("Personas.personas", self.personas, f"1 to {most}, the number that can be invented")

    def apply(self, plan: Plan, ground: Ground, rng: np.random.Generator) -> Plan:
        every = [
            f"You are a {how} {who} from {where}. Stay in character."
            for who in _WHO
            for how in _HOW
            for where in _WHERE
        ]
        chosen = ground.texts.numbers([every[k] for k in rng.permutation(len(every))[: self.personas].tolist()])
        mine = chosen[rng.integers(0, len(chosen), len(plan.crew))]
        framed = plan.rows.having(*PAID) & (plan.rows.family >= 0)
        system = np.where(framed, mine[plan.rows.who], plan.rows.system)
        return plan.but(system=system, outside=plan.outside + self.personas)

    def cost(self, before: Price) -> Price:
        return replace(before, outside=before.outside + self.personas / before.answers)
