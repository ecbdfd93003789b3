"""Reasoning signatures bound to whom they were issued: a signature that turns up elsewhere is refused.

On the way out a signature gets a seal: a keyed hash of organisation (or account), model and the user's turns up to there. On the way in the
seal is checked and taken off, so the upstream sees its own signature. Nothing is remembered, so any worker can check what another sealed.
A client must send a signature back as it got it, which the SDKs do; one that rewrites earlier turns of its user loses the prefix.

Where the policy locks the context, as for new accounts, the seal also holds a hash of the system text, the tools and every turn before
the reasoning: whoever edits what the reasoning was made from cannot go on with it. A seal says itself whether it is locked, so that an
account that is no longer new goes on with what it got before.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
from collections.abc import Callable, Iterator
from enum import IntEnum
from typing import Any

import msgspec

from stillwatch.gateway.asking import Unreadable
from stillwatch.gateway.editing import repeats
from stillwatch.gateway.refusing import Unacceptable
from stillwatch.gateway.who import Who
from stillwatch.policy import Dialect

__all__ = ["Binding", "Bound", "Foreign"]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_encode = msgspec.json.encode

_MAGIC = b"\xf5sw"
_SEAL = 16
_TURNS = {
    Dialect.CHAT: "messages",
    Dialect.MESSAGES: "messages",
    Dialect.RESPONSES: "input",
    Dialect.GEMINI: "contents",
}
_MARKS = (b"ignature", b"encrypted_content", b"redacted_thinking", b"reasoning.encrypted", b"\\u00")
_OPAQUE = frozenset(
    (
        "input",
        "arguments",
        "args",
        "function",
        "functionCall",
        "function_call",
        "functionResponse",
        "function_response",
        "tools",
    )
)
"""What belongs to tools: a field called signature in there is the customer's own."""
_SIGNED = ("encrypted_content", "thoughtSignature", "thought_signature", "reasoning_signature")
_THINKING = frozenset(("thinking", "signature_delta", "reasoning.text"))
_REDACTED = frozenset(("redacted_thinking", "reasoning.encrypted"))


_LOCKING = (
    "system",
    "instructions",
    "systemInstruction",
    "system_instruction",
    "tools",
    "tool_choice",
    "toolConfig",
    "functions",
)
"""Fields beside the turns that reasoning is made from."""
_MOVING = frozenset(
    ("cache_control", "id", "status", "signature", "thoughtSignature", "thought_signature", "encrypted_content", "reasoning",
     "reasoning_content", "reasoning_details", "thinking_blocks")
)  # fmt: skip
_ITEMS = frozenset(
    ("reasoning", "function_call", "custom_tool_call", "web_search_call", "file_search_call", "computer_call")
)
"""Items of Responses that are the model's, whatever role they carry."""


class Bound(IntEnum):
    """How much a signature is bound to; each holds what stands before it."""

    ORG = 1
    MODEL = 2
    PREFIX = 3


class Foreign(Unacceptable):
    """A signature that was issued to somebody else, for another model or within another conversation."""

    code = "foreign_reasoning"
    message = "A reasoning signature in this request was not issued for it."


