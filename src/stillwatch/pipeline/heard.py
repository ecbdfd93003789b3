"""Look with other houses' indicators in this house's own traffic: what matches, how often, and which own findings it touches.

A match is an input, like a signal, and never a verdict: nothing here changes a decision, a standing or an account.
"""

from __future__ import annotations

import datetime as dt
import ipaddress
import json
from collections import defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stillwatch.core import handle
from stillwatch.engine import DuckEngine, Sql, Workspace
from stillwatch.forum.words import ACTIONS, Kind
from stillwatch.pipeline.sharing import family_fingerprints
from stillwatch.text import LEAST_ALIKE, alike

__all__ = ["Heard", "Match", "heard"]

_MATCHED = Sql(
    "heard_matched",
    """
    select w.indicator, t.account, count(*) as exchanges, min(t.at) as first_at, max(t.at) as last_at
    from (
        select 'asn' as kind, cast(f.asn as bigint) as value, f.account, f.at from {features} f
        where f.asn is not null and f.account is not null
        union all
        select 'subnet' as kind, f.subnet as value, f.account, f.at from {features} f
        where f.subnet is not null and f.account is not null
        union all
        select 'tls' as kind, f.tls_fingerprint as value, f.account, f.at from {features} f
        where f.tls_fingerprint is not null and f.account is not null
        union all
        select 'user_agent' as kind, f.user_agent as value, f.account, f.at from {features} f
        where f.user_agent is not null and f.account is not null
    ) t
    inner join {wanted} w on t.kind = w.kind and t.value = w.value
    group by w.indicator, t.account
    """,
)
_WIDEST = 256
_SHOWN = 20


@dataclass(frozen=True, kw_only=True, slots=True)
class Match:
    """One indicator that matches: how many accounts and exchanges, when, which of our findings hold these accounts, and some of them."""

    indicator: str
    kind: Kind
    stands_alone: bool
    corroboration: str
    confidence: int | None
    accounts: int
    exchanges: int | None
    first_at: dt.datetime | None
    last_at: dt.datetime | None
    actors: tuple[str, ...]
    some: tuple[str, ...]


@dataclass(frozen=True, kw_only=True, slots=True)
class Heard:
    """All matches, accounts that match in several kinds at once (most kinds first), and what was not looked with, with the reason."""

    matches: tuple[Match, ...]
    several: tuple[tuple[str, int], ...]
    not_used: tuple[tuple[str, str], ...]


def heard(workspace: Workspace, *, now: dt.datetime) -> Heard:
    """Look with every indicator that is valid now and may be matched. Nothing is written."""
    usable, not_used = _usable(workspace, now)
    found: dict[str, dict[int, tuple[int | None, dt.datetime | None, dt.datetime | None]]] = defaultdict(dict)
    with DuckEngine(workspace.store, scratch=workspace.scratch) as engine:
        features = engine.scan("features")
        wanted = [
            {"indicator": row["id"], "kind": row["kind"], "value": v} for row in usable for v in _values(workspace, row)
        ]
        if wanted:
            schema = pa.schema([("indicator", pa.string()), ("kind", pa.string()), ("value", pa.int64())])
            asked = engine.from_arrow(pa.Table.from_pylist(wanted, schema=schema))
            for row in engine.to_arrow(engine.sql(_MATCHED, features=features, wanted=asked)).to_pylist():
                found[row["indicator"]][row["account"]] = (row["exchanges"], row["first_at"], row["last_at"])
        templates = [row for row in usable if row["kind"] == Kind.TEMPLATE]
        if templates:
            families = workspace.store.read("families", ["family"]).column("family").to_pylist()
            own = list(family_fingerprints(workspace, engine, features, families))
            for row in templates:
                hashes = json.loads(row["value"])["hashes"]
                for _, told, carriers in own:
                    if told is not None and alike(told.hashes, hashes) >= LEAST_ALIKE:
                        found[row["id"]].update((account, (None, None, None)) for account in carriers)
    actors = _actors(workspace)
    matches = [_match(row, found[row["id"]], actors) for row in usable if found.get(row["id"])]
    kinds: dict[int, set[str]] = defaultdict(set)
    for row in usable:
        for account in found.get(row["id"], {}):
            kinds[account].add(row["kind"])
    several = sorted(
        ((handle("account", a), len(k)) for a, k in kinds.items() if len(k) > 1), key=lambda one: (-one[1], one[0])
    )
    ranked = sorted(matches, key=lambda m: (not m.stands_alone, -(m.confidence or 0), -m.accounts, m.indicator))
    return Heard(matches=tuple(ranked), several=tuple(several), not_used=tuple(not_used))


def _usable(workspace: Workspace, now: dt.datetime) -> tuple[list[Mapping[str, Any]], list[tuple[str, str]]]:
    usable, not_used = [], []
    for row in workspace.store.read("indicators_in").to_pylist():
        why = (
            "withdrawn by its sender"
            if row["revoked"]
            else "not valid now"
            if not row["valid_from"] <= now < row["valid_until"]
            else "its exchange policy lets nobody use it yet"
            if ACTIONS.index(row["permitted_actions"]) < ACTIONS.index("internally-visible-actions")
            else "everybody has it: told for context"
            if row["kind"] in (Kind.MODEL, Kind.TECHNIQUE, Kind.RHYTHM)
            else None
        )
        if why is None:
            usable.append(row)
        else:
            not_used.append((row["id"], why))
    return usable, not_used


def _values(workspace: Workspace, row: Mapping[str, Any]) -> Iterator[int]:
    """The pseudonyms, or the number, that an indicator's value has in this house's tables."""
    name = workspace.names.name
    if row["kind"] == Kind.ASN:
        yield int(row["value"])
    elif row["kind"] == Kind.TLS:
        yield name("tls_fingerprint", row["value"])
    elif row["kind"] == Kind.USER_AGENT:
        yield name("user_agent", row["value"])
    elif row["kind"] == Kind.SUBNET:
        net = ipaddress.ip_network(row["value"])
        ours = 24 if net.version == 4 else 48
        if 1 << (ours - net.prefixlen) <= _WIDEST:
            for part in net.subnets(new_prefix=ours):
                yield name("subnet", str(part))


def _actors(workspace: Workspace) -> dict[int, set[str]]:
    of: dict[int, set[str]] = defaultdict(set)
    for row in workspace.store.read("actor_members", ["actor", "account"]).to_pylist():
        of[row["account"]].add(handle("actor", row["actor"]))
    return of


def _match(
    row: Mapping[str, Any],
    accounts: Mapping[int, tuple[int | None, dt.datetime | None, dt.datetime | None]],
    actors: Mapping[int, set[str]],
) -> Match:
    exchanges = [n for n, _, _ in accounts.values() if n is not None]
    firsts = [at for _, at, _ in accounts.values() if at is not None]
    lasts = [at for _, _, at in accounts.values() if at is not None]
    return Match(
        indicator=row["id"],
        kind=Kind(row["kind"]),
        stands_alone=row["stands_alone"],
        corroboration=row["corroboration"],
        confidence=row["confidence"],
        accounts=len(accounts),
        exchanges=sum(exchanges) if exchanges else None,
        first_at=min(firsts, default=None),
        last_at=max(lasts, default=None),
        actors=tuple(sorted({name for account in accounts for name in actors.get(account, ())})),
        some=tuple(sorted(handle("account", account) for account in accounts)[:_SHOWN]),
    )
