"""Many findings, one sentence: what may be multiplied, what only averaged, whom to look at, and whom to name."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from stillwatch.audit.records import Finding, Question
from stillwatch.core import Error
from stillwatch.stats import e_bh, holm, merge_average, merge_product

__all__ = ["Verdicts", "accuse", "along_one_martingale", "any_dependence"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Verdicts:
    """Accounts whose harvest the suspect was trained on, in two strengths, of `m` that were tested.

    `triage`: on average at most a share q of these is wrong (e-BH, any dependence). `named`: the chance that even one of these is wrong is
    at most alpha (Holm, any dependence). `undecided` accounts had too little data and count as not tested.
    """

    triage: tuple[str, ...]
    named: tuple[str, ...]
    undecided: tuple[str, ...]
    m: int
    q: float
    alpha: float


def accuse(findings: Sequence[Finding], *, q: float = 0.05, alpha: float = 0.01) -> Verdicts:
    """Which accounts to look at and which may be named, from one finding an account, all of one test.

    Raises:
        Error: findings of several tests or questions, or two for one account: choosing among them would be one look too many.
    """
    if len({(one.test, one.suspect) for one in findings}) > 1:
        raise Error("findings: of several tests or suspects; name one test in the plan")
    accounts = [one.account for one in findings]
    if None in accounts or len(set(accounts)) != len(accounts):
        raise Error("findings: expected one for each account")
    tested = [one for one in findings if one.evidence.p_value is not None]
    shown = e_bh([one.evidence.e_value or 0.0 for one in tested], q=q).selected
    named = holm(
        [1.0 if one.evidence.p_value is None else one.evidence.p_value for one in tested], alpha=alpha
    ).selected
    return Verdicts(
        triage=tuple(str(one.account) for one, chosen in zip(tested, shown, strict=True) if chosen),
        named=tuple(str(one.account) for one, chosen in zip(tested, named, strict=True) if chosen),
        undecided=tuple(str(one.account) for one in findings if one.evidence.p_value is None),
        m=len(tested),
        q=q,
        alpha=alpha,
    )


def any_dependence(findings: Sequence[Finding]) -> float | None:
    """One e-value from several tests of one question, suspect and account, however they depend: their average; None if none decided.

    Raises:
        Error: findings that answer different questions: exposure, resemblance and descent are never mixed.
    """
    _one_subject(findings)
    known = [one.evidence.e_value for one in findings if one.evidence.e_value is not None]
    return float(merge_average(np.array(known))) if known else None


def along_one_martingale(batches: Sequence[Finding]) -> float | None:
    """One e-value from batches of one test on items that share nothing, asked one after another: their product; None if none decided.

    Raises:
        Error: batches of several tests, batches that share an item, or that do not say which items they used.
    """
    _one_subject(batches)
    if len({one.test for one in batches}) > 1:
        raise Error("batches: of several tests; their e-values depend on one another and may only be averaged")
    used = [item for one in batches for item in one.items]
    if any(not one.items for one in batches if one.evidence.decided) or len(set(used)) != len(used):
        raise Error("batches: share items, or do not name them; e-values that share randomness may only be averaged")
    known = [one.evidence.e_value for one in batches if one.evidence.e_value is not None]
    product = float(merge_product(np.array(known))) if known else math.nan
    return product if known else None


def _one_subject(findings: Sequence[Finding]) -> None:
    if len({(one.question, one.suspect, one.account) for one in findings}) > 1:
        names = ", ".join(sorted({Question(one.question).value for one in findings}))
        raise Error(f"findings: of several questions, suspects or accounts ({names}); they are never mixed")
