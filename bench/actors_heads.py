"""The preset `heads` as figures beside the bars that were set for patterns whose every account is quiet."""

from __future__ import annotations

import argparse
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
from figures import Figures, bar
from range_studies import ordered, raw_of, say

from stillwatch.range import run_preset
from stillwatch.range.studies.heads import INNOCENT, PATTERNS, apart
from stillwatch.range.studies.seen import Kept, Seen
from stillwatch.range.studies.tally import any_false, catch, false_discoveries


def heads(chosen: argparse.Namespace) -> Figures:
    """Run the preset, or go on with the one that is kept, and hold its finished worlds against the bars."""
    order = ordered(chosen, tell=say)
    result = run_preset(order).result
    names = {one.name for one in result.provenance.worlds}
    known = [msgspec.json.decode(path.read_bytes(), type=Seen) for path in Kept(order.out / "worlds")]
    seen: dict[str, list[Seen]] = {pattern: [] for pattern in (INNOCENT, *PATTERNS)}
    for one in known:
        if one.name in names:
            seen[one.name.rsplit("-seed", 1)[0]].append(one)
    return [*_bars(seen, order.size.accounts)], raw_of(result)


def _bars(seen: dict[str, list[Seen]], accounts: int) -> Iterator[dict[str, Any]]:
    """One entry for each bar of the issue that these worlds speak to; the population stands in the name."""
    among = f"among {accounts:,} customers"
    worlds = [one for places in seen.values() for one in places]
    for kind in ("scaffold", "reasoning", "grading"):
        yield from _caught(seen[f"middling-{kind}"], f"250 x 40, {kind}, {among}", found=0.9, precision=0.95)
    for kind in ("scaffold", "reasoning", "grading"):
        yield from _caught(seen[f"small-{kind}"], f"50 x 20, {kind}, {among}", found=0.5)
    for variant in ("replay", "scaffold", "paraphrased"):
        yield from _caught(
            seen[f"july-{variant}"], f"July 2026, {variant}, {among}", found=1.0, recall=0.8, precision=0.95
        )
    yield from _caught(seen["hidden"], f"1,000 accounts, hidden, {among}", recall=0.7)
    cost = [got for one in seen["hidden"] if (got := one.told.get("cost")) is not None]
    dear = sum(cost) / len(cost) if cost else None
    yield bar("1,000 accounts, hidden: attacker's cost", _round(dear), "x", ">= 5", None if dear is None else dear >= 5)
    yield from _caught(seen["replaced"], f"banned and replaced, old and new heads, {among}", recall=0.8)
    told = sum(map(apart, seen["pool"])) / max(len(seen["pool"]), 1)
    yield bar(f"two in one pool, told apart, {among}", _round(100 * told), "% of worlds", ">= 80", told >= 0.8)
    realised = false_discoveries(worlds)
    yield bar(
        f"false groups of those for review, {among}", _round(100 * realised.value), "%", "<= 5", realised.value <= 0.05
    )
    innocent = any_false(seen[INNOCENT])
    name = f"innocent worlds with any group for review, {len(seen[INNOCENT])} worlds {among}"
    yield bar(name, _round(100 * innocent.value), "% of worlds", "<= 5", innocent.value <= 0.05)
    early = [got for name in PATTERNS for one in seen[name] if (got := one.told.get("yield")) is not None]
    middle = sorted(early)[len(early) // 2] if early else None
    yield bar(
        f"median yield before action, {among}",
        None if middle is None else _round(100 * middle),
        "% of the job",
        "-",
        None,
    )


def _caught(
    worlds: Sequence[Seen],
    name: str,
    *,
    found: float | None = None,
    recall: float | None = None,
    precision: float | None = None,
) -> Iterator[dict[str, Any]]:
    """Found, recall and precision over worlds and operators, those with a bar beside it."""
    caught = [catch(one, actor) for one in worlds for actor in one.actors]
    pure = [one.precision for one in caught if one.precision is not None]
    for what, value, limit in (
        ("found in worlds", sum(one.found for one in caught) / max(len(caught), 1), found),
        ("member recall", sum(one.recall for one in caught) / max(len(caught), 1), recall),
        ("member precision", sum(pure) / len(pure) if pure else None, precision),
    ):
        told = None if value is None else _round(100 * value)
        wanted = "no bar" if limit is None else f">= {100 * limit:g}"
        holds = None if limit is None else value is not None and value >= limit
        yield bar(f"{name}: {what}", told, "%", wanted, holds)


def _round(value: float | None) -> float | None:
    return None if value is None else round(value, 1)
