"""A stream of Valkey or Redis: every entry a line. `valkey://host:6379/0?stream=calls&field=body`, `valkeys://` over TLS,
`unix:///socket?stream=calls`

Entries are read by id, no group of readers is joined, and nothing is deleted at the server. An entry with one field gives that field's
value, one with several a JSON object of them, unless `field` names one.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any
from urllib.parse import urlsplit, urlunsplit

from stillwatch.core.errors import Fault, SettingsError

from .source import Delivery, SourceAway, address_of, lines_of, writing

__all__ = ["ValkeyStream"]

_TIMEOUT = 10.0
_BATCH = 5_000


class ValkeyStream:
    """A stream."""

    def __init__(self, text: str) -> None:
        address = address_of(text, ("stream", "field"))
        self.stream, self._field = address.needed("stream"), address.options.get("field")
        plain = {"valkey": "redis", "valkeys": "rediss"}.get(address.scheme, address.scheme)
        parts = urlsplit(text)
        self._url = urlunsplit((plain, parts.netloc, parts.path, "", ""))
        self.name = f"{address.scheme}://{address.place}/{address.path}?stream={self.stream}"

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """Entries after an id."""
        try:
            import redis
        except ImportError as error:
            raise SettingsError([Fault(path="source valkey", message="install stillwatch[valkey]")]) from error
        try:
            client = redis.Redis.from_url(self._url, socket_timeout=_TIMEOUT, socket_connect_timeout=_TIMEOUT)
            with client:
                yield from self._entries(client, str(position.get("last", "")), most)
        except (redis.RedisError, OSError) as error:
            raise SourceAway(f"{self.name}: no answer ({type(error).__name__}); the next look tries again") from error

    def _entries(self, client: Any, last: str, most: int) -> Iterator[Delivery]:
        notes = _trimmed(client, self.stream, last)
        given = 0
        while given < most:
            found = client.xrange(self.stream, min=f"({last}" if last else "-", count=min(_BATCH, most - given))
            if not found:
                return
            given += len(found)
            last = found[-1][0].decode()
            data = lines_of([self._message(fields) for _, fields in found])
            yield Delivery(
                write=writing(data),
                position={"last": last},
                count=len(found) if data else 0,
                notes=notes,
            )
            notes = ()

    def _message(self, fields: Mapping[bytes, bytes]) -> bytes:
        if self._field is not None:
            return fields.get(self._field.encode(), b"")
        if len(fields) == 1:
            return next(iter(fields.values()))
        told = {name.decode("utf-8", "replace"): value.decode("utf-8", "replace") for name, value in fields.items()}
        return json.dumps(told).encode()


def _trimmed(client: Any, stream: str, last: str) -> tuple[str, ...]:
    """Whether entries behind the last one read were deleted; servers before 7 do not say."""
    if not last or not client.exists(stream):
        return ()
    deleted = client.xinfo_stream(stream).get("max-deleted-entry-id", b"0-0")
    if _order(deleted.decode()) > _order(last):
        return ("entries were deleted before they were read",)
    return ()


def _order(entry: str) -> tuple[int, int]:
    begin, _, rest = entry.partition("-")
    return int(begin), int(rest or 0)
