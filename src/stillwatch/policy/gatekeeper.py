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
        self._standing = standing or Standing.none()
        self._now = work_out(policy, self._standing, self._counters)

    def decide(self, asked: Asked) -> Ruling:
        """What is done about this request, by the policy and the standing as they are this moment."""
        now = self._now
        at = asked.at
        account = asked.account
        place = now.keys.find(account)
        made = now.made
        until: float | None = None
        if place < 0:
            effect = (now.stranger if at < now.fresh_until else now.stranger_stale).effect(asked, at, 0.0)
            actor = account
        else:
            verdicts = now.verdicts[now.classes[place]]
            seen = now.seen[place]
            ends = now.until[place]
            if at >= now.fresh_until:
                effect = verdicts[1].effect(asked, at, seen)
            elif ends and at >= ends:
                effect = verdicts[2].effect(asked, at, seen)
            else:
                effect = verdicts[0].effect(asked, at, seen)
                if effect.accuses:
                    until = ends or None
                    if effect.ends is not None and (until is None or seen + effect.ends < until):
                        until = seen + effect.ends
            actor = now.actor_ids[now.actors[place]] or account
        if effect.openly is not None and at >= (now.policy.covert_until or 0.0):
            effect = effect.openly
        wait: int = 0
        taken: tuple[tuple[Counter, int], ...] = ()
        if effect.counters and effect.step < _VERIFY:
            wait, taken = _count(effect.counters, account, actor, int(at * 1_000_000))
        step = effect.step
        return Ruling(
            step=_THROTTLE if wait and step < _THROTTLE else step,
            code="rate_limited" if wait else effect.code,
            rule=effect.rule,
            policy=now.policy.id,
            message=effect.message,
            until=until,
            retry_after=wait / 1_000_000 if wait else effect.again,
            appeal=self._appeal(now, place, effect) if step > _OBSERVE and place >= 0 else None,
            clamp=effect.clamp,
            hide=effect.hide,
            mark=effect.mark,
            review=effect.review,
            shadow=effect.shadow,
            shadow_rule=effect.shadow_rule,
            stale=None if made is None else at - made,
            told=now.policy.told,
            degrade=effect.degrade,
            delay=self._rng.uniform(0.0, effect.delay) if effect.delay else None,
            taken=taken,
        )

    def settle(self, asked: Asked, ruling: Ruling, used: Used) -> None:
        """Put what a request used in the place of what was reserved for it."""
        at = int(used.at * 1_000_000)
        for counter, key in ruling.taken:
            counter.end(key, at, used)

    def take_up(self, *, policy: Policy | None = None, standing: Standing | None = None) -> None:
        """Go on with another policy, another standing or both; requests under way keep theirs, and an unchanged limit what it counted.

        Call it from another thread than the one that decides: it takes seconds for a million accounts, and the change itself is one step.
        """
        rules = policy or self._now.policy
        known = standing or self._standing
        now = work_out(rules, known, self._counters, self._now)
        self._now, self._standing = now, known
        self._counters.keep(frozenset(rule.name for rule in rules.rules) | {""})

    def health(self, at: float) -> Health:
        """What the gate stands on at a time (seconds since 1970)."""
        now = self._now
        return Health(
            policy=now.policy.id,
            serial=now.serial,
            accounts=len(now.keys),
            age=None if now.made is None else at - now.made,
            trusted=now.made is not None and at < now.fresh_until,
            counted=len(self._counters),
            bytes=now.nbytes,
        )

    @staticmethod
    def _appeal(now: Decisions, place: int, effect: Effect) -> str | None:
        if effect.person:
            return now.appeals.get(place)
        return f"S-{now.tickets[place] & 0xFFFF_FFFF_FFFF_FFFF:016x}" if effect.accuses else None


def _count(
    counters: tuple[Counter, ...], account: int, actor: int, at: int
) -> tuple[int, tuple[tuple[Counter, int], ...]]:
    """Ask every limit before anything is counted: a request that one of them stops uses up nothing of the others."""
    taken = tuple((counter, actor if counter.per_actor else account) for counter in counters)
    wait = max(counter.wait(key, at) for counter, key in taken)
    if wait:
        return wait, ()
    for counter, key in taken:
        counter.begin(key, at)
    return 0, taken
