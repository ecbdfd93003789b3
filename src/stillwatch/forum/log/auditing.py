"""Check a hub's log offline, against checkpoints that others kept, and write what counsel reads once a month."""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from stillwatch.core.errors import TamperingFound
from stillwatch.forum.log.checkpoint import Checkpoint, read_checkpoint
from stillwatch.forum.log.ledger import Event, salted
from stillwatch.forum.log.note import Note, NoteKey, Seen, signers
from stillwatch.forum.log.tree import EMPTY, MemoryNodes, append, root

__all__ = ["Audited", "Month", "audit", "month_of", "months"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Audited:
    """A log that is as its checkpoints say: how long it is, its root, how many events were erased, and who vouched for which size."""

    size: int
    root: bytes
    erased: int
    vouched: tuple[tuple[int, tuple[Seen, ...]], ...]


@dataclass(kw_only=True, slots=True)
class Month:
    """What one month held, in counts: by kind, by member and kind, and refusals by code."""

    month: str
    kinds: Counter[str] = field(default_factory=Counter)
    members: Counter[tuple[str, str]] = field(default_factory=Counter)
    refusals: Counter[str] = field(default_factory=Counter)
    overrides: list[dict[str, Any]] = field(default_factory=list)


def audit(events: Iterable[Event], notes: Sequence[Note], keys: Sequence[NoteKey], *, origin: str) -> Audited:
    """Rebuild the tree from the first event and hold it against every checkpoint.

    Args:
        events: Every event in order, as the hub keeps them.
        notes: Checkpoints; those that a member kept for itself say more than the hub's own.
        keys: The log's key first, then those of witnesses.
        origin: The name of the log.

    Raises:
        TamperingFound: with everything that is not as it was written or signed.
    """
    faults: list[str] = []
    wanted: dict[int, list[tuple[Checkpoint, tuple[Seen, ...]]]] = {}
    for note in notes:
        try:
            told, seen = read_checkpoint(note), tuple(signers(note, keys))
        except ValueError as error:
            faults.append(f"a checkpoint: {error}")
            continue
        if told.origin != origin or keys[0].name not in {one.name for one in seen if one.at is None}:
            faults.append(f"checkpoint of size {told.size}: not signed by {keys[0].name} for {origin}")
        wanted.setdefault(told.size, []).append((told, seen))
    nodes, size, erased = MemoryNodes(), 0, 0
    found = {0: EMPTY}
    for event in events:
        faults += _faults(event, size)
        erased += event.told is None
        append(nodes, size, event.leaf)
        size += 1
        if size in wanted:
            found[size] = root(nodes, size)
    for at, told_there in sorted(wanted.items()):
        if at > size:
            faults.append(f"checkpoint of size {at}: the log has only {size} events")
        elif any(told.root != found[at] for told, _ in told_there):
            faults.append(f"checkpoint of size {at}: the log had another past then")
    if faults:
        raise TamperingFound(faults)
    vouched = tuple((at, tuple({one for _, seen in wanted[at] for one in seen})) for at in sorted(wanted))
    return Audited(size=size, root=root(nodes, size), erased=erased, vouched=vouched)


def months(events: Iterable[Event]) -> Iterator[Month]:
    """Counts by month (UTC), in order; events without facts are counted as erased."""
    current: Month | None = None
    for event in events:
        name = month_of(event.at)
        if current is None or current.month != name:
            if current is not None:
                yield current
            current = Month(month=name)
        facts = event.facts or {"kind": "erased"}
        kind = str(facts.get("kind"))
        current.kinds[kind] += 1
        current.members[str(facts.get("member", "the hub")), kind] += 1
        if kind == "refusal":
            current.refusals.update(str(facts.get("code", "")).split(","))
        if kind in ("override", "erasure"):
            current.overrides.append({"seq": event.seq, **facts})
    if current is not None:
        yield current


def month_of(at: int) -> str:
    """The month of a moment in microseconds since 1970.

    >>> month_of(0)
    '1970-01'
    """
    return f"{dt.datetime.fromtimestamp(at / 1e6, dt.UTC):%Y-%m}"


def _faults(event: Event, place: int) -> Iterator[str]:
    if event.seq != place:
        yield f"event {place}: is missing; {event.seq} stands in its place"
    if (event.told is None) != (event.salt is None):
        yield f"event {event.seq}: is half erased, so that nothing vouches for it"
    elif event.told is not None and event.salt is not None and salted(event.salt, event.told) != event.leaf:
        yield f"event {event.seq}: is not what its leaf vouches for"
    elif event.facts is not None and event.facts.get("at") != event.at:
        yield f"event {event.seq}: stands under another time than its leaf vouches for"
