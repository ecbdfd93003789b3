"""How one operator spreads its accounts over labs: large enough to be seen here, too few to be seen there."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["LABS", "SMALL", "Share"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Share:
    """The operator's accounts at one lab, by what they send.

    `tagged` ask for reasoning in tags, `grading` for scores of a student's answers; `sleeping` are registered and send what anybody
    sends. `recycled` are no accounts of the operator: honest customers who hold a telephone number that was the operator's before.
    """

    lab: str
    tagged: int
    grading: int
    sleeping: int = 2
    recycled: int = 2

    @property
    def operator(self) -> int:
        """The operator's accounts here."""
        return self.tagged + self.grading + self.sleeping


LABS = (
    Share(lab="lab-a", tagged=60, grading=9),
    Share(lab="lab-b", tagged=8, grading=44),
    Share(lab="lab-c", tagged=13, grading=9),
    Share(lab="lab-d", tagged=9, grading=9),
    Share(lab="lab-e", tagged=7, grading=6),
)
"""Two labs that see most of one template each, and three that see too little of either."""

SMALL = (
    Share(lab="lab-a", tagged=40, grading=0, sleeping=1, recycled=1),
    Share(lab="lab-b", tagged=10, grading=0, sleeping=1, recycled=1),
)
"""Two labs, for quick tests."""
