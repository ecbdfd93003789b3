"""The 48 models of tier 1, in the order in which they are made: wherever one stops, nulls and positives are among them."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from enum import StrEnum

__all__ = ["ACCOUNTS", "MARKED", "OURS", "RECIPES", "Change", "Recipe", "Role", "Scale", "seed_of"]

ACCOUNTS = 8
MARKED = frozenset(range(4))
"""The accounts that were served marked responses, each under its own key; the others' were served as drawn."""

OURS = "ours"


@dataclass(frozen=True, kw_only=True, slots=True)
class Scale:
    """How large a zoo is. The defaults are tier 1: about 270,000 weights a model, twenty seconds of one processor each.

    Steps are batches of 64 rows: `tuning` those of a student that starts from a base, `fresh` those of one that does not. Of `responses` to
    each account `items` were kept with so many `siblings`. `asked` and `longer` are prompts that no account sent, for answers and for next
    tokens; `twins` those whose answers by every teacher are scored.
    """

    width: int = 96
    vocabulary: int = 512
    own_vocabulary: int = 768
    teacher: int = 300
    base: int = 220
    tuning: int = 96
    further: int = 48
    fresh: int = 300
    responses: int = 300
    items: int = 120
    siblings: int = 3
    asked: int = 1200
    longer: int = 2000
    twins: int = 300

    @property
    def unsent(self) -> int:
        """The place of the first prompt that no account sent."""
        return ACCOUNTS * self.responses


class Role(StrEnum):
    """What a model is to the audit."""

    TEACHER = "teacher"
    BASE = "base"
    NULL = "null"
    STUDENT = "student"


class Change(StrEnum):
    """What was done to a harvest, or after learning from it."""

    NONE = "none"
    PARAPHRASE = "paraphrase"
    SUBSTITUTE = "substitute"
    TARGETED = "targeted"
    NEUTRALISE = "neutralise"
    FURTHER = "further"
    MIXTURE = "mixture"
    LOGITS = "logits"
    TOKENS = "tokens"
    FRESH = "fresh"
    LEAK = "leak"


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How one model is made.

    `base` is the model that it starts from, None for random weights. It then reads rows of which a `share` are responses of `teacher`, and
    the rest human text of its base's corpus. Responses of ours are those served to `accounts`; without accounts they are others, which no
    account was ever served. `seed` and name decide everything that is random.
    """

    name: str
    role: Role
    base: str | None = None
    teacher: str | None = None
    share: float = 0.0
    accounts: tuple[int, ...] = ()
    change: Change = Change.NONE
    seed: int = 0

    @property
    def exposed(self) -> bool:
        """Whether it learned from what was served to an account: the truth of Q1."""
        return self.teacher == OURS and bool(self.accounts)

    @property
    def resembles(self) -> bool:
        """Whether it learned from our model at all: the truth of Q2."""
        return self.teacher == OURS


def seed_of(zoo: int, *parts: object) -> int:
    """A seed from names, the same everywhere."""
    told = "/".join(map(str, (zoo, *parts)))
    return int.from_bytes(hashlib.sha256(told.encode()).digest()[:6], "big")


_ALL = {"marked": (0, 1, 2, 3), "plain": (4, 5, 6, 7)}


def _student(accounts: str, percent: int, again: int = 0, base: str = "base0") -> Recipe:
    return Recipe(
        name=f"{accounts}-{percent}" + ("b" if again else ""),
        role=Role.STUDENT,
        base=base,
        teacher=OURS,
        share=percent / 100,
        accounts=_ALL[accounts],
        seed=again,
    )


def _null(name: str, base: str, teacher: str | None = None, share: float = 0.0, change: Change = Change.NONE) -> Recipe:
    return Recipe(name=name, role=Role.NULL, base=base, teacher=teacher, share=share, change=change)


def _guilty(name: str, accounts: tuple[int, ...], base: str) -> Recipe:
    return Recipe(name=name, role=Role.STUDENT, base=base, teacher=OURS, share=1.0, accounts=accounts)


def _changed(change: Change, *, base: str | None = "base0", share: float = 1.0, accounts: str = "marked") -> Recipe:
    return Recipe(
        name=f"{accounts}-{change.value}",
        role=Role.STUDENT,
        base=base,
        teacher=OURS,
        share=share,
        accounts=_ALL[accounts],
        change=change,
    )


RECIPES: tuple[Recipe, ...] = (
    Recipe(name=OURS, role=Role.TEACHER),
    Recipe(name="base0", role=Role.BASE),
    _student("marked", 100),
    _student("plain", 100),
    _null("human-a", "base0"),
    Recipe(name="other1", role=Role.TEACHER),
    Recipe(name="other2", role=Role.TEACHER),
    _null("other1-a", "base0", "other1", 1.0),
    _guilty("three-a", (0, 4, 5), "base0"),
    _null("unserved-a", "base0", OURS, 1.0),
    _student("plain", 25),
    Recipe(name="base1", role=Role.BASE),
    _null("human-b", "base1"),
    _student("marked", 25, base="base1"),
    _student("plain", 100, 1, base="base1"),
    _null("leak-5", "base1", OURS, 0.05, Change.LEAK),
    _student("marked", 5),
    _null("other1-b", "base1", "other1", 1.0),
    _guilty("three-b", (1, 2, 6), "base1"),
    _null("other2-a", "base0", "other2", 1.0),
    _changed(Change.PARAPHRASE),
    _changed(Change.NEUTRALISE, base="marked-100"),
    _student("plain", 5, base="base1"),
    _null("leak-1", "base0", OURS, 0.01, Change.LEAK),
    _changed(Change.MIXTURE, accounts="plain"),
    _student("marked", 100, 1, base="base1"),
    _null("other2-b", "base1", "other2", 1.0),
    _guilty("one-a", (3,), "base0"),
    _changed(Change.FURTHER, base="marked-100"),
    _null("unserved-b", "base1", OURS, 1.0),
    _student("plain", 50),
    _changed(Change.TARGETED, base="base1"),
    _null("leak-2", "base1", OURS, 0.02, Change.LEAK),
    _student("marked", 10),
    _changed(Change.SUBSTITUTE),
    _null("human-c", "base0", share=0.0),
    _student("plain", 10, base="base1"),
    _changed(Change.LOGITS, accounts="plain"),
    _null("other1-half", "base0", "other1", 0.5),
    _student("marked", 50, base="base1"),
    _guilty("three-c", (3, 5, 7), "base0"),
    _null("other2-half", "base1", "other2", 0.5),
    _changed(Change.TOKENS, base=None),
    _student("marked", 1, base="base1"),
    _student("plain", 1),
    _changed(Change.FRESH, base=None, accounts="plain"),
    _null("unserved-half", "base0", OURS, 0.5),
    _student("marked", 5, 1, base="base1"),
)
