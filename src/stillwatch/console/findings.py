"""The queue: every actor and account that a scan would have somebody look at, filtered, sorted and paged in memory.

A hundred thousand findings are a few dozen megabytes of columns; a page of them is a mask and a sort over arrays, no query.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import cached_property
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core import Decision, handle
from stillwatch.engine import DuckEngine, Sql, Workspace

__all__ = ["PER_PAGE", "SORTS", "Findings", "Level", "Listed", "Marks", "Query", "State", "read_findings"]

PER_PAGE = 50

_SINGLE = Sql(
    "console_single_accounts",
    """
    select e.account, e.n, e.p_value, e.e_value, e.stratum, e.decision, e.reason, e.proposal
    from {evidence} e
    where e.signal = 'combined' and (e.decision = 'review' or (e.decision = 'undecided' and e.needed is null))
    """,
)


class Level(StrEnum):
    """What a finding is about."""

    ACTOR = "actor"
    ACCOUNT = "account"


class State(StrEnum):
    """What people have done with a finding so far."""

    NEW = "new"
    IN_CASE = "in_case"
    LABELLED = "labelled"
    PAUSED = "paused"


@dataclass(frozen=True, kw_only=True, slots=True)
class Marks:
    """Handles that people did something with, by what it was. A paused finding is out of the queue until its day."""

    in_case: Mapping[str, str]
    labelled: Mapping[str, str]
    paused: frozenset[str]

    def state(self, name: str) -> State:
        """The state of one finding."""
        if name in self.paused:
            return State.PAUSED
        if name in self.in_case:
            return State.IN_CASE
        return State.LABELLED if name in self.labelled else State.NEW


SORTS: Mapping[str, str] = {
    "evidence": "evidence",
    "accounts": "accounts",
    "exchanges": "exchanges",
    "obtained": "obtained",
    "first": "first_seen",
    "last": "last_seen",
}
"""Names by which the queue can be sorted, beside the column each stands for."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Query:
    """What somebody wants to see of the queue; empty means everything. Pages count from 1."""

    text: str = ""
    decision: Decision | None = Decision.REVIEW
    level: Level | None = None
    state: State | None = None
    sort: str = "evidence"
    up: bool = False
    page: int = 1


@dataclass(frozen=True, kw_only=True, slots=True)
class Listed:
    """One page of findings as rows, and how many there are in all."""

    rows: Sequence[Mapping[str, Any]]
    total: int
    page: int
    pages: int


