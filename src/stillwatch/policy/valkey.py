"""The standing for many workers and many machines: pushed whole into Valkey or Redis, fetched into a local file by every gateway.

A gate never asks Valkey about a request. It reads its local file, so an outage makes the standing older and nothing else; its age is told.
What is fetched carries a keyed digest under the workspace's key: whoever can write to Valkey can withhold a standing, not forge one.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from pathlib import Path
from typing import Any, Protocol, TypeVar

from stillwatch.core.errors import Error, Fault, FormatError, SettingsError
from stillwatch.core.extras import get_extra
from stillwatch.engine import durable_write
from stillwatch.policy.standing import Standing, read_standing, standing_bytes, standing_from

__all__ = ["Client", "connect", "fetch_standing", "push_standing"]

_HEAD = "stillwatch:standing:head"
_BODY = "stillwatch:standing:body"
_SIZE = 32
_TIMEOUT = 5.0
_Answer = TypeVar("_Answer")


class Client(Protocol):
    """As much of a Valkey client as is needed."""

    def get(self, name: str) -> bytes | None:
        """A value, or nothing."""
        ...

    def mset(self, values: dict[str, bytes]) -> object:
        """Set several values in one step."""
        ...


def connect(url: str) -> Client:
    """A client of the server at `url` (`redis://`, `rediss://` for TLS, or `unix://`).

    Raises:
        SettingsError: when the client's library is not installed, or the address cannot be read. The address is not repeated: it may hold
            a password.
    """
    try:
        import redis
    except ImportError as error:
        raise SettingsError([Fault(path="valkey", message=f"needs a client; {get_extra('valkey')}")]) from error
    try:
        made: Any = redis.Redis.from_url(url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
    except ValueError as error:
        raise SettingsError([Fault(path="valkey", message="no address such as redis://host:6379/0")]) from error
    client: Client = made
    return client


def push_standing(client: Client, path: Path, key: bytes) -> int:
    """Push the standing of a workspace; its serial number.

    Args:
        path: the file that the pipeline wrote.
        key: the workspace's key.

    Raises:
        FormatError: when there is no standing, or it is damaged: what was pushed before stays.
        Error: when the server cannot be reached or refuses.
    """
    standing = read_standing(path)
    if standing.serial == 0:
        raise FormatError(f"{path}: no standing yet; stillwatch scan makes one")
    body = standing_bytes(standing)
    mac = _mac(body, key)
    _asked(lambda: client.mset({_BODY: mac + body, _HEAD: mac}))
    return standing.serial


def fetch_standing(client: Client, path: Path, key: bytes, *, known: bytes | None = None) -> bytes | None:
    """Fetch the standing into a local file where another was pushed; what tells it from the next, to be given as `known` next time.

    Raises:
        FormatError: when what lies there is damaged, forged, or of a newer Stillwatch: the local file stays as it is.
        Error: when the server cannot be reached.
    """
    head = _asked(lambda: client.get(_HEAD))
    if head is None or head == known:
        return known
    found = _asked(lambda: client.get(_BODY)) or b""
    mac, body = found[:_SIZE], found[_SIZE:]
    if not hmac.compare_digest(mac, _mac(body, key)):
        raise FormatError(
            "valkey: the standing there was not written with this workspace's key; the local one stays in force"
        )
    fresh = standing_from(body, "valkey")
    here = _here(path)
    if (fresh.made or 0.0, fresh.serial) < (here.made or 0.0, here.serial):
        raise FormatError(
            f"valkey: the standing there (serial {fresh.serial}) is older than the local one (serial {here.serial})"
        )
    path.parent.mkdir(parents=True, exist_ok=True, mode=0o700)
    durable_write(path, body, mode=0o600)
    return mac


def _here(path: Path) -> Standing:
    """The local standing; a damaged one is as good as none, for it is there to be replaced."""
    try:
        return read_standing(path)
    except FormatError:
        return Standing.none()


def _mac(body: bytes, key: bytes) -> bytes:
    return hashlib.blake2b(body, digest_size=_SIZE, key=key[:64], person=b"standing").digest()


def _asked(ask: Callable[[], _Answer]) -> _Answer:
    """Ask the server; that it cannot be reached or refuses becomes an error of ours, without the address."""
    try:
        return ask()
    except _faults() as error:
        raise Error(f"valkey: no answer ({error.__class__.__name__}); the local standing stays in force") from error


def _faults() -> tuple[type[Exception], ...]:
    """What the client's library raises for a server that does not answer; nothing of its own where it is not installed."""
    try:
        import redis
    except ImportError:
        return (OSError,)
    return (redis.RedisError, OSError)
