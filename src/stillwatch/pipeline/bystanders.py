"""Bystanders of a case: whose credentials and personal data lie in the traffic of its accounts, quarantined until somebody must be told.

A register in the vault says where they are, by exchange and place, never what they are. Opening one is on record before it is read, needs
a reason, and shows that one alone. Telling a bystander, or whoever issued a credential, is on record too. Texts opened elsewhere have all
such values covered.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.cases import Desk
from stillwatch.core import unhandle
from stillwatch.core.errors import CaseError
from stillwatch.engine import durable_write
from stillwatch.report.third_parties import third_parties

__all__ = ["Bystander", "bystanders", "find_bystanders", "looked_for", "open_bystander", "tell_bystander"]

COLUMNS = ("system", "prompt", "messages", "output", "reasoning")
_MOST = 10_000
"""Different values that are registered of a case; how many more there are is said."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Bystander:
    """One value of somebody outside the case: its number, kind, issuer, in how many texts it was seen, and one place where it can be read.

    `digest` is keyed, so that equal values are one and none can be guessed from it.
    """

    number: int
    kind: str
    issuer: str
    seen: int
    digest: int
    exchange: int
    column: str
    start: int
    end: int


def find_bystanders(desk: Desk, case_id: str, *, by: str, why: str) -> tuple[tuple[Bystander, ...], int]:
    """Look through the kept texts of a case's accounts and quarantine what is found; and how many more values are not registered.

    A value keeps its number from look to look, as the journal names it by that; one that is in no kept text any more stays listed, seen
    in none.

    Raises:
        CaseError: when no reason is given, or there is no such case.
    """
    _needs(case_id, why)
    case = desk.case(case_id)
    accounts = [unhandle(member.handle)[1] for member in case.members if member.handle.startswith("A-")]
    seen: Counter[int] = Counter()
    known = {one.digest: one for one in _registered(desk, case_id)}
    places: dict[int, tuple[str, str, int, str, int, int]] = {}
    for exchange, column, text in _texts(desk, accounts):
        for one in third_parties(text):
            digest = desk.workspace.names.name("bystander", text[one.start : one.end])
            seen[digest] += 1
            places.setdefault(digest, (one.kind, one.issuer, exchange, column, one.start, one.end))
    numbered = {digest: one.number for digest, one in known.items()}
    for digest in places:
        if len(numbered) < _MOST:
            numbered.setdefault(digest, len(numbered) + 1)
    found = tuple(
        replace(known[digest], seen=0)
        if digest not in places
        else _bystander(number, digest, seen[digest], *places[digest])
        for digest, number in numbered.items()
    )
    durable_write(_register(desk, case_id), msgspec.json.encode(found), mode=0o600)
    kinds = Counter(one.kind for one in found)
    left = len(places.keys() - numbered.keys())
    desk.bystanders(case_id, "found", {"kinds": dict(sorted(kinds.items())), "left_out": left}, by=by, why=why)
    return found, left


def _bystander(
    number: int, digest: int, seen: int, kind: str, issuer: str, exchange: int, column: str, start: int, end: int
) -> Bystander:
    return Bystander(
        number=number,
        kind=kind,
        issuer=issuer,
        seen=seen,
        digest=digest,
        exchange=exchange,
        column=column,
        start=start,
        end=end,
    )


def bystanders(desk: Desk, case_id: str) -> tuple[Bystander, ...]:
    """The register of a case: places and kinds, no value.

    Raises:
        CaseError: when nobody looked yet, or the register is damaged.
    """
    if not looked_for(desk, case_id):
        raise CaseError(
            f"{case_id}: nobody looked for bystanders yet; stillwatch case bystanders {case_id} --why ... does"
        )
    return _registered(desk, case_id)


def looked_for(desk: Desk, case_id: str) -> bool:
    """Whether somebody has looked for bystanders of a case.

    Raises:
        CaseError: when there is no such case.
    """
    return _register(desk, desk.case(case_id).id).exists()


def _registered(desk: Desk, case_id: str) -> tuple[Bystander, ...]:
    path = _register(desk, case_id)
    if not path.exists():
        return ()
    try:
        return msgspec.json.decode(path.read_bytes(), type=tuple[Bystander, ...])
    except (msgspec.DecodeError, msgspec.ValidationError) as error:
        raise CaseError(f"{path}: damaged; move it away, then look again with stillwatch case bystanders") from error


def open_bystander(desk: Desk, case_id: str, number: int, *, by: str, why: str) -> str:
    """One value out of quarantine, so that its owner can be told. Who opened it, and why, is on the disk before it is read.

    Raises:
        CaseError: when there is no such number, no reason is given, or the text is no longer kept.
    """
    _needs(case_id, why)
    one = _numbered(desk, case_id, number)
    desk.bystanders(case_id, "opened", {"number": number, "kind": one.kind}, by=by, why=why)
    wanted = pc.field("exchange_id") == one.exchange
    for path in desk.workspace.store.files("exchanges"):
        for row in pq.read_table(path, columns=[one.column], filters=wanted).to_pylist():
            value = (row[one.column] or "")[one.start : one.end]
            if desk.workspace.names.name("bystander", value) == one.digest:
                return str(value)
    raise CaseError(f"{case_id}: the text that holds number {number} is no longer kept")


def tell_bystander(desk: Desk, case_id: str, number: int, *, whom: str, by: str, why: str) -> None:
    """Record that a bystander, or the issuer of a credential, was told; whom is sealed as personal.

    Raises:
        CaseError: when there is no such number, or it is not said who was told.
    """
    _needs(case_id, whom)
    one = _numbered(desk, case_id, number)
    desk.bystanders(case_id, "told", {"number": number, "kind": one.kind}, by=by, why=f"told {whom}: {why}")


def _numbered(desk: Desk, case_id: str, number: int) -> Bystander:
    found = next((one for one in bystanders(desk, case_id) if one.number == number), None)
    if found is None:
        raise CaseError(f"{case_id}: no value {number} in quarantine")
    return found


def _texts(desk: Desk, accounts: list[int]) -> Iterator[tuple[int, str, str]]:
    """Every kept text of some accounts by exchange and column, a file at a time."""
    mine = pc.field("account").isin(pa.array(accounts, pa.int64()))
    for path in desk.workspace.store.files("exchanges"):
        rows: list[dict[str, Any]] = pq.read_table(path, columns=["exchange_id", *COLUMNS], filters=mine).to_pylist()
        for row in rows:
            for column in COLUMNS:
                if row[column]:
                    yield row["exchange_id"], column, row[column]


def _register(desk: Desk, case_id: str) -> Path:
    return desk.workspace.root / "vault" / f"bystanders-{case_id}.json"


def _needs(case_id: str, said: str) -> None:
    if not said.strip():
        raise CaseError(
            f"{case_id}: what belongs to bystanders is looked for and opened for a reason, and told to somebody; say which"
        )
