"""What every dialect of guardrail hooks comes down to: a request that is asked about, and an answer in the asker's own shape."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Protocol

import msgspec

from stillwatch.gateway.adapters.carrying import Means
from stillwatch.gateway.adapters.hosts import Named
from stillwatch.gateway.asking import Body
from stillwatch.gateway.options import Options
from stillwatch.gateway.refusing import Refusal
from stillwatch.gateway.wire import Headers
from stillwatch.policy import Dialect, Ruling

__all__ = ["BadHook", "Call", "Heard", "Reply", "Tongue", "refused_in_words", "replied", "whole"]

_encode = msgspec.json.encode
_NO_FACTS = Body()


class BadHook(Exception):
    """A call that is not what its dialect says; the message names the field, never what it held."""


class Call(msgspec.Struct, frozen=True, kw_only=True):
    """A hook's call as it came. `path` is that of the caller's own request, where the dialect passes it on."""

    method: str
    path: str
    headers: Headers
    body: bytes


class Heard(msgspec.Struct, frozen=True, kw_only=True):
    """A request that is asked about.

    `named` is who asks, where the host tells it; else the `headers` say so that it passed on. `over` says that the call is about an answer:
    there is nothing to decide. `raw` is the request's own body, where the dialect lets it be edited.
    """

    dialect: Dialect = Dialect.CHAT
    named: Named | None = None
    headers: Headers = []
    facts: Body = _NO_FACTS
    over: bool = False
    raw: bytes | None = None
    size: int = 0


class Reply(msgspec.Struct, frozen=True, kw_only=True):
    """What is answered over HTTP."""

    status: int
    headers: Headers
    body: bytes


class Tongue(Protocol):
    """One dialect."""

    name: str
    means: Means

    def heard(self, call: Call) -> Heard:
        """What is asked.

        Raises:
            BadHook, Unreadable: when the call is not of this dialect, or the body in it cannot be read.
        """
        ...

    def passed(self, heard: Heard, ruling: Ruling, lacking: Sequence[str], options: Options) -> Reply:
        """Let it pass, with whatever edits this dialect has for the ruling; `lacking` are the steps that it has none for."""
        ...

    def refused(self, heard: Heard, said: Refusal) -> Reply:
        """Say no."""
        ...


def replied(value: Any, *, status: int = 200) -> Reply:
    """An answer in JSON."""
    body = _encode(value)
    headers = [(b"content-type", b"application/json"), (b"content-length", str(len(body)).encode())]
    return Reply(status=status, headers=headers, body=body)


def whole(body: bytes, shape: type[msgspec.Struct]) -> Any:
    """A call's body in its shape.

    Raises:
        BadHook: when it is not of that shape.
    """
    try:
        return msgspec.json.decode(body, type=shape)
    except (msgspec.DecodeError, UnicodeError, RecursionError) as error:
        raise BadHook(
            str(error) if isinstance(error, msgspec.ValidationError) else "no JSON object in UTF-8"
        ) from error


def refused_in_words(said: Refusal) -> tuple[str, dict[str, Any]]:
    """(sentence, machine-readable facts) of a refusal, for dialects that carry little more than a sentence."""
    told = msgspec.json.decode(said.body)["error"]
    facts: dict[str, Any] = told.get("details") or {}
    retry = next((value.decode() for name, value in said.headers if name == b"retry-after"), None)
    if retry is not None:
        facts = {**facts, "retry_after": int(retry)}
    return f"{told['message']} ({', '.join(f'{name}: {value}' for name, value in facts.items())})", facts