class Binding:
    """Seals and checks signatures.

    Args:
        key: secret of the workspace; all workers share it.
        to: what signatures are bound to.
        strictly: refuse signatures without any seal too, as those issued before the gateway stood there.
    """

    def __init__(self, key: bytes, *, to: Bound = Bound.MODEL, strictly: bool = False) -> None:
        self._key = hashlib.blake2b(b"reasoning signatures", key=key[:64], digest_size=32).digest()
        self._to, self._strictly = to, strictly

    @property
    def told(self) -> str:
        """What signatures are bound to, in a word, and whether those without a seal are refused."""
        return self._to.name.lower() + (", strictly" if self._strictly else "")

    def sealer(
        self, dialect: Dialect, body: bytes, who: Who, model: str | None, *, lock: bool = False
    ) -> Callable[[Any], bool]:
        """What seals the signatures of an answer to this request: an edit of one event or one whole answer, in place.

        With `lock` also to the system text, the tools and every turn of the request.
        """
        prefix = b""
        if self._to is Bound.PREFIX:
            prefix = [digest for _, digest in _turns(_listed(dialect, body))][-1]
        locked = b""
        if lock:
            *_, (_, locked) = _contexts(dialect, body, [*_listed(dialect, body), None])
        context = self._context(who, model, prefix, locked)

        def seal(data: Any) -> bool:
            changed = False
            for holder, name in _slots(data):
                holder[name] = _sealed(holder[name], lambda raw: self._mac(context, raw), _LOCKED if lock else 0)
                changed = True
            return changed

        return seal

    def opened(self, dialect: Dialect, body: bytes, who: Who, model: str | None) -> bytes:
        """The body with seals checked and taken off; the same object where it carries no signature.

        Raises:
            Foreign: when a signature does not belong here.
            Unreadable: when the body is no JSON object in UTF-8.
        """
        if not any(mark in body for mark in _MARKS):
            return body
        turns = _listed(dialect, body)
        changed = repeats(body, dict(_fields(body)))
        before: list[bytes] = []
        for at, (turn, prefix) in enumerate(_turns(turns)):
            owner = (who, model, prefix if self._to is Bound.PREFIX else b"")
            for holder, name in _slots(turn):
                text, raw, seal, locked = _opened(holder[name])
                if locked and not before:
                    before = [digest for _, digest in _contexts(dialect, body, _listed(dialect, body))]
                context = self._context(*owner, before[at] if locked else b"")
                if seal is None:
                    if self._strictly:
                        raise Foreign
                    continue
                if not hmac.compare_digest(seal, self._mac(context, raw)):
                    raise Foreign
                holder[name] = text
                changed = True
        if not changed:
            return body
        fields: dict[str, Any] = dict(_fields(body))
        fields[_TURNS[dialect]] = turns
        return _encode(fields)

    def _context(self, who: Who, model: str | None, prefix: bytes, locked: bytes = b"") -> bytes:
        owner = who.account if who.org is None else who.org
        told = [owner, model if self._to >= Bound.MODEL else None, prefix.hex()]
        return _encode([*told, locked.hex()] if locked else told)

    def _mac(self, context: bytes, raw: bytes) -> bytes:
        return hashlib.blake2b(
            raw, key=self._key, digest_size=_SEAL, salt=hashlib.blake2b(context, digest_size=16).digest()
        ).digest()


def _listed(dialect: Dialect, body: bytes) -> list[Any]:
    try:
        turns = _any(_fields(body).get(_TURNS[dialect], b"null"))
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unreadable from error
    return turns if isinstance(turns, list) and turns else [{"role": "user", "content": turns}]


def _turns(turns: list[Any]) -> Iterator[tuple[Any, bytes]]:
    """Each turn with the digest of what users had said up to and with it. Texts alone count: cache marks and ids may move."""
    said = hashlib.blake2b(digest_size=16)
    for turn in turns:
        if isinstance(turn, dict) and turn.get("role") == "user":
            for text in _texts(turn.get("content", turn.get("parts"))):
                said.update(len(text).to_bytes(8, "little") + text)
        yield turn, said.digest()


def _contexts(dialect: Dialect, body: bytes, turns: list[Any]) -> Iterator[tuple[Any, bytes]]:
    """Each turn with the digest of everything that stood before the model's turn that it belongs to: system text, tools, all turns.

    Where an answer is several turns, as with items of Responses, they all belong to what stood before the first. Of a turn of the model's
    its texts and calls count, and not its reasoning, which clients may leave out. Cache marks may move, and order of fields too.
    """
    fields = _fields(body)
    said = hashlib.blake2b(digest_size=16)
    said.update(_canonical([_any(fields[name]) for name in _LOCKING if name in fields]))
    digest, speaking = said.digest(), False
    for turn in turns:
        model = turn is None or _models(turn)
        if model and not speaking:
            digest = said.digest()
        speaking = model
        yield turn, digest
        said.update(_canonical(turn))


