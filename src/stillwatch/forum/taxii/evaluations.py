"""What custodians say they evaluated, and which keys they committed to, as events of the forum's log: each line once, and no gap unseen.

A custodian is a member that hub.toml calls one. It tells its lines in their order, by number; what it told before is passed over, and
numbers that never came stand in the log as a gap. The digest of an epoch's keys is told once: another one for the same epoch is refused,
and that it was tried stays in the log. Misled by: a custodian that evaluates and writes no line.
"""

from __future__ import annotations

from typing import Annotated, Any, Literal

import msgspec
from msgspec import Meta

from stillwatch.forum.log import Ledger
from stillwatch.forum.taxii.database import Connection
from stillwatch.forum.taxii.hub import Member
from stillwatch.forum.taxii.wire import Refusal

__all__ = ["MOST_LINES", "committed_keys", "take_evaluations"]

MOST_LINES = 1_000
"""Lines that are told at once."""

_Name = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9._-]{0,63}\Z")]
_Epoch = Annotated[str, Meta(pattern=r"^[a-z0-9][a-z0-9.-]{0,62}\Z")]
_Count = Annotated[int, Meta(ge=0, le=1 << 40)]


class _Line(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    seq: Annotated[int, Meta(ge=1, le=1 << 53)]
    at: Annotated[str, Meta(pattern=r"^\d{4}-\d\d-\d\dT\d\d:\d\dZ\Z")]
    member: _Name
    kind: Literal["email", "phone", "card", "device", "registration", ""]
    epoch: _Epoch | Literal[""]
    n: _Count
    outcome: Annotated[str, Meta(pattern=r"^[a-z_]{1,30}\Z")]


class _Keys(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    epoch: _Epoch
    digest: Annotated[str, Meta(pattern=r"^[0-9a-f]{64}\Z")]


class _Told(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    keys: Annotated[list[_Keys], Meta(max_length=100)] = []
    lines: Annotated[list[_Line], Meta(max_length=MOST_LINES)] = []


def take_evaluations(tx: Connection, member: Member, body: bytes, *, at: int) -> bytes:
    """Log what a custodian tells; the number of its last line that the log has, and epochs whose keys it tried to change.

    Raises:
        Refusal: 403 for who is no custodian, 422 for what is no list of lines in their order.
    """
    if not member.custodian:
        raise Refusal(403, "hub.toml does not call this member a custodian")
    try:
        told = msgspec.json.decode(body, type=_Told)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refusal(422, f"expected keys and lines of evaluations: {str(error)[:200]}") from error
    if any(one.seq >= other.seq for one, other in zip(told.lines, told.lines[1:], strict=False)):
        raise Refusal(422, "lines: expected them in the order of their numbers")
    known = _last(tx, member.name)
    events, changed = _keys(tx, member.name, told.keys)
    for line in told.lines:
        if line.seq <= known:
            continue
        if line.seq > known + 1:
            events.append({"kind": "gap", "member": member.name, "first": known + 1, "last": line.seq - 1})
        facts = msgspec.structs.asdict(line)
        events.append(
            {"kind": "evaluation", "custodian": member.name, "of": facts.pop("kind"), "told": facts.pop("at"), **facts}
        )
        known = line.seq
    put = "INSERT INTO marks (name, value) VALUES (?, ?) ON CONFLICT (name) DO UPDATE SET value = excluded.value"
    tx.do(put, f"told/{member.name}", known)
    Ledger(tx).add(events, at=at)
    return msgspec.json.encode({"last": known, "changed": changed})


def committed_keys(read: Connection) -> bytes:
    """The digest of every custodian's keys, by epoch: members hold what they pinned against it."""
    found = read.rows("SELECT name, value FROM keys WHERE name LIKE 'statement/%' ORDER BY name")
    told = [(*name.split("/")[1:], bytes(value).hex()) for name, value in found]
    return msgspec.json.encode(
        {"keys": [{"custodian": custodian, "epoch": epoch, "digest": digest} for custodian, epoch, digest in told]}
    )


def _last(tx: Connection, name: str) -> int:
    found = tx.rows("SELECT value FROM marks WHERE name = ?", f"told/{name}")
    return int(found[0][0]) if found else 0


def _keys(tx: Connection, name: str, keys: list[_Keys]) -> tuple[list[dict[str, Any]], list[str]]:
    """Events for keys that are new, or other than before."""
    events: list[dict[str, Any]] = []
    changed = []
    for one in keys:
        held = tx.rows("SELECT value FROM keys WHERE name = ?", f"statement/{name}/{one.epoch}")
        if held and bytes(held[0][0]).hex() == one.digest:
            continue
        told = {"member": name, "epoch": one.epoch, "digest": one.digest}
        if held:
            changed.append(one.epoch)
            events.append({"kind": "keys_changed", **told})
        else:
            tx.do(
                "INSERT INTO keys (name, value) VALUES (?, ?)",
                f"statement/{name}/{one.epoch}",
                bytes.fromhex(one.digest),
            )
            events.append({"kind": "keys", **told})
    return events, changed
