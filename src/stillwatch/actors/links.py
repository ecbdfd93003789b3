"""Links: what ties an account to a shared thing. Two accounts meet only through a thing they share, never all against all.

A family links an account when the account sent it more often in the discovery slice than the other accounts' rate explains: a busy
account meets every popular phrase sooner or later, and that is no tie. A payment instrument, device, registration pattern, address or
subnet links the accounts that share it, unless it is a hub: so widely shared (carrier, campus, cloud egress, mail provider) that
it links nobody. A reasoning signature that another account was given ties the two, and whoever they are tied to, into a pool (`replays`).
A link weighs more the fewer accounts share the thing, and a family's the more of the account's traffic it is.
"""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc
import scipy

from stillwatch.actors.replays import MOST_POOLED, pools
from stillwatch.engine import Engine, Relation, Sql, table

__all__ = ["KINDS", "OBSERVED", "STRONG", "link", "numbered"]

Ints = npt.NDArray[np.int64]

KINDS = {
    "family": (1.0, False),
    "payment": (1.0, False),
    "device": (1.0, False),
    "artifact": (1.0, False),
    "registration": (0.6, True),
    "ip": (0.6, True),
    "subnet": (0.5, True),
    "tls": (0.4, True),
}
"""Base weight of each kind of link, and whether a widely shared thing of that kind is a hub."""

STRONG = frozenset({"family", "payment", "device", "artifact"})
"""Kinds that can hold a group alone; the others only beside another kind."""

OBSERVED = frozenset({"payment", "device", "artifact"})
"""Kinds whose tie is a fact of the provider's records, and none that chance can make."""

_FAMILY_P = 0.02
_PIECE = 100_000
"""Links whose reasons are written at once: three sentences of each are in memory until one is chosen."""

_SENT = Sql(
    "links_sent",
    """
    select c.account, c.family, count(*) as exchanges
    from {carried} c
    where c.slice = 0
    group by c.account, c.family
    order by 1, 2
    """,
)

_BUSY = Sql(
    "links_busy",
    """
    select f.account, count(*) as exchanges
    from {features} f
    where f.slice = 0 and f.account is not null
    group by f.account
    order by 1
    """,
)

_SHARED_FACTS = Sql(
    "links_shared_facts",
    """
    with told as (
        select a.account, 'payment' as kind, a.payment as object from {account_facts} a
        union all select a.account, 'device' as kind, a.device as object from {account_facts} a
        union all select a.account, 'registration' as kind, a.registration as object from {account_facts} a
    ),
    active as (select distinct f.account from {features} f where f.account is not null),
    here as (
        select t.account, t.kind, t.object
        from told t join active b on b.account = t.account
        where t.object is not null
    ),
    shared as (select h.kind, h.object, count(*) as accounts from here h group by h.kind, h.object having count(*) > 1)
    select h.account, h.kind, h.object, s.accounts
    from here h join shared s on s.kind = h.kind and s.object = h.object
    order by 1, 2, 3
    """,
)

_SHARED_PLACES = Sql(
    "links_shared_places",
    """
    with told as (
        select distinct f.account, 'subnet' as kind, f.subnet as object
        from {features} f where f.slice = 0 and f.account is not null and f.subnet is not null
        union all
        select distinct f.account, 'tls' as kind, f.tls_fingerprint as object
        from {features} f where f.slice = 0 and f.account is not null and f.tls_fingerprint is not null
        union all
        select distinct f.account, 'ip' as kind, f.ip as object
        from {features} f where f.slice = 0 and f.account is not null and f.ip is not null
    ),
    shared as (select t.kind, t.object, count(*) as accounts from told t group by t.kind, t.object having count(*) > 1)
    select t.account, t.kind, t.object, s.accounts
    from told t join shared s on s.kind = t.kind and s.object = t.object
    order by 1, 2, 3
    """,
)


def link(
    engine: Engine,
    features: Relation,
    account_facts: Relation,
    carried: Relation,
    artifacts: Relation,
    *,
    hub_share: float,
) -> pa.Table:
    """All links of the discovery slice, as rows of the table `links`.

    Args:
        hub_share: share of the active accounts beyond which a place, fingerprint or registration pattern is a hub.
    """
    busy = engine.to_arrow(engine.sql(_BUSY, features=features))
    population = busy.num_rows
    sent = _enriched(engine.to_arrow(engine.sql(_SENT, carried=carried)), busy)
    facts = engine.to_arrow(engine.sql(_SHARED_FACTS, account_facts=account_facts, features=features))
    places = engine.to_arrow(engine.sql(_SHARED_PLACES, features=features))
    shared = pa.concat_tables([facts, places.cast(facts.schema)])
    shared = shared.append_column("exchanges", pa.nulls(shared.num_rows, pa.int64()))
    shared = shared.append_column("share", pa.array(np.ones(shared.num_rows)))
    replayed = _replayed(pools(engine, artifacts))
    rows = pa.concat_tables([sent, shared.select(sent.column_names), replayed.select(sent.column_names)])
    return _weighed(rows, max(population, 1), hub_share)