def _models(turn: Any) -> bool:
    if not isinstance(turn, dict):
        return False
    kind = turn.get("type")
    return turn.get("role") in ("assistant", "model") or (isinstance(kind, str) and kind in _ITEMS)


def _canonical(value: Any) -> bytes:
    return _encode(_bare(value), order="sorted") + b"\0"


def _bare(value: Any) -> Any:
    """A value without what may move between turns: cache marks, ids, reasoning and its signatures."""
    if isinstance(value, list):
        return [_bare(one) for one in value if not (isinstance(one, dict) and _reasons(one))]
    if isinstance(value, dict):
        return {name: _bare(inner) for name, inner in value.items() if name not in _MOVING}
    return value


def _reasons(part: dict[str, Any]) -> bool:
    kind = part.get("type")
    return part.get("thought") is True or (
        isinstance(kind, str) and kind in ("thinking", "redacted_thinking", "reasoning")
    )


def _texts(content: Any) -> Iterator[bytes]:
    if isinstance(content, str):
        yield content.encode()
    for part in content if isinstance(content, list) else ():
        if isinstance(part, str):
            yield part.encode()
        elif isinstance(part, dict) and isinstance(part.get("text"), str):
            yield part["text"].encode()


def _slots(value: Any) -> Iterator[tuple[dict[str, Any], str]]:
    """Every place of a signature within a turn, an event or an answer."""
    if isinstance(value, list):
        for one in value:
            yield from _slots(one)
    if not isinstance(value, dict):
        return
    kind = value.get("type")
    kind = kind if isinstance(kind, str) else ""
    names: tuple[str, ...] = _SIGNED
    if kind in _THINKING or "thinking" in value:
        names = (*_SIGNED, "signature")
    elif kind in _REDACTED:
        names = (*_SIGNED, "data")
    for name, inner in value.items():
        if name in names and isinstance(inner, str) and inner:
            yield value, name
        elif name not in _OPAQUE and isinstance(inner, (dict, list)):
            yield from _slots(inner)


def _sealed(text: str, mac: Callable[[bytes], bytes], lock: int = 0) -> str:
    """A signature with its seal, still base64 in the alphabet and padding that it came in; what is no base64 gets base64 of its text."""
    raw, form = _decoded(text)
    return _encoded(raw + mac(raw) + _MAGIC + bytes([form | lock]), form)


def _opened(text: str) -> tuple[str, bytes, bytes | None, bool]:
    """(the signature as it was issued, its bytes, its seal or None, whether that is locked to its context)."""
    raw, form = _decoded(text)
    end = len(raw) - len(_MAGIC) - 1
    if form == _PLAIN or end < _SEAL or raw[end:-1] != _MAGIC:
        return text, raw, None, False
    bare, seal, was = raw[: end - _SEAL], raw[end - _SEAL : end], raw[-1] & ~_LOCKED
    issued = _encoded(bare, was) if was != _PLAIN else bare.decode("utf-8", "replace")
    return issued, bare, seal, bool(raw[-1] & _LOCKED)


_URL_SAFE, _BARE, _PLAIN, _LOCKED = 1, 2, 4, 8


def _decoded(text: str) -> tuple[bytes, int]:
    url = "-" in text or "_" in text
    bare = len(text) % 4 != 0 and not text.endswith("=")
    form = (_URL_SAFE if url else 0) | (_BARE if bare else 0)
    try:
        raw = base64.b64decode(text + "=" * (-len(text) % 4), altchars=b"-_" if url else None, validate=True)
    except (binascii.Error, ValueError):
        return text.encode("utf-8", "replace"), _PLAIN
    return (raw, form) if _encoded(raw, form) == text else (text.encode(), _PLAIN)


def _encoded(raw: bytes, form: int) -> str:
    text = (base64.urlsafe_b64encode if form & _URL_SAFE else base64.b64encode)(raw).decode()
    return text.rstrip("=") if form & _BARE else text
