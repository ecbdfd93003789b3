"""R4. Counts leave as powers of ten and times as days: exact numbers say how large a rival is and what it saw when."""

from __future__ import annotations

import re
from collections.abc import Iterator

from stillwatch.forum.rules.closed import FIXED
from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.rules.walk import leaves
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION

__all__ = ["RULE"]

_COUNTS = frozenset({"count", "number_observed", "accounts_seen"})
_TIME = re.compile(r"\d{4}-\d\d-\d\dT(\d\d):(\d\d):(\d\d)(?:\.(\d{1,6}))?Z")
_VERSIONS = (".created", ".modified", ".published")


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Every count is 1, 10, 100, ...; every time is the first instant of a day, or of an hour where an attack is going on."""
    for one in batch:
        if FIXED.get(str(one.get("id"))) == one:
            continue
        live = _live(one)
        for path, name, value in leaves(one):
            if name in _COUNTS and not _is_decade(value):
                yield refusal(
                    "R4",
                    one,
                    path,
                    "is an exact count",
                    "Tell the power of ten at or below it",
                )
            if (
                isinstance(value, str)
                and (match := _TIME.fullmatch(value))
                and not _coarse(match, path in _VERSIONS, live)
            ):
                yield refusal(
                    "R4",
                    one,
                    path,
                    "is finer than a day" + (" or an hour" if live else ""),
                    "Tell the day, at 00:00:00Z; of an attack that goes on, marked live, the hour",
                )


def _live(one: object) -> bool:
    extensions = one.get("extensions") if isinstance(one, dict) else None
    ours = extensions.get(INDICATOR_EXTENSION) if isinstance(extensions, dict) else None
    return isinstance(ours, dict) and ours.get("live") is True


def _is_decade(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and value > 0 and str(value).rstrip("0") == "1"


def _coarse(match: re.Match[str], version: bool, live: bool) -> bool:
    """`created` and `modified` count versions of one day in their milliseconds; nothing else has a fraction."""
    hour, minute, second, fraction = match.groups()
    if version and match.string[:4] < "2100":
        return (hour, minute, second) == ("00", "00", "00") and len(fraction or "000") == 3
    return (minute, second) == ("00", "00") and (hour == "00" or live) and not (fraction or "").strip("0")


RULE = Rule(code="R4", title="Coarse counts and days", check=check)