def numbered(kind: Ints, thing: Ints) -> Ints:
    """One number a shared thing, different between kinds.

    >>> numbered(np.array([0, 0, 1]), np.array([70, 70, 70])).tolist()
    [0, 0, 1]
    """
    place = np.unique(thing, return_inverse=True)[1]
    return np.asarray(np.unique(kind * thing.size + place, return_inverse=True)[1], np.int64)


def _replayed(pooled: pa.Table) -> pa.Table:
    """Links of accounts to the pool of replays that they are in. The pool is named by its smallest account."""
    count = pooled.num_rows
    return pa.table(
        {
            "account": pooled.column("account"),
            "kind": pa.array(["artifact"] * count, pa.string()),
            "object": pooled.column("pool"),
            "accounts": pooled.column("accounts"),
            "exchanges": pooled.column("exchanges"),
            "share": pa.array(np.ones(count)),
        }
    )


def _enriched(sent: pa.Table, busy: pa.Table) -> pa.Table:
    """Family links that the other accounts' rate does not explain."""
    account, family = sent.column("account").to_numpy(), sent.column("family").to_numpy()
    exchanges = sent.column("exchanges").to_numpy()
    accounts, totals = busy.column("account").to_numpy(), busy.column("exchanges").to_numpy()
    total = totals[np.searchsorted(accounts, account)] if account.size else exchanges
    families, place = np.unique(family, return_inverse=True)
    of_family = np.bincount(place, weights=exchanges, minlength=families.size)[place]
    others = np.maximum(totals.sum() - total, 1)
    rate = np.clip((of_family - exchanges + 1) / (others + 1), 0.0, 1.0)
    kept = scipy.stats.binom.sf(exchanges - 1, total, rate) <= _FAMILY_P
    size = np.bincount(place[kept], minlength=families.size)[place[kept]]
    return pa.table(
        {
            "account": account[kept],
            "kind": pa.array(["family"] * int(kept.sum()), pa.string()),
            "object": family[kept],
            "accounts": size.astype(np.int64),
            "exchanges": exchanges[kept].astype(np.int64),
            "share": exchanges[kept] / total[kept],
        }
    )


def _weighed(rows: pa.Table, population: int, hub_share: float) -> pa.Table:
    """Weights, hub marks and reasons, in order."""
    rows = rows.sort_by([("account", "ascending"), ("kind", "ascending"), ("object", "ascending")]).combine_chunks()
    kind = np.asarray(pc.index_in(rows.column("kind"), pa.array(KINDS)).to_numpy(), np.int64)
    accounts = rows.column("accounts").to_numpy()
    base = np.array([weight for weight, _ in KINDS.values()])[kind]
    hubbed = np.array([hub for _, hub in KINDS.values()])[kind]
    rarity = np.clip(1 - np.log(np.maximum(accounts, 1)) / np.log(max(population, 3)), 0.1, 1.0)
    hub = hubbed & (accounts > int(max(hub_share * population, 20)))
    hub |= (kind == list(KINDS).index("artifact")) & (accounts > MOST_POOLED)
    out = pa.table(
        {
            "account": rows.column("account"),
            "kind": rows.column("kind"),
            "object": rows.column("object"),
            "weight": pa.array(np.round(base * rarity * np.minimum(2 * rows.column("share").to_numpy(), 1.0), 6)),
            "exchanges": rows.column("exchanges"),
            "object_accounts": rows.column("accounts"),
            "hub": pa.array(hub),
            "reason": pa.chunked_array(map(_reasons, rows.to_batches(max_chunksize=_PIECE)), pa.string()),
        }
    )
    return out.cast(table("links").schema)


def _reasons(rows: pa.RecordBatch) -> pa.Array:
    """Why each account is tied to its thing, as a sentence."""
    kind, sent = rows.column("kind"), rows.column("exchanges").cast(pa.string())
    others = pc.subtract(rows.column("accounts"), 1).cast(pa.string())
    said = pc.binary_join_element_wise(
        "sent this template ",
        sent,
        " times, more than other accounts' rate explains; so did ",
        others,
        " other accounts",
        "",
    )
    shared = pc.binary_join_element_wise("shares this ", kind, " with ", others, " other accounts", "")
    replayed = pc.binary_join_element_wise(
        "one of ",
        rows.column("accounts").cast(pa.string()),
        " accounts that sent one another's reasoning signatures, itself in ",
        sent,
        " exchanges",
        "",
    )
    return pc.case_when(pc.make_struct(pc.equal(kind, "family"), pc.equal(kind, "artifact")), said, replayed, shared)
