"""Pull what is new from a collection into the inbox, and push our own objects to it; either goes on where it was broken off."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.forum.taxii.envelope import Accept, Incoming, read_object
from stillwatch.forum.taxii.hub import Collection
from stillwatch.forum.taxii.inbox import Checkpoint, Inbox
from stillwatch.forum.taxii.remote import Envelope, Remote, RemoteError, Status
from stillwatch.forum.taxii.store import hub_clock
from stillwatch.forum.taxii.wire import micros, stamp, version_key

__all__ = ["Pulled", "Pushed", "pull", "push"]

_MOST_OBJECT_BYTES = 1_000_000
_POLLS = 30


@dataclass(frozen=True, kw_only=True, slots=True)
class Pulled:
    """What a pull brought; `complete` is False when it stopped at a bound, and the next pull goes on from there."""

    pages: int = 0
    new: int = 0
    known: int = 0
    refused: int = 0
    complete: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Pushed:
    """What became of a push; `failed` are pairs of an id and what the server said."""

    sent: int = 0
    skipped: int = 0
    accepted: int = 0
    failed: tuple[tuple[str, str], ...] = ()


def pull(
    remote: Remote,
    inbox: Inbox,
    *,
    accept: Accept,
    limit: int = 1000,
    most_objects: int = 2_000_000,
    clock: Callable[[], int] = hub_clock,
) -> Pulled:
    """Fetch what was added since the last pull, a page at a time.

    Servers may share one time of addition among several objects, so a walk begins a microsecond before the last time seen; what comes
    twice is known by its id and version. When the server has forgotten a mark, the walk goes on from the last time that it reached.

    Raises:
        RemoteError: when the server fails, answers nonsense, or leads in circles. What was fetched before is kept.
    """
    source, state = remote.source, inbox.checkpoint(remote.source)
    shown = Collection(id=source, api_root="", title="", spec_versions=("2.0", "2.1"))
    pages = new = known = refused = 0
    seen: set[str] = set()
    while True:
        try:
            envelope, headers = remote.page(_query(state, limit))
        except RemoteError as error:
            forgotten = state.next is not None and error.status in (400, 404, 410)
            if not forgotten or (pages and state.reached <= state.after):
                raise
            state = Checkpoint(after=state.reached, reached=state.reached)
            continue
        incoming = [_incoming(one, shown, source, accept) for one in envelope.objects]
        state = _after(state, envelope, headers, seen, stamp(clock()))
        merged = inbox.merge(source, incoming, state)
        pages, new, known, refused = pages + 1, new + merged.new, known + merged.known, refused + merged.refused
        if not envelope.more or new + known + refused >= most_objects:
            return Pulled(pages=pages, new=new, known=known, refused=refused, complete=not envelope.more)


def push(
    remote: Remote,
    inbox: Inbox,
    objects: Sequence[Mapping[str, Any]],
    *,
    batch: int = 1000,
    wait: Callable[[float], None] = time.sleep,
) -> Pushed:
    """Send objects that the server has not acknowledged yet, in envelopes that it can take.

    Raises:
        RemoteError: when it takes none; what it acknowledged before is not sent again.
    """
    named = [(str(one.get("id", "")), _version(one)) for one in objects]
    waiting = inbox.unsent(remote.source, named)
    failed: list[tuple[str, str]] = []
    accepted = 0
    for places in _batches(objects, waiting, batch, remote.most_push_bytes() if waiting else 0):
        status = _complete(
            remote, remote.push(msgspec.json.encode({"objects": [objects[one] for one in places]})), wait
        )
        told = [(str(one.get("id", "unknown")), str(one.get("message", "refused"))) for one in status.failures]
        failed += told
        accepted += status.success_count
        if status.failure_count == len(told) and "unknown" not in {name for name, _ in told}:
            refused = {name for name, _ in told}
            inbox.acknowledge(remote.source, [named[one] for one in places if named[one][0] not in refused])
    return Pushed(sent=len(waiting), skipped=len(objects) - len(waiting), accepted=accepted, failed=tuple(failed))


def _query(state: Checkpoint, limit: int) -> dict[str, str]:
    asked = {"limit": str(limit), "match[version]": "all"}
    if state.after:
        asked["added_after"] = stamp(micros(state.after) - 1)
    return asked | ({"next": state.next} if state.next is not None else {})


def _after(state: Checkpoint, envelope: Envelope, headers: Mapping[str, str], seen: set[str], at: str) -> Checkpoint:
    """How far we are after a page. While a walk goes on, `after` stays where it began, so that its filters and its marks fit together."""
    try:
        last = stamp(micros(headers["x-taxii-date-added-last"]))
    except KeyError:
        last = ""
    except ValueError as error:
        raise RemoteError(f"x-taxii-date-added-last: {error}") from error
    reached = max(state.reached, last)
    if not envelope.more:
        return Checkpoint(after=reached, reached=reached, at=at)
    if not envelope.objects:
        raise RemoteError("the server promises more and gives nothing")
    if envelope.next is None:
        if last <= state.reached:
            raise RemoteError("the server promises more and says neither where it goes on nor when it was added")
        return Checkpoint(after=last, reached=last, at=at)
    if envelope.next in seen or len(envelope.next) > 4096:
        raise RemoteError("the server leads in circles: it gave one mark twice")
    seen.add(envelope.next)
    return Checkpoint(after=state.after, reached=reached, next=envelope.next, at=at)


def _incoming(raw: msgspec.Raw, shown: Collection, source: str, accept: Accept) -> Incoming:
    try:
        stix = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, UnicodeDecodeError):
        return Incoming(id="unknown", code="malformed", fault="malformed: no JSON that can be read")
    return read_object(stix, shown, most_bytes=_MOST_OBJECT_BYTES, member=source, accept=accept)


def _version(one: Mapping[str, Any]) -> str:
    given = one.get("modified", one.get("created", ""))
    try:
        return version_key(given) if isinstance(given, str) and given else ""
    except ValueError:
        return ""


def _batches(
    objects: Sequence[Mapping[str, Any]], waiting: Sequence[int], most: int, most_bytes: int
) -> Iterator[list[int]]:
    held: list[int] = []
    size = 100
    for place in waiting:
        more = len(msgspec.json.encode(objects[place])) + 1
        if held and (len(held) == most or size + more > most_bytes):
            yield held
            held, size = [], 100
        held.append(place)
        size += more
    if held:
        yield held


def _complete(remote: Remote, status: Status, wait: Callable[[float], None]) -> Status:
    for attempt in range(_POLLS):
        if status.status == "complete":
            return status
        wait(min(10.0, 0.5 * 2**attempt))
        status = remote.status(status.id)
    raise RemoteError(f"the server has not finished push {status.id[:60]!r}")
