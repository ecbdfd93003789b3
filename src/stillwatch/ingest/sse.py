"""Bodies as they came over the wire: JSON, text, base64 or server-sent events (WHATWG HTML, section 9.2), whole or cut off."""

from __future__ import annotations

import base64
import binascii
import re
from typing import Any

import msgspec

__all__ = ["Body", "events", "open_body"]

_decode = msgspec.json.Decoder().decode
_BASE64 = re.compile(r"[A-Za-z0-9+/_\-\s]{16,}={0,2}\s*\Z")
_SSE_STARTS = ("data:", "event:", "id:", "retry:", ":")
MAX_DEPTH = 4


class Body(msgspec.Struct, frozen=True, kw_only=True):
    """An opened body: the whole object, or its stream events in order; `broken` when something in it could not be read."""

    whole: dict[str, Any] | None = None
    events: list[dict[str, Any]] | None = None
    broken: bool = False


def events(stream: str) -> tuple[list[dict[str, Any]], bool]:
    """Read server-sent events whose data are JSON objects; returns them and whether one was broken (a stream that was cut)."""
    payloads = [line[5:] for line in stream.split("\n") if line.startswith("data:")]
    try:
        # One decoding of all events is several times faster than one of each; a cut or odd stream takes the slow way.
        decoded = _decode(
            "[" + ",".join([payload for payload in payloads if payload.strip() not in ("[DONE]", "")]) + "]"
        )
        return [value for value in decoded if isinstance(value, dict)], False
    except (msgspec.DecodeError, UnicodeError, RecursionError):
        return _events_slowly(stream)


def _events_slowly(stream: str) -> tuple[list[dict[str, Any]], bool]:
    found: list[dict[str, Any]] = []
    broken = False
    held: list[str] = []
    for line in stream.replace("\r\n", "\n").replace("\r", "\n").split("\n"):
        if line.startswith("data:"):
            held.append(line[5:])
            continue
        if line or not held:
            continue
        broken |= _flush(held, found)
        held = []
    if held:
        broken |= _flush(held, found)
    return found, broken


def _flush(held: list[str], found: list[dict[str, Any]]) -> bool:
    for data in held if len(held) > 1 and held[1].lstrip().startswith("{") else ["\n".join(held)]:
        stripped = data.strip()
        if not stripped or stripped == "[DONE]":
            continue
        try:
            value = _decode(stripped)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return True
        if isinstance(value, dict):
            found.append(value)
    return False


def open_body(value: Any, *, depth: int = 0) -> Body:
    """Open a body however a capture kept it: object, JSON text, SSE text, list of chunks (texts or objects), or base64 of these."""
    if isinstance(value, dict):
        return Body(whole=value)
    if isinstance(value, list):
        if value and all(isinstance(chunk, str) for chunk in value):
            joined = "".join(value)
            if not joined.lstrip().startswith(_SSE_STARTS) and value[0].lstrip().startswith("{"):
                opened, broken = events("\n\n".join(f"data: {chunk}" for chunk in value))
                return Body(events=opened, broken=broken)
            return open_body(joined, depth=depth)
        return Body(events=[chunk for chunk in value if isinstance(chunk, dict)], broken=not value)
    if isinstance(value, str):
        return _open_text(value, depth)
    return Body()


def _open_text(value: str, depth: int) -> Body:
    start = value[:64].lstrip("\ufeff \t\r\n")
    if not start:
        return Body()
    if start.startswith(_SSE_STARTS):
        found, broken = events(value)
        return Body(events=found, broken=broken)
    if start[0] in '{["':
        try:
            return open_body(_decode(value), depth=depth + 1) if depth < MAX_DEPTH else Body(broken=True)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            return Body(broken=True)
    if depth < MAX_DEPTH and _BASE64.match(value[:4096]) is not None:
        try:
            raw = base64.b64decode(value, validate=False)
        except (binascii.Error, ValueError):
            return Body(broken=True)
        return _open_text(raw.decode("utf-8", "replace"), depth + 1)
    return Body(broken=True)
