"""Worlds with known truth: accounts whose signals are drawn, some of them guilty."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pytest

from stillwatch.accounts import Measured
from stillwatch.engine import table

SIGNALS = 8


@dataclass(frozen=True, kw_only=True, slots=True)
class World:
    """Measured signals, facts, and who is guilty."""

    measured: list[Measured]
    facts: pa.Table
    accounts: pa.Array
    guilty: npt.NDArray[np.bool_]

    def some(self, mask: npt.NDArray[np.bool_]) -> pa.Array:
        """The accounts where `mask` holds."""
        return self.accounts.filter(pa.array(mask))


MakeWorld = Callable[..., World]


def make_world(
    rng: np.random.Generator,
    *,
    honest: int,
    guilty: int = 0,
    lift: float = 6.0,
    loud_signals: int = 5,
    shift: npt.NDArray[np.float64] | None = None,
    types: list[str | None] | None = None,
    missing: float = 0.2,
) -> World:
    """Honest accounts with correlated, partly heavy-tailed and partly discrete signals; guilty ones lifted in some of them.

    A fifth of the readings is missing, more often for accounts with little use. `shift` is added to each account's signals.
    """
    size = honest + guilty
    common = rng.standard_normal(size)
    values = 0.6 * common + 0.8 * rng.standard_normal((SIGNALS, size))
    values[0] = np.exp(2 * values[0])
    bad = np.zeros(size, dtype=np.bool_)
    bad[rng.permutation(size)[:guilty]] = True
    values[:loud_signals, bad] += lift * (np.abs(values[:loud_signals, bad]) + 1.0)
    if shift is not None:
        values += shift
    values[1] = np.round(values[1])
    values[2] = np.maximum(values[2], 0.0)
    use = rng.random(size)
    measured = []
    for s in range(SIGNALS):
        known = rng.random(size) > missing * 2 * use
        n = np.where(known, 50, 5).astype(np.int64)
        rows = pa.table({"account": np.arange(1, size + 1), "value": values[s], "n": n})
        measured.append(Measured(name=f"signal_{s}", title=f"signal {s}", needs=20, evidence=True, rows=rows))
    kinds = types or ["chat"]
    facts = pa.Table.from_pylist(
        [{"account": i + 1, "product_type": kinds[i % len(kinds)]} for i in range(size)],
        schema=table("account_facts").schema,
    )
    return World(measured=measured, facts=facts, accounts=pa.array(range(1, size + 1), pa.int64()), guilty=bad)


@pytest.fixture
def world() -> MakeWorld:
    return make_world
