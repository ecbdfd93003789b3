"""One account at a time: everything that the tables say of it, found without reading the rest of them.

For pages that answer at once over a million accounts. `Drawers` reads once where the rows of each account lie; it belongs to one committed
state of the tables, and whoever keeps it makes another after the next scan.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.core import Error
from stillwatch.engine import DuckEngine, Lookup, Sql, Workspace
from stillwatch.pipeline.view_accounts import account_view
from stillwatch.report import AccountView
from stillwatch.report.third_parties import covered

__all__ = ["Drawers", "ExchangeLine", "Text", "exchanges_of", "open_texts"]

_LINES = Sql(
    "exchange_lines",
    """
    select f.exchange_id, f.at, f.model, f.pathway, f.outcome, f.client_claimed, f.turns, f.prompt_words, f.output_words,
      f.output_tokens, f.reasoning_tokens, f.elicitation, f.retention_class
    from {features} f join {wanted} w on f.account = w.account
    order by f.at desc, f.exchange_id
    limit 200
    """,
)

_TEXTS = ("system", "prompt", "output", "reasoning")


@dataclass(frozen=True, kw_only=True, slots=True)
class ExchangeLine:
    """One exchange of an account without a word of its text."""

    exchange: int
    at: dt.datetime
    model: str | None
    pathway: str | None
    outcome: str | None
    client: str | None
    turns: int | None
    prompt_words: int | None
    output_words: int | None
    output_tokens: int | None
    reasoning_tokens: int | None
    elicitation: int | None
    kept: bool


@dataclass(frozen=True, kw_only=True, slots=True)
class Text:
    """What was said in one exchange; unknown where nothing was logged or kept."""

    exchange: int
    at: dt.datetime
    system: str | None
    prompt: str | None
    output: str | None
    reasoning: str | None


class Drawers:
    """Where the rows of every account lie, in one committed state of a workspace's tables."""

    def __init__(self, workspace: Workspace) -> None:
        store = workspace.store
        self.evidence = Lookup(store, "account_evidence", copies=workspace.root / "state" / "console")
        self.facts = Lookup(store, "account_facts")
        self.links = Lookup(store, "links")
        self.signups = Lookup(store, "signups")
        members = store.read("actor_members", ["actor", "account", "reason", "valid_from", "valid_to"])
        self._places: dict[int, list[int]] = {}
        for place, account in enumerate(members.column("account").to_pylist()):
            self._places.setdefault(account, []).append(place)
        self._members = members
        self.quantiles = {
            (row["signal"], row["stratum"]): row["quantiles"] for row in store.read("calibration").to_pylist()
        }

    def memberships(self, account: int) -> list[dict[str, Any]]:
        """The account's rows of `actor_members`."""
        rows: list[dict[str, Any]] = self._members.take(pa.array(self._places.get(account, []), pa.int64())).to_pylist()
        return rows

    def account(self, account: int, *, threshold_p: float | None) -> AccountView | None:
        """The account as a report shows it, with all its signals; `None` where the scan has no verdict on it."""
        memberships = self.memberships(account)
        return account_view(
            self.evidence.rows(account).to_pylist(),
            quantiles=self.quantiles,
            facts=self.known(account),
            actor=memberships[0]["actor"] if memberships else None,
            threshold_p=threshold_p,
        )

    def known(self, account: int) -> dict[str, Any]:
        """What the provider's records say of the account, or nothing."""
        rows: list[dict[str, Any]] = self.facts.rows(account).to_pylist()
        return rows[0] if rows else {}

    def ties(self, account: int) -> list[dict[str, Any]]:
        """What the account shares with others, the rarest first."""
        rows = self.links.rows(account).to_pylist()
        return sorted(rows, key=lambda row: (row["hub"], row["object_accounts"], row["kind"], row["object"]))

    def sharing(self, account: int) -> Counter[str]:
        """How many shared things of each kind tie the account, hubs left out."""
        return Counter(row["kind"] for row in self.ties(account) if not row["hub"])


def exchanges_of(workspace: Workspace, account: int) -> list[ExchangeLine]:
    """The latest 200 exchanges of an account, newest first, without their text. Reads all features: seconds, not milliseconds."""
    wanted = pa.table({"account": pa.array([account], pa.int64())})
    with DuckEngine(workspace.store, memory_mb=1024, scratch=workspace.scratch) as engine:
        rows = engine.to_arrow(
            engine.sql(_LINES, features=engine.scan("features"), wanted=engine.from_arrow(wanted))
        ).to_pylist()
    return [
        ExchangeLine(
            exchange=row.pop("exchange_id"),
            client=row.pop("client_claimed"),
            kept=row.pop("retention_class") != "zero",
            **row,
        )
        for row in rows
    ]


def open_texts(workspace: Workspace, account: int, exchanges: Sequence[int]) -> list[Text]:
    """The texts of some exchanges of one account, oldest first. Whoever calls has recorded who opens them, and why.

    What belongs to third parties (`report.third_parties`) is covered in them.

    Raises:
        Error: when one of them is not an exchange of this account.
    """
    wanted = pa.array(sorted(set(exchanges)), pa.int64())
    mine = (pc.field("account") == account) & pc.field("exchange_id").isin(wanted)
    store = workspace.store
    found = [pq.read_table(path, columns=["at"], filters=mine) for path in store.files("features")]
    days = {at.date().isoformat() for part in found for at in part.column("at").to_pylist()}
    columns = ["exchange_id", "at", *_TEXTS]  # texts are large: only those of the days that matter are decoded
    parts = [pq.read_table(path, columns=columns, filters=mine) for path in store.files("exchanges", days=days)]
    rows = (
        pa.concat_tables(parts).sort_by([("at", "ascending"), ("exchange_id", "ascending")]).to_pylist()
        if parts
        else []
    )
    if len({row["exchange_id"] for row in rows}) < len(wanted):
        raise Error("an exchange that was asked for is not one of this account")
    for row in rows:
        row.update({name: covered(row[name]) for name in _TEXTS if row[name]})
    return [Text(exchange=row.pop("exchange_id"), **row) for row in rows]
