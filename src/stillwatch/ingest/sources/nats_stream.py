"""A stream of NATS JetStream: every message a line. `nats://host:4222/STREAM?subject=calls.*`, `credentials=FILE` for a .creds file

Messages are read by their number in the stream, through a consumer that the server forgets by itself; nothing is acknowledged and
nothing is deleted there.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator, Mapping
from typing import Any

from stillwatch.core.errors import Fault, SettingsError

from .source import Delivery, SourceAway, address_of, lines_of, writing

__all__ = ["NatsStream"]

_TIMEOUT = 10.0
_BATCH = 1_000
_FORGOTTEN_AFTER = 60.0


class NatsStream:
    """A stream."""

    def __init__(self, text: str) -> None:
        address = address_of(text, ("subject", "credentials"))
        if not address.path:
            raise SettingsError([Fault(path="source nats", message="expected nats://host:4222/STREAM")])
        self.stream, self._subject = address.path, address.options.get("subject", "")
        self._credentials = address.options.get("credentials")
        self._server = text.partition("?")[0].removesuffix("/" + address.path)
        self.name = f"nats://{address.place}/{self.stream}" + (f"?subject={self._subject}" if self._subject else "")

    def after(self, position: Mapping[str, Any], *, most: int) -> Iterator[Delivery]:
        """Messages after a number."""
        try:
            from nats.errors import Error as NatsError
        except ImportError as error:
            raise SettingsError([Fault(path="source nats", message="install stillwatch[nats]")]) from error
        try:
            found, told, notes = asyncio.run(self._read(position, most))
        except (NatsError, OSError, TimeoutError) as error:
            raise SourceAway(f"{self.name}: no answer ({type(error).__name__}); the next look tries again") from error
        data = lines_of(found)
        if found or notes:
            yield Delivery(write=writing(data), position=told, count=len(found) if data else 0, notes=tuple(notes))

    async def _read(self, position: Mapping[str, Any], most: int) -> tuple[list[bytes], dict[str, Any], list[str]]:
        import nats

        connecting = nats.connect(
            self._server,
            allow_reconnect=False,
            max_reconnect_attempts=1,
            reconnect_time_wait=0.1,
            user_credentials=self._credentials,
            error_cb=_quiet,
        )
        client = await asyncio.wait_for(connecting, _TIMEOUT)
        try:
            stream = client.jetstream(timeout=_TIMEOUT)
            info = await stream.stream_info(self.stream)
            made, first = str(info.created or ""), info.state.first_seq
            last, notes = int(position.get("last", 0)), []
            if (position.get("made") or made) != made or last > info.state.last_seq:
                notes.append("the stream was made anew, and is read from its beginning")
                last = 0
            elif last and first > last + 1:
                notes.append(f"{first - last - 1:,} messages were deleted before they were read")
            found: list[bytes] = []
            if info.state.messages and info.state.last_seq > last:
                found, last = await self._messages(stream, last, most)
            return found, {"made": made, "last": last}, notes
        finally:
            await client.close()

    async def _messages(self, stream: Any, last: int, most: int) -> tuple[list[bytes], int]:
        from nats.errors import TimeoutError as NothingCame
        from nats.js.api import AckPolicy, ConsumerConfig, DeliverPolicy

        config = ConsumerConfig(
            deliver_policy=DeliverPolicy.BY_START_SEQUENCE,
            opt_start_seq=last + 1,
            ack_policy=AckPolicy.NONE,
            inactive_threshold=_FORGOTTEN_AFTER,
        )
        reading = await stream.pull_subscribe(self._subject, durable=None, stream=self.stream, config=config)
        found: list[bytes] = []
        waiting = (await reading.consumer_info()).num_pending or 0
        while waiting and len(found) < most:
            try:
                came = await reading.fetch(min(_BATCH, waiting, most - len(found)), timeout=_TIMEOUT)
            except NothingCame:
                break  # deleted meanwhile
            found += [one.data for one in came]
            last = came[-1].metadata.sequence.stream
            waiting = came[-1].metadata.num_pending
        return found, last


async def _quiet(_: Exception) -> None:
    """The client's own words quote addresses."""
