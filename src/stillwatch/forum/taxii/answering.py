"""A request whose sender is known, the answer to it, and what both are made with: bodies within bounds, pages put together unread."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, MutableMapping
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.forum.taxii.hub import Hub, Member
from stillwatch.forum.taxii.store import Page
from stillwatch.forum.taxii.wanted import Wanted
from stillwatch.forum.taxii.wire import MEDIA, STIX, Refusal, stamp, version_text

__all__ = [
    "SAFE",
    "Answer",
    "Asked",
    "Receive",
    "allow",
    "as_json",
    "body_if",
    "body_of",
    "only_id",
    "spent",
    "written",
]

Receive = Callable[[], Awaitable[MutableMapping[str, Any]]]


@dataclass(frozen=True, kw_only=True, slots=True)
class Asked:
    """A request whose sender is known."""

    method: str
    path: tuple[str, ...]
    query: bytes
    headers: Mapping[str, str]
    member: Member
    receive: Receive


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What goes back: bytes with a status, headers and a media type."""

    body: bytes
    status: int = 200
    headers: tuple[tuple[str, str], ...] = ()
    media: str = MEDIA


SAFE = (("cache-control", "no-store"), ("x-content-type-options", "nosniff"))


def as_json(told: Mapping[str, Any], *, status: int = 200) -> Answer:
    """An answer that says this."""
    return Answer(body=msgspec.json.encode(told), status=status)


def only_id(wanted: Wanted, name: str) -> Wanted:
    """The same page of one object alone."""
    return Wanted(limit=wanted.limit, after=wanted.after, ids=(name,), specs=wanted.specs, versions=wanted.versions)


def allow(asked: Asked, *methods: str) -> None:
    """Go on only with these methods; HEAD is a GET.

    Raises:
        Refusal: 405, with those that are.
    """
    if asked.method not in methods and not (asked.method == "HEAD" and "GET" in methods):
        raise Refusal(405, f"expected {' or '.join(methods)}", headers=(("allow", ", ".join(methods)),))


def spent(kind: str, at: int) -> Refusal:
    """What is said until midnight (UTC) once a quota is used up."""
    left = 86_400 - at // 1_000_000 % 86_400
    return Refusal(429, f"your quota of {kind} for today is spent", code="quota", headers=(("retry-after", str(left)),))


def written(what: str, found: Page, mark: str | None) -> bytes:
    """The page as JSON; bodies are put together as they were stored, never read again."""
    head = b'{"more":true,"next":' + msgspec.json.encode(mark) if mark else b'{"more":false'
    if what == "versions":
        return head + b',"versions":' + msgspec.json.encode([version_text(one.version) for one in found.rows]) + b"}"
    if what == "manifest":
        entries = [
            {
                "id": one.id,
                "date_added": stamp(one.added),
                "version": version_text(one.version),
                "media_type": STIX + one.spec,
            }
            for one in found.rows
        ]
        return head + b',"objects":' + msgspec.json.encode(entries) + b"}"
    return head + b',"objects":[' + b",".join(one.body for one in found.rows) + b"]}"


async def body_if(asked: Asked, hub: Hub) -> bytes:
    """The body of a POST; nothing else has one that is read."""
    return await body_of(asked, hub) if asked.method == "POST" else b""


async def body_of(asked: Asked, hub: Hub) -> bytes:
    """The body of a request, as long as it is allowed and no longer than it may take."""
    told = asked.headers.get("content-length", "0")
    if not (told.isascii() and told.isdigit()):
        raise Refusal(400, "content-length: expected a whole number")
    too_large = Refusal(413, f"the body is larger than {hub.max_content_length} bytes")
    if int(told) > hub.max_content_length:
        raise too_large
    parts, size = [], 0
    try:
        async with asyncio.timeout(hub.body_seconds):
            while True:
                message = await asked.receive()
                if message["type"] == "http.disconnect":
                    raise Refusal(400, "the client went away")
                parts.append(message.get("body", b""))
                size += len(parts[-1])
                if size > hub.max_content_length:
                    raise too_large
                if not message.get("more_body", False):
                    return b"".join(parts)
    except TimeoutError as error:
        raise Refusal(408, f"the body took longer than {hub.body_seconds:g} seconds") from error
