"""Whether the dates allow it: a harvest feeds a model only where it came before the model's data ended and the model was released."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator

import msgspec

from stillwatch.core import Error

__all__ = ["Timeline"]


class Timeline(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Days of the harvest and of the suspect, as far as they are known. A cut-off is the maker's word; a release was seen.

    >>> day = dt.date(2026, 3, 1)
    >>> list(Timeline(harvest_begun=day, released=dt.date(2026, 2, 1)).lines())[0][:70]
    'Against exposure: the suspect was released on 2026-02-01, before the h'
    """

    harvest_begun: dt.date | None = None
    harvest_ended: dt.date | None = None
    cutoff: dt.date | None = None
    released: dt.date | None = None

    def checked(self) -> Timeline:
        """The same timeline.

        Raises:
            Error: when a harvest ends before it begins, or data end after the release.
        """
        for earlier, later in (("harvest_begun", "harvest_ended"), ("cutoff", "released")):
            one, other = getattr(self, earlier), getattr(self, later)
            if one is not None and other is not None and one > other:
                raise Error(f"{later}: got {other}, expected no day before {earlier} ({one})")
        return self

    def lines(self) -> Iterator[str]:
        """What the dates say, in sentences. They can speak against exposure; that they allow it is no evidence for it."""
        begun, ended = self.harvest_begun, self.harvest_ended
        if begun is None or (self.cutoff is None and self.released is None):
            yield "Dates: not known well enough to say whether the harvest came before the suspect was trained."
            return
        if self.released is not None and self.released < begun:
            yield (
                f"Against exposure: the suspect was released on {self.released}, before the harvest began on {begun}. "
                "A finding then means that what was served was known before, or that the suspect was changed later."
            )
        elif self.cutoff is not None and self.cutoff < begun:
            yield (
                f"Against exposure, on the maker's word: its data end on {self.cutoff}, before the harvest began on {begun}. "
                "Such a date is often that of the web text alone."
            )
        else:
            last = self.cutoff or self.released
            rest = (
                ""
                if ended is None or last is None or ended <= last
                else f"; what was harvested after {last} cannot be in it"
            )
            yield f"Dates allow exposure: the harvest began on {begun}, before {self._later()}{rest}. That is no evidence for it."

    def _later(self) -> str:
        told = [
            f"the {words} on {day}"
            for words, day in (("end of its data", self.cutoff), ("release", self.released))
            if day is not None
        ]
        return " and ".join(told)
