"""The gate rules as the rules read one by one would, people's decisions win, and what was counted under a limit is what was used."""

from __future__ import annotations

import random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.policy import Asked, Dialect, Gatekeeper, Hide, Policy, Ruling, Standing, Step, Used
from stillwatch.policy.decisions import facts_of

from .made import AT, HEAD, asked, gate, moment, policy, row, standing

RULES = """
[[rules]]
name = "service"
match = { logprobs = true, n_at_least = 4 }
step = "clamp"
clamp = { n = 3 }
[[rules]]
name = "watch"
when = 'proposed != "allow"'
step = "observe"
ttl = "5d"
[[rules]]
name = "narrow"
when = 'proposed in ["clamp", "throttle"] && (lookalike == "" || kinds > 1)'
step = "clamp"
clamp = { n = 1, top_k = 40, logprobs = false }
[[rules]]
name = "coding"
when = 'product == "coding" && evidence >= 12'
match = { model = ["large-*", "*-pro"], stream = true }
step = "mark"
mark = "asking-back"
clamp = { n = 2, top_k = 20 }
[[rules]]
name = "hide"
when = '"coordinated_accounts" in reasons && actor_accounts >= 20'
entry = { evidence = 20 }
match = { reasoning = true }
ttl = "3d"
step = "hide_reasoning"
hide = "remove"
review = true
[[rules]]
name = "would-block"
when = 'in_actor && !("evaluation" in purposes)'
entry = { evidence = 30, kinds = 2 }
step = "block"
shadow = true
"""
READ = policy(RULES)

ROWS = st.fixed_dictionaries(
    {
        "proposed": st.sampled_from(["allow", "observe", "clamp", "throttle"]),
        "evidence": st.none() | st.integers(-5, 45),
        "kinds": st.integers(0, 2),
        "actor": st.none() | st.just(77),
        "actor_accounts": st.none() | st.integers(5, 40),
        "lookalike": st.none() | st.just("batch work"),
        "product": st.none() | st.sampled_from(["coding", "chat"]),
        "purposes": st.sampled_from([[], ["evaluation"]]),
        "reasons": st.sampled_from([[], ["coordinated_accounts"], ["coordinated_accounts", "unusual_traffic"]]),
        "decided": st.none() | st.sampled_from(["clear", "no_action", "throttle", "verify", "block", "suspend"]),
    }
)
REQUESTS = st.fixed_dictionaries(
    {
        "model": st.none() | st.sampled_from(["large-1", "Tiny-pro", "small"]),
        "stream": st.booleans(),
        "logprobs": st.booleans(),
        "reasoning": st.booleans(),
        "n": st.none() | st.integers(1, 8),
    }
)
PEOPLE = {"throttle": Step.THROTTLE, "verify": Step.VERIFY, "block": Step.BLOCK, "suspend": Step.BLOCK}


def one_by_one(read: Policy, given_row: dict[str, Any], request: Asked, age: float) -> dict[str, Any]:
    """What the rules come to when they are read one after the other, with no table and nothing kept."""
    facts = facts_of(given_row)
    holding = []
    for rule in read.rules:
        if rule.match is not None and not rule.match.holds(request):
            continue
        if rule.when is not None:
            strong = not rule.entry.evidence or facts.get("evidence", -99) >= rule.entry.evidence
            alive = rule.ttl is None or age < rule.ttl
            enough = facts["kinds"] >= rule.entry.kinds
            if given_row["decided"] or not (alive and strong and enough and rule.when.holds(facts)):
                continue
        holding.append(rule)
    live = [rule for rule in holding if not rule.shadow]
    steps = [(rule.step, rule.name) for rule in live]
    if given_row["decided"] in PEOPLE:
        steps.insert(0, (PEOPLE[given_row["decided"]], f"decided-{given_row['decided']}"))
    step, name = Step.ALLOW, ""
    for candidate, named in steps:
        if candidate > step:
            step, name = candidate, named
    ns = [rule.clamp.n for rule in live if rule.clamp is not None and rule.clamp.n is not None]
    ks = [rule.clamp.top_k for rule in live if rule.clamp is not None and rule.clamp.top_k is not None]
    shadow = max((rule.step for rule in holding if rule.shadow), default=Step.ALLOW)
    return {
        "step": step,
        "rule": name,
        "n": min(ns, default=None),
        "top_k": min(ks, default=None),
        "hide": Hide.REMOVE if any(rule.hide is Hide.REMOVE for rule in live) else Hide.NOTHING,
        "mark": next((rule.mark for rule in live if rule.mark), None),
        "review": any(rule.review for rule in live),
        "shadow": shadow if shadow > step else None,
    }


