"""What a policy says of answers: holds, siblings, marks and locked contexts, each read with its faults and carried out together."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest

from stillwatch.core import PolicyError
from stillwatch.policy import Hold, Siblings, Step, epoch_of, run_tests
from stillwatch.policy.policy_file import policy_from

from .made import HEAD, asked, gate, policy

MARK = """
[[marks]]
name = "house"
until = 2026-12-31
epoch = "week"
key_field = "vllm_xargs.stillwatch_key"
[[marks.variants]]
item = "closing"
asks = "How do you end?"
instruction = "End with the words: {wording}."
wordings = ["in short", "to sum up"]
[[marks.habits]]
item = "asks-back"
asks = "What is a valve?"
instructions = ["End with a question.", "End with an offer."]
shows = ["?", "let me know"]
one_in = 3
"""
RULE = '[[rules]]\nname = "one"\nstep = "mark"\nmark = "house"\n'


def faults(text: str) -> dict[str, str]:
    with pytest.raises(PolicyError) as caught:
        policy_from(tomllib.loads(HEAD + text))
    return {fault.path: fault.message for fault in caught.value.faults}


def test_a_mark_is_read_with_all_its_places_and_reaches_the_ruling() -> None:
    ruling = gate(MARK + RULE).decide(asked())
    marker = ruling.marker
    assert marker is not None
    assert (ruling.step, ruling.mark, marker.epoch, marker.key_field) == (
        Step.MARK,
        "house",
        "week",
        "vllm_xargs.stillwatch_key",
    )
    assert marker.until == 1_798_761_600.0
    closing, habit = marker.places
    assert closing.says == ("End with the words: in short.", "End with the words: to sum up.")
    assert (habit.wordings, habit.one_in) == (("?", "let me know"), 3)


def test_a_mark_without_description_stays_the_engines_own_affair() -> None:
    ruling = gate(RULE).decide(asked())
    assert (ruling.mark, ruling.marker) == ("house", None)


@pytest.mark.parametrize(
    ("was", "now", "path", "says"),
    [
        ("until = 2026-12-31\n", "", "marks[0].until", "is for a time"),
        ("{wording}", "it", "marks[0].variants[0].instruction", "{wording}"),
        (
            '["in short", "to sum up"]',
            '["in short", "In  short, then"]',
            "marks[0].variants[0].wordings",
            "within another",
        ),
        ('["in short", "to sum up"]', '["in short"]', "marks[0].variants[0].wordings", "2 to 64"),
        ('shows = ["?", "let me know"]', 'shows = ["?"]', "marks[0].habits[0].shows", "as many"),
        ('"vllm_xargs.stillwatch_key"', '"metadata.key"', "marks[0].key_field", "clients cannot send"),
        ('item = "asks-back"', 'item = "closing"', "marks[0]", "stands twice"),
        ('name = "house"\nuntil', 'name = "other"\nuntil', "marks", "named by no rule"),
        ('epoch = "week"', 'epoch = "year"', "marks[0].epoch", "day, week, month"),
    ],
)
def test_a_fault_of_a_mark_is_told_with_its_place(was: str, now: str, path: str, says: str) -> None:
    assert was in MARK
    assert says in faults(MARK.replace(was, now, 1) + RULE)[path]


def test_a_hold_and_siblings_are_read_and_the_strictest_of_several_counts() -> None:
    rules = """
    [[rules]]
    name = "hold"
    step = "hide_reasoning"
    hold = { milliseconds = 250, bytes = 2048, copied = 300, percent = 30 }
    siblings = { k = 3, one_in = 1000 }
    [[rules]]
    name = "more"
    match = { model = ["large"] }
    step = "hide_reasoning"
    hide = "remove"
    hold = { milliseconds = 100, unsafe_pass_when_late = true }
    siblings = { k = 2, one_in = 10 }
    """
    one, both = gate(rules).decide(asked()), gate(rules).decide(asked(model="large"))
    assert one.hold == Hold(seconds=0.25, most_bytes=2048, copied=300, share=0.3)
    assert both.hold == Hold(seconds=0.25, most_bytes=8192, copied=300, share=0.3)
    assert (one.siblings, both.siblings) == (Siblings(k=3, one_in=1000), Siblings(k=3, one_in=10))


@pytest.mark.parametrize(
    ("line", "path", "says"),
    [
        ('step = "hide_reasoning"', "rules[0].hide", "or hold"),
        ('step = "clamp"\nhold = { bytes = 100 }', "rules[0].hold", "harder than the rule's"),
        ('step = "hide_reasoning"\nhold = { milliseconds = 0 }', "rules[0].hold.milliseconds", "from 1 to 60000"),
        ('step = "observe"\nsiblings = { k = 3 }', "rules[0].siblings.one_in", "missing"),
        ('step = "allow"\nsiblings = { k = 3, one_in = 9 }', "rules[0].siblings", "belongs to step observe"),
        ('step = "observe"\nlock_context = true', "rules[0].lock_context", "belongs to step clamp"),
    ],
)
def test_a_fault_of_a_rule_about_answers_is_told_with_its_place(line: str, path: str, says: str) -> None:
    found = faults(f'[[rules]]\nname = "one"\n{line}\n')
    assert says in found[path]


def test_new_accounts_have_their_context_locked_and_unknown_ages_match_nothing() -> None:
    rules = '[[rules]]\nname = "young"\nmatch = { account_days_at_most = 30 }\nstep = "clamp"\nlock_context = true\n'
    found = [gate(rules).decide(asked(account_days=days)).lock_context for days in (3, 30, 31, None)]
    assert found == [True, True, False, False]


def test_tests_beside_the_rules_may_expect_them() -> None:
    test = """
    [[tests]]
    says = "it holds"
    expect = { step = "hide_reasoning", hold = { seconds = 0.5, most_bytes = 99 }, siblings = { k = 3 }, lock_context = false }
    """
    rules = (
        '[[rules]]\nname = "one"\nstep = "hide_reasoning"\nhold = { bytes = 100 }\nsiblings = { k = 3, one_in = 2 }\n'
    )
    (found,) = run_tests(policy(rules + test))
    assert len(found.differs) == 1
    assert found.differs[0].startswith("hold:")


def test_epochs_have_the_names_that_the_audit_uses() -> None:
    at: Any = 1_767_139_200.0  # 2025-12-31, in the first ISO week of 2026
    assert [epoch_of(at, one) for one in ("day", "week", "month")] == ["2025-12-31", "2026-W01", "2025-12"]
