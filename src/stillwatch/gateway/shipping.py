"""Captures on their way to another machine: files of an inbox through a stream of Valkey or Redis into the inbox where scans are run.

The inbox of a gateway is the spool: a file leaves it once the server has taken it, and the stream once the other inbox holds it. So an
outage on either side loses nothing and holds no request up; what was sent twice is one file, by its name. Every piece carries a keyed
digest under the workspace's key: who can write to the server can withhold captures, not make them up. They hold text, so the server is one
that may, over TLS.
"""

from __future__ import annotations

import hashlib
import hmac
import logging
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Protocol, TypeVar

from stillwatch.core.errors import Error
from stillwatch.engine import durable_write

__all__ = ["STREAM", "Stream", "send", "take_in"]

_log = logging.getLogger(__name__)

STREAM = "stillwatch:captures"
_GROUP = "scan"
_SIZE = 32
_MOST_WAITING = 2_000
"""Files that wait on the server at most; beyond that they wait in the inbox of the gateway."""
_BATCH = 8
_Answer = TypeVar("_Answer")


class Stream(Protocol):
    """As much of a Valkey client as is needed."""

    def xlen(self, name: str) -> int:
        """How many pieces a stream holds."""
        ...

    def xadd(self, name: str, fields: dict[str, bytes]) -> object:
        """Add a piece."""
        ...

    def xgroup_create(self, name: str, groupname: str, begin: str, mkstream: bool, /) -> object:
        """Make a group of readers."""
        ...

    def xreadgroup(self, groupname: str, consumername: str, streams: dict[str, str], count: int) -> Any:
        """Read pieces; `>` are those that nobody was given, an id those that were given and not finished after it."""
        ...

    def xack(self, name: str, groupname: str, *ids: bytes) -> object:
        """Finish pieces."""
        ...

    def xdel(self, name: str, *ids: bytes) -> object:
        """Delete pieces."""
        ...


def send(stream: Stream, inbox: Path, key: bytes) -> int:
    """Send the closed files of an inbox and delete what the server has taken; how many went.

    Raises:
        Error: when the server cannot be reached: what was not sent stays where it is.
    """
    sent = 0
    for path in sorted(inbox.glob("gateway-*.parquet")):
        if _asked(lambda: stream.xlen(STREAM)) >= _MOST_WAITING:
            break
        data, name = path.read_bytes(), path.name.encode()
        fields = {"name": name, "data": data, "mac": _mac(name, data, key)}
        _asked(lambda fields=fields: stream.xadd(STREAM, fields))  # type: ignore[misc]
        path.unlink()
        sent += 1
    return sent


def take_in(stream: Stream, inbox: Path, key: bytes, *, reader: str) -> tuple[int, int]:
    """Take what waits into an inbox; (files taken, pieces refused because they were not written with this key).

    Args:
        reader: name of this machine among those that read side by side; what it was given and did not finish comes again.

    Raises:
        Error: when the server cannot be reached.
    """
    inbox.mkdir(parents=True, exist_ok=True, mode=0o700)
    _begin(stream)
    taken = refused = 0
    for number, fields in _waiting(stream, reader):
        name, data = fields.get(b"name", b""), fields.get(b"data", b"")
        if _ours(name) and hmac.compare_digest(fields.get(b"mac", b""), _mac(name, data, key)):
            durable_write(inbox / name.decode(), data, mode=0o600)
            taken += 1
        else:
            refused += 1
            _log.warning("a capture on the server was not written with this workspace's key; it was not taken in")
        _asked(lambda number=number: (stream.xack(STREAM, _GROUP, number), stream.xdel(STREAM, number)))  # type: ignore[misc]
    return taken, refused


def _waiting(stream: Stream, reader: str) -> Iterator[tuple[bytes, dict[bytes, bytes]]]:
    """What this reader was given before and did not finish, then what nobody was given."""
    for begin in ("0", ">"):
        while True:
            answer = _asked(lambda begin=begin: stream.xreadgroup(_GROUP, reader, {STREAM: begin}, _BATCH))  # type: ignore[misc]
            pieces = answer[0][1] if answer else []
            yield from pieces
            if not pieces:
                break


def _begin(stream: Stream) -> None:
    try:
        _asked(lambda: stream.xgroup_create(STREAM, _GROUP, "0", True))
    except Error as error:
        if "BUSYGROUP" not in str(error.__cause__):
            raise


def _ours(name: bytes) -> bool:
    """Whether a name is one that a capture writer gives: it becomes a path here."""
    return (
        name.startswith(b"gateway-")
        and name.endswith(b".parquet")
        and len(name) < 100
        and all(one in b"abcdefghijklmnopqrstuvwxyzTZ0123456789-." for one in name)
    )


def _mac(name: bytes, data: bytes, key: bytes) -> bytes:
    made = hashlib.blake2b(digest_size=_SIZE, key=key[:64], person=b"captures")
    made.update(len(name).to_bytes(4, "little") + name + data)
    return made.digest()


def _asked(ask: Callable[[], _Answer]) -> _Answer:
    """Ask the server; that it cannot be reached or refuses becomes an error of ours, without its address."""
    try:
        import redis

        faults: tuple[type[Exception], ...] = (redis.RedisError, OSError)
    except ImportError:
        faults = (OSError,)
    try:
        return ask()
    except faults as error:
        raise Error(f"valkey: no answer ({error.__class__.__name__}); captures stay where they are") from error
