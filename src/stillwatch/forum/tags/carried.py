"""Lists of tags as objects that any TAXII server carries: a head that its maker signed names the parts, and each part is held to it.

A house's list goes to whoever makes the board, in a collection that members write and only that one reads; the board comes back in one
that all read. A list is filled up to a power of two with tags that nobody has, the same every time, so that neither the hub nor the board's
maker learns how many suspects a house has. Parts are cut by first bits: what did not change is not sent again, and each is a crowd.

Misled by: a hub that keeps a newer edition from somebody, which shows only when members compare digests; a maker that leaves tags out.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

import numpy as np

from stillwatch.cases import PublicKey, Signer
from stillwatch.cases.canonical import canonical
from stillwatch.forum.stix.ids import TAG_LIST, TAG_PART, TAGS_EXTENSION, stix_id
from stillwatch.forum.stix.shape import nested
from stillwatch.forum.stix.shapes import SHAPES
from stillwatch.forum.stix.tag_shapes import MOST_PARTS, no_tags, packed, unpacked
from stillwatch.forum.tags.board import Board, board_of
from stillwatch.forum.tags.buckets import piece
from stillwatch.forum.tags.canonical import RULES
from stillwatch.forum.tags.committed import Committee
from stillwatch.forum.tags.kinds import TAG_BYTES, Kind
from stillwatch.forum.tags.refusals import TagError
from stillwatch.forum.tags.tagging import padded_size
from stillwatch.forum.words import stamp
from stillwatch.forum.writing.objects import Sender, member_id, sdo

__all__ = ["Carried", "Role", "filled_up", "list_objects", "lists_in"]

Object = dict[str, Any]

MOST_IN_PART = 8_192
"""Tags of one part: under the 256 kB that a hub takes as one object."""

_FORM = b"stillwatch.tags.list/1\n"
_FILLING = b"stillwatch.tags.filling/1\n"
_SIGNED = (
    "created_by_ref", "role", "kind", "epoch", "rules", "committee", "edition", "bits", "parts", "valid_until",
)  # fmt: skip


class Role(StrEnum):
    """What a list is: one house's suspects, or the board made of all houses' lists."""

    LIST = "list"
    BOARD = "board"


@dataclass(frozen=True, kw_only=True)
class Carried:
    """What came in of one house: its newest list of a kind and epoch, or why it cannot be used. `digest` is what members compare."""

    code: str
    kind: Kind
    epoch: str
    edition: int
    digest: str
    board: Board | None = None
    fault: str = ""


def filled_up(board: Board, signer: Signer) -> Board:
    """A list with tags that nobody has, up to a power of two and 64 at least; the same list is filled in the same way."""
    seed = hashlib.sha256(signer.sign(_FILLING + f"{board.kind}\0{board.epoch}".encode())).digest()
    rows = [row.tobytes() for row in board.rows()]
    wanted = padded_size(max(1, len(rows))) - len(rows)
    filling = (hashlib.sha256(seed + number.to_bytes(8, "big")).digest()[:TAG_BYTES] for number in range(wanted))
    return board_of(board.kind, board.epoch, [*rows, *filling])


def list_objects(
    board: Board,
    role: Role,
    committee: Committee,
    sender: Sender,
    signer: Signer,
    before: Mapping[str, Object],
    *,
    today: dt.date,
) -> list[Object]:
    """The parts of a list and its signed head. The same list again is the same objects; a change is the next edition.

    Args:
        board: the tags; a house's own are filled up here.
        role: a house's list or the board.
        committee: the custodians whose keys the tags are under, as pinned.
        sender: who sends.
        signer: its key; others pin the public half.
        before: what left before, by id.
        today: the day.

    Raises:
        TagError: when the tags are of another epoch than the committee, or too many for one list.
    """
    if board.epoch != committee.epoch:
        raise TagError(f"tags of epoch {board.epoch}, custodians' keys of {committee.epoch}")
    whole = filled_up(board, signer) if role is Role.LIST else board
    if not len(whole):
        raise TagError("a board without tags is not sent")
    bits = max(0, (-(-len(whole) // MOST_IN_PART) - 1).bit_length())
    if 1 << bits > MOST_PARTS:
        raise TagError(f"{len(whole):,} tags, at most {MOST_PARTS * MOST_IN_PART:,} go into one list")
    parts = [_part(piece(whole, bits, prefix), sender, today) for prefix in range(1 << bits)]
    if any(not one["tags"] for one in parts):
        raise TagError("tags are spread evenly over their first bits, and these are not: they are no tags")
    made = stix_id(TAG_LIST, member_id(sender.code), role.value, whole.kind.value, whole.epoch)
    told: Object = {
        "role": role.value,
        "kind": whole.kind.value,
        "epoch": whole.epoch,
        "rules": whole.rules,
        "committee": _keys_of(committee),
        "bits": bits,
        "parts": [_digest(one) for one in parts],
        "valid_until": stamp(committee.closes),
    }
    old = before.get(made)
    same = old is not None and all(old.get(name) == value for name, value in told.items())
    edition = 1 if old is None else int(old["edition"]) + (not same)
    told |= {"edition": edition, "key": signer.public.id, "extensions": _extensions()}
    head = {**sdo(TAG_LIST, made, sender, today), **told}
    return [*parts, {**head, "signature": packed(signer.sign(_message(head)))}]


def lists_in(
    objects: Iterable[Object], role: Role, committees: Iterable[Committee], keys: Mapping[str, PublicKey]
) -> Iterator[Carried]:
    """Every list of a role among what was pulled, each whole and signed by the house whose it is; else why it cannot be used.

    Args:
        objects: what was pulled, in newest versions.
        role: houses' lists, or boards.
        committees: of the epochs that are open, as pinned.
        keys: of each house by its code, as pinned.
    """
    held = [one for one in objects if one.get("type") in (TAG_LIST, TAG_PART) and _well_formed(one)]
    parts = {_digest(one): one for one in held if one["type"] == TAG_PART and not one.get("revoked")}
    known = {committee.epoch: committee for committee in committees}
    by_maker = {member_id(code): (code, key) for code, key in keys.items()}
    for head in held:
        if head["type"] != TAG_LIST or head["role"] != role or head.get("revoked"):
            continue
        code, key = by_maker.get(head["created_by_ref"], ("", None))
        told = {"kind": Kind(head["kind"]), "epoch": head["epoch"], "edition": head["edition"]}
        digest = hashlib.sha256(_message(head)).hexdigest()
        try:
            board = _whole(head, key, known.get(head["epoch"]), parts)
        except TagError as error:
            yield Carried(code=code or "unknown", digest=digest, fault=str(error), **told)
        else:
            yield Carried(code=code, digest=digest, board=board, **told)


def _whole(head: Object, key: PublicKey | None, committee: Committee | None, parts: Mapping[str, Object]) -> Board:
    if key is None:
        raise TagError("nobody's whose key is pinned")
    if head["key"] != key.id or not key.signed(_message(head), unpacked(head["signature"])):
        raise TagError("not signed by the key that is pinned of this house")
    if committee is None:
        raise TagError("of an epoch that is not open, or whose keys are not pinned")
    if head["committee"] != _keys_of(committee):
        raise TagError("under other keys of the custodians than are pinned: compare digests with other members")
    if head["rules"] != RULES:
        raise TagError(f"spelt by rules {head['rules']}, ours are {RULES}")
    if head["bits"] != len(head["parts"]).bit_length() - 1 or 1 << head["bits"] != len(head["parts"]):
        raise TagError("its parts are not as many as its bits say")
    missing = sum(one not in parts for one in head["parts"])
    if missing:
        raise TagError(f"{missing} of {len(head['parts'])} parts did not come; pull again")
    found = [parts[one] for one in head["parts"]]
    tags, support = (b"".join(unpacked(one[name]) for one in found) for name in ("tags", "support"))
    halves = np.frombuffer(tags, ">u8").astype(np.uint64).reshape(-1, 2)
    high, low = halves[:, 0].copy(), halves[:, 1].copy()
    if not np.all((high[1:] > high[:-1]) | ((high[1:] == high[:-1]) & (low[1:] > low[:-1]))):
        raise TagError("its parts are not in order")
    return Board(
        kind=Kind(head["kind"]), epoch=head["epoch"], high=high, low=low, support=np.frombuffer(support, np.uint8)
    )


def _well_formed(one: Object) -> bool:
    """What a server gives that was pulled without rules may be anything."""
    return not (any(nested(SHAPES[one["type"]]).wrong(one)) or any(no_tags(one)))


def _part(board: Board, sender: Sender, today: dt.date) -> Object:
    told: Object = {
        "kind": board.kind.value,
        "epoch": board.epoch,
        "rules": board.rules,
        "tags": packed(board.rows().tobytes()),
        "support": packed(board.support.tobytes()),
    }
    made = stix_id(TAG_PART, member_id(sender.code), _digest(told))
    return {**sdo(TAG_PART, made, sender, today, extensions=_extensions()), **told}


def _digest(part: Mapping[str, Any]) -> str:
    return hashlib.sha256(canonical([part[one] for one in ("kind", "epoch", "rules", "tags", "support")])).hexdigest()


def _message(head: Mapping[str, Any]) -> bytes:
    return _FORM + canonical({name: head[name] for name in _SIGNED})


def _keys_of(committee: Committee) -> str:
    """One digest over what all custodians committed to in an epoch."""
    return hashlib.sha256("".join(one.digest for one in committee.statements).encode()).hexdigest()


def _extensions() -> Object:
    return {TAGS_EXTENSION: {"extension_type": "new-sdo"}}
