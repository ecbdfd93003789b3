"""Who stands how: the machine's proposals and people's decisions merged into one table and one file, which every gateway reads.

This is the only writer of standing. A proposal counts at once, and ends when `detect.standing_days` have passed by the time of the logs
since it was last concluded; until then a milder one does not replace it, so that an account at a threshold does not come
and go with every scan.
A person's decision counts from the moment it is in force, and until it is withdrawn.
"""

from __future__ import annotations

import contextlib
import datetime as dt
import fcntl
import logging
import os
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.cases import Desk, Ruling
from stillwatch.core import Settings, handle
from stillwatch.core.errors import Error, FormatError
from stillwatch.engine import Store, Workspace, durable_write, table
from stillwatch.pipeline.decided import Decided, decided
from stillwatch.pipeline.histories import cleared_accounts
from stillwatch.pipeline.proposals import STEPS, Proposal, proposals
from stillwatch.pipeline.purposes import purposes_now
from stillwatch.pipeline.view_rows import facts_by_account
from stillwatch.policy import Standing, connect, push_standing, read_standing, write_standing

__all__ = ["PUSH_TO", "merged", "publish_standing", "standing_file", "standing_of"]

_log = logging.getLogger(__name__)
_Row = Mapping[str, Any]

PUSH_TO = "STILLWATCH_VALKEY"
"""The variable of the environment that names the Valkey or Redis server; an address may hold a password, so it stands in no file."""


def standing_file(workspace: Workspace) -> Path:
    """Where the standing lies."""
    return workspace.root / "standing" / "standing.arrow"


def publish_standing(
    workspace: Workspace, settings: Settings, *, scanned: dt.datetime | None = None, desk: Desk | None = None
) -> Standing:
    """Work out the standing of every account that has one, and replace table and file.

    Args:
        scanned: when the scan ended that concluded the tables. Without it only people's decisions are taken up: the standing is as old as
            it was, for nothing new was concluded about anybody.
        desk: the journal of cases, where it is open already.

    Raises:
        TamperingFound: when the journal of cases is not as it was written; the standing before stays.
    """
    path = standing_file(workspace)
    with _alone(workspace):
        store = Store(workspace.root)
        before = _before(path)
        old = {row["account"]: row for row in store.read("standing").to_pylist()}
        seen = _end_of_logs(store)
        proposed = proposals(store, settings) if scanned is not None else {}
        rulings = {**_cleared(store, settings, seen), **decided(workspace, desk)}
        lasts = dt.timedelta(days=settings.detect.standing_days)
        rows = merged(proposed, rulings, old, seen=seen, lasts=lasts, fresh=scanned is not None)
        facts = facts_by_account(store, rows, ("product_type", "declared_programme"))
        registered = purposes_now(workspace, rows, desk)
        for account, row in rows.items():
            known = facts.get(account, {})
            programme = known.get("declared_programme")
            row["product"] = known.get("product_type")
            row["purposes"] = registered.get(account, [programme] if programme else [])
            row["ticket"] = workspace.names.name("standing", f"{account}/{row['since']}")
        made = pa.Table.from_pylist([rows[account] for account in sorted(rows)], schema=table("standing").schema)
        store.put("standing", made)
        age = before.made if scanned is None else scanned.timestamp()
        standing = Standing(rows=made, serial=before.serial + 1, made=age)
        durable_write(_beside(path), msgspec.json.encode(_Kept(serial=standing.serial, made=standing.made)), mode=0o600)
        write_standing(path, standing)
        _push(path, workspace.key)
        return standing


def standing_of(workspace: Workspace, name: str) -> tuple[_Row, Path]:
    """The row of `standing` that a handle names, of an account (A-...) or of an appeal against the machine's step (S-...), and its file.

    Raises:
        FormatError: when the handle names nobody who has a standing.
    """
    for row in workspace.store.read("standing").to_pylist():
        if name.strip() in (handle("account", row["account"]), f"S-{row['ticket'] & 0xFFFF_FFFF_FFFF_FFFF:016x}"):
            return row, standing_file(workspace)
    raise FormatError(f"{name}: has no standing; nothing is proposed or decided about it")


