"""What holds for every request and answer, whatever page it is: hosts, sizes and headers.

The policy forbids every request to elsewhere, every inline script and style, framing, and forms that go elsewhere, so that text which
got past the escaping would stay dead. A request for another host than ours is refused: a name that somebody points at this machine
(DNS rebinding) reaches nothing.
"""

from __future__ import annotations

from collections.abc import Collection
from urllib.parse import urlsplit

from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = ["MOST_BYTES", "Guard", "hosts_of", "own_origin"]

MOST_BYTES = 256 * 1024
"""Of a form."""

_POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "base-uri 'none'; frame-ancestors 'none'"
)
_HEADERS = {
    "content-security-policy": _POLICY,
    "x-content-type-options": "nosniff",
    "x-frame-options": "DENY",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "cache-control": "no-store",
    "x-robots-tag": "noindex",
}


class Guard:
    """Stands around the application.

    Args:
        app: what is guarded.
        hosts: names under which the console is reached, without port.
        secure: whether it is reached by HTTPS, so that browsers may be told to insist on it.
    """

    def __init__(self, app: ASGIApp, hosts: Collection[str], *, secure: bool) -> None:
        self._app = app
        self._hosts = frozenset(hosts)
        extra = {"strict-transport-security": "max-age=31536000"} if secure else {}
        self._headers = [(name.encode(), value.encode()) for name, value in {**_HEADERS, **extra}.items()]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Let a request through, or answer it here."""
        if scope["type"] != "http":
            return await self._app(scope, receive, send)

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                own = {name.lower() for name, _ in message["headers"]}
                kept = [(name, value) for name, value in self._headers if name not in own]
                message = {**message, "headers": [*message["headers"], *kept]}
            await send(message)

        headers = [(name.lower(), value) for name, value in scope["headers"]]
        named = [value.decode("latin-1") for name, value in headers if name == b"host"]
        if len(named) != 1 or _name(named[0]) not in self._hosts:
            return await PlainTextResponse("no such host here\n", 421)(scope, receive, guarded)
        length = next((value for name, value in headers if name == b"content-length"), b"0")
        if not length.isdigit() or int(length) > MOST_BYTES:
            return await PlainTextResponse("too much was sent\n", 413)(scope, receive, guarded)
        return await self._app(scope, receive, guarded)


def hosts_of(bound: str, names: Collection[str]) -> frozenset[str]:
    """The hosts that are ours: this machine by its usual names, the address bound to, and what the settings name.

    >>> sorted(hosts_of("127.0.0.1", ["Desk.example"]))
    ['127.0.0.1', '::1', 'desk.example', 'localhost']
    """
    everywhere = {"0.0.0.0", "::", ""}  # noqa: S104 - compared with, not bound to
    return frozenset({"localhost", "127.0.0.1", "::1", *(n.lower() for n in names), *({bound} - everywhere)})


def own_origin(origin: str, host: str) -> bool:
    """Whether an `Origin` header names the host that the request went to.

    >>> own_origin("http://localhost:8700", "localhost:8700"), own_origin("http://evil.example", "localhost:8700")
    (True, False)
    >>> own_origin("http://[", "[")
    False
    """
    try:
        return urlsplit(origin).netloc.lower() == host.lower() and bool(host)
    except ValueError:  # no address at all
        return False


def _name(host: str) -> str:
    """A host without its port."""
    if host.startswith("["):
        return host[1:].partition("]")[0].lower()
    return host.partition(":")[0].lower()
