"""Marks put into requests: wordings and habits drawn for the account by a secret key, and the name of its key for the engine behind.

What is drawn depends on the account, the place and the epoch alone, by the same function by which an audit finds it again. The first
time that an account is marked in an epoch, what it drew is written down as the audit reads it.
"""

from __future__ import annotations

import hashlib
import hmac
from pathlib import Path
from typing import TYPE_CHECKING, Any

import msgspec

from stillwatch.core import handle
from stillwatch.gateway.asking import Unreadable
from stillwatch.gateway.records import Records
from stillwatch.policy import Dialect, Marker, Place, epoch_of

if TYPE_CHECKING:
    from stillwatch.gateway.who import Who

__all__ = ["Marked", "Marking", "instructed", "structured", "with_field"]

_fields = msgspec.json.Decoder(dict[str, msgspec.Raw]).decode
_any = msgspec.json.Decoder().decode
_encode = msgspec.json.encode
_MOST = 200_000
"""Accounts and places of which is remembered that they are written down; beyond that they may be written once more."""


class Marked(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """A request's body with its mark, and the name of the key that the engine is told in a header."""

    body: bytes
    key: str | None


class Marking:
    """Marks requests.

    Args:
        master: secret from which everything is drawn, at least 16 bytes; the audit needs the same.
        records: takes what was drawn; `None` where nobody will ask.
        known: folder of what was written down before, so that nothing is written twice.
    """

    def __init__(self, master: bytes, records: Records | None = None, *, known: Path | None = None) -> None:
        from stillwatch.audit import collected, variant_for

        if len(master) < 16:
            raise ValueError(f"master: got {len(master)} bytes, expected at least 16")
        self._master, self._records, self._variant_for = master, records, variant_for
        self._written = set() if known is None else {one.item for one in collected(known)}

    def mark(self, marker: Marker, dialect: Dialect, body: bytes, who: Who, at: float) -> Marked:
        """The request with its mark; as it was where the mark is over, or nobody knows whose it is.

        Raises:
            Unreadable: when the body is no JSON object in UTF-8.
        """
        if who.account_name is None or (marker.until is not None and at >= marker.until):
            return Marked(body=body, key=None)
        account, epoch = handle("account", who.account), epoch_of(at, marker.epoch)
        name = f"{epoch}/{account}"
        try:
            if marker.places and not structured(dialect, body):
                says = [
                    self._drawn(marker, place, account, epoch, at)
                    for place in marker.places
                    if self._due(place, name, body)
                ]
                body = instructed(dialect, body, "\n".join(says)) if says else body
            if marker.key_field is not None:
                body = with_field(body, marker.key_field, name)
        except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
            raise Unreadable from error
        return Marked(body=body, key=name if marker.key else None)

    async def stop(self) -> None:
        """Write down what waits."""
        if self._records is not None:
            await self._records.stop()

    def _due(self, place: Place, name: str, body: bytes) -> bool:
        """Whether this request is one of those that the habit is told; the same request always is, or never."""
        if place.one_in == 1:
            return True
        told = b"habit" + place.item.encode() + b"\0" + name.encode() + hashlib.sha256(body).digest()
        return int.from_bytes(hmac.digest(self._master, told, "sha256")[:8], "big") % place.one_in == 0

    def _drawn(self, marker: Marker, place: Place, account: str, epoch: str, at: float) -> str:
        item = f"{marker.name}/{place.item}"
        at_place = self._variant_for(self._master, account, item, epoch, wordings=len(place.says))
        whole = f"{item}/{epoch}/{account}"
        if self._records is not None and whole not in self._written:
            if len(self._written) >= _MOST:
                self._written.clear()
            self._written.add(whole)
            others = [one for place_of, one in enumerate(place.wordings) if place_of != at_place]
            self._records.keep(
                {"at": at, "item": whole, "account": account, "epoch": epoch, "prompt": place.asks,
                 "response": place.wordings[at_place], "siblings": others, "as_sampled": True, "same_sampling": True}
            )  # fmt: skip
        return place.says[at_place]


def structured(dialect: Dialect, body: bytes) -> bool:
    """Whether a request asks for data in a form, where nothing may be put in.

    >>> structured(Dialect.CHAT, b'{"response_format": {"type": "json_object"}, "messages": []}')
    True
    """
    fields = _fields(body)
    if dialect is Dialect.CHAT:
        form = _any(fields.get("response_format", b"null"))
        tells = ("guided_json", "guided_regex", "guided_grammar", "structured_outputs")
        return "messages" not in fields or _kind(form) not in (None, "text") or any(name in fields for name in tells)
    if dialect is Dialect.RESPONSES:
        text = _any(fields.get("text", b"null"))
        return _kind(text.get("format") if isinstance(text, dict) else None) not in (None, "text")
    if dialect is Dialect.MESSAGES:
        config = _any(fields.get("output_config", b"null"))
        return "output_format" in fields or (isinstance(config, dict) and bool(config.get("format")))
    config = _any(fields.get("generationConfig", fields.get("generation_config", b"null")))
    config = config if isinstance(config, dict) else {}
    plain = config.get("responseMimeType", config.get("response_mime_type", "text/plain"))
    schemas = ("responseSchema", "response_schema", "responseJsonSchema", "response_json_schema")
    return plain != "text/plain" or any(config.get(name) for name in schemas)


def _kind(form: Any) -> Any:
    return form.get("type", "given") if isinstance(form, dict) else None if form is None else "given"


def instructed(dialect: Dialect, body: bytes, text: str) -> bytes:
    """The body with one more instruction at the end of what the system says; every other field keeps its bytes."""
    fields: dict[str, Any] = dict(_fields(body))
    if dialect is Dialect.CHAT:
        fields["messages"] = _after_system(_any(fields["messages"]), text)
    elif dialect is Dialect.RESPONSES:
        given = _any(fields.get("instructions", b"null"))
        fields["instructions"] = f"{given}\n\n{text}" if isinstance(given, str) and given else text
    elif dialect is Dialect.MESSAGES:
        fields["system"] = _added(_any(fields.get("system", b"null")), text)
    else:
        name = "system_instruction" if "system_instruction" in fields else "systemInstruction"
        given = _any(fields.get(name, b"null"))
        given = given if isinstance(given, dict) else {}
        parts = given.get("parts")
        fields[name] = {
            **given,
            "parts": [*(parts if isinstance(parts, list) else [parts] if parts else []), {"text": text}],
        }
    return _encode(fields)


def _after_system(messages: Any, text: str) -> list[Any]:
    messages = messages if isinstance(messages, list) else []
    for at, one in enumerate(messages):
        if not isinstance(one, dict) or one.get("role") not in ("system", "developer"):
            break
        if (
            at + 1 == len(messages)
            or not isinstance(messages[at + 1], dict)
            or messages[at + 1].get("role") not in ("system", "developer")
        ):
            return [*messages[:at], {**one, "content": _added(one.get("content"), text)}, *messages[at + 1 :]]
    return [{"role": "system", "content": text}, *messages]


def _added(given: Any, text: str) -> Any:
    if isinstance(given, list):
        return [*given, {"type": "text", "text": text}]
    return f"{given}\n\n{text}" if isinstance(given, str) and given else text


def with_field(body: bytes, path: str, value: str) -> bytes:
    """The body with a field set, one level deep at most; what else stands within it stays."""
    fields: dict[str, Any] = dict(_fields(body))
    outer, _, inner = path.partition(".")
    if inner:
        given = _any(fields[outer]) if outer in fields else {}
        fields[outer] = {**(given if isinstance(given, dict) else {}), inner: value}
    else:
        fields[outer] = value
    return _encode(fields)
