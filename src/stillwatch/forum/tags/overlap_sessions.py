"""One overlap of two labs over days: what is kept between its messages, how often a lab may count, and what the journal says of each step.

The lists are tags of decided cases, so neither lab can try values out on the other without asking both custodians as well. A step is in
the journal before anything is answered; a refusal is there too.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from stillwatch.cases import Desk, PublicKey, Signer
from stillwatch.cases.journal import Entry
from stillwatch.engine import durable_write
from stillwatch.forum.tags.board import Board, merged
from stillwatch.forum.tags.from_cases import of_cases
from stillwatch.forum.tags.kinds import Kind, Tag
from stillwatch.forum.tags.overlap import SESSIONS, Asker, Consent, Holder, Question, Reply
from stillwatch.forum.tags.overlap_told import Message, What, read_message, signed
from stillwatch.forum.tags.refusals import TagError

__all__ = ["House", "answer_overlap", "ask_overlap", "consent_to_overlap", "count_overlap", "which_overlap"]

_STEP = "forum.overlap"
_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,40}")


@dataclass(frozen=True, kw_only=True, slots=True)
class House:
    """This house in an overlap: its code, desk and key, whom it acts by, the pinned keys of others, and the python with openmined-psi."""

    code: str
    desk: Desk
    signer: Signer
    keys: dict[str, PublicKey]
    by: str
    python: Path = Path("python")


class _Kept(msgspec.Struct, kw_only=True, forbid_unknown_fields=True):
    """What is kept of one overlap, on this machine alone. `other` is the other list's commitment, once it is known."""

    asks: bool
    lab: str
    kind: Kind
    epoch: str
    rules: int
    items: tuple[str, ...]
    salt: str
    commitment: str
    other: str = ""
    key: str = ""
    reveal: bool = False
    counted: dict[str, int] = {}
    consent: str = ""


def ask_overlap(house: House, name: str, lab: str, files: Sequence[Path], *, reveal: bool) -> bytes:
    """A question to a lab: how many tags of these files it has too, or after the count and this house's consent, which.

    Raises:
        TagError: when the files are not of decided cases, changed since the count, or which is asked too early.
    """
    own, kept = _own(house, files), _read(house, name, asks=True)
    if kept is None and reveal:
        raise TagError(f"{name}: which is asked after how many")
    if kept is None:
        party = Asker(house.python, _texts(own))
    else:
        _same(kept, own, lab)
        if reveal and not (kept.other and kept.consent):
            raise TagError(f"{name}: count first, then consent; only then may be asked which")
        party = _asker(house, kept)
    step = "asked which" if reveal else "asked how many"
    _record(house, step, name, lab=lab, kind=own.kind, epoch=own.epoch, list=party.commitment)
    with party:
        question, key = party.ask(reveal=reveal), party.key()
    kept = kept or _first(party, own, lab, asks=True)
    kept.key, kept.reveal = key, reveal
    _keep(house, name, kept)
    parts = (question.request,)
    return _told(house, kept, What.QUESTION, reveal=reveal, values=question.values, parts=parts)


def answer_overlap(
    house: House, name: str, question: Path, files: Sequence[Path], consents: Sequence[Path] = ()
) -> bytes:
    """The answer to a lab's question, from which only a number comes; or which, with the consents of both houses.

    Raises:
        TagError: when it may not be answered. The journal says that it was refused.
    """
    asked = read_message(question, What.QUESTION, house.keys, to=house.code)
    facts = {"lab": asked.maker, "kind": asked.kind, "epoch": asked.epoch, "asker": asked.asker}
    try:
        return _answered(house, name, asked, files, consents, facts)
    except TagError as error:
        _record(house, "refused", name, **facts, why=str(error))
        raise


