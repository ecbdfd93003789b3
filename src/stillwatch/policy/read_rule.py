"""Reading one rule: its step needs its own parameters, takes those of milder steps along, and may not carry those of harder ones."""

from __future__ import annotations

import re
from collections.abc import Mapping

from stillwatch.core.errors import PolicyError
from stillwatch.policy.conditions import condition
from stillwatch.policy.fields import Fields
from stillwatch.policy.markers import Marker
from stillwatch.policy.matchers import read_match
from stillwatch.policy.rates import Rate
from stillwatch.policy.read_answers import read_hold, read_siblings
from stillwatch.policy.records import Clamp, Hide, Step
from stillwatch.policy.rule import Condition, Counted, Entry, Limit, Per, Rule, Stay

__all__ = ["STEPS", "read_limits", "read_rule"]

STEPS = [step.name.lower() for step in Step]
"""The ladder as it is written in a policy."""

_BELONGS = {
    "siblings": Step.OBSERVE,
    "lock_context": Step.CLAMP,
    "clamp": Step.CLAMP,
    "throttle": Step.THROTTLE,
    "mark": Step.MARK,
    "hide": Step.HIDE_REASONING,
    "hold": Step.HIDE_REASONING,
    "degrade": Step.DEGRADE,
}
"""Which step each parameter belongs to."""

_NEEDS = {
    Step.CLAMP: (("clamp", "lock_context"), "{ n = 1, logprobs = false }"),
    Step.THROTTLE: (("throttle",), '[{ requests = 30, window = "1m" }]'),
    Step.MARK: (("mark",), '"the name of a marker"'),
    Step.HIDE_REASONING: (("hide", "hold"), '"summarise" or "remove"'),
    Step.DEGRADE: (("degrade",), '"the name of the model that answers instead"'),
}

_ALONE = (Step.VERIFY, Step.DEGRADE, Step.BLOCK)
"""Steps that are a person's to decide, unless the rule says that it may take them alone."""

_TOKENS = (Counted.TOKENS, Counted.REASONING_TOKENS)
_RESERVED = 2000
"""What a request counts as in tokens until its use is known, where the policy does not say: an exchange of some length."""

_NAME = re.compile(r"[a-z0-9][a-z0-9_-]{0,63}")


def read_rule(fields: Fields, *, covert: bool, markers: Mapping[str, Marker]) -> Rule | None:
    """Read one rule; nothing where it has a fault.

    Args:
        covert: whether the policy opts into degrading and delays.
        markers: the marks that the policy describes; a mark without description is the engine's own affair.
    """
    name = _name(fields)
    word = fields.text("step", one_of=STEPS)
    if word is None and "step" not in fields:
        fields.fault("step", f"missing; expected one of {', '.join(STEPS)}")
    when = _condition(fields, "when")
    entry, stay = _entry(fields), _stay(fields)
    matched = fields.table("match")
    match = None if matched is None else read_match(matched)
    ttl = fields.span("ttl")
    clamp = _clamp(fields)
    limits = read_limits(fields, "throttle")
    mark, hide, degrade = (
        fields.text("mark"),
        fields.text("hide", one_of=["summarise", "remove"]),
        fields.text("degrade"),
    )
    hold, siblings, lock = read_hold(fields), read_siblings(fields), fields.flag("lock_context")
    delay = fields.span("delay_up_to")
    review, shadow = fields.flag("review"), fields.flag("shadow")
    alone = fields.flag("unsafe_without_person")
    message = fields.text("message")
    fields.left()
    _stay_below(fields, entry, stay)
    if when is None and "when" not in fields and (entry != Entry() or stay is not None or ttl is not None):
        fields.fault("when", "missing; a rule for everybody has no entry, stay or ttl")
    if not covert and (delay is not None or word == "degrade"):
        key = "delay_up_to" if delay is not None else "step"
        fields.fault(
            key,
            "degrading and delays must be opted into together: [covert] unsafe_degrade_and_delay = true, until = a day",
        )
    if word is None or name is None:
        return None
    step = Step[word.upper()]
    _parameters(fields, step)
    _person(fields, step, entry, universal=when is None, alone=bool(alone), shadow=bool(shadow))
    return Rule(
        name=name,
        step=step,
        when=when,
        match=match,
        entry=entry,
        stay=stay,
        ttl=ttl,
        clamp=clamp,
        limits=limits,
        mark=mark,
        marker=markers.get(mark or ""),
        hold=hold,
        siblings=siblings,
        lock_context=bool(lock),
        hide=Hide.NOTHING if hide is None else Hide(hide),
        degrade=degrade,
        delay=float(delay or 0),
        review=bool(review),
        shadow=bool(shadow),
        message=message or "",
    )