def ruled(ruling: Ruling) -> dict[str, Any]:
    """The same of a ruling."""
    return {
        "step": ruling.step,
        "rule": ruling.rule,
        "n": None if ruling.clamp is None else ruling.clamp.n,
        "top_k": None if ruling.clamp is None else ruling.clamp.top_k,
        "hide": ruling.hide,
        "mark": ruling.mark,
        "review": ruling.review,
        "shadow": ruling.shadow,
    }


@settings(max_examples=40, deadline=None)
@given(
    rows=st.lists(ROWS, min_size=1, max_size=12),
    requests=st.lists(REQUESTS, min_size=1, max_size=4),
    days=st.integers(0, 6),
)
def test_the_table_rules_as_the_rules_read_one_by_one(
    rows: list[dict[str, Any]], requests: list[dict[str, Any]], days: int
) -> None:
    given_rows = [row(place * 1_000_003 - 5_000_000, **facts) for place, facts in enumerate(rows)]
    made = Gatekeeper(READ, standing(*given_rows, made=AT + days * 86400.0))
    for one in given_rows:
        for facts in requests:
            request = asked(one["account"], AT + days * 86400 + 1, **facts)
            assert ruled(made.decide(request)) == one_by_one(READ, one, request, days * 86400 + 1)


@settings(max_examples=60, deadline=None)
@given(facts=ROWS, request=REQUESTS, late=st.sampled_from([1, 10 * 86400, 100 * 86400]))
def test_what_a_person_decided_always_wins(facts: dict[str, Any], request: dict[str, Any], late: int) -> None:
    ruling = Gatekeeper(READ, standing(row(5, **facts, appeal="C-1/1"))).decide(asked(5, AT + late, **request))
    decided = facts["decided"]
    if decided in PEOPLE:
        assert ruling.step is PEOPLE[decided]
        assert ruling.appeal == "C-1/1"
    elif decided is not None:
        assert ruling.step <= Step.CLAMP
        assert ruling.rule in ("", "service", "standing-cannot-be-trusted")
        assert not ruling.refused


def test_an_account_without_standing_meets_the_conditions_of_service_alone() -> None:
    made = gate(RULES, row(5, proposed="throttle", evidence=44, kinds=2))
    assert made.decide(asked(6)).step is Step.ALLOW
    assert made.decide(asked(6, logprobs=True, n=4)).rule == "service"


def test_unknown_facts_never_match_nor_hold() -> None:
    made = gate(RULES, row(5, proposed="allow", product=None, evidence=40), row(6, product="coding", evidence=None))
    assert made.decide(asked(5, model="large-1", stream=True)).step is Step.ALLOW
    assert made.decide(asked(6, model="large-1", stream=True)).step is Step.ALLOW
    assert made.decide(asked(6, model=None, stream=True)).step is Step.ALLOW


def test_a_proposal_ends_and_says_when() -> None:
    made = gate(RULES, row(5, proposed="throttle", until=moment(AT + 3600)))
    first = made.decide(asked(5, AT + 1))
    assert (first.step, first.until) == (Step.CLAMP, AT + 3600)
    assert made.decide(asked(5, AT + 3600)).step is Step.ALLOW


def test_a_restriction_by_the_machine_can_be_contested_and_observing_says_nothing() -> None:
    made = gate(RULES, row(5, proposed="throttle", ticket=-1), row(6, proposed="observe"))
    assert made.decide(asked(5)).appeal == "S-ffffffffffffffff"
    assert made.decide(asked(6)).appeal is None


LIMITED = """
[[rules]]
name = "budget"
when = 'proposed == "throttle"'
step = "throttle"
throttle = [
  { tokens = 1000, reserve = 100, window = "10s" },
  { per = "actor", requests = 3, window = "10s" },
  { concurrent = 2 },
]
"""


def test_what_was_reserved_gives_way_to_what_was_used_and_unknown_use_stays_reserved() -> None:
    made = gate(LIMITED.replace("requests = 3", "requests = 100"), row(5, proposed="throttle"))
    ruling = made.decide(asked(5))
    made.settle(asked(5), ruling, Used(at=AT + 1, input_tokens=600, output_tokens=390))
    refused = made.decide(asked(5))
    assert (refused.code, refused.refused, refused.taken) == ("rate_limited", True, ())
    assert refused.retry_after == pytest.approx(0.9)
    assert not made.decide(asked(5, AT + 1.9)).refused
    other = gate(LIMITED.replace("requests = 3", "requests = 100"), row(5, proposed="throttle"))
    for _ in range(10):
        other.settle(asked(5), other.decide(asked(5)), Used(at=AT + 1, finished=False))
    assert other.decide(asked(5)).refused


