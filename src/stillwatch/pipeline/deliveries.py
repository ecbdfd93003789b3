"""Alerts on their way out by webhook: an outbox that survives a kill, with every attempt on record.

    desk/deliveries.sqlite   one row an alert and webhook, one row an attempt

An alert is queued once for each webhook that wants its kind; it is tried at once, then ever more seldom over three days, and given up
after that. `410 Gone` ends a webhook until its URL changes. An alert may arrive twice when the process is killed between the answer and
its record; its id is the same then, and receivers drop what they have seen.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import http.client
import random
import sqlite3
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import msgspec

from stillwatch.pipeline.posting import Answer, Refused, post
from stillwatch.pipeline.webhooks import Webhook
from stillwatch.report.alerts import FORMS, Alert, signed_headers, webhook_body

__all__ = ["Deliveries", "Delivery", "Tried"]

SCHEDULE = (5, 300, 1800, 7200, 18_000, 36_000, 50_400, 72_000, 86_400)
"""Seconds between one attempt and the next, each made longer or shorter by up to a fifth."""

_LONGEST_WAIT = 86_400
_GONE = 410
_TEST = "test"
"""Kind of a message that is no alert."""
_MAKE = """
create table if not exists delivery (
    webhook text not null, id text not null, kind text not null, url text not null, body blob not null, queued real not null,
    due real, attempts integer not null default 0, state text not null default 'waiting', primary key (webhook, id)
) strict;
create table if not exists attempt (
    webhook text not null, id text not null, number integer not null, at real not null, status integer, outcome text not null,
    primary key (webhook, id, number)
) strict;
"""

Send = Callable[[Webhook, bytes, dict[str, str]], Answer]
Clock = Callable[[], dt.datetime]


@dataclass(frozen=True, kw_only=True, slots=True)
class Delivery:
    """One alert, or test, on its way to one webhook: waiting, delivered, given_up or gone; `due` is when it is tried next."""

    webhook: str
    id: str
    kind: str
    state: str
    attempts: int
    queued: dt.datetime
    due: dt.datetime | None
    last: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Tried:
    """One attempt just made: what came of it, in a word or a status."""

    webhook: str
    id: str
    number: int
    outcome: str
    delivered: bool


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC)


def _sent(webhook: Webhook, body: bytes, headers: dict[str, str]) -> Answer:
    return post(webhook.target, body, headers, allowed=webhook.unsafe_networks)


class Deliveries:
    """The outbox of one workspace.

    Args:
        path: its file; made when absent, readable by its owner alone.
        send: makes one attempt.
        clock: says the time.
        rng: spreads attempts.
    """

    def __init__(
        self, path: Path, *, send: Send = _sent, clock: Clock = _now, rng: random.Random | None = None
    ) -> None:
        self._path = path
        self._send = send
        self._clock = clock
        self._rng = rng or random.Random()  # noqa: S311 - spreads load, guards nothing
        path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
        path.touch(mode=0o600)
        with self._open() as store:
            store.executescript(_MAKE)

    def queue(self, alerts: Iterable[Alert], webhooks: Sequence[Webhook], source: str) -> int:
        """Put alerts in for every webhook that wants them; how many were new."""
        now, fresh = self._clock().timestamp(), 0
        with self._open() as store:
            for alert in alerts:
                for webhook in webhooks:
                    if alert.kind not in webhook.kinds:
                        continue
                    for number, value in enumerate(FORMS[webhook.form](alert, source)):
                        body = msgspec.json.encode(value) if webhook.bare else webhook_body(alert, value)
                        row = (webhook.name, f"{alert.id}-{number}", alert.kind, webhook.url, body, now, now)
                        fresh += store.execute(
                            "insert or ignore into delivery (webhook, id, kind, url, body, queued, due) values (?, ?, ?, ?, ?, ?, ?)",
                            row,
                        ).rowcount
        return fresh

    def send_due(self, webhooks: Sequence[Webhook]) -> Iterator[Tried]:
        """Try everything that is due, oldest first; a webhook that fails is left alone for the rest of the round."""
        for webhook in webhooks:
            for message, body, attempts in self._due(webhook):
                tried = self._try(webhook, message, body, attempts + 1)
                yield tried
                if not tried.delivered:
                    break

    def test(self, webhook: Webhook) -> Tried:
        """Send one message that is no alert, now and once; what came of it. It stands among the deliveries, and is never tried again."""
        now = self._clock()
        message = f"test-{now:%Y%m%d%H%M%S%f}"
        told = {"message": "A test of this webhook. Nothing was found and nothing was decided."}
        stamp = now.astimezone(dt.UTC).isoformat().replace("+00:00", "Z")
        body = msgspec.json.encode({"type": "stillwatch.test", "timestamp": stamp, "data": told})
        with self._open() as store:
            row = (webhook.name, message, _TEST, webhook.url, body, now.timestamp())
            store.execute(
                "insert into delivery (webhook, id, kind, url, body, queued, state) values (?, ?, ?, ?, ?, ?, 'given_up')",
                row,
            )
        return self._try(webhook, message, body, len(SCHEDULE) + 1)

    def again(self, webhook: str, message: str | None = None) -> int:
        """Make due what was given up or is waiting; how many. A webhook that was gone is tried again too."""
        with self._open() as store:
            done = store.execute(
                "update delivery set due = ?, state = 'waiting', attempts = 0 "
                "where webhook = ? and state != 'delivered' and kind != ? and id = coalesce(?, id)",
                (self._clock().timestamp(), webhook, _TEST, message),
            )
            return done.rowcount

    def counts(self) -> dict[str, dict[str, int]]:
        """How many deliveries each webhook has in which state."""
        found: dict[str, dict[str, int]] = {}
        with self._open() as store:
            for name, state, n in store.execute("select webhook, state, count(*) from delivery group by 1, 2"):
                found.setdefault(name, {})[state] = n
        return found

    def all(self, most: int = -1) -> list[Delivery]:
        """Every delivery with its latest outcome, newest first; of them the first `most`, where that is said."""
        with self._open() as store:
            rows = store.execute(
                """
                select d.webhook, d.id, d.kind, d.state, d.attempts, d.queued, d.due,
                       coalesce((
                           select a.outcome from attempt a where a.webhook = d.webhook and a.id = d.id order by a.number desc limit 1
                       ), '')
                from delivery d order by d.queued desc, d.webhook, d.id limit ?
                """,
                (most,),
            ).fetchall()
        return [
            Delivery(
                webhook=webhook,
                id=message,
                kind=kind,
                state=state,
                attempts=attempts,
                queued=dt.datetime.fromtimestamp(queued, dt.UTC),
                due=None if due is None else dt.datetime.fromtimestamp(due, dt.UTC),
                last=last,
            )
            for webhook, message, kind, state, attempts, queued, due, last in rows
        ]

    def _due(self, webhook: Webhook) -> list[tuple[str, bytes, int]]:
        with self._open() as store:
            gone = store.execute(
                "select 1 from delivery where webhook = ? and url = ? and state = 'gone' limit 1",
                (webhook.name, webhook.url),
            ).fetchone()
            if gone:
                return []
            return store.execute(
                "select id, body, attempts from delivery where webhook = ? and state = 'waiting' and due <= ? order by due, id",
                (webhook.name, self._clock().timestamp()),
            ).fetchall()

    def _try(self, webhook: Webhook, message: str, body: bytes, number: int) -> Tried:
        now = self._clock()
        headers = {**webhook.headers(), **signed_headers(webhook.secrets, f"msg_{message}", int(now.timestamp()), body)}
        status: int | None = None
        wait: int | None = None
        try:
            answer = self._send(webhook, body, headers)
            status, wait, outcome = answer.status, answer.retry_after, f"status {answer.status}"
        except Refused as error:
            outcome = f"refused: {error}"
        except (OSError, http.client.HTTPException) as error:
            outcome = f"no answer: {type(error).__name__}"
        delivered = status is not None and 200 <= status < 300
        state, due = self._next(number, status, wait, now, delivered=delivered)
        with self._open() as store:
            number_ever = store.execute(
                "select count(*) + 1 from attempt where webhook = ? and id = ?", (webhook.name, message)
            ).fetchone()[0]
            store.execute(
                "insert into attempt values (?, ?, ?, ?, ?, ?)",
                (webhook.name, message, number_ever, now.timestamp(), status, outcome),
            )
            store.execute(
                "update delivery set attempts = ?, state = ?, due = ?, url = ? where webhook = ? and id = ?",
                (number, state, due, webhook.url, webhook.name, message),
            )
        return Tried(webhook=webhook.name, id=message, number=number, outcome=outcome, delivered=delivered)

    def _next(
        self, number: int, status: int | None, wait: int | None, now: dt.datetime, *, delivered: bool
    ) -> tuple[str, float | None]:
        """The state after an attempt, and when the next one is due."""
        if delivered:
            return "delivered", None
        if status == _GONE:
            return "gone", None
        if number > len(SCHEDULE):
            return "given_up", None
        seconds = SCHEDULE[number - 1] * self._rng.uniform(0.8, 1.2)
        return "waiting", now.timestamp() + max(seconds, min(wait or 0, _LONGEST_WAIT))

    @contextlib.contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        """The store for one step, which is on the disk when the block ends."""
        store = sqlite3.connect(self._path, timeout=30)
        try:
            with store:
                store.execute("pragma synchronous = full")
                yield store
        finally:
            store.close()
