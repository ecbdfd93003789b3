"""What a host lets an adapter carry out: what it cannot is counted, and for hiding, where the leak is the harm, refused.

A milder step that a host has no means for never becomes a harder one: a clamp that cannot be made lets the request pass as it is.
"""

from __future__ import annotations

from enum import Flag, auto

from stillwatch.gateway.metrics import Metrics
from stillwatch.gateway.options import Fail, Options
from stillwatch.gateway.refusing import Refusal, refusal, ruling_refusal
from stillwatch.policy import Dialect, Hide, Ruling

__all__ = ["Means", "said_of"]


class Means(Flag):
    """What a host can do beside refusing."""

    NOTHING = 0
    CLAMP = auto()
    MARK = auto()
    DEGRADE = auto()
    HIDE = auto()
    DELAY = auto()


def said_of(
    dialect: Dialect, ruling: Ruling, means: Means, *, options: Options, metrics: Metrics
) -> tuple[Refusal | None, tuple[str, ...]]:
    """(the refusal, or none; the names of steps that this host cannot carry out) of a ruling."""
    if ruling.refused:
        return ruling_refusal(dialect, ruling, visible=options.visible), ()
    lacking = _lacking(ruling, means)
    said = None
    for one in lacking:
        closed = one is Means.HIDE and options.hide is Fail.CLOSED
        metrics.stages[(_name(one), (Fail.CLOSED if closed else Fail.OPEN).value)] += 1
        if closed:
            said = refusal(
                dialect,
                502,
                "answer_withheld",
                "Reasoning is not shown to this account, and this way in cannot take it out.",
            )
    return said, tuple(map(_name, lacking))


def _lacking(ruling: Ruling, means: Means) -> list[Means]:
    wanted = (
        (Means.CLAMP, ruling.clamp is not None),
        (Means.MARK, ruling.mark is not None),
        (Means.DEGRADE, ruling.degrade is not None),
        (Means.HIDE, ruling.hide is not Hide.NOTHING),
        (Means.DELAY, bool(ruling.delay)),
    )
    return [one for one, there in wanted if there and one not in means]


def _name(one: Means) -> str:
    return (one.name or "").lower()
