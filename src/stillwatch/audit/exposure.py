"""What the sibling tests share: an account's items, one number a candidate answer, and the evidence that dealing them anew gives."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from stillwatch.audit.conditions import fit_items
from stillwatch.audit.deals import Floats, Levels, deal_process, deal_tail
from stillwatch.audit.records import AuditTest, Condition, Finding, Served, State, item_digest
from stillwatch.stats import e_to_p, first_alarm

__all__ = [
    "Dealt",
    "account_items",
    "dealt",
    "dealt_finding",
    "items_needed",
    "levelled_finding",
    "share_of_firsts",
    "stopped",
]


@dataclass(frozen=True, kw_only=True, slots=True)
class Dealt:
    """One account's items that are fit for a test, with a number for each candidate, the served one first."""

    suspect: str
    account: str | None
    items: tuple[Served, ...]
    values: tuple[Floats, ...]
    conditions: tuple[Condition, ...]


def dealt(suspect: str, served: Sequence[Served], numbers: Callable[[Served], Floats | None], *, words: str) -> Dealt:
    """The fit items with their numbers; items without (the suspect was silent) are left out and counted under `words`."""
    fit, conditions = fit_items(served)
    known = [(one, found) for one in fit if (found := numbers(one)) is not None]
    silent = len(fit) - len(known)
    told = Condition(words=words, state=State.MENDED if silent else State.HOLDS, left_out=silent)
    return Dealt(
        suspect=suspect,
        account=served[0].account if served else None,
        items=tuple(one for one, _ in known),
        values=tuple(found for _, found in known),
        conditions=(*conditions, told),
    )


def account_items(served: Sequence[Served]) -> dict[str, list[Served]]:
    """Items by account, both in the order given.

    >>> account_items([])
    {}
    """
    found: dict[str, list[Served]] = {}
    for one in served:
        found.setdefault(one.account, []).append(one)
    return found


def items_needed(siblings: float, alpha: float) -> int:
    """The items with which p can reach alpha at all, were the served answer first in every one.

    >>> items_needed(4, 0.01)
    3
    """
    return math.ceil(math.log(alpha) / -math.log1p(siblings) - 1e-9)


def share_of_firsts(values: Sequence[Floats]) -> float:
    """How often the served answer has the highest number, where those that share first place share it equally.

    >>> share_of_firsts([np.array([2.0, 1.0]), np.array([1.0, 1.0])])
    0.75
    """
    if not values:
        return math.nan
    return float(np.mean([(one[0] == one.max()) / (one == one.max()).sum() for one in values]))


def stopped(finding: Finding, alpha: float, *, whole: bool = True, exact: bool = True) -> Finding:
    """The finding of somebody who looks after every item, stops at e >= 2/alpha, and else has the exact test after the last item.

    Each has half of alpha: p is twice the smaller of one over the highest e-value (Ville) and, where nobody stopped and all items promised
    are there (`whole`), the exact p; so the looks cost what half of alpha costs and no more. What comes after the stop is not used. An
    undecided finding stays as it is. A test that has no p but that of
    its looks (`exact` is false) stops at e >= 1/alpha and pays nothing.

    >>> from stillwatch.audit.records import Question
    >>> from stillwatch.core import Evidence
    >>> seen = Evidence(value=1.0, n=3, p_value=1e-3, e_value=90.0, null="x", method="x")
    >>> told = Finding(
    ...     test="x", question=Question.EXPOSURE, suspect="s", account="a", evidence=seen, assumptions=(), running=(9.0, 250.0, 90.0)
    ... )
    >>> stopped(told, 0.01).evidence.n, stopped(told, 0.001).evidence.p_value, stopped(told, 0.001, whole=False).evidence.p_value
    (2, 0.002, 0.008)
    >>> stopped(told, 0.004, exact=False).evidence.n, stopped(told, 0.001, exact=False).evidence.p_value
    (2, 0.004)
    """
    if not finding.running:
        return finding
    ways = 2.0 if exact else 1.0
    stop = int(first_alarm(finding.running, alpha=alpha / ways))
    running = finding.running if stop < 0 else finding.running[: stop + 1]
    p_value = float(e_to_p(max(running)))
    if exact and stop < 0 and whole and finding.evidence.p_value is not None:
        p_value = min(p_value, finding.evidence.p_value)
    seen = replace(finding.evidence, n=len(running), p_value=min(1.0, ways * p_value), e_value=running[-1])
    return replace(finding, evidence=seen, running=running, items=finding.items[: len(running)])


def levelled_finding(
    test: AuditTest, found: Dealt, levels: Levels, *, alpha: float, bets: Sequence[Floats] | None = None
) -> Finding:
    """The finding of a test whose `value` is how often the served answer comes first.

    `bets` are the levels themselves, where these hang on their own item alone, as ranks do; else the numbers that they were made from.
    """
    wagers = [level.astype(np.float64) for level in levels] if bets is None else bets
    return dealt_finding(
        test,
        found,
        value=share_of_firsts(found.values),
        bets=wagers,
        scales=[float(one.std()) for one in wagers],
        levels=levels,
        alpha=alpha,
    )


def dealt_finding(
    test: AuditTest,
    found: Dealt,
    *,
    value: float,
    bets: Sequence[Floats],
    scales: Sequence[float],
    levels: Levels,
    alpha: float,
) -> Finding:
    """The finding for one account: p by the exact tail of `levels`, e by `bets`, or undecided with the items needed.

    Undecided when even the served answer in first place everywhere would leave p above alpha.
    """
    best = math.prod(float((row == row.max()).mean()) for row in levels)
    items = found.items
    decided = bool(items) and best <= alpha
    running = deal_process(bets, scales=scales) if decided else np.zeros(0)
    siblings = float(np.mean([len(one.siblings) for one in items])) if items else 1.0
    informative = -math.log(best) / len(items) if best < 1.0 else 0.0
    needed = math.ceil(-math.log(alpha) / informative) if informative else items_needed(siblings, alpha)
    return test.finding(
        found.suspect,
        account=found.account,
        value=value,
        n=len(items),
        p_value=deal_tail(levels) if decided else None,
        e_value=float(running[-1]) if decided else None,
        needed=max(needed, len(items) + 1),
        conditions=found.conditions,
        items=tuple(item_digest(one) for one in items),
        running=tuple(running.tolist()),
    )
