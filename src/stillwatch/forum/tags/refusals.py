"""What the tags refuse, as errors: a value that is no identifier, a party that does not keep to the protocol, a request over its bounds.

No message repeats a raw value: it names the kind and the rule.
"""

from __future__ import annotations

from enum import StrEnum

from stillwatch.core.errors import Error

__all__ = ["NotProven", "Refusal", "RequestRefused", "TagError", "Unreachable", "ValueRefused"]


class TagError(Error):
    """Anything that goes wrong on the way to a tag."""


class ValueRefused(TagError):
    """A value that is not made a tag of; `rule` says which rule it breaks, without the value."""

    def __init__(self, kind: str, rule: str) -> None:
        self.kind, self.rule = kind, rule
        super().__init__(f"{kind}: {rule}")


class NotProven(TagError):
    """A custodian's proof does not hold under the key that it committed to: nothing of its answer is used."""


class Unreachable(TagError):
    """A custodian gave no answer, after every retry."""


class Refusal(StrEnum):
    """Why a custodian refused; the words of its error bodies."""

    MALFORMED = "malformed"
    TOO_LARGE = "too_large"
    NO_POINT = "no_point"
    UNKNOWN_MEMBER = "unknown_member"
    UNKNOWN_EPOCH = "unknown_epoch"
    OVER_QUOTA = "over_quota"
    SLOW = "slow"
    NOT_FOUND = "not_found"
    BUSY = "busy"


class RequestRefused(TagError):
    """A custodian's answer to a request that it does not evaluate."""

    def __init__(self, refusal: Refusal, message: str) -> None:
        self.refusal = refusal
        super().__init__(f"{refusal}: {message}")
