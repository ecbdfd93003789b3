"""An account's evidence as sentences: each value beside the accounts it was compared with."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.accounts.evidence import COMBINED, QUANTILES
from stillwatch.accounts.words import kin

__all__ = ["explain"]


def explain(
    account: int,
    evidence: pa.Table,
    calibration: pa.Table,
    *,
    titles: Mapping[str, str] | None = None,
    most: int = 6,
) -> list[str]:
    """Say in sentences what was measured of an account, loudest first; what is undecided comes last.

    Args:
        account: the account.
        evidence: rows of `account_evidence`, of this account at least.
        calibration: rows of `calibration` of the same run.
        titles: names of signals as people read them.
        most: how many signals to speak of at most.
    """
    rows = evidence.filter(pc.equal(evidence["account"], account)).to_pylist()
    spread = {(row["signal"], row["stratum"]): row["quantiles"] for row in calibration.to_pylist()}
    named = titles or {}
    signals = [row for row in rows if row["signal"] != COMBINED and row["value"] is not None and row["needed"] is None]
    loud = sorted(signals, key=lambda row: (-(row["e_value"] or 0.0), row["signal"]))
    waiting = sorted(
        (row for row in rows if row["needed"] is not None and row["signal"] != COMBINED), key=lambda r: r["signal"]
    )
    verdict = [row["reason"] for row in rows if row["signal"] == COMBINED and row["reason"]]
    sentences = [_sentence(row, spread.get((row["signal"], row["stratum"]), []), named) for row in loud]
    undecided = [f"{_title(row, named)}: undecided, n = {row['n']}, needs {row['needed']}" for row in waiting]
    return [*verdict, *(sentences + undecided)[:most]]


def _title(row: Mapping[str, Any], named: Mapping[str, str]) -> str:
    return named.get(row["signal"], row["signal"].replace("_", " "))


def _sentence(row: Mapping[str, Any], quantiles: list[float], named: Mapping[str, str]) -> str:
    value, stratum = row["value"], row["stratum"]
    said = f"{_title(row, named)} is {value:.3g} (n = {row['n']:,})"
    if quantiles:
        below = [level for level, bound in zip(QUANTILES, quantiles, strict=True) if value > bound]
        place = f"above {100 * below[-1]:g} %" if below else f"not above {100 * QUANTILES[0]:g} %"
        said += f", {place} of {kin(stratum)}, whose median is {quantiles[QUANTILES.index(0.5)]:.3g}"
    return said if row["p_value"] is None else f"{said}; p = {row['p_value']:.2g}"
