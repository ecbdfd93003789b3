"""The journal as cases and as what was said of findings, kept up record by record: a look costs as much as what is new."""

from __future__ import annotations

import threading
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import overload

from stillwatch.cases.checked import Told
from stillwatch.cases.fold import take_step
from stillwatch.cases.heard import Feedback, Heard
from stillwatch.cases.journal import Journal
from stillwatch.cases.record import Case

__all__ = ["Book", "Bookkeeper", "Shelf"]


class Shelf(Sequence[Told]):
    """The first records of a list that only grows; what is put behind them later does not show."""

    def __init__(self, records: list[Told]) -> None:
        self._records = records
        self._count = len(records)

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, place: int) -> Told: ...
    @overload
    def __getitem__(self, place: slice) -> list[Told]: ...
    def __getitem__(self, place: int | slice) -> Told | list[Told]:
        if isinstance(place, slice):
            return [self._records[at] for at in range(*place.indices(self._count))]
        return self._records[range(self._count)[place]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Book:
    """Everything in the journal: its records, also by kind and by case, the cases, and what was said of findings."""

    history: Sequence[Told]
    kinds: Mapping[str, Sequence[Told]]
    by_case: Mapping[str, Sequence[Told]]
    cases: Mapping[str, Case]
    feedback: Feedback

    def of_kinds(self, *kinds: str) -> Iterator[Told]:
        """The records of some kinds, in order."""
        found = [told for kind in kinds for told in self.kinds.get(kind, ())]
        return iter(sorted(found, key=lambda told: told.record.seq))


@dataclass(slots=True)
class _Making:
    """A book in the making."""

    generation: int
    history: list[Told] = field(default_factory=list)
    kinds: dict[str, list[Told]] = field(default_factory=dict)
    by_case: dict[str, list[Told]] = field(default_factory=dict)
    cases: dict[str, Case] = field(default_factory=dict)
    heard: Heard = field(default_factory=Heard)

    def take(self, told: Told) -> None:
        self.history.append(told)
        self.kinds.setdefault(told.record.kind, []).append(told)
        if told.record.case is not None:
            self.by_case.setdefault(told.record.case, []).append(told)
        take_step(self.cases, told)
        self.heard.take(told)

    def book(self) -> Book:
        return Book(
            history=Shelf(self.history),
            kinds={kind: Shelf(records) for kind, records in self.kinds.items()},
            by_case={case: Shelf(records) for case, records in self.by_case.items()},
            cases=dict(self.cases),
            feedback=self.heard.feedback(),
        )


class Bookkeeper:
    """Keeps the book of one journal."""

    def __init__(self, journal: Journal) -> None:
        self._journal = journal
        self._lock = threading.Lock()
        self._making = _Making(generation=0)
        self._book = self._making.book()

    def book(self) -> Book:
        """The book as it stands.

        Raises:
            TamperingFound: when the journal is not as it was written.
        """
        with self._lock:
            made = self._making
            generation, news = self._journal.since(len(made.history), made.generation)
            if generation != made.generation:
                made = _Making(generation=generation)
            for told in news:
                made.take(told)
            if news or made is not self._making:
                self._making, self._book = made, made.book()
            return self._book
