"""The truth about a world's accounts, as arrays. Only metrics read it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.errors import Error

__all__ = ["ACTOR", "BENIGN", "LOOKALIKE", "ROLES", "Known", "known"]

Ints = npt.NDArray[np.int64]
Flags = npt.NDArray[np.bool_]

BENIGN, LOOKALIKE, ACTOR = "benign", "lookalike", "actor"
ROLES = (BENIGN, LOOKALIKE, ACTOR)
"""Ordinary customers, innocent ones that resemble an attack, and hidden actors."""


@dataclass(frozen=True, kw_only=True)
class Known:
    """Per account (ascending): its role, its group (the campaign, or the kind of customer), and its lookalike class ("" for none)."""

    account: Ints
    role: npt.NDArray[np.str_]
    group: npt.NDArray[np.str_]
    lookalike: npt.NDArray[np.str_]

    @property
    def guilty(self) -> Flags:
        """Accounts of a hidden actor."""
        return np.asarray(self.role == ACTOR)

    def places(self, accounts: Ints) -> Ints:
        """Where `accounts` stand.

        Raises:
            Error: when one is not known: findings then belong to another world.
        """
        if not self.account.size:
            if accounts.size:
                raise Error(f"truth: {accounts.size:,} accounts of the findings are not in it")
            return np.empty(0, np.int64)
        place = np.minimum(np.searchsorted(self.account, accounts), self.account.size - 1)
        strangers = int((self.account[place] != accounts).sum())
        if strangers:
            raise Error(f"truth: {strangers:,} accounts of the findings are not in it")
        return np.asarray(place, np.int64)

    def without(self, accounts: Iterable[int]) -> Known:
        """The truth without some accounts: cleared ones calibrate and are not counted."""
        kept = ~np.isin(self.account, np.fromiter(accounts, np.int64))
        return Known(
            account=self.account[kept], role=self.role[kept], group=self.group[kept], lookalike=self.lookalike[kept]
        )

    def actors(self) -> dict[str, Ints]:
        """Places of each hidden actor's accounts, by name in alphabetical order."""
        guilty = self.guilty
        return {str(name): np.flatnonzero(guilty & (self.group == name)) for name in np.unique(self.group[guilty])}

    def innocent_classes(self) -> dict[str, Ints]:
        """Places of each class of innocent accounts: lookalikes by their class, ordinary customers by their group."""
        innocent = ~self.guilty
        label = np.where(self.lookalike != "", self.lookalike, np.char.add("ordinary: ", self.group))
        return {str(name): np.flatnonzero(innocent & (label == name)) for name in np.unique(label[innocent])}


def known(rows: pa.Table) -> Known:
    """Truth from a table `account`, `role`, `group` and, where there are lookalikes, `lookalike`.

    Raises:
        Error: when a role is not one of `ROLES`, or an account stands there twice.
    """
    rows = rows.sort_by("account")
    account = np.asarray(rows.column("account").to_numpy(), np.int64)
    if (account[1:] == account[:-1]).any():
        raise Error("truth: an account stands there twice")
    role = _text(rows, "role")
    strange = sorted(set(np.unique(role).tolist()) - set(ROLES))
    if strange:
        raise Error(f"truth: role: got {strange[0]!r}, expected one of {', '.join(ROLES)}")
    group = _text(rows, "group")
    classes = (
        _text(rows, "lookalike")
        if "lookalike" in rows.column_names
        else np.where(role == LOOKALIKE, group, "").astype(np.str_)
    )
    return Known(account=account, role=role, group=group, lookalike=classes)


def _text(rows: pa.Table, column: str) -> npt.NDArray[np.str_]:
    return np.array(pc.fill_null(rows.column(column).cast(pa.string()), "").to_pylist(), dtype=np.str_)
