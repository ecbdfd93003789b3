"""A few lines of text with signatures under them, in the form that every transparency log speaks (C2SP signed-note).

A signature line is an em dash, the name of the key and base64 of four bytes that tell the key followed by the signature. Here are two
kinds: of the log itself (Ed25519 over the text, type 1) and of a witness who saw it at a time (C2SP tlog-cosignature, Ed25519 over the
time and the text, type 4). Lines of other kinds and of unknown keys are kept and prove nothing.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass, replace

from stillwatch.cases import PublicKey, Signer

__all__ = ["Note", "NoteKey", "Seen", "cosigned", "key_text", "read_key", "read_note", "signed", "signers"]

_LOG, _WITNESS = 1, 4
_NAME = re.compile(r"[^\s+]{1,200}")
_MOST_LINES = 100


@dataclass(frozen=True, kw_only=True, slots=True)
class NoteKey:
    """Whose signature is looked for: the name on the line, and the key; `witness` tells which of the two kinds it signs."""

    name: str
    key: PublicKey
    witness: bool = False

    @property
    def id(self) -> bytes:
        """The four bytes by which a signature line tells its key."""
        kind = bytes([_WITNESS if self.witness else _LOG])
        return hashlib.sha256(self.name.encode() + b"\n" + kind + self.key.raw).digest()[:4]


@dataclass(frozen=True, kw_only=True, slots=True)
class Seen:
    """A signature that holds: whose, and for a witness when it looked (seconds since 1970)."""

    name: str
    at: int | None


@dataclass(frozen=True, kw_only=True, slots=True)
class Note:
    """The text, its last line end included, and pairs of a key's name with the bytes of the line."""

    text: str
    lines: tuple[tuple[str, bytes], ...] = ()

    def __str__(self) -> str:
        told = (f"\u2014 {name} {base64.b64encode(data).decode()}\n" for name, data in self.lines)
        return self.text + "\n" + "".join(told)


def signed(note: Note, name: str, signer: Signer) -> Note:
    """The note with the log's own signature under it."""
    key = NoteKey(name=_named(name), key=signer.public)
    return replace(note, lines=(*note.lines, (name, key.id + signer.sign(note.text.encode()))))


def cosigned(note: Note, name: str, signer: Signer, *, at: int) -> Note:
    """The note with the word of a witness under it that it saw exactly this text at this time."""
    key = NoteKey(name=_named(name), key=signer.public, witness=True)
    line = key.id + at.to_bytes(8, "big") + signer.sign(_stamped(note.text, at))
    return replace(note, lines=(*note.lines, (name, line)))


def read_note(whole: str) -> Note:
    """The note that a text holds.

    Raises:
        ValueError: when it is none, in words for a person.
    """
    text, gap, under = whole.rpartition("\n\n")
    if not gap or not under.endswith("\n") or any(ord(sign) < 32 and sign != "\n" for sign in whole):
        raise ValueError("expected a text, an empty line and lines of signatures")
    lines = under[:-1].split("\n")
    if len(lines) > _MOST_LINES:
        raise ValueError(f"got {len(lines)} signatures, expected at most {_MOST_LINES}")
    return Note(text=text + "\n", lines=tuple(_read_line(line) for line in lines))


def signers(note: Note, known: Iterable[NoteKey]) -> list[Seen]:
    """Which of the known keys signed this very text.

    Raises:
        ValueError: when a line claims to be of a known key and is not.
    """
    found = []
    for one in known:
        for name, line in note.lines:
            if name == one.name and line[:4] == one.id:
                at = int.from_bytes(line[4:12], "big") if one.witness else None
                message = note.text.encode() if at is None else _stamped(note.text, at)
                if not one.key.signed(message, line[4:] if at is None else line[12:]):
                    raise ValueError(f"the signature of {name} is not over this text")
                found.append(Seen(name=name, at=at))
                break
    return found


def key_text(key: NoteKey) -> str:
    """A key as tools of transparency logs take it: name, id and base64 of type and key, joined by plus signs."""
    kind = _WITNESS if key.witness else _LOG
    return f"{key.name}+{key.id.hex()}+{base64.b64encode(bytes([kind]) + key.key.raw).decode()}"


def read_key(text: str) -> NoteKey:
    """The key that `key_text` wrote.

    Raises:
        ValueError: when it is none, or its id is not that of the key.
    """
    name, _, rest = text.strip().partition("+")
    told, _, data = rest.partition("+")
    raw = _bytes(data)
    if not _NAME.fullmatch(name) or len(raw) != 33 or raw[0] not in (_LOG, _WITNESS):
        raise ValueError(f"got {text[:80]!r}, expected name+id+base64 of an Ed25519 key")
    key = NoteKey(name=name, key=PublicKey(raw[1:]), witness=raw[0] == _WITNESS)
    if key.id.hex() != told:
        raise ValueError(f"key of {name}: got id {told!r}, expected {key.id.hex()}")
    return key


def _stamped(text: str, at: int) -> bytes:
    return f"cosignature/v1\ntime {at}\n{text}".encode()


def _named(name: str) -> str:
    if not _NAME.fullmatch(name):
        raise ValueError(f"got {name!r}, expected a name without spaces and plus signs")
    return name


def _read_line(line: str) -> tuple[str, bytes]:
    dash, _, rest = line.partition(" ")
    name, _, data = rest.partition(" ")
    raw = _bytes(data)
    if dash != "\u2014" or not _NAME.fullmatch(name) or len(raw) < 5:
        raise ValueError(f"got {line[:80]!r}, expected a dash, a name and a signature")
    return name, raw


def _bytes(data: str) -> bytes:
    try:
        return base64.b64decode(data, validate=True)
    except (binascii.Error, ValueError):
        return b""