def test_accounts_of_one_actor_share_its_budget_and_others_do_not() -> None:
    rows = [row(account, proposed="throttle", actor=900) for account in (5, 6, 7, 8)]
    made = gate(LIMITED, *rows, row(9, proposed="throttle", actor=901), row(10, proposed="throttle"))
    assert [made.decide(asked(account)).refused for account in (5, 6, 7, 8)] == [False, False, False, True]
    assert not made.decide(asked(9)).refused
    assert not made.decide(asked(10)).refused


def test_a_request_that_one_limit_stops_uses_up_nothing_of_the_others() -> None:
    made = gate(LIMITED, row(5, proposed="throttle"))
    first, second = made.decide(asked(5)), made.decide(asked(5))
    assert all(made.decide(asked(5)).refused for _ in range(50))
    for ruling in (first, second):
        made.settle(asked(5), ruling, Used(at=AT + 1, input_tokens=0, output_tokens=0))
    assert not made.decide(asked(5)).refused


def test_workers_share_a_limit() -> None:
    rules = policy(LIMITED.replace("requests = 3", "requests = 30").replace("concurrent = 2", "concurrent = 30"))
    gates = [Gatekeeper(rules, standing(row(5, proposed="throttle")), workers=3) for _ in range(3)]
    passed = sum(not one.decide(asked(5)).refused for one in gates for _ in range(30))
    assert passed == 9


def test_a_million_strangers_leave_nothing_behind() -> None:
    made = gate(LIMITED, row(5, proposed="throttle"))
    for account in range(10**9, 10**9 + 20_000):
        made.decide(asked(account))
    assert made.health(AT).counted == 0


COVERT = (
    LIMITED.replace('"throttle"\nthrottle', '"degrade"\ndegrade = "small"\ndelay_up_to = "2s"\nthrottle')
    + "entry = { evidence = 20, kinds = 2 }\nunsafe_without_person = true\n"
    + '[purposes]\nexempt = ["evaluation"]\n[covert]\nunsafe_degrade_and_delay = true\nuntil = 2026-06-30\n'
)


def test_degrading_and_delays_spare_declared_purposes_and_end_on_their_day() -> None:
    strong = {"proposed": "throttle", "evidence": 30, "kinds": 2, "until": None}
    rows = row(5, **strong), row(6, **strong, purposes=["evaluation"])
    made = Gatekeeper(policy(COVERT), standing(*rows), rng=random.Random(3))  # noqa: S311 - a delay is no secret
    first, spared = made.decide(asked(5)), made.decide(asked(6))
    assert (first.step, first.degrade) == (Step.DEGRADE, "small")
    assert 0 < (first.delay or 0) < 2
    assert (spared.step, spared.degrade, spared.delay) == (Step.THROTTLE, None, None)
    ends = 1_782_864_000.0
    last = Gatekeeper(policy(COVERT), standing(*rows, made=ends - 100))
    assert last.decide(asked(5, ends - 1)).degrade == "small"
    assert last.decide(asked(5, ends)).degrade is None


def test_whatever_the_policy_keeps_to_itself_is_marked_so() -> None:
    made = gate(RULES, row(5, proposed="throttle"), head="unsafe_hidden_reasons = true\n" + HEAD)
    assert not made.decide(asked(5)).told


def test_a_policy_in_the_shadow_touches_nobody_and_says_whom_it_would() -> None:
    made = gate(RULES, row(5, proposed="throttle"), row(6, decided="block"), head="shadow = true\n" + HEAD)
    assert (made.decide(asked(5)).step, made.decide(asked(5)).shadow) == (Step.ALLOW, Step.CLAMP)
    assert made.decide(asked(6)).step is Step.BLOCK


@pytest.mark.parametrize("account", [-(2**63), 2**63 - 1, -1, 0, 1])
def test_every_64_bit_name_can_be_asked_for(account: int) -> None:
    assert gate(RULES, row(7, proposed="throttle")).decide(asked(account)).step is Step.ALLOW
    assert Gatekeeper(READ, Standing.none()).decide(asked(account)).step is Step.OBSERVE


def test_a_gate_is_what_adapters_expect() -> None:
    from stillwatch.policy import Gate

    made: Gate = gate(RULES)
    assert made.decide(Asked(at=AT, account=1, dialect=Dialect.OTHER)).policy == "test"
