"""Raw identifiers for tagging, only from the vault, only of members of a case that two people approved, each opening in the journal.

The vault belongs to the pipeline, which this room may not enter: the command line hands it in as `Vault`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Protocol

from stillwatch.cases import FORGOTTEN, Desk
from stillwatch.core.errors import CaseError
from stillwatch.forum.tags.kinds import Kind

__all__ = ["Opened", "Vault", "open_for_tagging"]


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