def _answered(
    house: House, name: str, asked: Message, files: Sequence[Path], consents: Sequence[Path], facts: dict[str, Any]
) -> bytes:
    own, kept = _own(house, files), _read(house, name, asks=False)
    if (asked.kind, asked.epoch, asked.rules) != (own.kind, own.epoch, own.rules):
        raise TagError(f"asked about {asked.kind} of epoch {asked.epoch}, these are {own.kind} of epoch {own.epoch}")
    labs = (asked.maker, house.code)
    if kept is None:
        party = Holder(house.python, _texts(own), labs)
        kept = _first(party, own, asked.maker, asks=False)
    else:
        _same(kept, own, asked.maker)
        if asked.asker != kept.other:
            raise TagError(f"{name}: {kept.lab} asks with another list than before; answer it under another name")
        party = Holder(house.python, kept.items, labs, bytes.fromhex(kept.salt), kept.counted)
    if not asked.reveal:
        _count(house, name, facts)
        kept.other = asked.asker
        kept.counted[asked.asker] = kept.counted.get(asked.asker, 0) + 1
        _keep(house, name, kept)
    given = [_consent(read_message(file, What.CONSENT, house.keys, to=house.code)) for file in consents]
    if kept.consent:
        given.append(Consent(lab=house.code, by=house.code, why=kept.consent, asker=kept.other, holder=kept.commitment))
    with party:
        sent = Question(reveal=asked.reveal, values=asked.values, commitment=asked.asker, request="".join(asked.parts))
        reply = party.answer(sent, given)
    if asked.reveal:
        _record(house, "told which", name, **facts)
    parts = (reply.setup, reply.response)
    return _told(house, kept, What.REPLY, reveal=asked.reveal, values=asked.values, parts=parts)


def count_overlap(house: House, name: str, reply: Path) -> int:
    """How many tags both houses have."""
    kept, told = _replied(house, name, reply, reveal=False)
    with _asker(house, kept) as party:
        party.go_on(kept.key, reveal=False)
        found = party.count(told)
    kept.other = told.commitment
    _keep(house, name, kept)
    _record(house, "counted", name, lab=kept.lab, shared=found)
    return found


def which_overlap(house: House, name: str, reply: Path) -> list[Tag]:
    """The tags that both houses have."""
    kept, told = _replied(house, name, reply, reveal=True)
    if told.commitment != kept.other:
        raise TagError(f"{name}: {kept.lab} answered with another list than it counted with; ask it to open both")
    with _asker(house, kept) as party:
        party.go_on(kept.key, reveal=True)
        found = party.which(told)
    _record(house, "learned which", name, lab=kept.lab, shared=len(found))
    return [Tag(kind=kept.kind, epoch=kept.epoch, value=bytes.fromhex(one)) for one in found]


def consent_to_overlap(house: House, name: str, why: str) -> bytes:
    """This house agrees, by a person and over both lists, that the asker learns which; who and why stay in its journal."""
    kept = _read(house, name)
    if kept is None or not kept.other:
        raise TagError(f"{name}: nothing was counted; which is told only of lists whose overlap was counted")
    if not why.strip():
        raise TagError(f"{name}: say why")
    kept.consent = f"record {_record(house, 'consented', name, lab=kept.lab, why=why)}"
    _keep(house, name, kept)
    return _told(house, kept, What.CONSENT, reveal=True, record=kept.consent)


def _own(house: House, files: Sequence[Path]) -> Board:
    told = of_cases(house.desk, files)
    if not told or len({(one.kind, one.epoch, one.rules) for one in told}) > 1:
        raise TagError("one overlap is about tags of one kind and epoch")
    return merged(told[0], told[1:])


def _texts(own: Board) -> list[str]:
    return [row.tobytes().hex() for row in own.rows()]


def _same(kept: _Kept, own: Board, lab: str) -> None:
    """The same list with the same lab: whoever was cleared since would else be told."""
    if lab != kept.lab:
        raise TagError(f"this overlap is with {kept.lab}, not with {lab}")
    if {one for one in kept.items if not one.startswith("filling ")} != set(_texts(own)):
        raise TagError("the tags are others than when it began; begin an overlap of another name")


