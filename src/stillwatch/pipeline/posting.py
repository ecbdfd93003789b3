"""One POST to an address that somebody else chose, which reaches nothing inside the house.

A name is resolved once; every address it has must be a public one, or lie in a network that the settings allow by name; and the
connection goes to the address that was checked. So a name that answers differently a moment later (DNS rebinding) gains nothing.
Redirects are not followed, the answer's body is not read, and proxies of the environment are not used.
"""

from __future__ import annotations

import http.client
import ipaddress
import socket
import ssl
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import TypeAlias
from urllib.parse import urlsplit

from stillwatch.core.errors import Error

__all__ = ["Answer", "Network", "Refused", "Target", "checked_address", "post", "target"]

Address: TypeAlias = ipaddress.IPv4Address | ipaddress.IPv6Address
Network: TypeAlias = ipaddress.IPv4Network | ipaddress.IPv6Network
Resolve: TypeAlias = Callable[[str, int], Sequence[str]]

TIMEOUT = 20.0
"""Seconds that connecting, and each step of the answer, may take."""

_TRANSLATED = (
    ipaddress.ip_network("64:ff9b::/96"),
    ipaddress.ip_network("64:ff9b:1::/48"),
    ipaddress.ip_network("2002::/16"),
)
"""Addresses behind which an IPv4 address stands (NAT64, 6to4): where they lead is not seen from here."""


class Refused(Error):
    """An address that no webhook may reach."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Target:
    """A URL that was taken apart: nothing in it is read again."""

    scheme: str
    host: str
    port: int
    path: str


@dataclass(frozen=True, kw_only=True, slots=True)
class Answer:
    """What came back: the status, and how many seconds the other end asks to wait, where it does."""

    status: int
    retry_after: int | None = None


def target(url: str, *, plain: bool = False) -> Target:
    """The parts of a URL.

    Args:
        plain: whether unencrypted `http` may be used.

    Raises:
        Refused: when it has another scheme, a user or password, a fragment, no host, or characters that no URL has.
    """
    try:
        parts = urlsplit(url)
        port = parts.port
    except ValueError as error:
        raise Refused(f"url: cannot be read: {error}") from error
    if any(ord(c) <= 0x20 or ord(c) >= 0x7F or c == "\\" for c in url):
        raise Refused("url: expected ASCII without blanks or backslashes")
    if parts.scheme not in (("https", "http") if plain else ("https",)):
        raise Refused(
            f"url: got scheme {parts.scheme!r}, expected https" + ("" if plain else "; unsafe_plain_http allows http")
        )
    if parts.username is not None or parts.password is not None or parts.fragment or not parts.hostname:
        raise Refused("url: expected a host, and no user, password or fragment")
    path = (parts.path or "/") + (f"?{parts.query}" if parts.query else "")
    return Target(
        scheme=parts.scheme, host=parts.hostname, port=port or {"https": 443, "http": 80}[parts.scheme], path=path
    )


def _resolved(host: str, port: int) -> Sequence[str]:
    return [str(row[4][0]) for row in socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)]


def checked_address(host: str, port: int, allowed: Sequence[Network], resolve: Resolve = _resolved) -> str:
    """The address to connect to, once every address of the host may be reached.

    Raises:
        Refused: when one of them may not, or the name has none.
    """
    try:
        found = [ipaddress.ip_address(text.partition("%")[0]) for text in resolve(host, port)]
    except (OSError, UnicodeError, ValueError) as error:
        raise Refused(f"{host}: has no address that can be used") from error
    if not found:
        raise Refused(f"{host}: has no address")
    for address in found:
        if not _public(address) and not any(address in network for network in allowed):
            raise Refused(
                f"{host}: leads to {address}, which is not a public address; unsafe_networks allows networks by name"
            )
    return str(found[0])


def _public(address: Address) -> bool:
    if isinstance(address, ipaddress.IPv6Address):
        if address.ipv4_mapped is not None:
            return _public(address.ipv4_mapped)
        if any(address in network for network in _TRANSLATED):
            return False
    return address.is_global and not address.is_multicast and not address.is_reserved


def post(
    to: Target,
    body: bytes,
    headers: Mapping[str, str],
    *,
    allowed: Sequence[Network] = (),
    resolve: Resolve = _resolved,
    context: ssl.SSLContext | None = None,
    timeout: float = TIMEOUT,
) -> Answer:
    """Send the body and tell what came back.

    Raises:
        Refused: when the host leads where nothing may be sent.
        OSError, http.client.HTTPException: when nothing, or nothing readable, came back.
    """
    address = checked_address(to.host, to.port, allowed, resolve)
    connection = _Pinned(to, address, timeout, context)
    try:
        connection.request("POST", to.path, body=body, headers={**headers, "content-type": "application/json"})
        answer = connection.getresponse()
        wait = answer.headers.get("retry-after", "")
        return Answer(
            status=answer.status, retry_after=int(wait) if wait.isascii() and wait.isdigit() and len(wait) < 8 else None
        )
    finally:
        connection.close()


class _Pinned(http.client.HTTPConnection):
    """A connection to one checked address, which asks for the host by its name and checks the certificate against it."""

    def __init__(self, to: Target, address: str, timeout: float, context: ssl.SSLContext | None) -> None:
        super().__init__(to.host, to.port, timeout=timeout)
        self._to = to
        self._address = address
        self._context = context or ssl.create_default_context()
        if to.scheme == "https":
            self.default_port = 443

    def connect(self) -> None:
        plain = socket.create_connection((self._address, self._to.port), self.timeout)
        self.sock = (
            plain if self._to.scheme == "http" else self._context.wrap_socket(plain, server_hostname=self._to.host)
        )
