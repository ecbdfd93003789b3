"""A candidate actor with what it did in the hours that did not find it, and what one test said of it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

from stillwatch.core import Evidence, Support, Vote

__all__ = ["Candidate", "Result"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Candidate:
    """One candidate with what its families did in the test slice.

    `carried[i]` is the share of the test-slice exchanges of population account `i` that carry the candidate's families, and
    `exclusivity` that share over all members; `uses` counts such exchanges of each active member. `single[i]` is the share without an
    earlier turn: of the members' exchanges with the families, of all exchanges of other accounts. `loads` are the members' test-slice
    exchanges. `account`, `prompt`, `cell`, `item` (a known item of a public set, -1 for none) and `hour` (whole hours since 1970) list
    the members' test-slice exchanges with the families (a deterministic sample where there are very many).
    """

    accounts: Ints
    found_by: frozenset[str]
    scopes: frozenset[str]
    carried: Floats
    exclusivity: float
    uses: Ints
    single: Floats
    loads: Ints
    account: Ints
    prompt: Ints
    cell: Ints
    item: Ints
    hour: Ints


@dataclass(frozen=True, kw_only=True, slots=True)
class Result:
    """One test's outcome, ready for the table `actor_evidence`."""

    test: str
    vote: Vote
    supports: Support
    evidence: Evidence
    expected: float | None
    low: float | None
    high: float | None
    sentence: str
