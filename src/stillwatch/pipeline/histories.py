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
from stillwatch.engine import Engine, Relation, Sql, Store

__all__ = [
    "Calendar",
    "Followed",
    "as_measured",
    "cleared_accounts",
    "follow",
    "read_calendar",
    "recent_dates",
    "recent_days",
    "window",
]

_EPOCH = dt.date(1970, 1, 1)

_COMMITTED_EVERY = 5
"""Days after which the histories are committed, so that a first scan of many days that is cut off need not begin anew."""

_DAYS = Sql(
    "days_present",
    """
    select @day(f.at) as day, count(*) as exchanges, min(@hours(f.at)) as first_hour
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
    """The days of the logs: exchanges that name an account by day since 1970 (UTC), and the first hour that they hold."""

    exchanges: dict[int, int]
    first_hour: int

    @property
    def last(self) -> int:
        """The last day."""
        return max(self.exchanges, default=0)

    @property
    def end(self) -> dt.date:
        """The last day as a date."""
        return _date(self.last)

    def whole(self, through: dt.date | None) -> list[int]:
        """The days after one, in order, that the logs hold from their first hour to their end: an exchange of a later day is there.

        An exchange late on the day itself proves nothing: logs read at five past eleven hold one.
        """
        return [
            day
            for day in sorted(self.exchanges)
            if (through is None or _date(day) > through) and self.first_hour <= day * 24 and day < self.last
        ]


def read_calendar(engine: Engine, features: Relation) -> Calendar:
    """The days that the logs hold."""
    rows = engine.to_arrow(engine.sql(_DAYS, features=features)).to_pylist()
    return Calendar(
        exchanges={row["day"]: row["exchanges"] for row in rows},
        first_hour=min((row["first_hour"] for row in rows), default=0),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class Followed:
    """A watch after a run.

    `cleared` holds the accounts whose clearance counts at the end of the logs, `expired` says how many count no more; `late` exchanges of
    `late_days` days came too late to be fed.
    """

    watch: accounts.Watch
    cleared: pa.Array
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


def follow(engine: Engine, store: Store, settings: Settings, *, calendar: Calendar) -> Followed:
    """Feed the whole days that were not fed yet, each weighed on its own exchanges alone, and commit the histories.

    A day counts those as cleared whose clearance counts on that day; a day without any is passed over. Every few days are committed, the
    looks first: what a crash leaves of them is fed again, and gives the same.
    """
    watched = accounts.Watch.kept(store.read("histories"), store.read("looks"))
    labels, known = store.read("labels", ["account", "at"]), store.read("account_facts")
    unsaved = 0
    for day in calendar.whole(watched.through):
        cleared = cleared_accounts(labels, _date(day), settings.detect.clearance_days)
        if not len(cleared):
            continue
        with engine.within() as daily:
            sent, measured = _one_day(daily, day)
        everybody = np.union1d(np.asarray(watched.histories["account"]), np.array(sorted(sent), dtype=np.int64))
        weighed = accounts.weigh(
            as_measured(measured), known, settings.detect, accounts=pa.array(everybody), cleared=cleared
        )
        watched = accounts.watch(watched, _date(day), weighed, settings.detect, exchanges=sent)
        unsaved += 1
        if unsaved == _COMMITTED_EVERY:
            _commit(store, watched)
            unsaved = 0
    _commit(store, watched)
    late = _late(watched, calendar)
    now = cleared_accounts(labels, calendar.end, settings.detect.clearance_days)
    return Followed(
        watch=watched,
        cleared=now,
        late=sum(late.values()),
        late_days=len(late),
        expired=labels.num_rows - len(now),
    )


def recent_days(calendar: Calendar, days: int) -> list[int]:
    """The last days of the logs, as days since 1970."""
    return sorted(day for day in calendar.exchanges if day > calendar.last - days)


def recent_dates(calendar: Calendar, days: int) -> list[str]:
    """The last days of the logs, as parts of tables are named by them."""
    return [_date(day).isoformat() for day in recent_days(calendar, days)]


def window(engine: Engine, calendar: Calendar, days: int) -> Relation:
    """The exchanges of the last days of the logs, on which single accounts are measured and compared."""
    chosen = recent_days(calendar, days)
    whole = len(chosen) == len(calendar.exchanges)
    return engine.scan("features") if whole else engine.keep(_of_days(engine, chosen))


def cleared_accounts(labels: pa.Table, day: dt.date, clearance_days: int) -> pa.Array:
    """Accounts whose clearance counts on a day: given in the last days before it, after it, or without a date."""
    fresh = [at is None or day - at.date() < dt.timedelta(clearance_days) for at in labels["at"].to_pylist()]
    return labels["account"].combine_chunks().filter(pa.array(fresh, pa.bool_()))


def _one_day(engine: Engine, day: int) -> tuple[dict[int, int], dict[str, pa.Table]]:
    """How many exchanges each account sent on one day, and the signals of evidence measured on them."""
    today = _of_days(engine, [day])
    facts, releases, signups = (engine.scan(name) for name in ("account_facts", "releases", "signups"))
    counts = engine.to_arrow(engine.sql(_COUNTS, features=today))
    sent = dict(zip(counts["account"].to_pylist(), counts["exchanges"].to_pylist(), strict=True))
    return sent, signals.measure(engine, today, facts, releases, signups=signups, signals=_EVIDENCE)


def _commit(store: Store, watched: accounts.Watch) -> None:
    """Looks before histories: looks that the histories do not know are forgotten when a watch is taken up."""
    store.put("looks", watched.looks)
    store.put("histories", watched.histories)


def as_measured(measured: Mapping[str, pa.Table], topics: pa.Table | None = None) -> list[accounts.Measured]:
    """Signals as they were measured, with what must be known of them to weigh them; the table `topics` puts some into words."""
    words = None if topics is None else signals.topics_in_words(topics)
    return [
        accounts.Measured(
            name=one.name,
            title=one.title,
            needs=one.needs,
            evidence=one.evidence,
            rows=measured[one.name],
            unweighed=one.unweighed,
            words=words if one.name == "topic_focus" else None,
        )
        for one in signals.SIGNALS.values()
        if one.name in measured
    ]


_EVIDENCE = [one for one in signals.SIGNALS.values() if one.evidence]


def _of_days(engine: Engine, days: list[int]) -> Relation:
    """The features of some days, read from the files of these days alone."""
    chosen = engine.from_arrow(pa.table({"day": pa.array(days, pa.int64())}))
    features = engine.scan("features", days=[_date(day).isoformat() for day in days])
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
