"""Load over bare connections, and the CPU that a tree of processes spent on it."""

from __future__ import annotations

import asyncio
import hashlib
import json
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

import psutil


def request(path: str, body: bytes, **headers: str) -> bytes:
    """One request as bytes."""
    named = {
        "host": "bench",
        "content-type": "application/json",
        "content-length": str(len(body)),
        **{k.replace("_", "-"): v for k, v in headers.items()},
    }
    lines = [f"POST {path} HTTP/1.1", *(f"{k}: {v}" for k, v in named.items())]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + body


def chat(size: int = 1024, *, stream: bool = False) -> bytes:
    """A chat request of about `size` bytes."""
    body = {
        "model": "mock",
        "stream": stream,
        "temperature": 0.7,
        "max_tokens": 400,
        "messages": [{"role": "system", "content": "You help."}, {"role": "user", "content": ""}],
    }
    body["messages"][1]["content"] = "word " * max(1, (size - len(json.dumps(body))) // 5)
    return json.dumps(body).encode()


@dataclass
class Load:
    """What came back: requests answered, errors, seconds of each, digests of the bodies."""

    answered: int = 0
    errors: int = 0
    events: int = 0
    seconds: list[float] = field(default_factory=list)
    digests: list[str] = field(default_factory=list)


async def _one(reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sent: bytes, load: Load, keep: bool) -> None:
    begun = time.perf_counter()
    writer.write(sent)
    head = await reader.readuntil(b"\r\n\r\n")
    lowered = head.lower()
    if b"transfer-encoding: chunked" in lowered:
        pieces = []
        while size := int((await reader.readuntil(b"\r\n")).split(b";")[0], 16):
            piece = (await reader.readexactly(size + 2))[:-2]
            load.events += piece.count(b"data:")
            if keep:
                pieces.append(piece)
        await reader.readexactly(2)
        body = b"".join(pieces)
    else:
        length = int(lowered.split(b"content-length:")[1].split(b"\r\n")[0])
        body = await reader.readexactly(length)
    load.seconds.append(time.perf_counter() - begun)
    load.answered += 1
    load.errors += not head.startswith(b"HTTP/1.1 200")
    if keep:
        load.digests.append(hashlib.sha256(body).hexdigest())


async def fire(port: int, sent: bytes | list[bytes], *, count: int, connections: int, keep: bool = False) -> Load:
    """Send `count` requests over so many connections, each waiting for its answer before the next."""
    load = Load()
    left = list(range(count))
    requests = [sent] if isinstance(sent, bytes) else sent

    async def worker() -> None:
        reader, writer = await asyncio.open_connection("127.0.0.1", port, limit=1 << 24)
        while left:
            await _one(reader, writer, requests[left.pop() % len(requests)], load, keep)
        writer.close()

    await asyncio.gather(*(worker() for _ in range(connections)))
    return load


def cpu_seconds(pid: int) -> float:
    """CPU that a process and its children have taken, to the nanosecond, from the scheduler's own accounts."""
    total = 0
    for process in [psutil.Process(pid), *psutil.Process(pid).children(recursive=True)]:
        for task in Path(f"/proc/{process.pid}/task").iterdir():
            total += int((task / "schedstat").read_text().split()[0])
    return total / 1e9


def memory_mb(pid: int) -> float:
    """Resident memory of a process without its children."""
    return round(psutil.Process(pid).memory_info().rss / (1 << 20), 1)


def pin(core: int, *, yielding: bool = True) -> None:
    """Stay on one core; `yielding`, give way to everybody else too, which suits what is measured in CPU time."""
    os.sched_setaffinity(0, {core})
    if yielding:
        os.nice(19 - os.nice(0))
