"""What a provider knows beside its logs: accounts, product telemetry and model launches, from CSV, JSON lines or Parquet."""

from __future__ import annotations

import csv
import errno
import io
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, TypeVar

import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import FormatError
from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.engine.tables import table

from .batch import VaultPair
from .clean import BadField, Reading, billed, label
from .collecting import no_search_for_cycles
from .exchange import account_id, client_claimed
from .open_source import fingerprint, open_stream
from .records import Fault, document_records, is_lines, line_records

__all__ = ["CLEARED", "TELEMETRY", "Facts", "read_accounts", "read_cleared", "read_releases", "read_telemetry"]

CLEARED = "cleared"
"""The label of accounts that a person looked at and found to be ordinary customers."""

TELEMETRY: pa.Schema = pa.schema(
    [pa.field("account", pa.int64(), nullable=False), pa.field("client", pa.string(), nullable=False)]
)
"""(account, client) pairs for which product telemetry was seen."""

_ACCOUNTS: dict[str, tuple[str, ...]] = {
    "account": ("account_id", "customer", "customer_id", "user_account", "tenant", "tenant_id", "id"),
    "org": ("org_id", "organization", "organization_id", "organisation", "organisation_id"),
    "created": ("created_at", "opened_at", "signup_at", "registered_at"),
    "plan": ("tier", "plan_name"),
    "entitlement": ("daily_entitlement", "requests_per_day", "quota", "daily_limit"),
    "product_type": ("use_case", "usage_type", "product"),
    "signup_path": ("signup_channel", "acquisition", "channel"),
    "payment": ("payment_instrument", "payment_id", "card_fingerprint", "payment_fingerprint"),
    "registration": ("registration_pattern", "email_pattern", "email_domain"),
    "device": ("device_id", "device_fingerprint"),
    "declared_programme": ("declared_program", "programme", "program"),
    "contract_region": ("region",),
    "verification": ("verified", "kyc", "identity_check"),
    "mail_kind": ("mail_class", "mail_domain_class", "email_kind", "email_type", "email_class"),
    "card_kind": ("card_type", "card_funding", "payment_kind", "payment_method_type"),
}
_TELEMETRY: dict[str, tuple[str, ...]] = {
    "account": _ACCOUNTS["account"],
    "client": ("client_name", "product", "app", "application"),
}
_RELEASES: dict[str, tuple[str, ...]] = {
    "model": ("model_name", "model_id", "name"),
    "at": ("released_at", "released", "launch", "launched_at", "date", "release_date"),
}
_LABELS: dict[str, tuple[str, ...]] = {
    "account": _ACCOUNTS["account"],
    "label": ("decision", "status", "verdict"),
    "by": ("analyst", "reviewer", "decided_by", "cleared_by"),
    "at": ("decided_at", "cleared_at", "date", "time"),
    "reason": ("why", "note", "comment"),
}
_Key = TypeVar("_Key")
_Row = tuple[Any, ...]
"""One row of a table, in the order of its columns."""
_DELIMITERS = ",;\t|"
_AT_ONCE = 16_384
"""Rows that are held as Python values."""
_FEW = 1000
"""Different words of a column whose meaning is remembered."""
_MOST_BYTES = 4 << 30
"""Bytes of facts, after decompression, that are held at once: far more than any file of facts that was meant as one."""
_PSEUDONYMS = ("org", "payment", "registration", "device")
_WORDS = (
    "plan",
    "product_type",
    "signup_path",
    "declared_programme",
    "contract_region",
    "verification",
    "mail_kind",
    "card_kind",
)


