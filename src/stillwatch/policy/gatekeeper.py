"""The gate itself: one look-up, a few comparisons and the counters in force; everything slow happened when policy or standing changed."""

from __future__ import annotations

import random

import msgspec

from stillwatch.policy.counters import Counter, Counters
from stillwatch.policy.decisions import Decisions, work_out
from stillwatch.policy.effects import Effect
from stillwatch.policy.records import Asked, Ruling, Step, Used
from stillwatch.policy.rule import Policy
from stillwatch.policy.standing import Standing

__all__ = ["Gatekeeper", "Health"]

_THROTTLE, _OBSERVE, _VERIFY = Step.THROTTLE, Step.OBSERVE, Step.VERIFY
_NEVER = 2**63
_SAME = 1.0
"""Seconds for which one ruling is given to all whom it concerns alike: its age of the standing is then at most so much too small."""


class Health(msgspec.Struct, frozen=True, kw_only=True):
    """What the gate stands on: for readiness, metrics and logs.

    `trusted` is false where the standing is missing or stale; `counted` are the keys that counters
    remember, `bytes` what the look-up holds.
    """

    policy: str
    serial: int
    accounts: int
    age: float | None
    trusted: bool
    counted: int
    bytes: int


class Gatekeeper:
    """A gate: rules on every request, counts what it used. Nothing in `decide` and `settle` waits, reads a file or asks a condition.

    Args:
        policy: the policy.
        standing: the standing; none where it is not known.
        workers: processes that stand side by side; each lets an equal share of every limit through.
        rng: draws delays, where the policy opts into them.
    """

    def __init__(
        self, policy: Policy, standing: Standing | None = None, *, workers: int = 1, rng: random.Random | None = None
    ) -> None:
        self._counters = Counters(workers=workers)
        self._rng = rng or random.SystemRandom()
        self._now = work_out(policy, standing or Standing.none(), self._counters)

    def decide(self, asked: Asked) -> Ruling:
        """What is done about this request, by the policy and the standing as they are this moment."""
        now = self._now
        at = asked.at
        place = now.find(asked.account)
        if place < 0:
            effect = (now.stranger if at < now.fresh_until else now.stranger_stale).effect(asked)
        elif at < now.calm[place] and at < now.fresh_until:
            effect = now.verdicts[now.classes[place]][0].effect(asked)
        else:
            effect = self._late(now, place, asked, at)
        said = effect.said
        if said and at < said[1]:
            return said[0]
        if effect.openly is not None and at >= (now.policy.covert_until or 0.0):
            effect = effect.openly
        ruling = self._rule(now, place, effect, asked.account, at)
        if effect.plain:
            effect.said = (ruling, at + _SAME)
        return ruling

    @staticmethod
    def _late(now: Decisions, place: int, asked: Asked, at: float) -> Effect:
        """What is done where the standing is stale, a proposal has ended, or the life of a rule."""
        fresh, stale, ended = now.verdicts[now.classes[place]]
        until = now.until[place]
        verdict = stale if at >= now.fresh_until else fresh if not until or at < until else ended
        return verdict.effect_at(asked, at - now.seen[place])

    def _rule(self, now: Decisions, place: int, effect: Effect, account: int, at: float) -> Ruling:
        """A ruling of one account's own: with its end, its appeal, and what it has used of its limits."""
        wait, step, until = 0, effect.step, None
        taken: tuple[tuple[Counter, int], ...] = ()
        if effect.counters and step < _VERIFY:
            actor = now.actor_ids[now.actors[place]] or account if place >= 0 else account
            wait, taken = _begin(effect.counters, account, actor, int(at * 1_000_000))
        if effect.accuses and step > _OBSERVE:
            until = now.until[place] or None
            if effect.ends is not None:
                until = min(now.seen[place] + effect.ends, until or _NEVER)
        return Ruling(
            step=_THROTTLE if wait and step < _THROTTLE else step,
            code="rate_limited" if wait else effect.code,
            rule=effect.rule,
            policy=now.policy.id,
            message=effect.message,
            until=until,
            retry_after=wait / 1_000_000 if wait else effect.again,
            appeal=self._appeal(now, place, effect) if step > _OBSERVE and place >= 0 else None,
            link=effect.link if step > _OBSERVE else "",
            clamp=effect.clamp,
            hide=effect.hide,
            mark=effect.mark,
            marker=effect.marker,
            hold=effect.hold,
            siblings=effect.siblings,
            lock_context=effect.lock_context,
            review=effect.review,
            shadow=effect.shadow,
            shadow_rule=effect.shadow_rule,
            stale=None if not now.made else at - now.made,
            told=now.policy.told,
            degrade=effect.degrade,
            delay=self._rng.uniform(0.0, effect.delay) if effect.delay else None,
            taken=taken,
        )

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        """Put what a request used in the place of what was reserved for it.

        A counter that fails keeps no other from its own: a place among concurrent requests must not be lost with it. The error comes after.
        """
        at = int(used.at * 1_000_000)
        fault: Exception | None = None
        for counter, key in ruling.taken:
            try:
                counter.end(key, at, used)
            except Exception as error:
                fault = error
        if fault is not None:
            raise fault

    def take_up(self, policy: Policy, standing: Standing) -> None:
        """Go on with this policy and standing; requests under way keep theirs, and an unchanged limit what it counted.

        Call it from another thread than the one that decides: it takes seconds for a million accounts, and the change itself is one step.
        """
        self._now = work_out(policy, standing, self._counters, self._now)
        self._counters.keep(frozenset(rule.name for rule in policy.rules) | {""})

    @property
    def policy(self) -> Policy:
        """The policy in force."""
        return self._now.policy

    def health(self, at: float) -> Health:
        """What the gate stands on at a time (seconds since 1970)."""
        now = self._now
        return Health(
            policy=now.policy.id,
            serial=now.serial,
            accounts=len(now.keys),
            age=at - now.made if now.made else None,
            trusted=bool(now.made) and at < now.fresh_until,
            counted=len(self._counters),
            bytes=now.nbytes,
        )

    @staticmethod
    def _appeal(now: Decisions, place: int, effect: Effect) -> str | None:
        if effect.person:
            return now.appeals.get(place)
        return f"S-{now.tickets[place] & 0xFFFF_FFFF_FFFF_FFFF:016x}" if effect.accuses else None


def _begin(
    counters: tuple[Counter, ...], account: int, actor: int, at: int
) -> tuple[int, tuple[tuple[Counter, int], ...]]:
    """Count a request under every limit; where one stops it, nothing is counted under the others, and the longest wait is told."""
    taken = []
    wait = 0
    for counter in counters:
        key = actor if counter.per_actor else account
        told = counter.begin(key, at)
        if told:
            wait = max(told, wait)
        else:
            taken.append((counter, key))
    if wait:
        for counter, key in taken:
            counter.undo(key, at)
        return wait, ()
    return 0, tuple(taken)
