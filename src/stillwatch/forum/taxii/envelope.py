"""What a member pushed, read with suspicion: an envelope of objects, each taken or refused by itself."""

from __future__ import annotations

import hashlib
import logging
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Protocol

import msgspec

from stillwatch.forum.stix.reading import MOST_OBJECTS
from stillwatch.forum.taxii.hub import Collection
from stillwatch.forum.taxii.wire import Refusal, version_key, version_text

__all__ = ["Accept", "Incoming", "Refused", "accept_all", "read_envelope", "read_object"]

_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}"
_ID = re.compile(rf"([a-z0-9](?:[a-z0-9-]{{0,248}}[a-z0-9])?)--{_UUID}")
_DEEPEST = 64
_SHOWN = 120
_log = logging.getLogger(__name__)


class Refused(Protocol):
    """Why an object may not be shared: a stable code, and a sentence."""

    @property
    def code(self) -> str:
        """Such as R2."""
        ...

    @property
    def message(self) -> str:
        """What is wrong and where."""
        ...


class Accept(Protocol):
    """The sharing rules, asked once for each object; no answer means that it may pass."""

    def __call__(self, stix: Mapping[str, Any], /, *, member: str, collection: str) -> Sequence[Refused]:
        """Every reason against it."""
        ...


def accept_all(stix: Mapping[str, Any], /, *, member: str, collection: str) -> Sequence[Refused]:
    """No rules: for tests, and for hubs that hold public objects only."""
    return ()


@dataclass(frozen=True, kw_only=True, slots=True)
class Incoming:
    """One object of a push; with a `fault` it is not stored. `version` is "" when it is to be the time of its addition."""

    id: str
    shown_version: str = ""
    type: str = ""
    version: str = ""
    spec: str = "2.1"
    revoked: bool = False
    body: bytes = field(default=b"", repr=False)
    code: str = ""
    fault: str = ""

    @property
    def digest(self) -> bytes:
        """SHA-256 of the bytes that are stored."""
        return hashlib.sha256(self.body).digest()


def read_envelope(body: bytes) -> list[Any]:
    """The objects of an envelope.

    Raises:
        Refusal: 400 when it is no JSON, 422 when it is no envelope, 413 when it holds more objects than are read at once.
    """
    try:
        whole = msgspec.json.decode(body)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError) as error:
        raise Refusal(400, f"the body is not JSON: {str(error)[:_SHOWN]}") from error
    if not isinstance(whole, dict):
        raise Refusal(422, 'expected an envelope: {"objects": [...]}', code="no_envelope")
    if whole.get("type") == "bundle":
        raise Refusal(422, 'got a STIX bundle, expected its objects in an envelope: {"objects": [...]}', code="bundle")
    objects = whole.get("objects")
    if not isinstance(objects, list):
        raise Refusal(422, 'expected an envelope with a list of objects: {"objects": [...]}', code="no_envelope")
    if len(objects) > MOST_OBJECTS:
        raise Refusal(413, f"{len(objects):,} objects, at most {MOST_OBJECTS:,} are read at once")
    return objects


def read_object(raw: Any, collection: Collection, *, most_bytes: int, member: str, accept: Accept) -> Incoming:
    """One object, checked for what a hub needs and then by the sharing rules; never raises for what is in it."""
    if not isinstance(raw, dict):
        return Incoming(id="unknown", code="malformed", fault="malformed: expected an object")
    name = raw.get("id")
    found = _ID.fullmatch(name) if isinstance(name, str) else None
    if found is None:
        shown = name[:_SHOWN].encode("ascii", "replace").decode() if isinstance(name, str) else "unknown"
        return Incoming(id=shown, code="malformed", fault="malformed: id: expected type--uuid, in lower case")
    given = raw.get("modified", raw.get("created", ""))
    shown = given[:40] if isinstance(given, str) else ""
    try:
        incoming = _read(raw, found[0], found[1], collection, most_bytes)
        shown = version_text(incoming.version) if incoming.version else ""
        refused = accept(raw, member=member, collection=collection.id)
    except _Fault as fault:
        return Incoming(id=found[0], shown_version=shown, code=fault.code, fault=f"{fault.code}: {fault}")
    except Exception as error:  # whatever one object does to the rules, those beside it are judged
        _log.error("an object broke the rules' reading of it", extra={"error": type(error).__name__})
        return Incoming(id=found[0], shown_version=shown, code="malformed", fault="malformed: no rule can read it")
    if refused:
        told = "; ".join(f"{one.code}: {one.message}" for one in refused)
        codes = ",".join(sorted({one.code for one in refused}))
        return Incoming(id=found[0], shown_version=shown, code=codes, fault=told[:2000])
    return incoming


class _Fault(Exception):
    def __init__(self, code: str, message: str) -> None:
        self.code = code
        super().__init__(message)


def _read(raw: dict[str, Any], name: str, kind: str, collection: Collection, most_bytes: int) -> Incoming:
    if raw.get("type") != kind:
        raise _Fault("malformed", f"type: expected {kind!r}, as the id says")
    spec = _spec(raw)
    if spec not in collection.spec_versions:
        raise _Fault("unsupported", f"spec_version: expected {' or '.join(collection.spec_versions)}")
    moments = {at: _moment(raw, at) for at in ("created", "modified")}
    if moments["created"] and moments["modified"] and moments["modified"] < moments["created"]:
        raise _Fault("malformed", "modified: lies before created")
    if moments["modified"] and not moments["created"]:
        raise _Fault("malformed", "created: is missing, and modified is there")
    if not isinstance(raw.get("revoked", False), bool):
        raise _Fault("malformed", "revoked: expected true or false")
    body = _encoded(raw)
    if len(body) > most_bytes:
        raise _Fault("too_large", f"has {len(body)} bytes, expected at most {most_bytes}")
    return Incoming(
        id=name,
        type=kind,
        version=moments["modified"] or moments["created"],
        spec=spec,
        revoked=raw.get("revoked", False),
        body=body,
        shown_version="",
    )


def _spec(raw: Mapping[str, Any]) -> str:
    """The kind of STIX: what the object says, else 2.1 for observables, which need not say it, and 2.0 for all others."""
    told = raw.get("spec_version")
    if told is None:
        return "2.0" if "created" in raw else "2.1"
    return told if isinstance(told, str) else ""


def _moment(raw: Mapping[str, Any], at: str) -> str:
    given = raw.get(at)
    if given is None:
        return ""
    try:
        return version_key(given if isinstance(given, str) else "")
    except ValueError as error:
        raise _Fault("malformed", f"{at}: {error}") from error


def _encoded(raw: dict[str, Any]) -> bytes:
    """The bytes that are stored and served: what the rules read, without doubled keys and in one order."""
    try:
        body = msgspec.json.encode(raw, order="deterministic")
    except (ValueError, OverflowError, RecursionError, TypeError, UnicodeEncodeError) as error:
        raise _Fault("malformed", "has a number or text that JSON cannot carry safely") from error
    if body.count(b"{") + body.count(b"[") > _DEEPEST and any(depth > _DEEPEST for depth in _depths(raw)):
        raise _Fault("too_deep", f"is nested more than {_DEEPEST} deep")
    return body


def _depths(raw: Any) -> Iterator[int]:
    waiting = [(raw, 1)]
    while waiting:
        one, depth = waiting.pop()
        yield depth
        if depth > _DEEPEST:
            return
        inner = one.values() if isinstance(one, dict) else one
        waiting += [(each, depth + 1) for each in inner if isinstance(each, dict | list)]
