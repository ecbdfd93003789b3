"""What left each lab, byte for byte, held against everything that is known of customers who were no suspects: none of it may be there.

The same search has to find what was shared of suspects, or it would prove nothing: that is the control.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.engine import Workspace
from stillwatch.range.labs.custody import tags_of_all
from stillwatch.range.labs.knowledge import Knowledge, knowledge, needles_of, prompts_of, spellings
from stillwatch.range.labs.needles import Needles, found_in, stretches_in
from stillwatch.range.labs.write import LabPaths

__all__ = ["Audited", "Side", "audit"]


@dataclass(frozen=True, kw_only=True)
class Side:
    """One lab: its files, its workspace, the raw names of its suspects, and every byte that left it and came to it."""

    paths: LabPaths
    workspace: Workspace
    suspects: Collection[str]
    left: bytes
    came: bytes


@dataclass(frozen=True, kw_only=True, slots=True)
class Audited:
    """What was looked for and what was found at one lab.

    `leaked` counts values of customers who are no suspects in what left, `learned` those of other labs' in what came in, by kind; `texts`
    are stretches of anybody's text in what left; `control` counts values of suspects in what left, which are there by design.
    """

    lab: str
    customers: int
    suspects: int
    looked_for: int
    left: int
    leaked: Mapping[str, int]
    learned: Mapping[str, int]
    texts: tuple[str, ...]
    control: Mapping[str, int]

    @property
    def clean(self) -> bool:
        """Whether nobody was told of anybody who is no suspect."""
        return not (self.leaked or self.learned or self.texts)


def audit(sides: Sequence[Side], custodians: Sequence[Path], epoch: str) -> list[Audited]:
    """Hold every lab's line against everything that could be made of what the labs know.

    A value that a suspect has as well (a telephone that changed hands, a shared address) is the suspect's, and is not looked for; nor, in
    what a lab is told, is what it knows of its own customers.
    """
    known = [knowledge(side.paths) for side in sides]
    tags = tags_of_all(custodians, epoch, {pair for one in known for pair in spellings(one)})
    honest, suspected = [], []
    for side, one in zip(sides, known, strict=True):
        own = set(side.suspects)
        suspected.append(needles_of(one, own, side.workspace, tags))
        honest.append(needles_of(one, one.values.keys() - own, side.workspace, tags))
    everybody = _united(suspected)
    return [_audited(at, sides[at], known[at], honest, suspected, everybody) for at in range(len(sides))]


def _audited(
    at: int,
    side: Side,
    known: Knowledge,
    honest: Sequence[Needles],
    suspected: Sequence[Needles],
    everybody: Needles,
) -> Audited:
    own = _united([honest[at], suspected[at]])
    others = _united([one for place, one in enumerate(honest) if place != at]).without(everybody).without(own)
    mine = honest[at].without(suspected[at])
    return Audited(
        lab=side.paths.lab,
        customers=len(known.values),
        suspects=len(set(side.suspects)),
        looked_for=len(mine),
        left=len(side.left),
        leaked=found_in(side.left, mine),
        learned=found_in(side.came, others),
        texts=tuple(stretches_in(side.left, prompts_of(side.workspace, known.values.keys()))),
        control=found_in(side.left, suspected[at]),
    )


def _united(parts: Sequence[Needles]) -> Needles:
    return Needles(of={needle: what for part in parts for needle, what in part.of.items()})
