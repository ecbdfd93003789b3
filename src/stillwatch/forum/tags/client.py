"""A member's side: from raw values to tags, asking all custodians at once, batch by batch, in one epoch.

Nothing leaves but blinded points, filled up to a power of two. A custodian that does not answer is asked the same batch again, which it
does not count twice; one whose proof does not hold is never asked again, and none of its answer is used.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stillwatch.forum.tags.canonical import canonical
from stillwatch.forum.tags.committed import Committee
from stillwatch.forum.tags.density import Dense, dense_ranges
from stillwatch.forum.tags.kinds import Kind, Tag
from stillwatch.forum.tags.oprf import BATCH
from stillwatch.forum.tags.refusals import TagError, Unreachable, ValueRefused
from stillwatch.forum.tags.tagging import begin, finish
from stillwatch.forum.tags.wire import Answer, decode_answer, encode

__all__ = ["Ask", "Lost", "Tagged", "tag_values"]

Ask = Callable[[bytes], Awaitable[bytes]]
"""Sends a request to one custodian and returns its answer. Raises `Lost` for what may be asked again."""

PAUSES = (0.2, 1.0, 3.0)
"""Seconds before each further try."""


class Lost(TagError):
    """No answer came, or the custodian is busy: the same may be asked again."""


@dataclass(frozen=True, kw_only=True)
class Tagged:
    """What became of values: a tag each, or why there is none. `refused` holds places in the list that was given, never values."""

    tags: dict[int, Tag]
    refused: dict[int, str] = field(default_factory=dict)
    dense: tuple[Dense, ...] = ()

    def distinct(self) -> list[Tag]:
        """The tags, each once, sorted: their order says nothing about the values'."""
        return sorted(set(self.tags.values()))


async def tag_values(
    committee: Committee,
    asks: Mapping[str, Ask],
    kind: Kind,
    values: Sequence[str],
    *,
    pauses: Sequence[float] = PAUSES,
    allow_dense: bool = False,
) -> Tagged:
    """Tags of raw values of one kind.

    Args:
        committee: the pinned custodians of one epoch.
        asks: how to reach each, by its name.
        kind: what the values are.
        values: raw values; equal ones are evaluated once, what is no identifier is refused by its place.
        pauses: seconds before each further try.
        allow_dense: go on although the values lie as densely as an enumeration does.

    Raises:
        TagError: when a custodian of the committee cannot be asked, refuses, or the values look like an enumeration.
        NotProven: when a proof does not hold.
        Unreachable: when a custodian gives no answer after every try.
    """
    missing = [s.custodian for s in committee.statements if s.custodian not in asks]
    if missing:
        raise TagError(f"nobody says how to reach custodian {', '.join(missing)}; every one is needed for a tag")
    places: dict[str, list[int]] = {}
    refused: dict[int, str] = {}
    for place, raw in enumerate(values):
        try:
            places.setdefault(canonical(kind, raw), []).append(place)
        except ValueRefused as error:
            refused[place] = error.rule
    distinct = sorted(places)
    dense = dense_ranges(kind, distinct)
    if dense and not allow_dense:
        raise TagError(f"{kind}: {dense[0]}; a list of suspects does not look like this, so nothing was sent")
    tags: dict[int, Tag] = {}
    for at in range(0, len(distinct), BATCH):
        some = distinct[at : at + BATCH]
        batch = begin(committee, kind, some)
        body = encode(batch.asked)
        answers = await asyncio.gather(
            *(_asked(s.custodian, asks[s.custodian], body, pauses) for s in committee.statements)
        )
        for value, tag in zip(some, finish(batch, answers), strict=True):
            tags.update(dict.fromkeys(places[value], tag))
    return Tagged(tags=tags, refused=refused, dense=dense)


async def _asked(custodian: str, ask: Ask, body: bytes, pauses: Sequence[float]) -> Answer:
    for pause in (*pauses, None):
        try:
            return decode_answer(await ask(body))
        except Lost as error:
            if pause is None:
                raise Unreachable(
                    f"custodian {custodian!r}: no answer after {len(pauses) + 1} tries: {error}"
                ) from error
            await asyncio.sleep(pause)
        except TagError as error:
            raise TagError(f"custodian {custodian!r}: {error}") from error
    raise AssertionError("the last try returns or raises")