def _asker(house: House, kept: _Kept) -> Asker:
    """The asker with the list with which the overlap began."""
    return Asker(house.python, kept.items, bytes.fromhex(kept.salt))


def _first(party: Asker | Holder, own: Board, lab: str, *, asks: bool) -> _Kept:
    return _Kept(
        asks=asks,
        lab=lab,
        kind=own.kind,
        epoch=own.epoch,
        rules=own.rules,
        items=party.items,
        salt=party.salt.hex(),
        commitment=party.commitment,
    )


def _count(house: House, name: str, facts: dict[str, Any]) -> None:
    """Spend one of the counts that a lab has for a kind and epoch, over all lists: differences of counts tell of single values."""
    same = {one: facts[one] for one in ("lab", "kind", "epoch")}
    house.desk.journal.begin()
    with house.desk.journal.writing() as append:
        spent = sum(
            told.record.kind == _STEP
            and told.record.body["step"] == "told how many"
            and {one: told.record.body[one] for one in same} == same
            for told in house.desk.journal.history()
        )
        if spent >= SESSIONS:
            raise TagError(f"{facts['lab']} has counted {SESSIONS} times in {facts['kind']} of this epoch; no more")
        append([Entry(kind=_STEP, by=house.by, body={"step": "told how many", "overlap": name, **facts})])


def _record(house: House, step: str, name: str, **facts: Any) -> int:
    house.desk.journal.begin()
    return house.desk.journal.append(Entry(kind=_STEP, by=house.by, body={"step": step, "overlap": name, **facts})).seq


def _consent(told: Message) -> Consent:
    return Consent(lab=told.maker, by=told.maker, why=told.record, asker=told.asker, holder=told.holder)


def _replied(house: House, name: str, file: Path, *, reveal: bool) -> tuple[_Kept, Reply]:
    kept = _read(house, name, asks=True)
    if kept is None:
        raise TagError(f"{name}: nothing was asked")
    told = read_message(file, What.REPLY, house.keys, to=house.code)
    if (told.maker, told.asker, told.reveal) != (kept.lab, kept.commitment, reveal) or kept.reveal is not reveal:
        raise TagError(f"{file}: answers another question than was asked last")
    if len(told.parts) != 2:
        raise TagError(f"{file}: no answer of openmined-psi is in it")
    return kept, Reply(reveal=reveal, commitment=told.holder, setup=told.parts[0], response=told.parts[1])


def _told(house: House, kept: _Kept, what: What, **facts: Any) -> bytes:
    asker, holder = (kept.commitment, kept.other) if kept.asks else (kept.other, kept.commitment)
    message = Message(
        what=what,
        maker=house.code,
        to=kept.lab,
        kind=kept.kind,
        epoch=kept.epoch,
        rules=kept.rules,
        asker=asker,
        holder=holder,
        **facts,
    )
    return signed(message, house.signer)


def _path(house: House, name: str) -> Path:
    if not _NAME.fullmatch(name):
        raise TagError(f"overlap: got name {name[:40]!r}, expected small letters, digits and hyphens")
    return house.desk.workspace.root / "desk" / "overlaps" / f"{name}.json"


def _read(house: House, name: str, *, asks: bool | None = None) -> _Kept | None:
    path = _path(house, name)
    if not path.exists():
        return None
    try:
        kept = msgspec.json.decode(path.read_bytes(), type=_Kept)
    except msgspec.MsgspecError as error:
        raise TagError(f"{path}: damaged ({error}); begin an overlap of another name") from error
    if asks not in (None, kept.asks):
        raise TagError(
            f"{name}: is an overlap that {kept.lab if asks else 'this house'} asks; give this one another name"
        )
    return kept


def _keep(house: House, name: str, kept: _Kept) -> None:
    path = _path(house, name)
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable_write(path, msgspec.json.encode(kept), mode=0o600)
