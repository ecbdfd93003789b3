"""Rules that hold together make one effect: the hardest step names it, the milder ones come along, the strictest bound of each counts."""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Sequence
from dataclasses import dataclass, field, replace

from stillwatch.policy.counters import Counter, Counters
from stillwatch.policy.markers import Marker
from stillwatch.policy.read_answers import most_siblings, strictest_hold
from stillwatch.policy.records import Clamp, Hide, Hold, Ruling, Siblings, Step
from stillwatch.policy.rule import UNTRUSTED, People, Rule

__all__ = ["DECIDED", "UNAVAILABLE", "Effect", "effect_of", "openly"]

DECIDED = {"block": Step.BLOCK, "suspend": Step.BLOCK, "verify": Step.VERIFY, "throttle": Step.THROTTLE}
"""What a person's decision is carried out as. `clear` and `no_action` are decisions too: then no rule about standing counts."""

UNAVAILABLE = "standing_unavailable"
"""The code of a refusal that is nobody's fault: the standing cannot be trusted, and the policy says to refuse then."""

_AGAIN = 30.0

_CODES = {
    Step.ALLOW: "allowed",
    Step.OBSERVE: "observed",
    Step.CLAMP: "parameters_limited",
    Step.THROTTLE: "throttled",
    Step.MARK: "marked",
    Step.HIDE_REASONING: "reasoning_hidden",
    Step.VERIFY: "verification_required",
    Step.DEGRADE: "model_replaced",
    Step.BLOCK: "account_blocked",
}
_DECIDED_CODES = {"suspend": "account_suspended"}

_MESSAGES = {
    Step.ALLOW: "",
    Step.OBSERVE: "",
    Step.CLAMP: "Some sampling parameters are limited for this account.",
    Step.THROTTLE: "The rate of this account is limited.",
    Step.MARK: "",
    Step.HIDE_REASONING: "Reasoning is not shown to this account.",
    Step.VERIFY: "This account must be verified before it goes on.",
    Step.DEGRADE: "Another model answers this account for the time being.",
    Step.BLOCK: "This account is blocked.",
}
_HIDES = (Hide.NOTHING, Hide.SUMMARISE, Hide.REMOVE)


@dataclass(kw_only=True, slots=True)
class Effect:
    """What is done about a request, before anything is counted. `ends` is the shortest life of the rules that name the step, in seconds.

    `person` says that a person decided it: then it ends when the decision is withdrawn, and the appeal names the case.
    `accuses` says that a rule about standing named the step; `again` is when to try again in s, where nothing was counted.
    `plain` says that it is the same for all whom it concerns, so that one ruling, `said`, does for all of them, for a moment.
    `openly` is the same without degrading and delays, where it has any. `link` is where to be verified or to appeal.
    """

    step: Step
    code: str
    rule: str = ""
    message: str = ""
    clamp: Clamp | None = None
    hide: Hide = Hide.NOTHING
    mark: str | None = None
    marker: Marker | None = None
    hold: Hold | None = None
    siblings: Siblings | None = None
    lock_context: bool = False
    degrade: str | None = None
    delay: float = 0.0
    counters: tuple[Counter, ...] = ()
    review: bool = False
    shadow: Step | None = None
    shadow_rule: str = ""
    ends: int | None = None
    person: bool = False
    accuses: bool = False
    again: float | None = None
    link: str = ""
    openly: Effect | None = None
    said: tuple[Ruling, float] | None = field(default=None, compare=False, repr=False)
    plain: bool = field(init=False)

    def __post_init__(self) -> None:
        self.plain = not (self.counters or self.person or self.delay or (self.accuses and self.step > Step.OBSERVE))


