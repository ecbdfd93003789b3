"""Read a batch by all rules of its lane, and say everything that is wrong with it. The same on both ends."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.forum.rules.every import RULES
from stillwatch.forum.rules.rule import Batch, Object, Override, Refusal, Setting, told_as
from stillwatch.forum.words import ForumError

__all__ = ["Linted", "lint"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Linted:
    """What the rules say: refusals that stand, and those that two people overrode."""

    refusals: tuple[Refusal, ...]
    overridden: tuple[tuple[Refusal, Override], ...] = ()

    @property
    def passes(self) -> bool:
        """Whether nothing is refused."""
        return not self.refusals

    def passing(self, batch: Batch) -> list[Object]:
        """The objects against which nothing stands; none at all where the batch as a whole is refused.

        An object whose id a refusal cannot name never passes: a refusal of it could not be told from one of another.
        """
        if any(not one.object for one in self.refusals):
            return []
        refused = {one.object for one in self.refusals}
        return [one for one in batch if told_as(one) == one.get("id") and one["id"] not in refused]


def lint(batch: Batch, setting: Setting) -> Linted:
    """Every refusal of every rule that holds in the setting's lane.

    Raises:
        ForumError: when an override names a rule that cannot be overridden.
    """
    for override in setting.overrides:
        if override.code not in RULES or not RULES[override.code].may_be_overridden:
            words = ", ".join(code for code, rule in RULES.items() if rule.may_be_overridden)
            raise ForumError(f"{override.code}: cannot be overridden; {words} can, as words can be misread")
    found = [one for rule in RULES.values() if setting.lane in rule.lanes for one in rule.check(batch, setting)]
    kept: list[Refusal] = []
    spared: list[tuple[Refusal, Override]] = []
    for refusal in dict.fromkeys(found):
        fitting = _override(refusal, setting.overrides)
        if fitting is None:
            kept.append(refusal)
        else:
            spared.append((refusal, fitting))
    return Linted(refusals=tuple(kept), overridden=tuple(spared))


def _override(refusal: Refusal, overrides: Sequence[Override]) -> Override | None:
    where = (refusal.code, refusal.object, refusal.path)
    return next((one for one in overrides if (one.code, one.object, one.path) == where), None)
