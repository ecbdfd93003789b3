"""Growing a seed in the discovery slice: which accounts share what with it, round after round."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.actors.links import OBSERVED, STRONG, numbered
from stillwatch.engine import Engine, Relation, Sql, table

__all__ = ["INDICATORS", "Seed", "grown", "holders", "pointed_at", "prompted", "sends"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ROUNDS = 5
_SHARED = 0.5

_HOLDERS = {
    column: Sql(
        f"expand_holders_{column}",
        f"""
        select distinct f.account from {{features}} f join {{wanted}} w on w.object = f.{column}
        where f.slice = 0 and f.account is not null
        order by 1
        """,
    )
    for column in ("ip", "subnet", "tls_fingerprint", "user_agent")
} | {
    column: Sql(
        f"expand_holders_{column}",
        f"""
        select a.account from {{account_facts}} a join {{wanted}} w on w.object = a.{column}
        order by 1
        """,
    )
    for column in ("payment", "device", "registration")
}
POINTED = "somebody else pointed at it, and this is"
"""Why an account is looked at that nothing here ties."""

INDICATORS = tuple(_HOLDERS)
"""Kinds of shared things that can be a seed, as the tables call them."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Seed:
    """What is known: accounts, shared things as (kind, pseudonym), shingles of a prompt or system text; and to whom others `pointed`.

    Accounts that others pointed at are looked at and tested like everybody else: somebody else's word makes nobody known.
    `held_out`: the test slice had a say in who these accounts are, as it has in an actor's members.
    """

    accounts: frozenset[int] = frozenset()
    pointed: frozenset[int] = frozenset()
    things: tuple[tuple[str, int], ...] = ()
    anchors: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    system_anchors: Ints = field(default_factory=lambda: np.empty(0, np.int64))
    held_out: bool = False


def holders(
    engine: Engine, tables: Mapping[str, Relation], links: pa.Table, seed: Seed, *, most: float
) -> tuple[pa.Table, tuple[str, ...]]:
    """Links to the shared things that are the seed, and those of them that are hubs."""
    made, hubs = [links.schema.empty_table()], []
    for kind, thing in seed.things:
        wanted = engine.from_arrow(pa.table({"object": pa.array([thing], pa.int64())}))
        query = _HOLDERS[kind]
        source = "account_facts" if "account_facts" in query.inputs else "features"
        inputs = {source: tables[source], "wanted": wanted}
        held = engine.to_arrow(engine.sql(query, **inputs)).column("account").to_pylist()
        if len(held) > most and kind not in OBSERVED:
            hubs.append(f"{len(held):,} accounts share this {kind}: too many to tie anybody")
        else:
            made.append(_links(kind, thing, held, f"has the {kind} that is the seed"))
    return pa.concat_tables(made), tuple(hubs)


def prompted(sent: pa.Table, own: Sequence[int]) -> pa.Table:
    """Links to the seed's prompt of the accounts that sent something like it in the discovery slice."""
    made = [table("links").schema.empty_table()]
    for family in own:
        hit = pc.and_(pc.equal(sent.column("family"), family), pc.equal(sent.column("slice"), 0))
        made.append(
            _links(
                "family",
                family,
                sent.filter(hit).column("account").to_pylist(),
                "sent what shares phrases with the seed",
            )
        )
    return pa.concat_tables(made)


def pointed_at(seed: Seed) -> pa.Table:
    """Links of the accounts that others pointed at: a reason to look at each, which ties it to none of the others."""
    made = [_links("lead", account, [account], f"{POINTED} the seed") for account in sorted(seed.pointed)]
    return pa.concat_tables([table("links").schema.empty_table(), *made])


def sends(sent: pa.Table, seed: Seed) -> pa.Table:
    """Links of the known accounts to what each mostly sends: templates half as common as its commonest one, in the discovery slice.

    They need not be rare: that the account is known chose it. What it sends by the way is other people's, too.
    """
    mine = pc.and_(
        pc.is_in(sent.column("account"), pa.array(sorted(seed.accounts), pa.int64())), pc.equal(sent.column("slice"), 0)
    )
    rows = sent.filter(mine)
    exchanges, (accounts, place) = (
        rows.column("exchanges").to_numpy(),
        np.unique(rows.column("account").to_numpy(), return_inverse=True),
    )
    most = np.zeros(accounts.size)
    np.maximum.at(most, place, exchanges)
    kept = rows.filter(pa.array(exchanges >= _SHARED * most[place]))
    return pa.concat_tables(
        [table("links").schema.empty_table()]
        + [_links("family", row["family"], [row["account"]], "sent by the seed") for row in kept.to_pylist()]
    )


def _links(kind: str, thing: int, accounts: Sequence[int], reason: str) -> pa.Table:
    rows = [
        {
            "account": account,
            "kind": kind,
            "object": thing,
            "weight": 1.0,
            "exchanges": None,
            "object_accounts": len(accounts),
            "hub": False,
            "reason": reason,
        }
        for account in accounts
    ]
    return pa.Table.from_pylist(rows, schema=table("links").schema)


def grown(links: pa.Table, seed: Seed) -> tuple[Ints, list[int]]:
    """Places of the links that hold the grown group together, and the templates by which its accounts are tested."""
    account, kind = links.column("account").to_numpy(), np.array(links.column("kind").to_pylist(), dtype=object)
    thing = numbered(np.unique(kind.astype(str), return_inverse=True)[1], links.column("object").to_numpy())
    strong = np.isin(kind, list(STRONG))
    reasons = links.column("reason").to_pylist()
    of_seed = np.isin(account, np.array(sorted(seed.accounts), np.int64))
    as_seed = np.array([reason.endswith(" the seed") for reason in reasons], np.bool_)
    held = np.isin(thing, np.unique(thing[as_seed | (of_seed & (kind != "family"))]))
    for _ in range(_ROUNDS):
        inside = np.isin(account, account[held])
        size = np.bincount(thing, minlength=thing.max(initial=-1) + 1)
        within = np.bincount(thing[inside], minlength=size.size)
        taken = strong & (within >= 2)[thing] & (within >= _SHARED * size)[thing]
        grown = held | taken
        if (grown == held).all():
            break
        held = grown
    held = held & _tied(account, kind, held, as_seed | of_seed)
    inside = np.isin(account, account[held])
    said = held & (kind == "family")
    if not seed.accounts and not said.any():
        # A group that only an indicator ties takes in whoever sends the templates that half of its accounts send.
        members = np.unique(account[inside]).size
        common = np.bincount(thing[inside & (kind == "family")], minlength=thing.max(initial=-1) + 1)
        said = (kind == "family") & (common >= max(2, _SHARED * members))[thing]
        held = held | said
    families = np.unique(links.column("object").to_numpy()[said]).tolist()
    return np.flatnonzero(held), families


def _tied(account: Ints, kind: npt.NDArray[np.object_], held: Flags, known: Flags) -> Flags:
    """Links of the known accounts and of those that a strong thing ties, or two kinds of places: one address is no tie."""
    owners, who = np.unique(account, return_inverse=True)
    strong = np.bincount(who, weights=held & np.isin(kind, list(STRONG)) | known, minlength=owners.size) > 0
    place = np.where(kind == "ip", "subnet", kind)
    pairs = {(int(w), str(p)) for w, p in zip(who[held], place[held], strict=True)}
    kinds = np.bincount(np.array([w for w, _ in pairs], np.int64), minlength=owners.size)
    return np.asarray((strong | (kinds >= 2))[who])
