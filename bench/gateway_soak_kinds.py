"""What the soak sends: well-behaved calls in four dialects, and what goes wrong on either side, each with what must come back."""

from __future__ import annotations

import asyncio
import gzip
import hashlib
from dataclasses import dataclass

from gateway_load import chat, request

__all__ = ["KINDS", "Got", "Kind", "ask"]

_PATHS = ("/v1/chat/completions", "/v1/messages", "/v1/responses", "/v1beta/models/m:streamGenerateContent")


@dataclass(frozen=True, kw_only=True, slots=True)
class Kind:
    """One sort of call. `statuses` are those that may come back where nothing else is disturbed; `same` says that the body must be the one
    that the model API gives directly; `leaves` is after how many bytes the client goes; `weight` how often it is sent."""

    name: str
    path: str = _PATHS[0]
    body: bytes = b""
    headers: tuple[tuple[str, str], ...] = ()
    statuses: tuple[int, ...] = (200,)
    same: bool = True
    leaves: int | None = None
    slowly: bool = False
    weight: int = 1

    def raw(self, key: str) -> bytes:
        """The request as bytes, under one key."""
        return request(self.path, self.body, authorization=f"Bearer {key}", **dict(self.headers))


@dataclass(frozen=True, kw_only=True, slots=True)
class Got:
    """What came back. `whole` is false where it broke off; status 0 is no answer at all."""

    status: int
    digest: str
    size: int
    whole: bool


def _kinds() -> list[Kind]:
    stream, small = chat(600, stream=True), chat(600)
    made = []
    for path in _PATHS:
        name = path.rpartition("/")[2].partition(":")[2] or path.rpartition("/")[2]
        for reasoning in ("0", "1"):
            named = (("x-mock-events", "30"), ("x-mock-reasoning", reasoning))
            made.append(
                Kind(name=f"{name}, stream, reasoning {reasoning}", path=path, body=stream, headers=named, weight=6)
            )
        made.append(Kind(name=f"{name}, tools", path=path, body=stream, headers=(("x-mock-tools", "1"),), weight=2))
    made += [
        Kind(name="chat, whole", body=small, weight=20),
        Kind(name="paced stream", body=stream, headers=(("x-mock-events", "40"), ("x-mock-pace", "0.05")), weight=4),
        Kind(name="prompt of 400 KB", body=chat(400_000)),
        Kind(name="upstream says 500", body=small, headers=(("x-mock-status", "500"),), statuses=(500,)),
        Kind(name="upstream says 429", body=small, headers=(("x-mock-status", "429"),), statuses=(429,)),
        Kind(name="upstream is slow", body=small, headers=(("x-mock-slow", "1.5"),)),
        Kind(name="upstream breaks off", body=stream, headers=(("x-mock-cut", "9"),), weight=2),
        Kind(name="client leaves a stream", body=stream, headers=(("x-mock-events", "200"), ("x-mock-pace", "0.01")), same=False, leaves=2000, weight=3),
        Kind(name="client leaves before the answer", body=small, headers=(("x-mock-slow", "3"),), same=False, statuses=(0,), leaves=0),
        Kind(name="slow client", body=stream, headers=(("x-mock-events", "3000"),), slowly=True),
        Kind(name="no JSON", body=b'{"model": ', statuses=(400,), same=False),
        Kind(name="no UTF-8", body=b'{"model": "\xff\xfe"}', statuses=(400,), same=False),
        Kind(name="packed", body=gzip.compress(small), headers=(("content-encoding", "gzip"),)),
        Kind(name="gzip bomb", body=gzip.compress(b"0" * (64 << 20), 9), headers=(("content-encoding", "gzip"),), statuses=(413,), same=False),
        Kind(name="header bomb", body=small, headers=(("x-bomb", "x" * 70_000),), statuses=(431,), same=False),
    ]  # fmt: skip
    return made


KINDS = _kinds()


async def ask(port: int, kind: Kind, key: str, *, patience: float = 120.0) -> Got:
    """Send one call over a connection of its own, and read what comes back as the kind's client does."""
    digest, size, status, whole = hashlib.sha256(), 0, 0, False
    writer: asyncio.StreamWriter | None = None
    try:
        async with asyncio.timeout(patience):
            reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 22)
            writer.write(kind.raw(key))
            await writer.drain()
            if kind.leaves == 0:
                await asyncio.sleep(0.2)
                return Got(status=0, digest="", size=0, whole=False)
            head = (await reader.readuntil(b"\r\n\r\n")).lower()
            status = int(head.split(b" ", 2)[1])
            left = int(head.split(b"content-length:")[1].split(b"\r\n")[0]) if b"content-length:" in head else None
            while left is None or left > 0:
                size_now = left or int((await reader.readuntil(b"\r\n")).split(b";")[0], 16)
                piece = await reader.readexactly(size_now)
                digest.update(piece)
                size += size_now
                if left is not None:
                    break
                await reader.readexactly(2)
                if not size_now:
                    break
                if kind.leaves is not None and size > kind.leaves:
                    return Got(status=status, digest="", size=size, whole=False)
                if kind.slowly and size % 7 == 0:
                    await asyncio.sleep(0.02)
            whole = True
    except (OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError, TimeoutError, ValueError, IndexError):
        whole = False
    finally:
        if writer is not None:
            writer.close()
    return Got(status=status, digest=digest.hexdigest(), size=size, whole=whole)
