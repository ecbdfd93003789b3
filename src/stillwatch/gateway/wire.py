"""What crosses the wire: which dialect a path speaks, and which headers go on to the other side.

Hop-by-hop headers (RFC 9110, section 7.6.1) belong to one connection and are never passed on, nor is what a `Connection` header names.
"""

from __future__ import annotations

import posixpath
import re
from collections.abc import Iterable
from functools import lru_cache

import msgspec

from stillwatch.policy import Dialect

__all__ = [
    "LONGEST",
    "MARK",
    "TRACED",
    "VOUCHING",
    "Headers",
    "Route",
    "answer_headers",
    "first",
    "forward_headers",
    "route_of",
]

Headers = list[tuple[bytes, bytes]]
"""Headers as ASGI has them: lower-case names, in the order of the wire."""

MARK = b"x-stillwatch-"
"""How our own headers begin; whoever else sends one has it taken away."""

_HOP = frozenset(
    (b"connection", b"keep-alive", b"proxy-authenticate", b"proxy-authorization", b"proxy-connection", b"te", b"trailer",
     b"transfer-encoding", b"upgrade")
)  # fmt: skip
_NOT_ASKED = _HOP | {b"host", b"content-length", b"expect", b"x-http-method-override"}
_NOTHING: frozenset[bytes] = frozenset()
VOUCHING = frozenset((b"content-length", b"content-encoding", b"content-md5", b"digest", b"content-digest", b"etag"))
"""Headers of an answer that vouch for its bytes: they go where the bytes are changed."""

TRACED = frozenset((b"traceparent", b"tracestate"))
"""Headers of W3C Trace Context; where a request is traced here they go on with our ids."""

LONGEST = 512
"""Bytes of a path or a key beyond which it is worked out anew each time: what strangers make up must not fill the memory."""

_ENDINGS = (
    ("/chat/completions", Dialect.CHAT),
    ("/completions", Dialect.CHAT),
    ("/responses", Dialect.RESPONSES),
    ("/messages", Dialect.MESSAGES),
    (":rawpredict", Dialect.MESSAGES),
    (":streamrawpredict", Dialect.MESSAGES),
    (":generatecontent", Dialect.GEMINI),
    (":streamgeneratecontent", Dialect.GEMINI),
)
_UNCOVERED = (
    ("batch", "batch"),
    ("/files", "files"),
    ("/realtime", "realtime"),
    (":bidigeneratecontent", "realtime"),
    ("/fine_tuning", "fine_tuning"),
    ("/assistants", "assistants"),
    ("/threads", "assistants"),
)


_STORED = re.compile(r"/(chat/completions|responses|conversations)(?:/|$)")


class Route(msgspec.Struct, frozen=True, kw_only=True, gc=False):
    """What a path says of a call.

    Attributes:
        dialect: that of the request; `OTHER` passes unread.
        answers: that of the answer: also of one that was stored before and is fetched again.
        uncovered: pathway of a call whose answers do not reach the capture, such as `batch`.
        model: the model that the path names, as Gemini's and Vertex's do.
        streams: whether the path alone asks for a stream.
    """

    dialect: Dialect
    answers: Dialect
    uncovered: str | None = None
    model: str | None = None
    streams: bool = False


def route_of(method: str, path: str) -> Route:
    """Read a decoded path. Spellings that a server might fold into one are one.

    >>> route_of("POST", "/v1//chat/./completions/").dialect.value
    'openai_chat'
    >>> fetched = route_of("GET", "/v1/responses/resp_1")
    >>> fetched.dialect.value, fetched.answers.value, fetched.uncovered
    ('other', 'openai_responses', 'stored_answers')
    >>> route_of("POST", "/v1beta/models/gemini-x:generateContent").model
    'gemini-x'
    """
    return _remembered(method, path) if len(path) <= LONGEST else _route(method, path)


def _route(method: str, path: str) -> Route:
    # As the most forgiving server would read it: no empty or dotted segments, no trailing slash, lower case.
    plain = posixpath.normpath("/" + path.lstrip("/")).lower()
    threads = "/threads/" in plain
    if method == "POST" and not threads:
        for ending, dialect in _ENDINGS:
            if plain.endswith(ending):
                name = path.rpartition("models/")[2].partition(":")[0] if ":" in path else ""
                return Route(dialect=dialect, answers=dialect, model=name[:512] or None, streams=":stream" in plain)
    uncovered = next((name for part, name in _UNCOVERED if part in plain), None)
    answers = Dialect.OTHER
    if uncovered is None and (stored := _STORED.search(plain)) is not None:
        answers = Dialect.CHAT if stored[1] == "chat/completions" else Dialect.RESPONSES
        uncovered = "stored_answers"
    return Route(dialect=Dialect.OTHER, answers=answers, uncovered=uncovered)


_remembered = lru_cache(maxsize=8192)(_route)


def first(headers: Headers, name: bytes) -> bytes | None:
    """The first value of a header."""
    for key, value in headers:
        if key == name:
            return value
    return None


def _named_by_connection(headers: Headers) -> frozenset[bytes]:
    found: set[bytes] | None = None
    for name, value in headers:
        if name == b"connection" and value.lower() not in (b"keep-alive", b"close"):
            found = found or set()
            found.update(token.strip().lower() for token in value.split(b","))
    return _NOTHING if found is None else frozenset(found)


def forward_headers(
    headers: Headers, *, identity: bool, dropped: frozenset[bytes] = frozenset()
) -> list[tuple[str, str]]:
    """A request's headers for the upstream, in the order in which they came.

    With `identity` the upstream is asked for an answer that is not compressed, for it is to be read. `dropped` names others to leave out.
    """
    named = _named_by_connection(headers)
    gone = _NOT_ASKED.union(named, dropped) if named or dropped else _NOT_ASKED
    passed = [
        (name.decode("latin-1"), value.decode("latin-1"))
        for name, value in headers
        if name not in gone and not name.startswith(MARK) and not (identity and name == b"accept-encoding")
    ]
    if identity:
        passed.append(("accept-encoding", "identity"))
    return passed


def answer_headers(raw: Iterable[tuple[bytes, bytes]], *, changed: bool) -> Headers:
    """An upstream's headers for the client; with `changed`, without those that vouch for bytes that are no longer the same."""
    headers = [(name.lower(), value) for name, value in raw]
    named = _named_by_connection(headers)
    gone = _HOP.union(named, VOUCHING) if changed else _HOP | named if named else _HOP
    return [(name, value) for name, value in headers if name not in gone and not name.startswith(MARK)]
