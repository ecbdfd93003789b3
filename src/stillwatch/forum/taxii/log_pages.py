"""The transparency log over HTTP: what a member needs to hold the hub to its own past.

`checkpoint` is a signed note; `consistency?first=&second=` and `inclusion?seq=&size=` are proofs in base64; `leaves?start=&end=` are
hashes of leaves; `mine?start=` are the member's own events with their salts, so that it can find each of them among the leaves; a note
with a member's cosignature under it is posted to `cosign`. Custodians of tags post what they evaluated to `evaluations`, and `keys` gives
the digests of the keys that they committed to.
"""

from __future__ import annotations

import base64
from collections.abc import Callable
from urllib.parse import parse_qsl

import msgspec

from stillwatch.cases import PublicKey, Signer
from stillwatch.forum.log import (
    Checkpoint,
    Ledger,
    Note,
    NoteKey,
    read_checkpoint,
    read_key,
    read_note,
    signed,
    signers,
)
from stillwatch.forum.taxii.database import Connection
from stillwatch.forum.taxii.evaluations import committed_keys, take_evaluations
from stillwatch.forum.taxii.hub import Hub, Member
from stillwatch.forum.taxii.wire import Refusal

__all__ = ["LogPages", "issue_checkpoint"]

_PAGES: dict[tuple[str, ...], str] = {
    **{(name,): "GET" for name in ("checkpoint", "consistency", "inclusion", "leaves", "mine", "keys")},
    **{(name,): "POST" for name in ("cosign", "evaluations")},
}
_MOST_LEAVES = 10_000
_MOST_EVENTS = 1_000
_LONGEST_NOTE = 100_000
_LARGEST = 10**14


class LogPages:
    """Answers for the log of one hub."""

    def __init__(self, hub: Hub, signer: Signer, *, clock: Callable[[], int]) -> None:
        self._origin, self._signer, self._clock = hub.origin, signer, clock
        self._witnesses = {one.name: read_key(one.witness_key) for one in hub.member if one.witness_key}

    def job(
        self, method: str, path: tuple[str, ...], query: bytes, member: Member, body: bytes
    ) -> Callable[[Connection], bytes]:
        """What to look up or write for a request.

        Raises:
            Refusal: when there is no such page, or it is asked for in another way.
        """
        methods = _PAGES.get(path)
        if methods is None:
            raise Refusal(404, "there is no such page of the log")
        method = "GET" if method == "HEAD" else method
        if method != methods:
            raise Refusal(405, f"expected {methods}", headers=(("allow", methods),))
        asked = dict(parse_qsl(query.decode("latin-1"))[:10])
        match method, path:
            case ("GET", ("checkpoint",)):
                return lambda read: str(self._latest(read)).encode()
            case ("GET", ("consistency",)):
                first, second = _numbers(asked, "first", "second")
                return lambda read: self._proof(read, second, lambda log: log.consistency(first, second))
            case ("GET", ("inclusion",)):
                seq, size = _numbers(asked, "seq", "size")
                return lambda read: self._proof(read, size, lambda log: log.inclusion(seq, size))
            case ("GET", ("leaves",)):
                start, end = _numbers(asked, "start", "end")
                return lambda read: _texts(Ledger(read).leaves(start, min(end, start + _MOST_LEAVES)))
            case ("GET", ("mine",)):
                (start,) = _numbers(asked, "start")
                return lambda read: _mine(read, member, start)
            case ("GET", ("keys",)):
                return committed_keys
            case ("POST", ("evaluations",)):
                return lambda tx: take_evaluations(tx, member, body, at=self._clock())
            case ("POST", ("cosign",)):
                return lambda tx: self._cosign(tx, member, body)
        raise AssertionError(path)

    def _latest(self, read: Connection) -> Note:
        """The note for the log as it is now; one that was given out already is given again, with its cosignatures."""
        return issue_checkpoint(Ledger(read), self._origin, self._signer)

    def _proof(self, read: Connection, size: int, prove: Callable[[Ledger], list[bytes]]) -> bytes:
        log = Ledger(read)
        if size > log.size:
            raise Refusal(400, f"the log has {log.size} events, fewer than {size}")
        try:
            return _texts(prove(log))
        except ValueError as error:
            raise Refusal(400, str(error)) from error

    def _cosign(self, tx: Connection, member: Member, body: bytes) -> bytes:
        key = self._witnesses.get(member.name)
        if key is None:
            raise Refusal(403, "the hub knows no witness_key of yours")
        try:
            note = read_note(body[:_LONGEST_NOTE].decode())
            told = read_checkpoint(note)
            fresh = signers(note, [key])
        except ValueError as error:
            raise Refusal(422, str(error)) from error
        log = Ledger(tx)
        if not fresh or told.size > log.size or told.origin != self._origin or told.root != log.root(told.size):
            raise Refusal(422, "expected a checkpoint of this log with your cosignature under it")
        held = read_note(str(issue_checkpoint(log, self._origin, self._signer, size=told.size)))
        line = next(one for one in note.lines if one[0] == key.name and one[1][:4] == key.id)
        others = tuple(one for one in held.lines if not (one[0] == key.name and one[1][:4] == key.id))
        whole = Note(text=held.text, lines=(*others, line))
        log.keep_checkpoint(told.size, str(whole), at=self._clock())
        return msgspec.json.encode({"signatures": [one.name for one in signers(whole, self._keys())]})

    def _keys(self) -> list[NoteKey]:
        return [NoteKey(name=self._origin, key=PublicKey(self._signer.public.raw)), *self._witnesses.values()]


def issue_checkpoint(log: Ledger, origin: str, signer: Signer, *, size: int | None = None) -> Note:
    """The signed note for a size of the log (now, by default): the one that is kept, else a new one."""
    wanted = log.size if size is None else size
    if (kept := log.checkpoint(wanted)) is not None:
        return read_note(kept)
    return signed(Checkpoint(origin=origin, size=wanted, root=log.root(wanted)).note(), origin, signer)


def _numbers(asked: dict[str, str], *names: str) -> list[int]:
    found = [asked.get(name, "") for name in names]
    if not all(one.isascii() and one.isdigit() and len(one) <= 15 and int(one) <= _LARGEST for one in found):
        raise Refusal(400, f"expected whole numbers {' and '.join(names)}")
    return [int(one) for one in found]


def _texts(hashes: list[bytes]) -> bytes:
    return msgspec.json.encode([base64.b64encode(one).decode() for one in hashes])


def _mine(read: Connection, member: Member, start: int) -> bytes:
    told, looked = [], 0
    for one in Ledger(read).events(start):
        looked += 1
        if (
            one.facts is not None
            and one.salt is not None
            and one.told is not None
            and one.facts.get("member") == member.name
        ):
            told.append({"seq": one.seq, "salt": one.salt.hex(), "event": one.told.decode()})
        if len(told) == _MOST_EVENTS or looked == _MOST_LEAVES:
            break
    return msgspec.json.encode({"events": told, "next": start + looked})
