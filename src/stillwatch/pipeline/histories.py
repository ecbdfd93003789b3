"""Every whole day of the logs to the accounts' histories, once and in order; what comes late for a day that was fed is counted."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

import numpy as np
import pyarrow as pa

from stillwatch import accounts, signals
from stillwatch.accounts import kin
from stillwatch.core import Settings
from stillwatch.engine import DuckEngine, Relation, Sql, Store

__all__ = ["Calendar", "Followed", "as_measured", "cleared_accounts", "follow", "read_calendar", "window"]

_EPOCH = dt.date(1970, 1, 1)

_DAYS = Sql(
    "days_present",
    """
    select @day(f.at) as day, count(*) as exchanges, min(@hours(f.at)) as first_hour, max(@hours(f.at)) as last_hour
    from {features} f
    where f.account is not null
    group by @day(f.at)
    order by day
    """,
)

_SOME_DAYS = Sql(
    "features_of_days",
    """
    select f.* from {features} f join {chosen} c on @day(f.at) = c.day
    """,
)

_COUNTS = Sql(
    "exchanges_by_account",
    "select f.account, count(*) as exchanges from {features} f where f.account is not null group by f.account",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Calendar:
    """The days of the logs: exchanges that name an account by day since 1970 (UTC), and the first and last hour that they hold."""

    exchanges: dict[int, int]
    first_hour: int
    last_hour: int

    @property
    def last(self) -> int:
        """The last day."""
        return max(self.exchanges, default=0)

    def whole(self, through: dt.date | None) -> list[int]:
        """The days after one, in order, that the logs hold from their first hour to their last."""
        return [day for day in sorted(self.exchanges) if (through is None or _date(day) > through) and self._over(day)]

    def _over(self, day: int) -> bool:
        return self.first_hour <= day * 24 and self.last_hour >= day * 24 + 23


def read_calendar(engine: DuckEngine, features: Relation) -> Calendar:
    """The days that the logs hold."""
    rows = engine.to_arrow(engine.sql(_DAYS, features=features)).to_pylist()
    return Calendar(
        exchanges={row["day"]: row["exchanges"] for row in rows},
        first_hour=min((row["first_hour"] for row in rows), default=0),
        last_hour=max((row["last_hour"] for row in rows), default=0),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """A watch after a run, how many exchanges of how many days came too late to be fed, and how many clearances count no more."""

    watch: accounts.Watch
    late: int
    late_days: int
    expired: int

    def notes(self) -> Iterator[str]:
        """What a summary has to say of it."""
        if self.late:
            yield (
                f"{self.late:,} exchanges came after their day had been looked at (days: {self.late_days:,}): they count in the whole "
                "log, and in no history of days"
            )
        if self.expired:
            yield f"{self.expired:,} clearances are older than detect.clearance_days and count no more"
        for name, since in sorted(self.watch.off().items()):
            yield (
                f"warning: since {since} the cleared {kin(name)} no longer resemble the others: nobody new there is put up for review; "
                "clear accounts as they are today"
            )


def follow(
    engine: DuckEngine, store: Store, settings: Settings, *, features: Relation, calendar: Calendar, cleared: pa.Array
) -> Followed:
    """Feed the whole days that were not fed yet, each weighed on its own exchanges alone, and commit the histories.

    Without cleared accounts nothing is fed. What a crash leaves of it is fed again, and gives the same.
    """
    watched = accounts.Watch.kept(store.read("histories"), store.read("looks"))
    if len(cleared):
        facts, releases, signups = (engine.scan(name) for name in ("account_facts", "releases", "signups"))
        known = store.read("account_facts")
        for day in calendar.whole(watched.through):
            today = engine.keep(_of_days(engine, features, [day]))
            measured = signals.measure(engine, today, facts, releases, signups=signups, signals=_EVIDENCE)
            counts = engine.to_arrow(engine.sql(_COUNTS, features=today))
            sent = dict(zip(counts["account"].to_pylist(), counts["exchanges"].to_pylist(), strict=True))
            everybody = np.union1d(np.asarray(watched.histories["account"]), np.array(sorted(sent), dtype=np.int64))
            weighed = accounts.weigh(
                as_measured(measured), known, settings.detect, accounts=pa.array(everybody), cleared=cleared
            )
            watched = accounts.watch(watched, _date(day), weighed, settings.detect, exchanges=sent)
    store.put("looks", watched.looks)
    store.put("histories", watched.histories)
    late = _late(watched, calendar)
    return Followed(
        watch=watched,
        late=sum(late.values()),
        late_days=len(late),
        expired=store.manifest("labels").rows - len(cleared),
    )


def window(engine: DuckEngine, features: Relation, calendar: Calendar, days: int) -> Relation:
    """The exchanges of the last days of the logs, on which single accounts are measured and compared."""
    chosen = [day for day in calendar.exchanges if day > calendar.last - days]
    whole = len(chosen) == len(calendar.exchanges)
    return features if whole else engine.keep(_of_days(engine, features, chosen))


def cleared_accounts(store: Store, calendar: Calendar, days: int) -> pa.Array:
    """Accounts whose clearance counts at the end of the logs: given in the last days before it, or without a date."""
    labels = store.read("labels", ["account", "at"])
    ends = _date(calendar.last)
    fresh = [at is None or ends - at.date() < dt.timedelta(days) for at in labels["at"].to_pylist()]
    return labels["account"].combine_chunks().filter(pa.array(fresh, pa.bool_()))


def as_measured(measured: Mapping[str, pa.Table]) -> list[accounts.Measured]:
    """Signals as they were measured, with what must be known of them to weigh them."""
    return [
        accounts.Measured(
            name=one.name, title=one.title, needs=one.needs, evidence=one.evidence, rows=measured[one.name]
        )
        for one in signals.SIGNALS.values()
        if one.name in measured
    ]


_EVIDENCE = [one for one in signals.SIGNALS.values() if one.evidence]


def _of_days(engine: DuckEngine, features: Relation, days: list[int]) -> Relation:
    chosen = engine.from_arrow(pa.table({"day": pa.array(days, pa.int64())}))
    return engine.sql(_SOME_DAYS, features=features, chosen=chosen)


def _late(watched: accounts.Watch, calendar: Calendar) -> dict[int, int]:
    """Exchanges by day, from the first look on, that are in the logs and were not when their day was looked at or passed over."""
    if watched.through is None:
        return {}
    fed: Counter[int] = Counter()
    for row in watched.looks.to_pylist():
        fed[(row["day"] - _EPOCH).days] += row["exchanges"]
    last = (watched.through - _EPOCH).days
    missing = {day: count - fed[day] for day, count in calendar.exchanges.items() if min(fed) <= day <= last}
    return {day: count for day, count in missing.items() if count > 0}


def _date(day: int) -> dt.date:
    return _EPOCH + dt.timedelta(days=day)
