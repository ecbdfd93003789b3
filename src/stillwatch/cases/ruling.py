"""What a person can decide about a case, for which reasons, and when one person is not enough."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from enum import StrEnum

from stillwatch.core.errors import CaseError

__all__ = ["ANSWER_WITHIN", "LASTS", "NEEDS_TWO", "Reason", "Ruling", "ends", "fits"]


class Ruling(StrEnum):
    """What was decided. A ruling is one house's own: nothing here recommends anything to another."""

    CLEAR = "clear"
    NO_ACTION = "no_action"
    VERIFY = "verify"
    THROTTLE = "throttle"
    BLOCK = "block"
    SUSPEND = "suspend"
    ATTRIBUTE = "attribute"


class Reason(StrEnum):
    """Why, as a code that a program and an appeal can name."""

    COORDINATED_ACCOUNTS = "coordinated_accounts"
    HARVEST_AT_SCALE = "harvest_at_scale"
    CONCEALED_OPERATOR = "concealed_operator"
    REASONING_EXTRACTION = "reasoning_extraction"
    REPLAYED_ARTIFACTS = "replayed_artifacts"
    UNDECLARED_RESALE = "undeclared_resale"
    STOLEN_CREDENTIALS = "stolen_credentials"
    INNOCENT_EXPLANATION = "innocent_explanation"
    AUTHORISED_USE = "authorised_use"
    TOO_LITTLE_EVIDENCE = "too_little_evidence"
    CORRECTED = "corrected"


NEEDS_TWO = frozenset({Ruling.BLOCK, Ruling.SUSPEND, Ruling.ATTRIBUTE})
"""Rulings that count only when a second person has approved them."""

LASTS: Mapping[Ruling, dt.timedelta] = {
    Ruling.VERIFY: dt.timedelta(days=30),
    Ruling.THROTTLE: dt.timedelta(days=30),
    Ruling.BLOCK: dt.timedelta(days=180),
    Ruling.SUSPEND: dt.timedelta(days=180),
}
"""How long a decision that restricts somebody counts unless whoever gives it says otherwise; then the case is open again."""

_LONGEST_DAYS = 366

ANSWER_WITHIN = dt.timedelta(days=14)
"""Within which a contested case is to be decided anew. What was contested is withdrawn meanwhile."""

_EXONERATES = frozenset(
    {Reason.INNOCENT_EXPLANATION, Reason.AUTHORISED_USE, Reason.TOO_LITTLE_EVIDENCE, Reason.CORRECTED}
)


def fits(ruling: Ruling, reason: Reason, organisation: str | None) -> None:
    """Whether a ruling may be given for this reason, and names an organisation exactly when it attributes.

    Raises:
        CaseError: when not.
    """
    spares = ruling in (Ruling.CLEAR, Ruling.NO_ACTION)
    if spares != (reason in _EXONERATES):
        fitting = ", ".join(r for r in Reason if spares == (r in _EXONERATES))
        raise CaseError(f"{ruling}: got reason {reason}, expected one of {fitting}")
    if (ruling is Ruling.ATTRIBUTE) != (organisation is not None):
        wanted = "names the organisation" if ruling is Ruling.ATTRIBUTE else "names no organisation; attribute does"
        raise CaseError(f"{ruling}: {wanted}")


def ends(ruling: Ruling, given: dt.datetime, days: int | None) -> dt.datetime | None:
    """When a decision given at an instant ends; `None` for one that restricts nobody's use.

    Raises:
        CaseError: when the days are none from 1 to 366, or the decision restricts nobody.
    """
    if ruling not in LASTS:
        if days is not None:
            raise CaseError(f"{ruling}: restricts nobody's use, so it has no days to hold")
        return None
    if days is None:
        return given + LASTS[ruling]
    if not 1 <= days <= _LONGEST_DAYS:
        raise CaseError(
            f"{ruling}: got {days} days, expected 1 to {_LONGEST_DAYS}; a longer one is decided again by then"
        )
    return given + dt.timedelta(days=days)
