"""Reasoning signatures that one account was given and another sent back: who did so, as a tie in one slice and as a test in the other.

A signature is a long random text that only its receiver gets: nobody sends another's by chance. So whoever is tied by such sendings,
directly or over others, is one pool, and here alone connected components are safe. Two things mislead them. A signature that was
published with an example is sent by anybody who copies it: one that more than `MOST_SENDERS` accounts send ties and tests nobody, and a
pool beyond `MOST_POOLED` is a hub. A proxy that spreads the conversations of one customer over several accounts sends each of them
signatures of the others: see `conversation_proxy` among the innocent explanations, and sendings inside one organisation never count
as a test.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
from scipy import sparse
from scipy.sparse import csgraph

from stillwatch.engine import Engine, Relation, Sql

__all__ = ["MOST_POOLED", "MOST_SENDERS", "Replays", "pools", "replays"]

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]

MOST_SENDERS = 20
"""Accounts that may send one signature before it counts as published, however many accounts there are: one account is given it, and
who deals a conversation out over a pool sends its last ones from few accounts, while an example goes to all its readers."""

MOST_POOLED = 25_000
"""Accounts beyond which a pool is a hub: more than any network on public record ran at once (above 20,000), so more likely strangers
that published signatures tie over one another."""

_TIES = Sql(
    "replays_ties",
    """
    with sent as (
        select a.artifact, a.account, a.origin_account, a.exchanges
        from {artifacts} a
        where a.role = 'sent' and a.other_account and a.slice = 0
    ),
    wide as (select s.artifact, count(distinct s.account) as accounts from sent s group by s.artifact)
    select s.account, s.origin_account, cast(sum(s.exchanges) as bigint) as exchanges
    from sent s join wide w on w.artifact = s.artifact
    where w.accounts <= (select min(l.most) from {limits} l)
    group by s.account, s.origin_account
    order by 1, 2
    """,
)

_HELD_OUT = Sql(
    "replays_held_out",
    """
    with found as (
        select distinct a.artifact from {artifacts} a where a.role = 'sent' and a.other_account and a.slice = 0
    ),
    wide as (
        select a.artifact, count(distinct a.account) as accounts
        from {artifacts} a
        where a.role = 'sent' and a.other_account
        group by a.artifact
    ),
    moved as (
        select a.account, a.exchanges, a.other_conversation,
               case when mine.org is not null and origin.org is not null then mine.org <> origin.org else a.other_org end as other_org
        from {artifacts} a
        left join found f on f.artifact = a.artifact
        join wide w on w.artifact = a.artifact
        left join {account_facts} mine on mine.account = a.account
        left join {account_facts} origin on origin.account = a.origin_account
        where a.role = 'sent' and a.other_account and a.slice = 1 and f.artifact is null
          and w.accounts <= (select min(l.most) from {limits} l)
    )
    select m.account, @count_if(m.other_org) as elsewhere, @count_if(m.other_org is null) as unknown,
           cast(sum(case when m.other_conversation is not null then m.exchanges else 0 end) as bigint) as told,
           cast(sum(case when not m.other_conversation then m.exchanges else 0 end) as bigint) as continued
    from moved m
    group by m.account
    order by m.account
    """,
)

_ANY = Sql("replays_any", "select count(*) as sent from {artifacts} a where a.role = 'sent' and a.slice = 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Replays:
    """What the accounts of a population did with signatures in the test slice. NaN is unknown.

    `moved` is 1 for an account that sent a signature of another organisation's account, 0 for one that did not; unknown where the
    organisations are, or where no signature passed in the logs. `continued` is the share of its sendings of others' signatures that go on
    with the conversation they were returned in. Signatures that tie accounts in the discovery slice do not count, nor do published ones.
    """

    moved: Floats
    continued: Floats


def pools(engine: Engine, artifacts: Relation) -> pa.Table:
    """Accounts tied by replays of the discovery slice: `account`, its `pool` (the smallest account), `accounts`, `exchanges` it sent in."""
    ties = engine.to_arrow(engine.sql(_TIES, artifacts=artifacts, limits=_limits(engine)))
    sender, origin = ties.column("account").to_numpy(), ties.column("origin_account").to_numpy()
    accounts, place = np.unique(np.concatenate([sender, origin]), return_inverse=True)
    one, other = place[: sender.size], place[sender.size :]
    tied = sparse.coo_matrix((np.ones(one.size), (one, other)), shape=(accounts.size, accounts.size))
    pool = np.asarray(csgraph.connected_components(tied, directed=False)[1], np.int64)
    sent = np.bincount(one, weights=ties.column("exchanges").to_numpy(), minlength=accounts.size)
    # Accounts are sorted, so the first of each pool is its smallest.
    first = np.unique(pool, return_index=True)[1]
    return pa.table(
        {
            "account": accounts,
            "pool": accounts[first][pool] if accounts.size else accounts,
            "accounts": np.bincount(pool)[pool].astype(np.int64) if accounts.size else accounts,
            "exchanges": sent.astype(np.int64),
        }
    )


def replays(engine: Engine, artifacts: Relation, account_facts: Relation, account: Ints) -> Replays:
    """What the accounts (sorted) did with others' signatures in the test slice."""
    (passed,) = engine.to_arrow(engine.sql(_ANY, artifacts=artifacts)).to_pylist()
    moved = np.full(account.size, 0.0 if passed["sent"] else np.nan)
    continued = np.full(account.size, np.nan)
    limits = _limits(engine)
    rows = engine.to_arrow(engine.sql(_HELD_OUT, artifacts=artifacts, account_facts=account_facts, limits=limits))
    here = np.isin(rows.column("account").to_numpy(), account)
    rows = rows.filter(pa.array(here))
    place = np.searchsorted(account, rows.column("account").to_numpy())
    elsewhere, unknown = rows.column("elsewhere").to_numpy(), rows.column("unknown").to_numpy()
    moved[place] = np.where(elsewhere > 0, 1.0, np.where(unknown > 0, np.nan, 0.0))
    told = rows.column("told").to_numpy()
    with np.errstate(invalid="ignore", divide="ignore"):
        continued[place] = np.where(told > 0, rows.column("continued").to_numpy() / told, np.nan)
    return Replays(moved=moved, continued=continued)


def _limits(engine: Engine) -> Relation:
    return engine.from_arrow(pa.table({"most": pa.array([MOST_SENDERS], pa.int64())}))