def read_limits(fields: Fields, key: str) -> tuple[Limit, ...]:
    """Read limits: each table counts one thing or several in one window."""
    found: list[Limit] = []
    for one in fields.tables(key):
        per = one.text("per", one_of=[p.value for p in Per])
        window, burst = one.span("window"), one.whole("burst", low=1, high=10**9)
        reserve = one.whole("reserve", low=1, high=10**9)
        counted = {what: one.whole(what.value, low=1, high=10**9) for what in Counted}
        one.left()
        rates = [what for what, amount in counted.items() if amount is not None and what is not Counted.CONCURRENT]
        if not any(what.value in one for what in Counted):
            one.fault("", f"counts nothing; expected one of {', '.join(Counted)}")
        if rates and window is None and "window" not in one:
            one.fault("window", 'missing; expected a time such as "10m"')
        for what, amount in counted.items():
            if amount is not None:
                most = burst or amount
                held = min(reserve or _RESERVED, most) if what in _TOKENS else 1
                rate = Rate(amount=amount, window=window or 1, burst=most)
                found.append(Limit(counted=what, per=Per(per or "account"), rate=rate, reserve=held))
    return tuple(found)


def _name(fields: Fields) -> str | None:
    name = fields.text("name")
    if name is not None and _NAME.fullmatch(name):
        return name
    if name is not None or "name" not in fields:
        fields.fault("name", 'expected a name such as "harvest-throttle", in small letters, digits, hyphens')
    return None


def _condition(fields: Fields, key: str) -> Condition | None:
    text = fields.text(key)
    if text is None:
        return None
    try:
        return condition(text)
    except PolicyError as error:
        fields.fault(key, error.faults[0].message)
        return None


def _entry(fields: Fields) -> Entry:
    table = fields.table("entry")
    if table is None:
        return Entry()
    evidence, kinds = table.whole("evidence", low=0, high=3000), table.whole("kinds", low=1, high=2)
    table.left()
    return Entry(evidence=evidence or 0, kinds=kinds or 0)


def _stay(fields: Fields) -> Stay | None:
    table = fields.table("stay")
    if table is None:
        return None
    evidence, least = table.whole("evidence", low=0, high=3000), table.span("at_least")
    table.left()
    return Stay(evidence=evidence or 0, at_least=least or 0)


def _stay_below(fields: Fields, entry: Entry, stay: Stay | None) -> None:
    if stay is not None and stay.evidence >= entry.evidence:
        fields.fault(
            "stay.evidence",
            f"got {stay.evidence}, expected less than entry.evidence ({entry.evidence}): what lets go must lie lower",
        )


def _clamp(fields: Fields) -> Clamp | None:
    table = fields.table("clamp")
    if table is None:
        return None
    n, top_k = table.whole("n", low=1, high=1024), table.whole("top_k", low=1, high=10**6)
    tokens = table.whole("max_tokens", low=1, high=10**8)
    logprobs, bias = table.flag("logprobs"), table.flag("logit_bias")
    table.left()
    for key, value in (("logprobs", logprobs), ("logit_bias", bias)):
        if value:
            table.fault(key, "got true, expected false: a clamp takes away")
    clamp = Clamp(n=n, top_k=top_k, max_tokens=tokens, drop_logprobs=logprobs is False, drop_logit_bias=bias is False)
    if clamp == Clamp():
        table.fault("", "empty; expected at least one of n, top_k, max_tokens, logprobs = false, logit_bias = false")
    return clamp


def _parameters(fields: Fields, step: Step) -> None:
    keys, such = _NEEDS.get(step, ((), ""))
    if keys and not any(key in fields for key in keys):
        more = "".join(f", or {key}" for key in keys[1:])
        fields.fault(keys[0], f"missing; step {step.name.lower()} needs it, such as {such}{more}")
    for key, belongs in _BELONGS.items():
        if key in fields and belongs > step:
            fields.fault(
                key, f"belongs to step {belongs.name.lower()}, which is harder than the rule's ({step.name.lower()})"
            )


def _person(fields: Fields, step: Step, entry: Entry, *, universal: bool, alone: bool, shadow: bool) -> None:
    word = step.name.lower()
    if step not in _ALONE:
        if alone:
            fields.fault("unsafe_without_person", f"step {word} needs no person")
    elif not alone and not shadow:
        fields.fault(
            "step",
            f"got {word}, which a person decides (stillwatch case decide); say unsafe_without_person = true if this rule may do it alone",
        )
    elif not universal and not shadow and (entry.evidence < 20 or entry.kinds < 2):
        fields.fault(
            "entry",
            f"step {word} without a person needs entry = {{ evidence = 20 or more, kinds = 2 }}: two independent findings",
        )
