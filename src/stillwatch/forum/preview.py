"""Exactly the bytes of a case that would leave, what stays at home and why, and every rule that says no. Looking sends nothing.

The record of what was removed is made before the objects, and they name its digest: who signs it off signs what did not leave.
"""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import Any

from stillwatch.cases.canonical import canonical
from stillwatch.forum.indicators import CaseFacts, Indicator, LeftOut, indicators_of
from stillwatch.forum.lint import Linted, lint
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.rules.r06_markings import is_marked
from stillwatch.forum.rules.rule import Batch, Override, outgoing
from stillwatch.forum.stix.bundles import bundle
from stillwatch.forum.words import Carrier, ForumError, Kind
from stillwatch.forum.writing.objects import Sanitised, Sender, case_objects, common_objects, member_id
from stillwatch.forum.writing.versions import REASONS, revoked, versioned

__all__ = ["Preview", "preview", "sender_of", "spare_withdrawals", "withdrawal"]

Object = dict[str, Any]


@dataclass(frozen=True, kw_only=True, slots=True)
class Preview:
    """What would leave (`data` is the canonical bundle), what is left out, the record of it, and what the rules say.

    `fresh` are the ids of objects that were not sent before in this version.
    """

    case: str
    objects: tuple[Object, ...]
    data: bytes
    left_out: tuple[LeftOut, ...]
    record: bytes
    linted: Linted
    fresh: frozenset[str]

    @property
    def sha256(self) -> str:
        """What the bytes are known by."""
        return hashlib.sha256(self.data).hexdigest()


def preview(
    facts: CaseFacts,
    policy: Policy,
    before: Mapping[str, Object],
    *,
    now: dt.datetime,
    signed_by: str | None = None,
    carrier: Carrier = Carrier.TAXII,
    passed_today: int = 0,
    overrides: tuple[Override, ...] = (),
) -> Preview:
    """A case as it would leave today.

    Args:
        facts: what the forum may know of the case.
        policy: of this house.
        before: objects that left before, by id.
        now: the moment.
        signed_by: code of who signs off what was removed; without it the rules refuse.
        carrier: how it would travel.
        passed_today: objects that left today.
        overrides: refusals that two people say are wrong.
    """
    today = now.astimezone(dt.UTC).date()
    made, out = indicators_of(facts, today=today)
    kept, kept_home = _by_profile(made, policy, today)
    out = tuple(sorted((*out, *kept_home), key=lambda one: (one.what, one.why)))
    record = _record(facts, kept, out, policy, signed_by)
    sanitised = Sanitised(record=hashlib.sha256(record).hexdigest(), by=signed_by or "")
    sender = sender_of(policy)
    made_of = case_objects(facts, kept, sender, sanitised=sanitised, today=today)
    objects = [*common_objects(sender), *versioned(made_of, before, today=today)]
    return _previewed(facts.case, objects, out, record, before, policy, now, carrier, passed_today, overrides)


def withdrawal(case: str, policy: Policy, before: Mapping[str, Object], *, why: str, now: dt.datetime) -> Preview:
    """All that a case gave rise to, withdrawn for good, with a note each. Withdrawing needs no legal basis and has no quota.

    Args:
        case: the case.
        policy: of this house.
        before: what left of this case, by id.
        why: a key of `REASONS`.
        now: the moment.

    Raises:
        ForumError: when there is nothing to withdraw.
    """
    today = now.astimezone(dt.UTC).date()
    sender = sender_of(policy)
    own = (
        old
        for old in before.values()
        if old.get("created_by_ref") == member_id(policy.member) and old["type"] != "note"
    )
    gone = [one for old in own for one in revoked(old, sender=sender, why=why, today=today)]
    if not gone:
        raise ForumError(f"{case}: nothing of it has left that is not withdrawn already")
    record = canonical({"case": case, "withdrawn": sorted(one["id"] for one in gone), "why": REASONS[why]})
    objects = [*common_objects(sender), *gone]
    made = _previewed(case, objects, (), record, before, policy, now, Carrier.TAXII, 0, ())
    return replace(made, linted=spare_withdrawals(objects, made.linted))


def spare_withdrawals(objects: Batch, linted: Linted) -> Linted:
    """What the rules say, but of a batch that only withdraws neither a quota (R12) nor a missing legal basis (R13) is held against it."""
    marked = [one for one in objects if is_marked(one)]
    if not marked or not all(one.get("revoked") is True or one.get("abstract") == "withdrawn" for one in marked):
        return linted
    return replace(linted, refusals=tuple(one for one in linted.refusals if one.code not in ("R12", "R13")))


def sender_of(policy: Policy) -> Sender:
    """The house as its objects name it."""
    return Sender(
        code=policy.member,
        tlp=policy.tlp,
        pap=policy.pap,
        switches=policy.switches,
        basis=policy.basis,
        basis_until=policy.bases[policy.basis].ends,
        profile=policy.profile,
    )


def _previewed(
    case: str,
    objects: list[Object],
    out: tuple[LeftOut, ...],
    record: bytes,
    before: Mapping[str, Object],
    policy: Policy,
    now: dt.datetime,
    carrier: Carrier,
    passed_today: int,
    overrides: tuple[Override, ...],
) -> Preview:
    setting = outgoing(policy, now=now, before=before, passed_today=passed_today, carrier=carrier, overrides=overrides)
    return Preview(
        case=case,
        objects=tuple(objects),
        data=canonical(bundle(objects)),
        left_out=out,
        record=record,
        linted=lint(objects, setting),
        fresh=frozenset(one["id"] for one in objects if before.get(one["id"]) != one),
    )


def _by_profile(made: tuple[Indicator, ...], policy: Policy, today: dt.date) -> tuple[list[Indicator], list[LeftOut]]:
    """The indicators that the jurisdiction's profile lets leave, none for longer than it and the legal basis allow."""
    profile = policy.profiles[policy.profile]
    may = {Kind.SUBNET: profile.subnets, Kind.USER_AGENT: profile.user_agents}
    kept, out = [], []
    for one in made:
        if not may.get(one.kind, True):
            out.append(
                LeftOut(
                    what=one.kind.value, why=f"the profile {policy.profile} ({profile.jurisdiction}) keeps it at home"
                )
            )
            continue
        kept.append(_shorter(one, today + dt.timedelta(days=profile.most_days)))
    counted = {(o.what, o.why): sum(1 for p in out if (p.what, p.why) == (o.what, o.why)) for o in out}
    return kept, [LeftOut(what=what, why=why, count=n) for (what, why), n in counted.items()]


def _shorter(one: Indicator, most: dt.date) -> Indicator:
    return replace(one, valid_until=min(one.valid_until, most))


def _record(
    facts: CaseFacts, kept: list[Indicator], out: tuple[LeftOut, ...], policy: Policy, signed_by: str | None
) -> bytes:
    """What was removed and by which profile: stays at home, and what leaves names its digest."""
    return canonical(
        {
            "case": facts.case,
            "profile": policy.profile,
            "jurisdiction": policy.profiles[policy.profile].jurisdiction,
            "basis": policy.basis,
            "leaves": [one.id for one in kept],
            "removed": [{"what": one.what, "why": one.why, "count": one.count} for one in out],
            "signed_by": signed_by,
        }
    )
