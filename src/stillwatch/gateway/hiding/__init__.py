"""Trace confidentiality: visible reasoning and log-probabilities taken out of answers in four dialects, whole or streamed.

Signatures, encrypted blocks and tool calls stay as they are. What cannot be read is not passed on: here the leak is the harm.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Protocol

import msgspec

from stillwatch.gateway.hiding.chat import ChatHider
from stillwatch.gateway.hiding.gemini import GeminiHider
from stillwatch.gateway.hiding.messages import MessagesHider
from stillwatch.gateway.hiding.responses import ResponsesHider
from stillwatch.gateway.hiding.sse import Event, Events, EventTooLong
from stillwatch.policy import Dialect, Hide

__all__ = ["EventTooLong", "Hider", "Seal", "StreamHider", "Unhideable", "hidden", "hider"]

_decode = msgspec.json.Decoder().decode
_encode = msgspec.json.encode


Seal = Callable[[Any], bool]
"""An edit of one event or answer in place that seals its signatures; whether it changed."""


class Hold(Protocol):
    """Keeps events back until what they say was looked at."""

    def hear(self, data: Any) -> None:
        """Take in what one event says, before anything is hidden in it."""
        ...

    def put(self, raw: bytes) -> None:
        """Hold the bytes of an event."""
        ...


class Unhideable(Exception):
    """An answer that cannot be read, so that nobody knows what it would give away."""


class Hider(Protocol):
    """Edits one answer of one dialect in place."""

    def whole(self, data: Any) -> bool:
        """Edit a whole answer; whether it changed."""
        ...

    def event(self, data: Any) -> tuple[list[Any], bool]:
        """Edit one event; returns events to put before it, and whether it changed."""
        ...


_HIDERS: dict[Dialect, type[ChatHider | MessagesHider | ResponsesHider | GeminiHider]] = {
    Dialect.CHAT: ChatHider,
    Dialect.RESPONSES: ResponsesHider,
    Dialect.MESSAGES: MessagesHider,
    Dialect.GEMINI: GeminiHider,
}


def hider(dialect: Dialect, how: Hide, *, logprobs: bool = False) -> Hider:
    """What hides in one answer. Log-probabilities spell the tokens out, so they go wherever reasoning goes, or with `logprobs` alone."""
    return _HIDERS[dialect](how, logprobs=logprobs or how is not Hide.NOTHING)


def hidden(dialect: Dialect, body: bytes, how: Hide, *, logprobs: bool = False, seal: Seal | None = None) -> bytes:
    """A whole JSON answer without what is to be hidden, its signatures sealed; the same bytes where nothing was.

    Raises:
        Unhideable: when the body is no JSON.
    """
    try:
        data = _decode(body)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise Unhideable from error
    changed = hider(dialect, how, logprobs=logprobs).whole(data)
    if seal is not None and seal(data):
        changed = True
    return _encode(data) if changed else body


class StreamHider:
    """Hides in a stream of server-sent events that arrives in pieces of any size.

    `unreadable` counts the events that were left out because nobody could read them.
    """

    def __init__(
        self,
        dialect: Dialect,
        how: Hide,
        *,
        logprobs: bool = False,
        seal: Seal | None = None,
        hold: Hold | None = None,
        longest: int = 16 << 20,
    ) -> None:
        self._seal = seal
        self._hold = hold
        self._hider = hider(dialect, how, logprobs=logprobs)
        self._named = dialect in (Dialect.MESSAGES, Dialect.RESPONSES)
        self._events = Events(longest)
        self.unreadable = 0

    def feed(self, piece: bytes) -> bytes:
        """What may leave now; nothing where it is on hold.

        Raises:
            EventTooLong: when an event grows beyond what is read.
        """
        return self._let_go([self._passed(event) for event in self._events.feed(piece)])

    def finish(self) -> bytes:
        """What may leave at the end."""
        rest = self._events.finish()
        return b"" if rest is None else self._let_go([self._passed(rest)])

    def _let_go(self, passed: list[bytes]) -> bytes:
        if self._hold is None:
            return b"".join(passed)
        for one in passed:
            self._hold.put(one)
        return b""

    def _passed(self, event: Event) -> bytes:
        data = event.data
        if data is None or data == b"[DONE]" or not data.strip():
            return event.raw
        try:
            value = _decode(data)
        except (msgspec.DecodeError, UnicodeError, RecursionError):
            self.unreadable += data.strip() != b"[DONE]"
            return event.raw if data.strip() == b"[DONE]" else b""
        if self._hold is not None:
            self._hold.hear(value)
        before, changed = self._hider.event(value)
        if self._seal is not None and self._seal(value):
            changed = True
        raw = event.with_data(_encode(value)) if changed else event.raw
        return b"".join([*map(self._made, before), raw]) if before else raw

    def _made(self, data: dict[str, Any]) -> bytes:
        name = f"event: {data['type']}\n".encode() if self._named else b""
        return name + b"data: " + _encode(data) + b"\n\n"
