"""R5. An indicator stands on a person's review and on evidence that lies sealed: nobody is named to others by a machine alone."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from stillwatch.forum.indicators import UNCORROBORATED
from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.forum.words import Lane

__all__ = ["RULE"]

_DECIDE = (
    "Have a person decide the case for a reason that finds harvesting (stillwatch case decide), then preview again"
)
_SEAL = "Seal the case with the reviewer's own key (stillwatch case seal CASE --why ... --key ...), then preview again"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Every indicator names its reviewer, the day, the reason and the digest of the sealed case; alone no house is more than half sure."""
    for one in batch:
        if one.get("type") != "indicator":
            continue
        extensions = one.get("extensions")
        ours = extensions.get(INDICATOR_EXTENSION) if isinstance(extensions, dict) else None
        ours = ours if isinstance(ours, dict) else {}
        here = f".extensions.{INDICATOR_EXTENSION}"
        review = ours.get("review")
        review = review if isinstance(review, dict) else {}
        if review.get("human") is not True or not all(review.get(name) for name in ("reviewer", "on", "reason")):
            yield refusal(
                "R5",
                one,
                f"{here}.review",
                "no person has decided that this is harvesting",
                _DECIDE,
            )
        elif not _past(review.get("on"), setting.today):
            yield refusal(
                "R5",
                one,
                f"{here}.review.on",
                "was reviewed on no day that has been",
                _DECIDE,
            )
        if not ours.get("evidence_digest"):
            yield refusal(
                "R5",
                one,
                f"{here}.evidence_digest",
                "no sealed evidence stands behind it",
                _SEAL,
            )
        sure = one.get("confidence")
        if ours.get("corroboration") == "seed" and isinstance(sure, int) and sure > UNCORROBORATED:
            yield refusal(
                "R5",
                one,
                ".confidence",
                f"one house alone claims more than {UNCORROBORATED}",
                "Wait until another lab has seen it in its own traffic",
            )


def _past(day: object, today: dt.date) -> bool:
    try:
        return dt.date.fromisoformat(str(day)) <= today
    except ValueError:
        return False


RULE = Rule(code="R5", title="A person's review and sealed evidence", check=check, lanes=frozenset({Lane.PEER}))
