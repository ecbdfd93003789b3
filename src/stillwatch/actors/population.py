"""What every account did in the test slice, as arrays: the population that a candidate's members are compared with."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.actors.comparison import Comparison
from stillwatch.actors.presence import Presence, presence
from stillwatch.actors.replays import replays
from stillwatch.core import PRESSING
from stillwatch.engine import Engine, Relation, Sql

__all__ = ["NEW_DAYS", "HeldOut", "held_out"]

NEW_DAYS = 90
"""Days before the log within which an account counts as new."""

_HOUR = 3_600_000_000
_LEAST_TYPE = 100

Ints = npt.NDArray[np.int64]
Floats = npt.NDArray[np.float64]
Flags = npt.NDArray[np.bool_]

_ACTIVITY = Sql(
    "population_activity",
    """
    select f.account,
           count(*) as exchanges,
           @count_if((f.elicitation & {pressing}) <> 0) as elicited,
           @count_if(f.elicitation <> 0) as asked,
           @count_if(f.known_item is not null) as known_items,
           @count_if(f.turns <= 1) as single,
           @count_if(f.turns is not null) as turns_known,
           @count_if(f.tools is not null) as with_tools,
           @count_if(f.client_telemetry) as with_telemetry,
           max(f.org) as org
    from {features} f
    where f.slice = 1 and f.account is not null
    group by f.account
    order by f.account
    """.replace("{pressing}", str(PRESSING)),
)

_TOTALS = Sql(
    "population_totals",
    """
    select f.account, count(*) as exchanges, @count_if(f.slice = 0) as discovery,
           min(@epoch_us(f.at)) as begun, max(@epoch_us(f.at)) as ended
    from {features} f
    where f.account is not null
    group by f.account
    order by f.account
    """,
)

_PIVOTED = Sql(
    "population_pivoted",
    """
    select f.account, count(*) as exchanges, @count_if(f.model = r.model) as moved
    from {features} f join {releases} r
        on @epoch_us(f.at) >= @epoch_us(r.at) and @epoch_us(f.at) < @epoch_us(r.at) + 86400000000
    where f.slice = 1 and f.account is not null and f.model is not null
    group by f.account
    order by f.account
    """,
)

_SPAN = Sql("population_span", "select min(@epoch_us(f.at)) as begun, max(@epoch_us(f.at)) as ended from {features} f")

_FACTS = Sql(
    "population_facts",
    """
    with payment as (
        select a.payment as object, count(*) as accounts, count(distinct coalesce(a.org, a.account)) as orgs
        from {account_facts} a where a.payment is not null group by a.payment
    ),
    device as (
        select a.device as object, count(*) as accounts, count(distinct coalesce(a.org, a.account)) as orgs
        from {account_facts} a where a.device is not null group by a.device
    )
    select a.account, a.org, @epoch_us(a.created) as created, a.signup_path, a.declared_programme, a.product_type,
           case when a.payment is null and a.device is null then null
                when coalesce(p.orgs, 1) > 2 or coalesce(d.orgs, 1) > 2 then 1 else 0 end as shares
    from {account_facts} a
    left join payment p on p.object = a.payment
    left join device d on d.object = a.device
    order by a.account
    """,
)


@dataclass(frozen=True, kw_only=True)
class HeldOut:
    """Per account (sorted by `account`): shares of the test slice, bin of activity and product type, and facts. NaN is unknown.

    `young` is 1 for an account opened less than `NEW_DAYS` days before the log begins. `org` is 0 where unknown; `recorded` says whose
    facts are known. `totals` gives all exchanges and those of the discovery slice, for every account; `loads` the test-slice exchanges
    of the accounts that the discovery slice knows; `whole_days` the hours since 1970 of the whole days that the log covers from its
    first hour on. `pivoted` is the share, in the 24 hours after launches, of exchanges with the launched model. `moved` and `continued`
    are as in `Replays`. `everyone` are all accounts, `begun` and `ended` the instants of the first and last exchange of each
    (microseconds).
    """

    account: Ints
    exchanges: Ints
    elicited: Floats
    asked: Floats
    known_items: Floats
    single: Floats
    tools: Floats
    telemetry: Floats
    young: Floats
    bin: Ints
    shares: Floats
    org: Ints
    recorded: Flags
    programme: npt.NDArray[np.object_]
    signup: npt.NDArray[np.object_]
    totals: dict[int, tuple[int, int]]
    loads: Ints
    whole_days: range
    pivoted: Floats
    moved: Floats
    continued: Floats
    everyone: Ints
    begun: Ints
    ended: Ints
    presence: Presence

    @cached_property
    def _comparisons(self) -> dict[str, Comparison]:
        return {}

    def compared(self, name: str) -> Comparison:
        """One of the scores, ready to compare groups by."""
        if name not in self._comparisons:
            self._comparisons[name] = Comparison(getattr(self, name), self.bin)
        return self._comparisons[name]

    def places(self, accounts: Ints) -> Ints:
        """Places of those of `accounts` that were active in the test slice."""
        at = np.searchsorted(self.account, accounts)
        inside = at < self.account.size
        at = at[inside]
        return np.asarray(at[self.account[at] == accounts[inside]])


def held_out(
    engine: Engine, features: Relation, account_facts: Relation, artifacts: Relation, releases: Relation
) -> HeldOut:
    """Collect the population from the test slice of `features` and `artifacts`."""
    active = engine.to_arrow(engine.sql(_ACTIVITY, features=features))
    facts = engine.to_arrow(engine.sql(_FACTS, account_facts=account_facts))
    (span,) = engine.to_arrow(engine.sql(_SPAN, features=features)).to_pylist()
    begun, ended = span["begun"] or 0, span["ended"] or 0
    totals = engine.to_arrow(engine.sql(_TOTALS, features=features))
    account = active.column("account").to_numpy()
    exchanges = active.column("exchanges").to_numpy()
    known = active.column("turns_known").to_numpy()
    everything, seen = totals.column("exchanges").to_numpy(), totals.column("discovery").to_numpy()
    created = _fact(facts, "created", account, np.nan).astype(np.float64)
    replayed = replays(engine, artifacts, account_facts, account)
    bins = _bins(exchanges, _fact(facts, "product_type", account, None))
    return HeldOut(
        account=account,
        exchanges=exchanges,
        elicited=active.column("elicited").to_numpy() / np.maximum(exchanges, 1),
        asked=active.column("asked").to_numpy() / np.maximum(exchanges, 1),
        known_items=active.column("known_items").to_numpy() / np.maximum(exchanges, 1),
        single=np.where(known > 0, active.column("single").to_numpy() / np.maximum(known, 1), np.nan),
        tools=active.column("with_tools").to_numpy() / np.maximum(exchanges, 1),
        telemetry=active.column("with_telemetry").to_numpy() / np.maximum(exchanges, 1),
        young=np.where(np.isnan(created), np.nan, created > begun - NEW_DAYS * 86_400_000_000),
        bin=bins,
        shares=_fact(facts, "shares", account, np.nan).astype(np.float64),
        org=_orgs(facts, account, active),
        recorded=np.isin(account, facts.column("account").to_numpy()),
        programme=_fact(facts, "declared_programme", account, None),
        signup=_fact(facts, "signup_path", account, None),
        totals=dict(
            zip(
                totals.column("account").to_pylist(),
                zip(everything.tolist(), seen.tolist(), strict=True),
                strict=True,
            )
        ),
        loads=(everything - seen)[seen > 0],
        whole_days=_whole_days(begun, ended),
        pivoted=_pivoted(engine.to_arrow(engine.sql(_PIVOTED, features=features, releases=releases)), account),
        moved=replayed.moved,
        continued=replayed.continued,
        everyone=totals.column("account").to_numpy(),
        begun=totals.column("begun").to_numpy(),
        ended=totals.column("ended").to_numpy(),
        presence=presence(engine, features, account, bins, begun=begun, ended=ended),
    )


def _pivoted(rows: pa.Table, account: Ints) -> Floats:
    """Share of each account's exchanges on the first day of a launched model that went to it; unknown for those that sent none then."""
    out = np.full(account.size, np.nan)
    out[np.searchsorted(account, rows.column("account").to_numpy())] = (
        rows.column("moved").to_numpy() / rows.column("exchanges").to_numpy()
    )
    return out


