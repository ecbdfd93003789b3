"""What comes in: signals measured over the same accounts, lined up as a grid of signals by accounts."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa

__all__ = ["Grid", "Measured", "column", "line_up"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Measured:
    """One signal as it was measured: a table (account, value, n), and what must be known of the signal to weigh it.

    `needs` observations decide; fewer leave an account undecided. `evidence` says, before anybody looks at the data, whether
    the signal counts towards the account's verdict; one that does not is described only, and `unweighed` says why. `title` is its
    name in sentences, and `words` says of an account, where it is given, what it asks about.
    """

    name: str
    title: str
    needs: int
    evidence: bool
    rows: pa.Table
    unweighed: str = "ties accounts together; no evidence against one"
    words: Callable[[int], str] | None = None


@dataclass(frozen=True, kw_only=True, slots=True)
class Grid:
    """Signals by accounts: `values[s, a]` (NaN where unknown) and `n[s, a]` (0 where nothing was observed).

    `accounts` ascend. `decided[s, a]` where there is a value and enough observations behind it.
    """

    signals: tuple[Measured, ...]
    accounts: npt.NDArray[np.int64]
    values: npt.NDArray[np.float64]
    n: npt.NDArray[np.int64]
    decided: npt.NDArray[np.bool_]


def column(rows: pa.Table, name: str) -> pa.Array:
    """One column of a table as one array."""
    return pa.concat_arrays(rows[name].chunks) if rows[name].num_chunks else pa.array([], rows[name].type)


def line_up(measured: Sequence[Measured], accounts: pa.Array | None = None) -> Grid:
    """Line up the signals over `accounts`; over every account that any signal measured, when none are given.

    Raises:
        ValueError: when a signal has two rows of one account, or two signals one name.
    """
    if len({one.name for one in measured}) != len(measured):
        raise ValueError("measured: two signals of one name")
    known = [np.asarray(column(one.rows, "account"), dtype=np.int64) for one in measured]
    everybody = _distinct(known if accounts is None else [np.asarray(accounts, dtype=np.int64)])
    shape = (len(measured), everybody.size)
    values, n = np.full(shape, np.nan), np.zeros(shape, dtype=np.int64)
    for place, (one, listed) in enumerate(zip(measured, known, strict=True)):
        if _distinct([listed]).size != listed.size:
            raise ValueError(f"{one.name}: an account has two rows, expected one")
        seat = np.searchsorted(everybody, listed)
        here = seat < everybody.size
        here[here] = everybody[seat[here]] == listed[here]
        values[place, seat[here]] = column(one.rows, "value").to_numpy(zero_copy_only=False)[here]
        n[place, seat[here]] = column(one.rows, "n").to_numpy(zero_copy_only=False)[here]
    needs = np.array([one.needs for one in measured], dtype=np.int64).reshape(-1, 1)
    return Grid(
        signals=tuple(measured),
        accounts=everybody,
        values=values,
        n=n,
        decided=~np.isnan(values) & (n >= needs),
    )


def _distinct(parts: Sequence[npt.NDArray[np.int64]]) -> npt.NDArray[np.int64]:
    """The distinct values in ascending order; by sorting, which beats hashing on what is mostly sorted."""
    together = np.sort(np.concatenate([*parts, np.zeros(0, dtype=np.int64)]), kind="stable")
    return together[np.diff(together, prepend=together[:1] - 1) != 0] if together.size else together
