"""How often each innocent explanation was tried in a scan, fitted, and missed an ordinary customer: the error on one's own traffic."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from stillwatch.cases import Label, Verdict
from stillwatch.core import Decision
from stillwatch.report import ActorView
from stillwatch.stats import clopper_pearson

__all__ = ["LookalikeError", "error_lines", "lookalike_errors"]


@dataclass(frozen=True, kw_only=True, slots=True)
class LookalikeError:
    """One innocent explanation. `put_up` findings for review are those that it did not explain; of these `judged` have a label that is
    not unsure, and `wrong` were found to be ordinary customers.
    """

    name: str
    tried: int
    fits: int
    unknown: int
    put_up: int
    judged: int
    wrong: int


def lookalike_errors(actors: Iterable[ActorView], labels: Mapping[str, Label]) -> tuple[LookalikeError, ...]:
    """Every explanation that was tried on these candidates, by name. Misled by who was labelled: people look first at what is loud."""
    rows: dict[str, dict[str, int]] = {}
    for actor in actors:
        said = labels.get(actor.handle)
        for check in actor.lookalikes:
            row = rows.setdefault(check.name, dict.fromkeys(_COUNTS, 0))
            row["tried"] += 1
            row["fits"] += check.fits is True
            row["unknown"] += check.fits is None
            if actor.decision is Decision.REVIEW and not check.fits:
                row["put_up"] += 1
                row["judged"] += said is not None and said.verdict is not Verdict.UNSURE
                row["wrong"] += said is not None and said.verdict is Verdict.FALSE
    return tuple(LookalikeError(name=name, **row) for name, row in sorted(rows.items()))


def error_lines(errors: Iterable[LookalikeError]) -> Iterator[str]:
    """The errors as sentences of a case; that nobody has judged is said, too."""
    told = list(errors)
    for one in told:
        if one.judged:
            rate = clopper_pearson(one.wrong, one.judged)
            yield (
                f"error by lookalike, {one.name}: of {one.judged:,} findings of this scan that it did not explain and a person judged, "
                f"{one.wrong:,} were ordinary customers ({rate.low:.0%} to {rate.high:.0%} of such findings, 95 %)"
            )
    open_ = [one.name for one in told if not one.judged]
    if open_ or not told:
        names = ", ".join(open_) or "any innocent explanation"
        yield f"error by lookalike: no finding of this scan was judged by a person yet for {names}, so this house's own error is not known"


_COUNTS = ("tried", "fits", "unknown", "put_up", "judged", "wrong")
