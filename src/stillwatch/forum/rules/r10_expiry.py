"""R10. What can be matched ends, within what its kind allows; what was withdrawn stays withdrawn; versions go forward, by one house."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

from stillwatch.forum.indicators import LASTING
from stillwatch.forum.rules.rule import Batch, Object, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.words import Way

__all__ = ["RULE"]

_BY = ".created_by_ref"
_OWN = "Nobody changes or withdraws what another house told; say what you think of it (stillwatch forum say)"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """valid_until is there, later than valid_from, not past, and no later than the kind and the profile allow."""
    first: dict[str, Object] = {}
    for one in batch:
        twin = first.setdefault(str(one.get("id")), one)
        if twin is not one and twin.get("modified") == one.get("modified") and dict(twin) != dict(one):
            yield refusal("R10", one, ".id", "stands twice in the batch with different content", "Send one version")
        elif twin.get("created_by_ref") != one.get("created_by_ref"):
            yield refusal("R10", one, _BY, "differs from that of its twin in the batch", _OWN)
        if one.get("type") == "indicator":
            yield from _dates(one, setting)
        old = setting.before.get(str(one.get("id")))
        if old is None or "modified" not in one:
            continue
        if old.get("created_by_ref") != one.get("created_by_ref"):
            yield refusal("R10", one, _BY, "is not the house that told it first", _OWN)
        elif old.get("revoked") is True and one.get("revoked") is not True:
            yield refusal(
                "R10",
                one,
                ".revoked",
                "was withdrawn for good",
                "Open a new case: its indicators have ids of their own",
            )
        elif _before(one, old):
            yield refusal(
                "R10",
                one,
                ".modified",
                "is older than the version that is known",
                "Send the newest version",
            )
        elif one.get("modified") == old.get("modified") and dict(one) != dict(old):
            yield refusal(
                "R10",
                one,
                ".modified",
                "differs from the version of the same time",
                "A changed object needs a later modified",
            )


def _before(one: Object, old: Object) -> bool:
    at, known = _moment(one.get("modified")), _moment(old.get("modified"))
    return at is not None and known is not None and at < known


def _dates(one: Object, setting: Setting) -> Iterator[Refusal]:
    starts, ends = _moment(one.get("valid_from")), _moment(one.get("valid_until"))
    if starts is None or ends is None or ends <= starts:
        yield refusal(
            "R10",
            one,
            ".valid_until",
            "does not end",
            "Give valid_from and a later valid_until",
        )
        return
    if one.get("revoked") is True:
        return
    compared = read_pattern(str(one.get("pattern")), str(one.get("pattern_type")))
    most = LASTING[compared.kind] if compared is not None else min(LASTING.values())
    if setting.way is Way.OUT and setting.policy is not None and setting.policy.profile in setting.policy.profiles:
        most = min(most, setting.policy.profiles[setting.policy.profile].most_days)
    if ends - starts > dt.timedelta(days=most):
        yield refusal(
            "R10",
            one,
            ".valid_until",
            f"lasts longer than {most} days",
            "Send it again when it is still seen then",
        )
    if ends <= setting.now and setting.way is Way.OUT:
        yield refusal(
            "R10",
            one,
            ".valid_until",
            "is over",
            "Preview the case again: what is still there gets new dates",
        )
    if starts > setting.now + dt.timedelta(days=1):
        yield refusal("R10", one, ".valid_from", "lies in the future", "Set valid_from to today")


def _moment(value: object) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(str(value)) if isinstance(value, str) and value.endswith("Z") else None
    except ValueError:
        return None


RULE = Rule(code="R10", title="Expiry and withdrawal", check=check)
