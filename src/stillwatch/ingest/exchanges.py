"""Many exchanges held as columns: what plain records are read into, and what a batch is made of."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from operator import itemgetter
from typing import Any, TypeVar

from msgspec.structs import astuple

from .clean import label
from .exchange import Exchange

__all__ = ["Column", "Exchanges", "by_distinct", "either", "labels", "of_rows", "texts"]

Column = Sequence[Any]
FIELDS = Exchange.__struct_fields__

_Value = TypeVar("_Value")


class Exchanges:
    """The values of many exchanges for each field of `Exchange`. A field that was never set is unknown of all of them.

    >>> x = Exchanges(2)
    >>> x.model = ["one", None]
    >>> x.model, x.prompt
    (['one', None], [None, None])
    """

    __slots__ = ("_held", "count")
    count: int
    _held: dict[str, Column]

    def __init__(self, count: int) -> None:
        object.__setattr__(self, "count", count)
        object.__setattr__(self, "_held", {})

    def __getattr__(self, name: str) -> Column:
        held = self._held.get(name)
        if held is None:
            if name not in FIELDS:
                raise AttributeError(name)
            return [None] * self.count
        return held

    def __setattr__(self, name: str, values: Column) -> None:
        if name not in FIELDS or len(values) != self.count:
            raise AttributeError(f"{name}: got {len(values)} values for {self.count} exchanges")
        self._held[name] = values

    def extend(self, more: Exchanges) -> None:
        """Add the exchanges of `more` at the end."""
        count = self.count
        for name in {*self._held, *more._held}:
            held = self._held.get(name)
            held = [None] * count if held is None else held
            values = getattr(more, name)
            if isinstance(held, list):
                held.extend(values)
            else:
                held = [*held, *values]
            self._held[name] = held
        object.__setattr__(self, "count", count + more.count)

    def ordered(self, places: Sequence[int]) -> Exchanges:
        """The same exchanges in the order of `places`, which names each once."""
        if self.count < 2:
            return self
        taken = Exchanges(self.count)
        pick = itemgetter(*places)
        for name, values in self._held.items():
            taken._held[name] = pick(values)
        return taken


def of_rows(rows: Sequence[Exchange]) -> Exchanges:
    """Rows that were read one by one, as columns."""
    x = Exchanges(len(rows))
    if rows:
        for name, values in zip(FIELDS, zip(*map(astuple, rows), strict=True), strict=True):
            x._held[name] = list(values)
    return x


def labels(values: Sequence[str | None]) -> list[str | None]:
    """What `label` makes of each text; nearly all of them stay as they are, which is seen at once."""
    if not any(values):
        return [None] * len(values)
    odd: dict[str | None, str | None] = {
        value: label(value) for value in set(values) if value and (len(value) > 512 or value.strip() is not value)
    }
    return [odd.get(value, value or None) for value in values] if odd or "" in values else list(values)


def texts(values: Sequence[str | None]) -> Column:
    """What `text` makes of each text: an empty one is unknown."""
    return [value or None for value in values] if "" in values else values


def either(first: Column, other: Column) -> Column:
    """The first known value of each exchange."""
    unknown = first.count(None)
    if not unknown:
        return first
    return other if unknown == len(first) else [b if a is None else a for a, b in zip(first, other, strict=True)]


def by_distinct(values: Sequence[str | None], function: Callable[[str], _Value | None]) -> list[_Value | None]:
    """A function's value for each text, worked out once for those that are equal; unknown and empty stay unknown."""
    if not any(values):
        return [None] * len(values)
    known: dict[str | None, _Value | None] = {value: function(value) for value in dict.fromkeys(values) if value}
    return list(map(known.get, values))
