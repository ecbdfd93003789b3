"""Nulls and reasons in words that a reader can check."""

from __future__ import annotations

from enum import StrEnum

__all__ = ["ALL", "UNKNOWN", "Basis", "kin", "null_in_words"]

ALL = "all"
"""The stratum of product types that are too small to be calibrated alone: everybody together."""

UNKNOWN = "unknown"
"""The stratum of accounts whose product type is not on record."""


class Basis(StrEnum):
    """Whom accounts are compared with."""

    THEMSELVES = "themselves"
    CLEARED = "cleared"
    NOT_SINGLED_OUT = "not singled out"


def kin(stratum: str) -> str:
    """The accounts of a stratum: `chat accounts`.

    >>> kin("chat"), kin("all"), kin("unknown")
    ('chat accounts', 'accounts', 'accounts of unknown product type')
    """
    return {ALL: "accounts", UNKNOWN: "accounts of unknown product type"}.get(stratum, f"{stratum} accounts")


def null_in_words(what: str, stratum: str, basis: Basis) -> str:
    """The null hypothesis that a p-value of `what` is about.

    >>> null_in_words("prompt breadth", "chat", Basis.THEMSELVES)
    'an account of product type chat is exchangeable with the other chat accounts of this log in prompt breadth'
    """
    subject = {ALL: "an account", UNKNOWN: "an account of unknown product type"}.get(
        stratum, f"an account of product type {stratum}"
    )
    others = {
        Basis.THEMSELVES: f"the other {kin(stratum)} of this log",
        Basis.CLEARED: f"the {kin(stratum)} that analysts cleared",
        Basis.NOT_SINGLED_OUT: f"the {kin(stratum)} of this log that nothing singled out",
    }[basis]
    return f"{subject} is exchangeable with {others} in {what}"