def _whole_days(begun: int, ended: int) -> range:
    first, hours = begun // _HOUR, ended // _HOUR - begun // _HOUR + 1
    return range(first, first + hours // 24 * 24)


def _orgs(facts: pa.Table, account: Ints, active: pa.Table) -> Ints:
    """Organisation of each account by the provider's records, else by the logs; 0 is unknown."""
    logged = active.column("org").fill_null(0).to_numpy()
    recorded = _fact(facts, "org", account, 0).astype(np.int64)
    return np.where(recorded != 0, recorded, logged).astype(np.int64)


def _bins(exchanges: Ints, product: npt.NDArray[np.object_]) -> Ints:
    """Accounts that may be compared: within a factor of two as busy, and of one product type where at least `_LEAST_TYPE` are."""
    names, code, count = np.unique(product.astype(str), return_inverse=True, return_counts=True)
    kind = np.where(count >= _LEAST_TYPE, np.arange(1, names.size + 1), 0)[code]
    return (np.floor(np.log2(np.maximum(exchanges, 1))).astype(np.int64) * (names.size + 1) + kind).astype(np.int64)


def _fact(facts: pa.Table, column: str, account: Ints, unknown: object) -> npt.NDArray[np.object_]:
    """One fact per account, `unknown` where the provider's records have none."""
    known = facts.column("account").to_numpy()
    out = np.full(account.size, unknown, dtype=object)
    if known.size and account.size:
        place = np.minimum(np.searchsorted(known, account), known.size - 1)
        hit = np.flatnonzero(known[place] == account)
        values = facts.column(column).take(pa.array(place[hit])).to_pylist()
        for where, value in zip(hit.tolist(), values, strict=True):
            if value is not None:
                out[where] = value
    return out
