"""What a class of accounts gets: rules about standing are settled, those about the request left to be asked; every outcome is kept."""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.policy.counters import Counters
from stillwatch.policy.effects import Effect, effect_of, openly
from stillwatch.policy.records import Asked, Step
from stillwatch.policy.rule import UNTRUSTED, Policy, Rule, Without

__all__ = ["Verdict", "verdicts_of", "without"]

_MOST_OUTCOMES = 1024
_FOR_EVER = 2**31


class Verdict:
    """The outcomes for one class of accounts.

    Args:
        rules: those whose condition over standing holds, in the order of the file.
    """

    __slots__ = ("_asks", "_counters", "_decided", "_found", "_lives", "_policy", "_rules")

    def __init__(self, rules: Sequence[Rule], decided: str, policy: Policy, counters: Counters) -> None:
        self._rules = tuple(rules)
        self._decided = decided
        self._policy = policy
        self._counters = counters
        self._lives = tuple((1 << place, rule.ttl) for place, rule in enumerate(self._rules) if rule.ttl is not None)
        self._asks = tuple((1 << place, rule.match.holds) for place, rule in enumerate(self._rules) if rule.match)
        self._found: dict[int, Effect] = {}

    @property
    def shortest(self) -> int:
        """The shortest life of its rules, in seconds after the standing was concluded: until then none of them has ended."""
        return min((ttl for _, ttl in self._lives), default=_FOR_EVER)

    def effect(self, asked: Asked) -> Effect:
        """What is done about a request while no rule has come to its end."""
        left = 0
        for bit, holds in self._asks:
            if not holds(asked):
                left |= bit
        return self._found.get(left) or self._make(left)

    def effect_at(self, asked: Asked, age: float) -> Effect:
        """What is done about a request, where the account's standing was concluded `age` seconds before."""
        left = sum(bit for bit, ttl in self._lives if age >= ttl)
        for bit, holds in self._asks:
            if not holds(asked):
                left |= bit
        return self._found.get(left) or self._make(left)

    def _make(self, left: int) -> Effect:
        """Work out, once, what is done without the rules in `left`: as many as combinations of facts, so those kept are bounded."""
        if len(self._found) >= _MOST_OUTCOMES:
            self._found.clear()
        rules = [rule for place, rule in enumerate(self._rules) if not left >> place & 1]
        effect = self._found[left] = effect_of(rules, self._decided, self._policy.people, self._counters)
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