def merged(
    proposed: Mapping[int, Proposal],
    rulings: Mapping[int, Decided],
    before: Mapping[int, _Row],
    *,
    seen: dt.datetime | None,
    lasts: dt.timedelta,
    fresh: bool = True,
) -> dict[int, dict[str, Any]]:
    """The rows of `standing` by account, without what is on record of the account.

    Args:
        proposed: what the machine proposes now.
        rulings: what people decided.
        before: the rows until now.
        seen: the end of the logs; a proposal stands for `lasts` after it.
        fresh: whether `proposed` is a new conclusion; otherwise the proposals until now go on as they are.
    """
    rows: dict[int, dict[str, Any]] = {}
    for account in {*proposed, *rulings, *before}:
        old = before.get(account)
        lives = old is not None and old["until"] is not None and (seen is None or seen < old["until"])
        row = _proposed(proposed.get(account), old if lives else None, seen, lasts, fresh=fresh)
        ruling = rulings.get(account)
        if row["proposed"] == STEPS[0] and ruling is None:
            continue
        reasons = {*row.pop("reasons"), *([ruling.reason] if ruling is not None else [])}
        rows[account] = {
            **row,
            "account": account,
            "decided": None if ruling is None else ruling.ruling.value,
            "appeal": None if ruling is None else ruling.appeal,
            "reasons": sorted(reasons),
        }
    return rows


def _proposed(
    now: Proposal | None, old: _Row | None, seen: dt.datetime | None, lasts: dt.timedelta, *, fresh: bool
) -> dict[str, Any]:
    """The machine's part of a row: what it proposes now, or what it proposed before where that was harder and has not ended."""
    rank = -1 if now is None else STEPS.index(now.step)
    if old is not None and (not fresh or STEPS.index(old["proposed"]) > rank):
        kept = {name: old[name] for name in _MACHINE}
        if now is not None and fresh:
            kept["evidence"], kept["lookalike"] = now.evidence, now.lookalike
        kept["reasons"] = [one for one in old["reasons"] if one in _MACHINE_REASONS]
        return kept
    if now is None:
        return {**dict.fromkeys(_MACHINE), "proposed": STEPS[0], "kinds": 0, "reasons": []}
    return {
        "proposed": now.step,
        "actor": now.actor,
        "actor_accounts": now.actor_accounts,
        "evidence": now.evidence,
        "kinds": now.kinds,
        "lookalike": now.lookalike,
        "since": seen if old is None else old["since"],
        "seen": seen,
        "until": None if seen is None else seen + lasts,
        "reasons": sorted(now.reasons),
    }


_MACHINE = ("proposed", "actor", "actor_accounts", "evidence", "kinds", "lookalike", "since", "seen", "until")
_MACHINE_REASONS = frozenset({"unusual_traffic", "coordinated_accounts"})


def _cleared(store: Store, settings: Settings, seen: dt.datetime | None) -> dict[int, Decided]:
    """Accounts that an analyst's list clears: a decision too, which one in a case replaces."""
    if seen is None:
        return {}
    accounts = cleared_accounts(store.read("labels"), seen.date(), settings.detect.clearance_days).to_pylist()
    return {account: Decided(ruling=Ruling.CLEAR, reason="listed_as_cleared") for account in accounts}


def _before(path: Path) -> Standing:
    """The file until now. Of one that cannot be read, number and time are taken from what is kept beside it: a gateway that knows a later
    number would not take up what follows, and an age that is lost would look like no scan at all."""
    try:
        return read_standing(path)
    except FormatError:
        kept = _Kept()
        with contextlib.suppress(OSError, msgspec.MsgspecError):
            kept = msgspec.json.decode(_beside(path).read_bytes(), type=_Kept)
        return Standing(rows=Standing.none().rows, serial=kept.serial, made=kept.made)


class _Kept(msgspec.Struct, frozen=True, kw_only=True):
    serial: int = 0
    made: float | None = None


def _beside(path: Path) -> Path:
    return path.with_name("last.json")


def _end_of_logs(store: Store) -> dt.datetime | None:
    """When the last exchange of the logs began, from the statistics of their parts."""
    last: dt.datetime | None = None
    for path in store.files("features"):
        meta = pq.read_metadata(path)
        place = meta.schema.names.index("at")
        for group in range(meta.num_row_groups):
            told = meta.row_group(group).column(place).statistics
            if told is not None and told.has_min_max and (last is None or told.max > last):
                last = told.max
    return last


def _push(path: Path, key: bytes) -> None:
    """Push the standing where the environment names a server. One that is down makes gateways elsewhere late, which they tell."""
    url = os.environ.get(PUSH_TO)
    if url:
        try:
            push_standing(connect(url), path, key)
        except Error as error:
            _log.warning("standing not pushed: %s", error)


@contextlib.contextmanager
def _alone(workspace: Workspace) -> Iterator[None]:
    """Wait for others who publish: a decision at the desk and the end of a scan may come at once."""
    folder = workspace.root / "standing"
    folder.mkdir(mode=0o700, exist_ok=True)
    with (folder / "lock").open("a") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield
