"""What an operator chooses of a gateway: limits, for each stage which way it fails, and where it listens."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Fail", "Listen", "Options"]


class Fail(Enum):
    """Which way a stage fails: `OPEN` lets the request go on as if the stage were not there, `CLOSED` refuses it."""

    OPEN = "unsafe-open"
    CLOSED = "closed"


@dataclass(frozen=True, kw_only=True, slots=True)
class Options:
    """Limits in bytes and seconds, and fail switches.

    Attributes:
        max_body: largest request body on a path that speaks to a model; such bodies are held whole.
        max_held: bytes of request bodies that are held at once, over all requests; beyond that they are refused with 503.
        max_upload: largest request body on any other path; these are streamed.
        max_answer: largest answer that is held whole where something in it is to be hidden.
        body_seconds: how long a client may take to send its body.
        connect_seconds: how long connecting to the upstream may take.
        silence_seconds: how long the upstream may be silent, before its answer and within it.
        capture_text: bytes of an answer that are kept for the capture; the rest is cut off there, not for the client.
        decide: when the policy raises an error: if requests passed then, any fault in it would free whom people blocked.
        unreadable: when a body on a path that speaks to a model cannot be read: what cannot be read cannot be bounded.
        hide: when something is to be hidden in an answer that cannot be read: there the leak is the harm.
        visible: whether headers and error bodies say which rule applied.
        pathway: what the capture calls this way in.
        forwarded: whether `X-Forwarded-For` is set by a trusted front.
        strip: whether fields that reach into the serving engine are taken out of requests.
    """

    max_body: int = 32 << 20
    max_held: int = 512 << 20
    max_upload: int = 512 << 20
    max_answer: int = 64 << 20
    body_seconds: float = 60.0
    connect_seconds: float = 10.0
    silence_seconds: float = 600.0
    capture_text: int = 1 << 20
    decide: Fail = Fail.CLOSED
    unreadable: Fail = Fail.CLOSED
    hide: Fail = Fail.CLOSED
    visible: bool = True
    pathway: str = "gateway"
    forwarded: bool = False
    strip: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Listen:
    """Where a worker listens. The admin port belongs inside: it has no password."""

    host: str = "127.0.0.1"
    port: int = 8080
    admin_host: str = "127.0.0.1"
    admin_port: int | None = 9464
    tls_cert: str | None = None
    tls_key: str | None = None
    client_ca: str | None = None
    drain_seconds: float = 30.0
    most_connections: int | None = None
