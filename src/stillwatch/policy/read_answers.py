"""What a rule says of answers on their way out: how long they are held while they are looked at, and how many siblings are drawn."""

from __future__ import annotations

from collections.abc import Iterable

from stillwatch.policy.fields import Fields
from stillwatch.policy.records import Hold, Siblings

__all__ = ["most_siblings", "read_hold", "read_siblings", "strictest_hold"]


def read_hold(fields: Fields) -> Hold | None:
    """Read the table `hold` of a rule."""
    table = fields.table("hold")
    if table is None:
        return None
    plain = Hold()
    wait = table.whole("milliseconds", low=1, high=60_000)
    size = table.whole("bytes", low=64, high=1 << 20)
    copied, share = table.whole("copied", low=50, high=10**6), table.whole("percent", low=1, high=100)
    late = table.flag("unsafe_pass_when_late")
    table.left()
    return Hold(
        seconds=plain.seconds if wait is None else wait / 1000,
        most_bytes=size or plain.most_bytes,
        copied=copied or plain.copied,
        share=plain.share if share is None else share / 100,
        open_when_late=bool(late),
    )


def read_siblings(fields: Fields) -> Siblings | None:
    """Read the table `siblings` of a rule."""
    table = fields.table("siblings")
    if table is None:
        return None
    k, one_in = table.whole("k", low=1, high=32), table.whole("one_in", low=1, high=10**9)
    table.left()
    for key, value, such in (("k", k, "3"), ("one_in", one_in, "1000")):
        if value is None and key not in table:
            table.fault(key, f"missing; expected a whole number such as {such}")
    return None if k is None or one_in is None else Siblings(k=k, one_in=one_in)


def strictest_hold(holds: Iterable[Hold | None]) -> Hold | None:
    """One hold of several: the longest, the most sensitive, and open only where all are."""
    there = [one for one in holds if one is not None]
    if len(there) < 2:
        return there[0] if there else None
    return Hold(
        seconds=max(one.seconds for one in there),
        most_bytes=max(one.most_bytes for one in there),
        copied=min(one.copied for one in there),
        share=min(one.share for one in there),
        open_when_late=all(one.open_when_late for one in there),
    )


def most_siblings(wanted: Iterable[Siblings | None]) -> Siblings | None:
    """One demand for siblings of several: the most of them, for the largest sample."""
    there = [one for one in wanted if one is not None]
    if not there:
        return None
    return Siblings(k=max(one.k for one in there), one_in=min(one.one_in for one in there))