class Findings:
    """The findings of one scan.

    Args:
        rows: one row a finding, with the columns of `read_findings`.
    """

    def __init__(self, rows: pa.Table) -> None:
        self.rows = rows.combine_chunks()
        self._orders: dict[str, npt.NDArray[np.int64]] = {}

    @cached_property
    def _place(self) -> dict[str, int]:
        return {name: place for place, name in enumerate(self.rows.column("handle").to_pylist())}

    def count(self, decision: Decision, level: Level | None = None) -> int:
        """How many findings have this decision."""
        return sum(n for (d, one), n in self._counts.items() if d == decision and level in (None, one))

    @cached_property
    def _counts(self) -> Counter[tuple[str, str]]:
        pairs = self.rows.group_by(["decision", "level"]).aggregate([("handle", "count")]).to_pylist()
        return Counter({(row["decision"], row["level"]): row["handle_count"] for row in pairs})

    def listed(self, query: Query, marks: Marks) -> Listed:
        """A page of the queue."""
        mask = self._mask(query, marks)
        order = self._order(query.sort)
        if query.up:
            order = order[::-1]
        chosen = order[mask[order]]
        pages = max(1, -(-len(chosen) // PER_PAGE))
        page = min(max(1, query.page), pages)
        here = chosen[(page - 1) * PER_PAGE : page * PER_PAGE]
        return Listed(rows=self.rows.take(pa.array(here)).to_pylist(), total=len(chosen), page=page, pages=pages)

    def _mask(self, query: Query, marks: Marks) -> npt.NDArray[np.bool_]:
        mask = np.ones(self.rows.num_rows, bool)
        if query.decision is not None:
            mask &= self._equal("decision", query.decision.value)
        if query.level is not None:
            mask &= self._equal("level", query.level.value)
        if query.text:
            hits = np.zeros(self.rows.num_rows, bool)
            for column in ("handle", "reason", "sought", "found_by"):
                found = pc.match_substring(self.rows.column(column), query.text, ignore_case=True)
                hits |= pc.fill_null(found, False).to_numpy(zero_copy_only=False)
            mask &= hits
        paused = self._of(marks.paused)
        if query.state is State.PAUSED:
            return mask & paused
        mask &= ~paused
        if query.state is not None:
            cased, labelled = self._of(marks.in_case), self._of(marks.labelled)
            wanted = {State.IN_CASE: cased, State.LABELLED: labelled & ~cased, State.NEW: ~cased & ~labelled}
            mask &= wanted[query.state]
        return mask

    def _equal(self, column: str, value: str) -> npt.NDArray[np.bool_]:
        return np.asarray(pc.equal(self.rows.column(column), value).to_numpy(zero_copy_only=False))

    def _of(self, names: Mapping[str, str] | frozenset[str]) -> npt.NDArray[np.bool_]:
        mask = np.zeros(self.rows.num_rows, bool)
        mask[[self._place[name] for name in names if name in self._place]] = True
        return mask

    def _order(self, sort: str) -> npt.NDArray[np.int64]:
        """Places from the largest down; unknown last; ties by handle, so that pages never overlap."""
        if sort not in self._orders:
            keys = [(SORTS[sort], "descending"), ("handle", "ascending")]
            self._orders[sort] = pc.sort_indices(self.rows, sort_keys=keys).to_numpy().astype(np.int64)
        return self._orders[sort]


def read_findings(workspace: Workspace) -> Findings:
    """The findings of the last scan, from its tables."""
    store = workspace.store
    actors = store.read("actors")
    with DuckEngine(store, memory_mb=1024, scratch=workspace.scratch) as engine:
        singles = engine.to_arrow(engine.sql(_SINGLE, evidence=engine.scan("account_evidence")))
    return Findings(pa.concat_tables([_of_actors(actors), _of_accounts(singles)]))


_SHAPE = pa.schema(
    [
        ("handle", pa.string()),
        ("level", pa.string()),
        ("decision", pa.string()),
        ("reason", pa.string()),
        ("sought", pa.string()),
        ("found_by", pa.string()),
        ("accounts", pa.int64()),
        ("exchanges", pa.int64()),
        ("obtained", pa.int64()),
        ("evidence", pa.float64()),
        ("threshold", pa.float64()),
        ("p_value", pa.float64()),
        ("lookalike", pa.string()),
        ("lookalike_fits", pa.bool_()),
        ("first_seen", pa.timestamp("us", "UTC")),
        ("last_seen", pa.timestamp("us", "UTC")),
    ]
)


def _of_actors(rows: pa.Table) -> pa.Table:
    n = rows.num_rows
    return _shaped(
        n,
        handle=_handles("actor", rows.column("actor")),
        level=["actor"] * n,
        decision=rows.column("decision"),
        reason=rows.column("reason"),
        sought=rows.column("capability"),
        found_by=[", ".join(kinds) for kinds in rows.column("found_by").to_pylist()],
        accounts=rows.column("accounts"),
        exchanges=rows.column("exchanges"),
        obtained=rows.column("yield_exchanges"),
        evidence=rows.column("evidence"),
        threshold=rows.column("threshold"),
        lookalike=rows.column("lookalike"),
        lookalike_fits=rows.column("lookalike_fits"),
        first_seen=rows.column("first_seen"),
        last_seen=rows.column("last_seen"),
    )


def _of_accounts(rows: pa.Table) -> pa.Table:
    n = rows.num_rows
    return _shaped(
        n,
        handle=_handles("account", rows.column("account")),
        level=["account"] * n,
        decision=rows.column("decision"),
        reason=rows.column("reason"),
        sought=pc.binary_join_element_wise("unlike other ", rows.column("stratum"), " accounts", ""),
        found_by=["its own signals"] * n,
        accounts=np.ones(n, np.int64),
        exchanges=rows.column("n"),
        evidence=rows.column("e_value"),
        p_value=rows.column("p_value"),
    )


def _shaped(rows: int, **columns: Any) -> pa.Table:
    arrays = []
    for one in _SHAPE:
        given = columns.get(one.name)
        if given is None:
            arrays.append(pa.nulls(rows, one.type))
        else:
            arrays.append(given.cast(one.type) if isinstance(given, pa.ChunkedArray) else pa.array(given, one.type))
    return pa.Table.from_arrays(arrays, schema=_SHAPE)


def _handles(kind: str, column: pa.ChunkedArray) -> list[str]:
    return [handle(kind, one) for one in column.to_pylist()]
