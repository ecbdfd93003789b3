"""What two labs tell each other about an overlap: signed messages in files, by any way that suits them; the hub sees none of it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from pathlib import Path

import msgspec

from stillwatch.cases import PublicKey, Signer
from stillwatch.cases.canonical import canonical
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.refusals import TagError

__all__ = ["Message", "What", "read_message", "signed"]

_FORM = b"stillwatch.tags.overlap/1\n"
_MOST = 64 << 20


class What(StrEnum):
    """What a message is."""

    QUESTION = "question"
    REPLY = "reply"
    CONSENT = "consent"


class Message(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """One message from the house `maker` to the house `to`, both by their codes.

    `asker` and `holder` are the commitments to both lists, as far as the maker knows them; `parts` what openmined-psi made, hexadecimal;
    `record` the line of the maker's journal that says who consented and why, in a consent alone.
    """

    what: What
    maker: str
    to: str
    kind: Kind
    epoch: str
    rules: int
    asker: str
    holder: str = ""
    reveal: bool = False
    values: int = 0
    parts: tuple[str, ...] = ()
    record: str = ""


class _Envelope(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    message: Message
    signature: str


def signed(message: Message, signer: Signer) -> bytes:
    """A message with the signature of its house."""
    made = _Envelope(message=message, signature=signer.sign(_bytes(message)).hex())
    return msgspec.json.encode(made) + b"\n"


def read_message(file: Path, what: What, keys: Mapping[str, PublicKey], *, to: str) -> Message:
    """The message in a file, once it is known to be of the house that it names and for this one.

    Args:
        file: as `signed` made it.
        what: what is expected.
        keys: of each house by its code, as pinned.
        to: this house's code.

    Raises:
        TagError: when it is something else, for somebody else, or not signed by the key that is pinned.
    """
    if file.stat().st_size > _MOST:
        raise TagError(f"{file}: more than {_MOST:,} bytes")
    try:
        found = msgspec.json.decode(file.read_bytes(), type=_Envelope)
        signature = bytes.fromhex(found.signature)
    except (msgspec.MsgspecError, ValueError) as error:
        raise TagError(f"{file}: no message about an overlap ({error})") from error
    message = found.message
    if message.what is not what or message.to != to:
        raise TagError(f"{file}: is a {message.what} for {message.to}, expected a {what} for {to}")
    key = keys.get(message.maker)
    if key is None or not key.signed(_bytes(message), signature):
        raise TagError(f"{file}: not signed by a key that is pinned of {message.maker}")
    return message


def _bytes(message: Message) -> bytes:
    return _FORM + canonical(msgspec.to_builtins(message))
