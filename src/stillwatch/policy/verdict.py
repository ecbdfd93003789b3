"""What a class of accounts gets: rules about standing are settled, those about the request left to be asked; every outcome is kept."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.policy.counters import Counters
from stillwatch.policy.effects import Effect, effect_of, openly
from stillwatch.policy.records import Asked, Step
from stillwatch.policy.rule import UNTRUSTED, Policy, Rule, Without

__all__ = ["Verdict", "verdicts_of", "without"]

_MOST_OUTCOMES = 1024


class Verdict:
    """The outcomes for one class of accounts.

    Args:
        rules: those whose condition over standing holds, in the order of the file.
    """

    __slots__ = ("_asks", "_counters", "_decided", "_found", "_policy", "_rules")

    def __init__(self, rules: Sequence[Rule], decided: str, policy: Policy, counters: Counters) -> None:
        self._rules = tuple(rules)
        self._decided = decided
        self._policy = policy
        self._counters = counters
        self._asks = tuple(
            (1 << place, rule.ttl, None if rule.match is None else rule.match.holds)
            for place, rule in enumerate(self._rules)
        )
        self._asks = tuple(ask for ask in self._asks if ask[1] is not None or ask[2] is not None)
        self._found: dict[int, Effect] = {}

    def effect(self, asked: Asked, at: float, seen: float) -> Effect:
        """What is done about a request at a time, where the account's standing was concluded at `seen`."""
        holding = 0
        for bit, ttl, holds in self._asks:
            if (ttl is None or at < seen + ttl) and (holds is None or holds(asked)):
                holding |= bit
        effect = self._found.get(holding)
        return effect if effect is not None else self._make(holding)

    def _make(self, holding: int) -> Effect:
        """Work an outcome out, once; they are as many as there are combinations of facts, so those kept are bounded."""
        if len(self._found) >= _MOST_OUTCOMES:
            self._found.clear()
        asking = sum(ask[0] for ask in self._asks)
        rules = [rule for place, rule in enumerate(self._rules) if not (asking & ~holding) >> place & 1]
        effect = self._found[holding] = effect_of(rules, self._decided, self._policy.people, self._counters)
        return effect


def verdicts_of(
    holding: Sequence[Rule], decided: str, policy: Policy, counters: Counters, *, exempt: bool
) -> tuple[Verdict, Verdict, Verdict]:
    """The verdicts on a class of accounts: as the standing says, when the standing is stale, and when the account's proposal has ended.

    Stale: what the machine's milder rules did becomes what the policy says; rules from verification on stay, for whoever was known to be
    bad must not get free by an outage; so do people's decisions.

    Args:
        holding: rules about standing whose condition holds.
        exempt: whether a declared purpose exempts it from degrading and delays.
    """
    mine = {rule.name for rule in holding}
    rules = [rule for rule in policy.rules if rule.universal or rule.name in mine]
    if exempt:
        rules = [openly(rule) for rule in rules]
    everyone = [rule for rule in rules if rule.universal]
    if policy.trust.stale is Without.KEEP:
        stale = rules
    else:
        stale = [rule for rule in rules if rule.universal or (rule.step >= Step.VERIFY and not rule.shadow)]
        stale += without(policy.trust.stale)
    made = [Verdict(one, decided, policy, counters) for one in (rules, stale, everyone)]
    return made[0], made[1], made[2]


def without(what: Without) -> list[Rule]:
    """The rule that stands in for a standing that cannot be trusted."""
    step = {Without.OBSERVE: Step.OBSERVE, Without.REFUSE: Step.BLOCK}.get(what)
    message = "The service cannot check this account at the moment; try again later." if step is Step.BLOCK else ""
    return [] if step is None else [Rule(name=UNTRUSTED, step=step, message=message)]
