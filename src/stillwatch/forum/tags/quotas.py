"""How much each member may have evaluated, and what looks like somebody trying out every value there is.

A custodian cannot see what it evaluates, so it can only bound and watch how much: quotas for each member, kind, day and epoch, and alarms
that a person reads. A quota does not stop a member from trying a few thousand chosen values; docs/tags.md says what is left.
"""

from __future__ import annotations

from enum import StrEnum

import msgspec

from stillwatch.forum.tags.kinds import Kind

__all__ = ["BLOCK", "QUOTAS", "AlarmKind", "Quota", "Spent", "alarms"]


class Quota(msgspec.Struct, frozen=True, kw_only=True, forbid_unknown_fields=True):
    """Most evaluations of one kind, padding included."""

    day: int
    epoch: int


QUOTAS: dict[Kind, Quota] = {
    Kind.EMAIL: Quota(day=16_384, epoch=262_144),
    Kind.PHONE: Quota(day=4_096, epoch=32_768),
    Kind.CARD: Quota(day=16_384, epoch=262_144),
    Kind.DEVICE: Quota(day=16_384, epoch=262_144),
    Kind.REGISTRATION: Quota(day=4_096, epoch=32_768),
}
"""What a member has unless its entry says otherwise. The spaces that are easily counted through, phones and traits, have the least."""

BLOCK: dict[Kind, int] = {Kind.PHONE: 10_000, Kind.REGISTRATION: 10_000}
"""So many evaluations within an epoch count through the smallest range of a kind that is handed out together."""


class AlarmKind(StrEnum):
    """What a custodian's people are told of; each once a day, member and kind."""

    NEAR_QUOTA = "near_quota"
    STEADY = "steady"
    COUNTS_A_BLOCK = "counts_a_block"
    NO_POINTS = "no_points"
    REPEATS = "repeats"


class Spent(msgspec.Struct, frozen=True, kw_only=True):
    """What a member has had evaluated of one kind: today, in this epoch, and on how many of the last seven days nearly all of its quota."""

    today: int
    epoch: int
    full_days: int


def alarms(kind: Kind, quota: Quota, before: Spent, after: Spent) -> list[tuple[AlarmKind, str]]:
    """The alarms that one batch of evaluations sets off, with a sentence for each."""
    found = []
    near = 0.8 * quota.day
    if before.today < near <= after.today:
        found.append((AlarmKind.NEAR_QUOTA, f"{after.today} of {quota.day} evaluations of {kind} today"))
        if after.full_days >= 3:
            found.append((AlarmKind.STEADY, f"near the quota of {kind} on {after.full_days} of the last 7 days"))
    block = BLOCK.get(kind)
    if block is not None and before.epoch < block <= after.epoch:
        found.append(
            (AlarmKind.COUNTS_A_BLOCK, f"{after.epoch} evaluations of {kind} in this epoch: a block has {block} values")
        )
    return found
