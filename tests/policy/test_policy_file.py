"""A policy is checked as a whole: every fault at once, each with its place; what protects nobody does not load."""

from __future__ import annotations

import tomllib
from pathlib import Path

import pytest

from stillwatch.core import PolicyError
from stillwatch.policy import Step, read_policy, run_tests
from stillwatch.policy.policy_file import policy_from

from .made import HEAD, policy


def faults(rules: str, head: str = HEAD) -> dict[str, str]:
    with pytest.raises(PolicyError) as caught:
        policy_from(tomllib.loads(head + rules))
    return {fault.path: fault.message for fault in caught.value.faults}


def rule(name: str = "one", **lines: str) -> str:
    return f'[[rules]]\nname = "{name}"\n' + "".join(f"{key} = {value}\n" for key, value in lines.items())


def test_the_policy_that_ships_loads_and_keeps_its_own_tests() -> None:
    shipped = read_policy()
    assert [one for one in run_tests(shipped) if one.differs] == []
    assert len(shipped.tests) >= 10
    assert not any(one.step in (Step.VERIFY, Step.DEGRADE, Step.BLOCK) and not one.shadow for one in shipped.rules)
    assert shipped.covert_until is None


def test_a_policy_without_rules_does_not_load() -> None:
    assert "does not load" in faults("")["rules"]


def test_every_fault_is_told_at_once_with_its_place() -> None:
    found = faults(
        rule("fine", step='"observe"', when="'proposed == \"observe\"'")
        + rule("fine", step='"throttel"')
        + rule("slow", step='"throttle"', throttle='[{ requests = 0, window = "10 parsecs" }]', colour='"red"')
    )
    assert found["rules[2].throttle[0].window"] == 'got "10 parsecs", expected a time such as "10m"'
    assert "did you mean throttle?" in found["rules[1].step"]
    assert found["rules[2].throttle[0].requests"].startswith("got 0, expected a whole number from 1")
    assert found["rules[2].colour"].startswith("unknown")


@pytest.mark.parametrize(
    ("when", "says"),
    [
        ("proposed == ", "no condition"),
        ("colour == 'red'", "speaks of colour, which is unknown; known are proposed"),
        ("evidence", "is of type int"),
        ("evidence >= 20.0", "write 20 and not 20.0"),
    ],
)
def test_a_condition_that_cannot_be_used_is_told_in_words(when: str, says: str) -> None:
    assert says in faults(rule(step='"observe"', when=f'"{when}"'))["rules[0].when"]


def test_a_step_needs_its_own_parameters_and_may_not_carry_those_of_a_harder_one() -> None:
    found = faults(rule(step='"throttle"', hide='"remove"'))
    assert "step throttle needs it" in found["rules[0].throttle"]
    assert "belongs to step hide_reasoning, which is harder" in found["rules[0].hide"]


@pytest.mark.parametrize("step", ["verify", "block"])
def test_what_a_person_decides_no_rule_does_alone_unless_it_says_that_this_is_unsafe(step: str) -> None:
    lines = {"step": f'"{step}"', "when": "'in_actor'"}
    assert "which a person decides" in faults(rule(**lines))["rules[0].step"]
    weak = faults(rule(**lines, unsafe_without_person="true", entry="{ evidence = 30 }"))
    assert "two independent findings" in weak["rules[0].entry"]
    strong = rule(**lines, unsafe_without_person="true", entry="{ evidence = 30, kinds = 2 }")
    assert policy(strong).rules[0].step is Step[step.upper()]
    assert policy(rule(**lines, shadow="true")).rules[0].shadow


def test_degrading_and_delays_are_opted_into_together_and_end_by_themselves() -> None:
    degrade = rule(
        step='"degrade"',
        when="'in_actor'",
        degrade='"small"',
        delay_up_to='"2s"',
        unsafe_without_person="true",
        entry="{ evidence = 30, kinds = 2 }",
    )
    assert "opted into together" in faults(degrade)["rules[0].delay_up_to"]
    assert "last day" in faults(degrade + "[covert]\nunsafe_degrade_and_delay = true\n")["covert.until"]
    assert "expected true" in faults(degrade + "[covert]\nuntil = 2026-12-31\n")["covert.unsafe_degrade_and_delay"]
    loaded = policy(degrade + "[covert]\nunsafe_degrade_and_delay = true\nuntil = 2026-12-31\n")
    assert loaded.covert_until == 1_798_761_600.0
    assert loaded.rules[0].delay == 2.0


def test_what_lets_go_lies_below_what_lays_hold() -> None:
    found = faults(rule(step='"observe"', when="'in_actor'", entry="{ evidence = 20 }", stay="{ evidence = 20 }"))
    assert "expected less than entry.evidence (20)" in found["rules[0].stay.evidence"]


def test_an_empty_match_and_an_empty_clamp_are_faults() -> None:
    found = faults(rule(step='"clamp"', clamp="{}", match="{}"))
    assert "empty" in found["rules[0].clamp"]
    assert "empty" in found["rules[0].match"]


def test_without_a_standing_to_trust_only_what_is_called_unsafe_lets_everybody_through() -> None:
    head = HEAD.replace("[people]", '[standing]\nstale = "allow"\n[people]')
    assert "unsafe_allow" in faults(rule(step='"observe"'), head)["standing.stale"]


@pytest.mark.parametrize("data", [b"\xff\xfe", b"name = ", b'name = "x"\nname = "y"'])
def test_a_file_that_is_no_toml_is_told_by_name(tmp_path: Path, data: bytes) -> None:
    path = tmp_path / "p.toml"
    path.write_bytes(data)
    with pytest.raises(PolicyError, match=r"p\.toml: not TOML"):
        read_policy(path)


def test_the_same_bytes_have_the_same_id_and_others_another(tmp_path: Path) -> None:
    text = HEAD + rule(step='"observe"')
    ids = []
    for place, body in enumerate((text, text, text + "# changed\n")):
        path = tmp_path / f"{place}.toml"
        path.write_text(body, "utf-8")
        ids.append(read_policy(path).id)
    assert ids[0] == ids[1] != ids[2]


def test_a_test_that_fails_says_how_and_one_of_unknown_facts_is_a_fault() -> None:
    failing = rule(step='"observe"') + '[[tests]]\nsays = "it blocks"\nexpect = { step = "block", colour = 1 }\n'
    (one,) = run_tests(policy(failing))
    assert one.differs[0] == 'step: got "observe", expected "block"'
    assert one.differs[1].startswith("colour: unknown")
    odd = rule(step='"observe"') + '[[tests]]\nsays = "x"\nasked = { temprature = 1 }\nexpect = { step = "observe" }\n'
    with pytest.raises(PolicyError, match=r"tests\[0\]\.asked\.temprature: unknown"):
        run_tests(policy(odd))
