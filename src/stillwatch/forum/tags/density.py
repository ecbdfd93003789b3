"""Lists that count through a range instead of naming suspects, found on the member's own side before anything is blinded.

A custodian cannot see this: it gets blinded points. So this keeps an honest lab from a mistake, or from one employee who feeds it a
directory; a lab that wants to enumerate uses another client, and then only quotas and volume alarms stand in its way.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from stillwatch.forum.tags.kinds import Kind

__all__ = ["Dense", "dense_ranges"]

_TAIL = re.compile(r"^(.*?)(\d{1,12})(\D*)$", re.DOTALL)


@dataclass(frozen=True, kw_only=True, slots=True)
class Dense:
    """A range of which a list holds too much: how many values within how wide a range; never which."""

    values: int
    width: int

    def __str__(self) -> str:
        return f"{self.values:,} of {self.width:,} neighbouring values are in the list, as when somebody counts through them"


def dense_ranges(kind: Kind, canonical: Sequence[str]) -> tuple[Dense, ...]:
    """Ranges of which a list holds a tenth or more, fifty values at least: blocks of numbers that differ in their last digits alone.

    Accounts that one operator registered by the dozen are as dense; a person may say so and go on (`allow_dense`).

    >>> dense_ranges(Kind.PHONE, [f"+4420794600{n:02d}" for n in range(60)])
    (Dense(values=60, width=100),)
    """
    split = list(_split(kind, canonical))
    found = []
    for width in (100, 1_000, 10_000):
        counts = Counter((head, number // width, tail) for head, number, tail in split)
        most = max(50, width // 10)
        found += [Dense(values=n, width=width) for n in sorted(counts.values(), reverse=True) if n >= most]
    return tuple(found)


def _split(kind: Kind, canonical: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """What stands before, in and after the last digits of each value that has any."""
    for value in canonical:
        head, _, tail = value.partition("@") if kind is Kind.EMAIL else (value, "", "")
        match = _TAIL.match(head)
        if match is not None:
            yield match[1], int(match[2]), match[3] + tail