def effect_of(rules: Sequence[Rule], decided: str, people: People, counters: Counters) -> Effect:
    """The effect of rules that all hold, with what a person decided; where two are as hard, the first of the file names it.

    A person's decision wins over every rule about standing; conditions of service hold beside it, as they accuse nobody.
    """
    person = DECIDED.get(decided)
    if decided:
        rules = [rule for rule in rules if rule.universal]
    live = [rule for rule in rules if not rule.shadow]
    hardest = max(live, key=lambda rule: rule.step, default=None)
    named = hardest if person is None or (hardest is not None and hardest.step > person) else None
    step = named.step if named is not None else person if person is not None else Step.ALLOW
    shadow = max((rule for rule in rules if rule.shadow), key=lambda rule: rule.step, default=None)
    marking = next((rule for rule in _hardest_first(live) if rule.mark is not None), None)
    found = Effect(
        step=step,
        code=_code(step, named, decided),
        rule=named.name if named is not None else f"decided-{decided}" if person is not None else "",
        message=(named.message if named is not None else "") or _MESSAGES[step],
        clamp=_clamp(rule.clamp for rule in live),
        hide=max((rule.hide for rule in live), key=_HIDES.index, default=Hide.NOTHING),
        mark=None if marking is None else marking.mark,
        marker=None if marking is None else marking.marker,
        hold=strictest_hold(rule.hold for rule in live),
        siblings=most_siblings(rule.siblings for rule in live),
        lock_context=any(rule.lock_context for rule in live),
        degrade=next((rule.degrade for rule in _hardest_first(live) if rule.degrade is not None), None),
        delay=max((rule.delay for rule in live), default=0.0),
        counters=_counters(live, people if person is Step.THROTTLE else None, counters),
        review=any(rule.review for rule in live),
        shadow=None if shadow is None or shadow.step <= step else shadow.step,
        shadow_rule="" if shadow is None or shadow.step <= step else shadow.name,
        ends=named.ttl if named is not None else None,
        person=person is not None and named is None,
        accuses=named is not None and not named.universal,
        link=_link(step, people) if person is not None or (named is not None and not named.universal) else "",
        again=_AGAIN if named is not None and named.name == UNTRUSTED and step is Step.BLOCK else None,
    )
    if found.degrade is None and not found.delay:
        return found
    return replace(found, openly=effect_of([openly(rule) for rule in rules], decided, people, counters))


def openly(rule: Rule) -> Rule:
    """A rule without what is done covertly: what is left of it are the milder steps that came with it."""
    if rule.step is not Step.DEGRADE:
        return rule if not rule.delay else replace(rule, delay=0.0)
    left = (
        (Step.HIDE_REASONING, rule.hide is not Hide.NOTHING or rule.hold is not None),
        (Step.MARK, rule.mark is not None),
        (Step.THROTTLE, bool(rule.limits)),
        (Step.CLAMP, rule.clamp is not None or rule.lock_context),
    )
    step = next((step for step, there in left if there), Step.OBSERVE)
    return replace(rule, step=step, degrade=None, delay=0.0)


def _hardest_first(rules: Iterable[Rule]) -> list[Rule]:
    return sorted(rules, key=lambda rule: -rule.step)


def _code(step: Step, named: Rule | None, decided: str) -> str:
    if named is None:
        return _DECIDED_CODES.get(decided, _CODES[step])
    if step is Step.BLOCK and named.universal:
        return UNAVAILABLE if named.name == UNTRUSTED else "request_not_allowed"
    return _CODES[step]


def _link(step: Step, people: People) -> str:
    """Where a caller goes whom a rule about standing or a person's decision stops or limits."""
    return people.verify_link if step is Step.VERIFY else people.appeal_link if step > Step.OBSERVE else ""


def _clamp(clamps: Iterable[Clamp | None]) -> Clamp | None:
    there = [clamp for clamp in clamps if clamp is not None]
    if not there:
        return None

    def least(values: Iterable[int | None]) -> int | None:
        return min((value for value in values if value is not None), default=None)

    return Clamp(
        n=least(clamp.n for clamp in there),
        top_k=least(clamp.top_k for clamp in there),
        max_tokens=least(clamp.max_tokens for clamp in there),
        drop_logprobs=any(clamp.drop_logprobs for clamp in there),
        drop_logit_bias=any(clamp.drop_logit_bias for clamp in there),
    )


def _counters(rules: Iterable[Rule], people: People | None, counters: Counters) -> tuple[Counter, ...]:
    owners: list[tuple[Hashable, Rule | People]] = [(rule.name, rule) for rule in rules if rule.limits]
    if people is not None:
        owners.append(("", people))
    return tuple(counters.of(name, limit) for name, owner in owners for limit in owner.limits)
