"""A batch from values to tags, as pure steps: blind and pad, then check every proof, add up, take the blinds off, hash.

Both custodians are sent the same blinded points; each returns them times its own key, with one proof for the batch. The sum of the two
answers is the points times the sum of the keys, so a tag is the RFC 9497 output under a key that nobody holds (docs/decisions). Both
proofs are checked under the pinned keys before anything is added.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass

from stillwatch.forum.tags import oprf
from stillwatch.forum.tags.committed import Committee, Statement
from stillwatch.forum.tags.group import plus, point_from
from stillwatch.forum.tags.kinds import TAG_BYTES, Kind, Tag, input_of
from stillwatch.forum.tags.refusals import NotProven, TagError
from stillwatch.forum.tags.wire import Answer, Asked

__all__ = ["SMALLEST", "Batch", "begin", "finish", "padded_size"]

SMALLEST = 64
"""Fewest points that are ever sent: one suspect looks like sixty-four."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Batch:
    """What a member keeps while both custodians work, and what it sends to each (`asked`)."""

    kind: Kind
    committee: Committee
    blinded: oprf.Blinded
    asked: Asked


def padded_size(n: int) -> int:
    """To how many points a batch of n is filled: the next power of two, at least `SMALLEST`.

    >>> [padded_size(n) for n in (1, 64, 65, 4096)]
    [64, 64, 128, 4096]
    """
    return max(SMALLEST, 1 << (n - 1).bit_length())


def begin(committee: Committee, kind: Kind, canonical: Sequence[str]) -> Batch:
    """Blind up to `oprf.BATCH` canonical values, and fill up with points of which nobody knows a value."""
    if not 0 < len(canonical) <= oprf.BATCH:
        raise ValueError(f"got {len(canonical)} values, expected 1 to {oprf.BATCH}")
    blinded = oprf.blind([input_of(kind, value) for value in canonical])
    filling = (point_from(secrets.token_bytes(64)) for _ in range(padded_size(len(canonical)) - len(canonical)))
    elements = b"".join((*blinded.elements, *filling))
    asked = Asked(epoch=committee.epoch, kind=kind, elements=elements)
    return Batch(kind=kind, committee=committee, blinded=blinded, asked=asked)


def finish(batch: Batch, answers: Sequence[Answer]) -> list[Tag]:
    """The tags of a batch from the answers of all custodians, in the committee's order.

    Raises:
        NotProven: when an answer does not hold under the key its custodian committed to; the error names the custodian.
    """
    sent = oprf.points_of(batch.asked.elements)
    proven = [
        _proven(statement, batch.kind, sent, answer)
        for statement, answer in zip(batch.committee.statements, answers, strict=True)
    ]
    size = len(batch.blinded.inputs)
    summed = list(proven[0][:size])
    for points in proven[1:]:
        summed = [plus(one, other) for one, other in zip(summed, points[:size], strict=True)]
    return [
        Tag(kind=batch.kind, epoch=batch.committee.epoch, value=output[:TAG_BYTES])
        for output in oprf.finalise(batch.blinded, summed)
    ]


def _proven(statement: Statement, kind: Kind, sent: Sequence[bytes], answer: Answer) -> tuple[bytes, ...]:
    try:
        points = oprf.points_of(answer.elements)
        oprf.check_proof(statement.public(kind), sent, points, answer.proof)
    except TagError as error:
        raise NotProven(f"custodian {statement.custodian!r}, {kind}: {error}") from error
    return points