_NOTHING = frozenset(("-", "--", "n/a", "null", "nil", "nan", "none", "no", "false", "0", "unknown", "undefined"))
"""How tables write that they know nothing; as a fact it would join all accounts that lack it."""
_MEANT = {
    "verification": frozenset(("none", "no", "false", "0")),
    "contract_region": frozenset(("no",)),
    "card_kind": frozenset(("none",)),
}
"""Where such a word says something: no identity check was passed; Norway; no card."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Facts:
    """A table of facts, the rows that could not be read, names for the vault, and counted notes."""

    table: pa.Table
    rejects: pa.Table
    vault: list[VaultPair] = field(default_factory=list)
    notes: dict[str, int] = field(default_factory=dict)


def read_accounts(path: str | Path, names: Pseudonymiser, *, now: int | None = None) -> Facts:
    """Read account facts into the shape of `account_facts`. Of two rows of one account the later counts.

    Raises:
        FormatError: when the file has no column that names the account.
    """
    vault: dict[tuple[str, str], int] = {}

    schema = table("account_facts").schema

    def one(row: dict[str, Any], reading: Reading) -> tuple[int, _Row]:
        account = _account(row, names, vault)
        found: dict[str, Any] = {"account": account}
        for name in _PSEUDONYMS:
            raw = _said(row.get(name), name)
            found[name] = None if raw is None else names.name(name, raw)
            if raw is not None and name == "org":
                vault[name, raw] = found[name]
        created = row.get("created")
        unsaid = created is None or (isinstance(created, str) and _said(created, "created") is None)
        found["created"] = None if unsaid else reading.at(created, "created")
        found["entitlement"] = billed(row.get("entitlement"), "entitlement", limit=10**15)
        for name, meant in words.items():
            raw = row.get(name)
            if type(raw) is not str:
                found[name] = _said(raw, name)
            elif raw in meant:
                found[name] = meant[raw]
            else:
                found[name] = _said(raw, name)
                if len(meant) < _FEW:
                    meant[raw] = found[name]
        return account, tuple(map(found.get, schema.names))

    words: dict[str, dict[str, str | None]] = {name: {} for name in _WORDS}
    found, rejects, reading = _collect(Path(path), schema, _ACCOUNTS, "account", one, now)
    pairs = [(kind, value, raw) for (kind, raw), value in sorted(vault.items())]
    return Facts(table=found, rejects=rejects, vault=pairs, notes=dict(reading.notes))


def read_telemetry(path: str | Path, names: Pseudonymiser) -> Facts:
    """Read product telemetry as distinct (account, client) pairs; `client` is written as `exchanges.client_claimed` is.

    Raises:
        FormatError: when the file has no column that names the account.
    """

    def one(row: dict[str, Any], _reading: Reading) -> tuple[tuple[int, str], _Row]:
        account = _account(row, names, {})
        given = label(row.get("client"))
        client = client_claimed(given) if given else None
        if client is None:
            raise BadField("client", "got nothing, expected the client's name")
        return (account, client), (account, client)

    found, rejects, reading = _collect(Path(path), TELEMETRY, _TELEMETRY, "account", one, None)
    ordered = found.sort_by([("account", "ascending"), ("client", "ascending")])
    return Facts(table=ordered, rejects=rejects, notes=dict(reading.notes))


def read_releases(path: str | Path) -> Facts:
    """Read model launches into the shape of `releases`. Launches to come are allowed.

    Raises:
        FormatError: when the file has no column that names the model.
    """

    def one(row: dict[str, Any], reading: Reading) -> tuple[str, _Row]:
        model = label(row.get("model"))
        if model is None:
            raise BadField("model", "got nothing, expected the model's name")
        return model, (model, reading.at(row.get("at"), "at"))

    found, rejects, reading = _collect(Path(path), table("releases").schema, _RELEASES, "model", one, None)
    return Facts(table=found, rejects=rejects, notes=dict(reading.notes))


def read_cleared(path: str | Path, names: Pseudonymiser, *, now: int | None = None) -> Facts:
    """Read the accounts that people have cleared into the shape of `labels`: a table, or a plain list with one account a line.

    Raises:
        FormatError: when a table has no column that names the account.
    """
    vault: dict[tuple[str, str], int] = {}

    def one(row: dict[str, Any], reading: Reading) -> tuple[int, _Row]:
        account = _account(row, names, vault)
        said = label(row.get("label")) or CLEARED
        if said.lower() != CLEARED:
            raise BadField("label", f'got "{said}", expected {CLEARED} or nothing')
        at = None if row.get("at") is None else reading.at(row["at"], "at")
        return account, (account, CLEARED, label(row.get("by")), at, label(row.get("reason")))

    found, rejects, reading = _collect(Path(path), table("labels").schema, _LABELS, "account", one, now, bare=True)
    pairs = [(kind, value, raw) for (kind, raw), value in sorted(vault.items())]
    return Facts(table=found, rejects=rejects, vault=pairs, notes=dict(reading.notes))


def _said(value: Any, name: str) -> str | None:
    word = label(value)
    if word is None:
        return None
    lowered = word.lower()
    return None if lowered in _NOTHING and lowered not in _MEANT.get(name, ()) else word


def _account(row: dict[str, Any], names: Pseudonymiser, vault: dict[tuple[str, str], int]) -> int:
    raw = label(row.get("account"))
    if raw is None:
        raise BadField("account", "got nothing, expected the account's name")
    raw = account_id(raw)
    named = vault["account", raw] = names.name("account", raw)
    return named


def _table(rows: Sequence[_Row], schema: pa.Schema) -> pa.Table:
    columns = zip(*rows, strict=True) if rows else [()] * len(schema)
    return pa.table([_column(values, f.type) for f, values in zip(schema, columns, strict=True)], schema=schema)


def _column(values: Sequence[Any], kind: pa.DataType) -> pa.Array:
    """Values as a table can hold them: JSON can spell half a character, UTF-8 cannot."""
    try:
        return pa.array(values, kind)
    except UnicodeEncodeError:
        return pa.array(list(map(_written, values)), kind)


def _written(value: Any) -> Any:
    return value.encode("utf-16", "surrogatepass").decode("utf-16", "replace") if isinstance(value, str) else value


@no_search_for_cycles()
def _collect(
    path: Path,
    schema: pa.Schema,
    aliases: dict[str, tuple[str, ...]],
    key_column: str,
    one: Callable[[dict[str, Any], Reading], tuple[_Key, _Row]],
    now: int | None,
    *,
    bare: bool = False,
) -> tuple[pa.Table, pa.Table, Reading]:
    """Rows as a table of `schema`, of equal keys the last one; rejects; what was noted. A `bare` list may name one key a line.

    Rows become columns a few thousand at a time: as Python values those of a million accounts take gigabytes.
    """
    reading = Reading(now=now)
    source = fingerprint(path)
    done: list[pa.Table] = []
    rows: list[_Row] = []
    place: dict[_Key, int] = {}
    faults: list[_Row] = []
    known_columns = False
    ours: dict[tuple[str, ...], dict[str, str]] = {}
    for line, record in _rows(path, {key_column, *aliases[key_column]} if bare else None):
        field_name, reason = "row", ""
        if isinstance(record, Fault):
            reason = record.reason
        else:
            header = tuple(record)
            if header not in ours:
                ours[header] = _ours(header, aliases)
            row = {name: None if record[key] == "" else record[key] for name, key in ours[header].items()}
            known_columns |= key_column in row
            try:
                key, found = one(row, reading)
                if key in place:
                    reading.notes[f"rows that repeat one {key_column}"] += 1
                place[key] = len(done) * _AT_ONCE + len(rows)
                rows.append(found)
                if len(rows) == _AT_ONCE:
                    done.append(_table(rows, schema))
                    rows.clear()
                continue
            except BadField as fault:
                field_name, reason = fault.field, fault.reason
        faults.append((source, str(path), line, "facts", field_name, reason))
    if faults and not known_columns:
        wanted = ", ".join((key_column, *aliases[key_column]))
        raise FormatError(f"{path}: no column that names the {key_column}; expected one of {wanted}")
    whole = pa.concat_tables([*done, _table(rows, schema)])
    kept = whole.take(pa.array(place.values(), pa.int64())).combine_chunks()
    return kept, _table(faults, table("rejects").schema), reading


def _ours(header: tuple[str, ...], aliases: dict[str, tuple[str, ...]]) -> dict[str, str]:
    """Which column of a record holds what, by our names; of two that hold the same the first alias counts."""
    lowered = {key.strip().lower(): key for key in header}
    return {
        name: next(lowered[candidate] for candidate in (name, *others) if candidate in lowered)
        for name, others in aliases.items()
        if not lowered.keys().isdisjoint((name, *others))
    }


def _rows(path: Path, bare: set[str] | None = None) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    """Numbered records of a file. With `bare`, names that a key's column may have, a text whose first line is none of them
    and holds no delimiter is a list of accounts."""
    stream = open_stream(path)
    try:
        pieces: list[bytes] = []
        size = 0
        while block := stream.block():
            pieces.append(block)
            size += len(block)
            if size > _MOST_BYTES:
                raise FormatError(
                    f"{path}: more than {_MOST_BYTES >> 30} GiB of facts; is this the file that was meant?"
                )
    finally:
        stream.close()
    data = b"".join(pieces)
    del pieces
    if stream.ended_early:
        if not data:
            raise FormatError(f"{path}: the compressed file ends before its first byte")
        data = data[: data.rfind(b"\n") + 1]
        yield data.count(b"\n") + 1, Fault("the compressed file ends early; what stood before was read")
    if data.startswith(b"PAR1"):
        yield from enumerate(_parquet_rows(path), start=1)
    elif data.lstrip()[:1] in (b"{", b"["):
        records = line_records(data, 1) if is_lines(data) else document_records(data)
        for number, record, _ in records:
            yield number, record
    elif bare is not None and _is_list(data, bare):
        for number, line in enumerate(data.decode("utf-8-sig", "replace").splitlines(), start=1):
            if line.strip():
                yield number, {"account": line.strip()}
    else:
        yield from _csv_rows(data)


def _is_list(data: bytes, heads: set[str]) -> bool:
    first = data.lstrip().partition(b"\n")[0].decode("utf-8-sig", "replace").strip()
    return not any(one in first for one in _DELIMITERS) and first.strip('"').lower() not in heads


def _parquet_rows(path: Path) -> Iterator[dict[str, Any]]:
    try:
        with pq.ParquetFile(path) as file:
            for batch in file.iter_batches(_AT_ONCE):
                yield from batch.to_pylist()
    except (pa.ArrowException, ValueError, OverflowError, OSError) as error:
        if isinstance(error, OSError) and error.errno not in (None, errno.EINVAL):
            raise
        raise FormatError(f"{path}: starts as a Parquet file, but its data are damaged") from None


def _csv_rows(data: bytes) -> Iterator[tuple[int, dict[str, Any] | Fault]]:
    data = data.replace(b"\x00", b"")
    first = data.partition(b"\n")[0].decode("utf-8", "replace")
    delimiter = max(_DELIMITERS, key=first.count)
    lines = io.TextIOWrapper(io.BytesIO(data), encoding="utf-8-sig", errors="replace", newline="")
    reader = csv.reader(lines, delimiter=delimiter)
    header: list[str] = []
    number = 0
    while True:
        number += 1
        try:
            row = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield number, Fault(f"got a row that is no CSV ({error})")
            continue
        if not row:
            continue
        if not header:
            header = row
        elif len(row) != len(header):
            yield number, Fault(f"got {len(row)} values, expected {len(header)}")
        else:
            yield number, dict(zip(header, row, strict=True))
