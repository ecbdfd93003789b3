"""What crosses the wire: which dialect a path speaks, and which headers go on to the other side.

Hop-by-hop headers (RFC 9110, section 7.6.1) belong to one connection and are never passed on, nor is what a `Connection` header names.
"""

from __future__ import annotations

import posixpath
from collections.abc import Iterable
from functools import lru_cache

from stillwatch.policy import Dialect

__all__ = ["MARK", "Headers", "answer_headers", "dialect_of", "first", "forward_headers", "model_in", "uncovered"]

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
_BODY_CHANGED = frozenset(
    (b"content-length", b"content-encoding", b"content-md5", b"digest", b"content-digest", b"etag")
)

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


@lru_cache(maxsize=8192)
def _plain(path: str) -> str:
    """A path as the most forgiving server would read it: no empty or dotted segments, no trailing slash, lower case."""
    return posixpath.normpath("/" + path.lstrip("/")).lower()


@lru_cache(maxsize=8192)
def dialect_of(method: str, path: str) -> Dialect:
    """Tell the dialect from a decoded path. Spellings that a server might fold into one are one.

    >>> dialect_of("POST", "/v1//chat/./completions/").value
    'openai_chat'
    >>> dialect_of("POST", "/v1/threads/t1/messages").value
    'other'
    """
    if method != "POST":
        return Dialect.OTHER
    plain = _plain(path)
    if "/threads/" in plain:
        return Dialect.OTHER
    return next((dialect for ending, dialect in _ENDINGS if plain.endswith(ending)), Dialect.OTHER)


@lru_cache(maxsize=8192)
def uncovered(path: str) -> str | None:
    """The pathway of a call that carries models' answers past the gateway's eyes, such as `batch`; `None` for any other."""
    plain = _plain(path)
    return next((name for part, name in _UNCOVERED if part in plain), None)


@lru_cache(maxsize=8192)
def model_in(path: str) -> str | None:
    """The model that a path names, as Gemini's and Vertex's do.

    >>> model_in("/v1beta/models/gemini-x:generateContent")
    'gemini-x'
    """
    name = path.rpartition("models/")[2].partition(":")[0] if ":" in path else ""
    return name[:512] or None


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
    gone = _HOP.union(named, _BODY_CHANGED) if changed else _HOP | named if named else _HOP
    return [(name, value) for name, value in headers if name not in gone and not name.startswith(MARK)]
