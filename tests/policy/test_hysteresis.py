"""A rule that lets go below where it took hold does not flap, holds for as long as it says, and remembers across reloads."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.policy import Gatekeeper, Step

from .made import AT, asked, policy, row, standing

RULES = """
[[rules]]
name = "hold"
when = 'proposed == "throttle"'
entry = { evidence = 20 }
stay = { evidence = 10, at_least = "1h" }
step = "clamp"
clamp = { n = 1 }
"""
HOUR = 3600.0


def steps(levels: list[int | None], every: float, proposed: str = "throttle") -> list[bool]:
    """Whether the rule holds the account after each of some standings, one made `every` seconds after the other."""
    read = policy(RULES)
    made: Gatekeeper | None = None
    out = []
    for place, level in enumerate(levels):
        at = AT + place * every
        rows = [row(place - 9), row(5, proposed=proposed, evidence=level, until=None), row(2**40 - place)]
        if made is None:
            made = Gatekeeper(read, standing(*rows, made=at))
        else:
            made.take_up(read, standing(*rows, serial=place, made=at))
        out.append(made.decide(asked(5, at + 1)).step is Step.CLAMP)
    return out


@settings(max_examples=25, deadline=None)
@given(levels=st.lists(st.integers(10, 19), min_size=1, max_size=12), first=st.sampled_from([5, 25]))
def test_between_the_two_levels_nothing_ever_changes(levels: list[int], first: int) -> None:
    assert set(steps([first, *levels], 2 * HOUR)) == {first == 25}


@settings(max_examples=25, deadline=None)
@given(levels=st.lists(st.none() | st.integers(0, 30), min_size=1, max_size=14))
def test_it_changes_as_often_as_the_evidence_crosses_from_one_level_to_the_other(levels: list[int | None]) -> None:
    on, expected = False, []
    for level in levels:
        known = -1 if level is None else level
        on = known >= 20 or (on and known >= 10)
        expected.append(on)
    assert steps(levels, 2 * HOUR) == expected


def test_it_holds_for_at_least_as_long_as_it_says_from_when_it_took_hold() -> None:
    assert steps([25, 0, 0, 0, 0], HOUR / 3) == [True, True, True, False, False]
    assert steps([25, 25, 0, 0], HOUR / 2) == [True, True, False, False]


def test_another_rule_of_the_same_name_holds_nobody_that_the_old_one_held() -> None:
    made = Gatekeeper(policy(RULES), standing(row(5, proposed="throttle", evidence=25, until=None)))
    later = standing(row(5, proposed="throttle", evidence=15, until=None), made=AT + 2 * HOUR)
    made.take_up(policy(RULES.replace("evidence = 20", "evidence = 21")), later)
    assert made.decide(asked(5, AT + 2 * HOUR + 1)).step is Step.ALLOW


def test_a_person_who_clears_an_account_sets_it_free_at_once() -> None:
    made = Gatekeeper(policy(RULES), standing(row(5, proposed="throttle", evidence=25)))
    made.take_up(policy(RULES), standing(row(5, proposed="throttle", evidence=25, decided="clear"), made=AT + 1))
    assert made.decide(asked(5, AT + 2)).step is Step.ALLOW
