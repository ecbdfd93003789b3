"""Which identifiers may be tagged and which tags may leave: those of members of a case that two people approved, each opening journalled.

The vault belongs to the pipeline, which this room may not enter: the command line hands it in as `Vault`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from stillwatch.cases import FORGOTTEN, NEEDS_TWO, Desk
from stillwatch.cases.journal import Entry
from stillwatch.core.errors import CaseError
from stillwatch.forum.tags.board import Board, read_board
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.refusals import TagError

__all__ = ["Opened", "Vault", "of_cases", "open_for_tagging", "record_tags"]

_MADE = "forum.tagged"


class Vault(Protocol):
    """What gives raw identifiers of accounts."""

    def identifiers(self, handles: Sequence[str], kinds: Iterable[Kind]) -> Mapping[tuple[str, Kind], Sequence[str]]:
        """Raw values by handle and kind; what is not known is absent."""
        ...


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """Raw values of a case by kind, each with its account's handle; `without` counts the members of whom the vault has none."""

    case: str
    values: Mapping[Kind, Sequence[tuple[str, str]]]
    without: Mapping[Kind, int]


def open_for_tagging(desk: Desk, vault: Vault, case_id: str, kinds: Sequence[Kind], *, by: str, why: str) -> Opened:
    """The raw identifiers of a case's members, for tagging. The journal says that they were opened before they are.

    Raises:
        CaseError: when no decision that a second person approved is in force, nobody says why, or no kind is asked for.
    """
    if not kinds:
        raise CaseError(f"{case_id}: no kind of identifier was asked for")
    case = desk.open_vault(case_id, kinds, by=by, why=why)
    handles = [member.handle for member in case.members if member.handle != FORGOTTEN]
    found = vault.identifiers(handles, kinds)
    values = {kind: [(handle, raw) for handle in handles for raw in found.get((handle, kind), ())] for kind in kinds}
    without = {kind: len(case.members) - len({handle for handle, _ in values[kind]}) for kind in kinds}
    return Opened(case=case_id, values=values, without=without)


def record_tags(desk: Desk, file: Path, *, case: str, by: str) -> None:
    """Say in the journal that a file holds the tags of a case's members, by digest: no other list may leave."""
    made = read_board(file)
    body = {
        "case": case,
        "kind": made.kind.value,
        "epoch": made.epoch,
        "tags": len(made),
        "sha256": hashlib.sha256(file.read_bytes()).hexdigest(),
    }
    desk.journal.begin()
    desk.journal.append(Entry(kind=_MADE, by=by, body=body))


def of_cases(desk: Desk, files: Sequence[Path]) -> list[Board]:
    """The tags in files, once each is known to be of a case whose decision of two people is in force.

    Raises:
        TagError: when one is something else, such as a house's own candidates, or its case was cleared since.
    """
    made = {
        told.record.body["sha256"]: told.record.body["case"]
        for told in desk.journal.history()
        if told.record.kind == _MADE
    }
    for file in files:
        case = made.get(hashlib.sha256(file.read_bytes()).hexdigest())
        if case is None:
            raise TagError(f"{file}: was not written by stillwatch forum tags make; candidates are customers, and stay")
        if not any(given.ruling in NEEDS_TWO for given in desk.case(case).in_force):
            raise TagError(f"{file}: the decision on {case} is not in force any more; leave its tags out")
    return [read_board(file) for file in files]
