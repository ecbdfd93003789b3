"""A topic of Kafka, or of whatever speaks its API: every message a line. `kafka://broker:9092,broker:9093/topic?config=client.properties`

Offsets are kept here and no consumer group is joined, so nothing at the broker decides what counts as read. Only committed messages of
transactions are read. A topic that was made anew is told by its id, where the broker tells ids, and read from its beginning: what comes
again is counted once by its request id. Messages that the broker deleted before they were read are told, with their number.
"""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from stillwatch.core.errors import Fault, SettingsError

from .source import Delivery, Position, SourceAway, address_of, lines_of, writing

__all__ = ["Kafka"]

_TIMEOUT = 10.0
_METADATA_TIMEOUT = 5.0
_AT_ONCE = 64 << 20
"""Bytes of messages in one delivery, about: they are in memory until they are on the disk."""


class Kafka:
    """A topic."""

    def __init__(self, text: str) -> None:
        address = address_of(text, ("config",))
        if not address.place or not address.path or "/" in address.path:
            raise SettingsError([Fault(path="source kafka", message="expected kafka://broker:9092/topic")])
        self.topic, self.name = address.path, f"kafka://{address.place}/{address.path}"
        self._settings: dict[str, Any] = {
            **_properties(address.options.get("config")),
            "bootstrap.servers": address.place,
            "group.id": "stillwatch",  # the client asks for one; it is never joined
            "enable.auto.commit": False,
            "enable.partition.eof": True,
            "auto.offset.reset": "error",
            "isolation.level": "read_committed",
            "log_level": 0,
        }

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """Messages after a position, from all partitions."""
        try:
            from confluent_kafka import Consumer, KafkaException
        except ImportError as error:
            raise SettingsError([Fault(path="source kafka", message="install stillwatch[kafka]")]) from error
        consumer = Consumer(self._settings, logger=_Silent())
        try:
            yield from _Reading(self, consumer, position).deliveries(most)
        except KafkaException as error:
            raise SourceAway(f"{self.name}: no answer ({error.args[0].name()}); the next look tries again") from error
        finally:
            consumer.close()

    def topic_id(self) -> str:
        """What tells the topic from another of its name; empty where the broker does not say."""
        from confluent_kafka import KafkaException, TopicCollection
        from confluent_kafka.admin import AdminClient

        allowed = {key: value for key, value in self._settings.items() if key not in _OF_CONSUMERS}
        admin = AdminClient(allowed, logger=_Silent())  # it answers for as long as it is held
        try:
            asked = admin.describe_topics(TopicCollection([self.topic]), request_timeout=_TIMEOUT)
            return str(asked[self.topic].result(_TIMEOUT).topic_id or "")
        except (KafkaException, TimeoutError, ValueError):
            return ""


_OF_CONSUMERS = (
    "group.id",
    "enable.auto.commit",
    "enable.partition.eof",
    "auto.offset.reset",
    "isolation.level",
)


class _Reading:
    """One look at a topic."""

    def __init__(self, source: Kafka, consumer: Any, position: Mapping[str, Any]) -> None:
        from confluent_kafka import KafkaError

        self._source, self._consumer, self._codes = source, consumer, KafkaError
        self._all = self._partitions()
        self._id = source.topic_id()
        known = str(position.get("topic_id", ""))
        self._notes: list[str] = []
        self._next: dict[int, int] = {int(key): value for key, value in position.get("next", {}).items()}
        if known and self._id and known != self._id:
            self._notes.append("the topic was made anew, and is read from its beginning")
            self._next = {}
        self._id = self._id or known

    def deliveries(self, most: int) -> Iterator[Delivery]:
        partitions = self._all
        self._assign()
        ended: set[int] = set()
        given = 0
        while len(ended) < len(partitions) and given < most:
            messages = self._some(most - given, partitions, ended)
            given += len(messages)
            if not messages and not self._notes:
                continue
            yield self._delivery(messages)

    def _partitions(self) -> list[int]:
        from confluent_kafka import KafkaException

        topic = self._consumer.list_topics(self._source.topic, timeout=_METADATA_TIMEOUT).topics[self._source.topic]
        if topic.error is not None:
            raise KafkaException(topic.error)
        return sorted(topic.partitions)

    def _assign(self) -> None:
        from confluent_kafka import OFFSET_BEGINNING, TopicPartition

        self._consumer.assign(
            [TopicPartition(self._source.topic, one, self._next.get(one, OFFSET_BEGINNING)) for one in self._all]
        )

    def _some(self, most: int, partitions: list[int], ended: set[int]) -> list[Any]:
        """Messages until enough are here, every partition is at its end, or nothing comes for a while."""
        from confluent_kafka import KafkaException

        found: list[Any] = []
        held, late = 0, time.monotonic() + _TIMEOUT
        while len(found) < most and held < _AT_ONCE and len(ended) < len(partitions):
            came = self._consumer.consume(min(1000, most - len(found)), 0.2)
            for one in came:
                error = one.error()
                if error is None:
                    found.append(one)
                    held += len(one.value() or b"")
                elif error.code() == self._codes._PARTITION_EOF:
                    ended.add(one.partition())
                elif error.code() in (self._codes._AUTO_OFFSET_RESET, self._codes.OFFSET_OUT_OF_RANGE):
                    self._begin_anew(one.partition())
                elif error.fatal() or not error.retriable():
                    raise KafkaException(error)
            late = time.monotonic() + _TIMEOUT if came else late
            if time.monotonic() > late:
                if not found:
                    raise SourceAway(f"{self._source.name}: no answer; the next look tries again")
                break
        return found

    def _begin_anew(self, partition: int) -> None:
        """Go on where the broker's messages begin: those that were asked for are gone."""
        from confluent_kafka import TopicPartition

        place = TopicPartition(self._source.topic, partition)
        low, high = self._consumer.get_watermark_offsets(place, timeout=_TIMEOUT)
        wanted = self._next.get(partition, 0)
        if wanted < low:
            self._notes.append(f"{low - wanted:,} messages of partition {partition} were deleted before they were read")
        else:
            self._notes.append(
                f"partition {partition} ends at {high:,}, before {wanted:,}: it is read from its beginning"
            )
        self._next[partition] = low
        self._consumer.seek(TopicPartition(self._source.topic, partition, low))

    def _delivery(self, messages: list[Any]) -> Delivery:
        messages = sorted(messages, key=lambda one: (one.partition(), one.offset()))
        for one in messages:
            self._next[one.partition()] = one.offset() + 1
        notes, self._notes = tuple(self._notes), []
        data = lines_of([one.value() or b"" for one in messages])
        position: Position = {"topic_id": self._id, "next": {str(key): value for key, value in self._next.items()}}
        return Delivery(write=writing(data), position=position, count=len(messages) if data else 0, notes=notes)


class _Silent:
    """The client's own log, which quotes addresses."""

    def log(self, *_: object) -> None:
        """Nothing."""


def _properties(path: str | None) -> dict[str, Any]:
    """The client's properties from a file of lines `name=value`, as its makers describe them: certificates, user, password."""
    if path is None:
        return {}
    try:
        lines = Path(path).read_text("utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        raise SettingsError([Fault(path="source kafka", message=f"config: {path} cannot be read")]) from error
    kept = [line.strip() for line in lines if line.strip() and not line.lstrip().startswith("#")]
    return {name.strip(): value.strip() for name, _, value in (line.partition("=") for line in kept)}
