"""Entries of HTTP archives in their plain shape, many at once: what `har.read` makes of each. Bodies stand there as text."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Annotated, Any, NamedTuple

from msgspec import Meta

from ._anthropic_plain import ANTHROPIC
from ._chat_plain import CHAT
from ._gemini_plain import GEMINI
from ._responses_plain import RESPONSES
from .capture import safe_path, wires
from .clean import Reading
from .dialect import dialect_of_path
from .exchanges import Exchanges
from .plain import Plain, PlainBodies, PlainLine, PlainLines, When

__all__ = ["PLAIN"]

_BODIES: dict[str | None, PlainBodies[Any, Any]] = {
    "openai_chat": CHAT,
    "openai_responses": RESPONSES,
    "anthropic_messages": ANTHROPIC,
    "gemini_generate": GEMINI,
}


class _Posted(Plain):
    text: str


class _Asked(Plain):
    url: str
    postData: _Posted
    headers: list[Any] | None = None


class _Content(Plain):
    text: str
    encoding: str | None = None


class _Answered(Plain):
    content: _Content
    headers: list[Any] | None = None
    status: Annotated[int, Meta(ge=0, le=999)] | None = None


class _Entry(PlainLine, kw_only=True):
    startedDateTime: When
    request: _Asked
    response: _Answered


class _Call(NamedTuple):
    """An entry whose bodies are opened; `ended` tells of a streamed answer whether it reached its end."""

    entry: _Entry
    dialect: str
    request: Any
    answer: Any
    ended: bool | None


def _opened(entry: _Entry) -> tuple[_Call] | None:
    url, content = entry.request.url, entry.response.content
    dialect = dialect_of_path(url)
    bodies = _BODIES.get(dialect)
    if dialect is None or bodies is None or not safe_path(url):
        return None
    text = content.text
    if content.encoding == "base64":
        try:
            text = base64.b64decode(text).decode("utf-8", "replace")
        except (binascii.Error, ValueError):
            return None
    request, answer = bodies.asked(entry.request.postData.text), bodies.answered(text)
    return None if request is None or answer is None else (_Call(entry, dialect, request, *answer),)


def _read(calls: Sequence[_Call], reading: Reading) -> Exchanges:
    spoken = [call.dialect for call in calls]
    if spoken.count(spoken[0]) == len(spoken):
        return _read_in(spoken[0], calls)
    x = Exchanges(0)
    order: list[int] = []
    for dialect in dict.fromkeys(spoken):
        places = [place for place, one in enumerate(spoken) if one == dialect]
        x.extend(_read_in(dialect, [calls[place] for place in places]))
        order += places
    return x.ordered(sorted(range(x.count), key=order.__getitem__))


def _read_in(dialect: str, calls: Sequence[_Call]) -> Exchanges:
    """Calls that are all in one dialect."""
    x = Exchanges(len(calls))
    entries = [call.entry for call in calls]
    x.pathway = ["api"] * x.count
    x.http_status = [entry.response.status or None for entry in entries]
    wires(
        x,
        dialect,
        paths=[entry.request.url for entry in entries],
        asked=[entry.request.headers for entry in entries],
        answered=[entry.response.headers for entry in entries],
    )
    bodies = _BODIES[dialect]
    bodies.requests(x, [call.request for call in calls])
    bodies.responses(x, [call.answer for call in calls], [call.ended for call in calls])
    x.ip = [None] * x.count
    x.account = x.credential
    return x


PLAIN: PlainLines[_Entry, _Call] = PlainLines(
    _Entry, opened=_opened, at=lambda call: call.entry.startedDateTime, field="startedDateTime", read=_read
)
"""How plain lines are read."""
