"""The in-distribution limit: a campaign of ordinary customers, where no method can have power beyond its false alarms."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.core import Estimate
from stillwatch.range.results import Curves, Line, Note, Point, Section, Unit, point_of
from stillwatch.range.studies.figures import OF_SHARES
from stillwatch.range.studies.roster import name_of
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS, Seen
from stillwatch.range.studies.tally import found_rate, mean_of, recall_of
from stillwatch.range.studies.work import Worked

__all__ = ["limit_section", "limit_sentence"]

_RATE = "0.01"
"""False-positive rate at which the power of scores is told."""


def limit_section(worked: Worked, shares: Sequence[float], like: tuple[int, int], methods: Sequence[str]) -> Section:
    """Power along the share of requests that harvest, from none to all."""
    lines = [
        Line(
            name=f"{name_of(method)}, groups" if method == OURS else name_of(method),
            points=tuple(_recall(worked, share, method) for share in shares),
            ours=method == OURS,
        )
        for method in methods
    ]
    scored = tuple(_power(worked.worlds[("share", "mimic", share)], share) for share in shares)
    lines.insert(1, Line(name="Stillwatch, single accounts", points=scored))
    accounts, each = like
    return Section(
        title="Where detection ends",
        lead=(
            "At the left edge the campaign's accounts are ordinary customers, drawn from the same distribution; only the sealed truth "
            "names them. There every method, ours included, finds the guilty exactly as often as it accuses the innocent. Nobody can "
            "do better: a campaign that asks only what customers ask, as they ask it, is not seen by any method that looks at traffic."
        ),
        figures=(
            Curves(
                title="Power against the share of requests that harvest",
                x_name="share of the campaign's requests that harvest",
                y_name="accounts found",
                x_unit=Unit.SHARE,
                x_log=True,
                lines=tuple(lines),
                interval=OF_SHARES,
                level=float(_RATE),
                level_name="false-positive rate 1 %",
                prominent=True,
                caption=(
                    f"{accounts} accounts with {each} requests each on average. The horizontal axis is logarithmic and begins at none: "
                    "the leftmost point is a campaign without any harvest. Groups: accounts in groups put up for review that are mostly "
                    "the campaign's. Single accounts: beyond the score that 1 % of the innocent exceed."
                ),
            ),
            Note(
                title="How to read it",
                text=(
                    "A curve that lies on the level line has no power. Where it leaves the line is the least harvest that a method can see "
                    "in this world."
                ),
            ),
        ),
    )


def _recall(worked: Worked, share: float, method: str) -> Point:
    worlds = [s for s in worked.worlds[("share", "mimic", share)] if not s.by(method).refused]
    return point_of(share, recall_of(worlds, "mimic", method=method))


def _power(worlds: Sequence[Seen], share: float) -> Point:
    told = [ranks[_RATE] for s in worlds if _RATE in (ranks := s.by(OURS_ACCOUNTS).ranks)]
    if not told:
        return Point(x=share, value=None)
    return point_of(share, mean_of([caught / of for caught, of in told]))


def limit_sentence(worked: Worked, shares: Sequence[float]) -> str:
    """Where our own power ends, in words."""
    none = recall_of(worked.worlds[("share", "mimic", shares[0])], "mimic")
    seen = [s for s in shares if s and found_rate(worked.worlds[("share", "mimic", s)], "mimic").value >= 0.5]
    least = f"from a harvest of {min(seen):.0%} of its requests on" if seen else "at no share of harvest that was tried"
    return (
        f"A campaign made of ordinary customers that harvests nothing is found to {none.value:.1%}, {_verdict(none)}; "
        f"it is found in half of the worlds or more {least}."
    )


def _verdict(none: Estimate) -> str:
    """Whether that may be: groups of innocent accounts are put up for review at a rate that is near 0."""
    if none.value <= float(_RATE):
        return "as it must be"
    return (
        "more than it may be: the truth leaks" if none.low > float(_RATE) else "more than it may be, and within chance"
    )
