"""The impact of a case: attempts apart from answers, what was asked for, a list-price estimate, and what stopping did, in sentences."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from stillwatch.core import CapabilityShare, Displacement, ListValue, ModelUse, Replacement

__all__ = ["Impact", "impact_estimates", "impact_lines"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Impact:
    """What was asked for and what was obtained, kept apart: `attempts` carry the finding's families, `obtained` are distinct answers.

    Unknown where the logs do not count them, or (attempts, obtained) for a single account.
    """

    exchanges: int
    attempts: int | None
    obtained: int | None
    obtained_tokens: int | None
    capability: str
    uses: tuple[ModelUse, ...] = ()
    sought: tuple[CapabilityShare, ...] = ()
    value: ListValue | None = None
    replacement: Replacement | None = None
    displacement: Displacement | None = None


def impact_lines(impact: Impact) -> Iterator[str]:
    """The impact in sentences, each with what it was counted from."""
    yield (
        f"Attempts: {_known(impact.attempts)} of {impact.exchanges:,} exchanges. Obtained: {_known(impact.obtained)} distinct answers, "
        f"{_known(impact.obtained_tokens)} output tokens. Neither says what the answers were used for."
    )
    yield from map(_use, impact.uses)
    yield from map(_sought, impact.sought)
    yield from impact_estimates(impact)


def impact_estimates(impact: Impact) -> Iterator[str]:
    """What follows from the counts, each with its assumptions: the value at list prices, and what happened when accounts stopped."""
    if impact.value is not None:
        yield from _valued(impact.value)
    else:
        yield "List-price value: not estimated; no prices were given."
    if impact.replacement is not None:
        yield _replaced(impact.replacement)
    if impact.displacement is not None:
        yield _displaced(impact.displacement)


def _use(use: ModelUse) -> str:
    unknown = f", {use.unknown:,} without an outcome in the logs" if use.unknown else ""
    uncounted = f" (not counted for {use.uncounted:,})" if use.uncounted else ""
    return (
        f"On {use.model}: {use.attempts:,} attempts, of which {use.answered:,} answered, {use.refused:,} refused, "
        f"{use.failed:,} failed{unknown}; {use.input_tokens:,} tokens in and {use.output_tokens:,} out{uncounted}."
    )


def _sought(sought: CapabilityShare) -> str:
    return (
        f"Asked for {sought.capability}: {sought.exchanges / sought.of:.1%} of the accounts' {sought.of:,} readable requests, "
        f"{_share(sought.elsewhere, sought.elsewhere_of)} of everybody else's."
    )


def _valued(value: ListValue) -> Iterator[str]:
    yield (
        f"List-price value, an estimate: {value.amount:,.2f} {value.currency} for {value.priced:,} answered attempts "
        f"({value.unpriced:,} more had no price or count). Prices: {value.source}, as of {value.as_of}. "
        "It is not a loss, and no claim for one."
    )
    yield from (f"Assumed: {one}." for one in value.assumptions)


def _replaced(one: Replacement) -> str:
    why = "The logs do not say why they stopped, nor who ran the others."
    if one.needed is not None:
        return f"Half-life of a stop: undecided, {one.stopped} accounts stopped, needs {one.needed}."
    told = f"{one.replaced:,} of {one.stopped:,} accounts that stopped were followed within a day by another of the group. {why}"
    if one.half_life_hours is None:
        return f"Half-life of a stop: longer than a day; {told}"
    return f"Half-life of a stop: {one.half_life_hours:.1f} hours; {told}"


def _displaced(one: Displacement) -> str:
    told = _moved(one.shares)
    ways = f" By the way in: {_moved(one.pathways)}." if one.pathways else " The logs name no ways in to compare."
    new = (
        f" {one.new_accounts:,} accounts of the group began after that day and sent {one.by_new:,} of the requests after it."
        if one.new_accounts
        else " No account of the group began after that day."
    )
    return (
        f"Displacement: after {one.since:%d %B %Y}, when most of the stopping accounts stopped, {one.moved:.0%} of requests "
        f"went to other models than before ({told}); {one.before / one.days_before:,.0f} requests "
        f"a day before, {one.after / one.days_after:,.0f} after.{ways}{new} What moved elsewhere is not in these logs."
    )


def _moved(shares: tuple[tuple[str, float, float], ...]) -> str:
    return ", ".join(f"{name} {before:.0%} to {after:.0%}" for name, before, after in shares)


def _share(part: int, whole: int) -> str:
    return f"{part / whole:.2%}" if whole else "an unknown share"


def _known(number: int | None) -> str:
    return "unknown" if number is None else f"{number:,}"
