"""What a custodian commits to before anybody asks it anything: one public key for each kind, for one epoch, the same for all members.

Each key comes with a proof of possession: an evaluation, proven under the key, of a point that its own statement hashes to. Members pin
the statements of all custodians in one file; its digest goes into the forum's log, where all see that all have the same. An answer under
any other key is refused by its proof, so no custodian can give one member a key of its own and know that member's tags again.
"""

from __future__ import annotations

import datetime as dt
import hashlib

import msgspec

from stillwatch.forum.tags import oprf
from stillwatch.forum.tags.evaluator import Evaluator
from stillwatch.forum.tags.group import plus
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.refusals import NotProven, TagError

__all__ = ["CommittedKey", "Committee", "Statement", "commit", "committee", "read_statements"]

_FORM = "stillwatch.tags.keys/1"


class CommittedKey(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One public key; `evaluated` and `proof` show that whoever published it holds its private half. All are hexadecimal."""

    kind: Kind
    public: str
    evaluated: str
    proof: str


class Statement(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One custodian's keys of one epoch, evaluated from the day it `opens` until the day before it `closes`."""

    form: str
    custodian: str
    epoch: str
    opens: dt.date
    closes: dt.date
    keys: tuple[CommittedKey, ...]

    def public(self, kind: Kind) -> bytes:
        """The public key of a kind.

        Raises:
            TagError: when the custodian has none.
        """
        for key in self.keys:
            if key.kind is kind:
                return bytes.fromhex(key.public)
        raise TagError(f"custodian {self.custodian!r}, epoch {self.epoch}: has no key for {kind}")

    @property
    def digest(self) -> str:
        """SHA-256 of the statement's JSON with sorted keys: what a log records and members compare."""
        return hashlib.sha256(msgspec.json.encode(self, order="sorted")).hexdigest()


class Committee(msgspec.Struct, frozen=True, kw_only=True):
    """The custodians of one epoch, whose keys were all found to be possessed; together they are one key, the sum of theirs."""

    epoch: str
    opens: dt.date
    closes: dt.date
    statements: tuple[Statement, ...]

    def joint(self, kind: Kind) -> bytes:
        """The public key of the sum: tags are RFC 9497 outputs under it."""
        total = bytes(32)
        for statement in self.statements:
            total = plus(total, statement.public(kind))
        return total

    def is_open(self, today: dt.date) -> bool:
        """Whether every custodian evaluates in this epoch today."""
        return self.opens <= today < self.closes


def commit(custodian: str, epoch: str, opens: dt.date, closes: dt.date, keys: dict[Kind, Evaluator]) -> Statement:
    """The statement of a custodian's keys, each with its proof of possession."""
    made = []
    for kind, key in keys.items():
        evaluated, proof = key.answer([_own_point(custodian, epoch, kind, key.public)])
        made.append(CommittedKey(kind=kind, public=key.public.hex(), evaluated=evaluated.hex(), proof=proof.hex()))
    return Statement(form=_FORM, custodian=custodian, epoch=epoch, opens=opens, closes=closes, keys=tuple(made))


def read_statements(data: bytes) -> tuple[Statement, ...]:
    """The statements of a file, or the one that a custodian publishes.

    Raises:
        TagError: when it is something else.
    """
    try:
        found = msgspec.json.decode(data, type=Statement | list[Statement])
    except (msgspec.MsgspecError, UnicodeDecodeError) as error:
        raise TagError(f"statements of keys: {error}") from error
    statements = tuple(found) if isinstance(found, list) else (found,)
    for one in statements:
        if one.form != _FORM:
            raise TagError(f"statements of keys: got form {one.form!r}, expected {_FORM!r}")
    return statements


def committee(statements: tuple[Statement, ...], epoch: str | None = None, *, today: dt.date) -> Committee:
    """The committee of an epoch, or of the newest that is open: at least two custodians of different names, every key possessed.

    Raises:
        TagError: when there are fewer than two custodians, or two with one name or one key.
        NotProven: when a key comes without proof that its private half is known.
    """
    if epoch is None:
        opened = [s for s in statements if s.opens <= today < s.closes]
        if not opened:
            raise TagError(f"no epoch of the pinned keys is open on {today}")
        epoch = max(opened, key=lambda s: (s.opens, s.epoch)).epoch
    found = tuple(sorted((s for s in statements if s.epoch == epoch), key=lambda s: s.custodian))
    if len(found) < 2 or len({s.custodian for s in found}) < len(found):
        names = ", ".join(s.custodian for s in found) or "none"
        raise TagError(f"epoch {epoch}: got custodians {names}, expected two or more, each once")
    for statement in found:
        for key in statement.keys:
            _possessed(statement, key)
    for kind in Kind:
        publics = [key.public for s in found for key in s.keys if key.kind is kind]
        if len(set(publics)) < len(publics):
            raise TagError(f"epoch {epoch}: two custodians have one key for {kind}")
    opens, closes = max(s.opens for s in found), min(s.closes for s in found)
    return Committee(epoch=epoch, opens=opens, closes=closes, statements=found)


def _own_point(custodian: str, epoch: str, kind: Kind, public: bytes) -> bytes:
    named = "\0".join(("stillwatch possession of a key", custodian, epoch, kind)).encode()
    return oprf.hash_to_group(named + b"\0" + public)


def _possessed(statement: Statement, key: CommittedKey) -> None:
    try:
        public, evaluated, proof = (bytes.fromhex(text) for text in (key.public, key.evaluated, key.proof))
        oprf.check_proof(
            public, [_own_point(statement.custodian, statement.epoch, key.kind, public)], [evaluated], proof
        )
    except (ValueError, NotProven) as error:
        raise NotProven(
            f"custodian {statement.custodian!r}, epoch {statement.epoch}, {key.kind}: does not show that it holds the key"
        ) from error
