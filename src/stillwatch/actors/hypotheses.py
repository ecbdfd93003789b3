"""Who may be behind a group: hypotheses with what speaks for and against each. Never a name: names come from people, with a source.

Three hypotheses compete: one operator runs all of these accounts; several operators share them or the pool that they come from; many
customers use one thing. One *fits* that has something for it and nothing against it. Where exactly one fits it is the answer; else it is
not known who runs them, and that is said. Nothing here counts as evidence, and nothing is decided by it: whether a group goes up for
review hangs on its tests alone.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from stillwatch.actors.candidate import Result
from stillwatch.actors.jobs import Jobs
from stillwatch.actors.links import OBSERVED
from stillwatch.actors.weighing import Weighed
from stillwatch.core import Support

__all__ = ["Hypothesis", "answer", "hypotheses"]

_SAYS = {
    "one_operator": "one operator runs these accounts",
    "several_in_one_pool": "several operators share these accounts, or the pool that they come from",
    "many_customers": "many customers use one thing, each for itself",
}

_ONE_HAND = (
    "template_persists",
    "equal_loads",
    "same_hours",
    "replaced_heads",
    "tiling",
    "replayed_reasoning",
    "shared_instruments",
)
"""Tests that speak for one hand where they support a harvest."""

_MANY_HANDS = ("topic_continuity", "equal_loads", "around_the_clock", "distinct_prompts", "single_turn")
"""Tests that speak for many customers where they support innocence."""

_NO_CROWD = ("tiling", "equal_loads", "shared_instruments", "replaced_heads", "replayed_reasoning")
"""Tests that speak against many customers, each for itself, where they support a harvest."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Hypothesis:
    """One answer to who runs a group, with what speaks for it and against it."""

    name: str
    supports: tuple[str, ...]
    against: tuple[str, ...]

    @property
    def fits(self) -> bool:
        """Whether something speaks for it and nothing against it."""
        return bool(self.supports) and not self.against

    def sentence(self) -> str:
        """The hypothesis with both sides, in words."""
        sides = (
            "for it: " + ("; ".join(self.supports) or "nothing"),
            "against it: " + ("; ".join(self.against) or "nothing"),
        )
        return f"{_SAYS[self.name]}; " + "; ".join(sides)


def hypotheses(one: Weighed, pools: Sequence[str], jobs: Jobs | None) -> tuple[Hypothesis, ...]:
    """Every hypothesis about one group.

    Args:
        pools: what is known of other groups whose instruments its accounts hold, one sentence each.
        jobs: its templates, where it sends several.
    """
    results = {r.test: r for r in one.results}
    tied = tuple(
        f"its accounts are tied by {kind}, by the provider's records" for kind in one.found_by if kind in OBSERVED
    )
    harvest = {name: _told(results, name, Support.HARVEST) for name in (*_ONE_HAND, *_NO_CROWD)}
    innocent = {name: _told(results, name, Support.INNOCENT) for name in _MANY_HANDS}
    fitting = tuple(f"{e.name.replace('_', ' ')} fits: {e.why}" for e in one.explanations if e.fits)
    apart = jobs is not None and (jobs.divided or jobs.other_hours)
    parted = (jobs.sentence(),) if jobs is not None and apart else ()
    together = (jobs.sentence(),) if jobs is not None and not apart else ()
    return (
        Hypothesis(
            name="one_operator",
            supports=(*tied, *_there(harvest, _ONE_HAND), *together),
            against=(*_there(innocent, ("topic_continuity", "equal_loads")), *pools, *parted),
        ),
        Hypothesis(name="several_in_one_pool", supports=(*pools, *parted), against=together),
        Hypothesis(
            name="many_customers",
            supports=(*fitting, *_there(innocent, _MANY_HANDS)),
            against=(*tied, *_there(harvest, _NO_CROWD)),
        ),
    )


def answer(found: Sequence[Hypothesis]) -> str:
    """What is answered when somebody asks who runs the group."""
    fitting = [one for one in found if one.fits]
    if len(fitting) == 1:
        return f"by what the logs hold, {_SAYS[fitting[0].name]}; who that is, no log says"
    return "who runs these accounts is not known: " + (
        "more than one answer fits" if fitting else "no answer is without something against it"
    )


def _told(results: Mapping[str, Result], test: str, supports: Support) -> str:
    result = results.get(test)
    return result.sentence if result is not None and result.supports is supports else ""


def _there(told: Mapping[str, str], names: Sequence[str]) -> tuple[str, ...]:
    return tuple(told[name] for name in names if told[name])
