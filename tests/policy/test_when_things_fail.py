"""What is decided when the standing is missing, stale, damaged or of a newer version, and when a policy is invalid on reload."""

from __future__ import annotations

import os
from pathlib import Path

import msgspec
import pyarrow as pa
import pytest

from stillwatch.core import FormatError, PolicyError
from stillwatch.policy import Gatekeeper, Standing, Step, Used, open_gate, read_standing, watching, write_standing
from stillwatch.policy.standing import standing_bytes

from .made import AT, HEAD, asked, policy, row, standing

RULES = """
[[rules]]
name = "mild"
when = 'proposed != "allow"'
step = "clamp"
clamp = { n = 1 }
[[rules]]
name = "known-bad"
when = 'in_actor'
entry = { evidence = 30, kinds = 2 }
unsafe_without_person = true
step = "verify"
"""
MILD, BAD, JUDGED = 5, 6, 7
ROWS = (
    row(MILD, proposed="throttle"),
    row(BAD, proposed="throttle", actor=900, evidence=40, kinds=2),
    row(JUDGED, decided="block", appeal="C-1/1"),
)
DAY = 86400.0


def head(**words: str) -> str:
    lines = "".join(f"{key} = {value!r}\n".replace("'", '"') for key, value in words.items())
    return HEAD + f"[standing]\n{lines}"


def after(at: float, **words: str) -> dict[int, tuple[Step, str]]:
    """What a mild offender, a known bad one, one judged by a person and a stranger meet at some time after the standing was made."""
    made = Gatekeeper(policy(RULES, head(**words)), standing(*ROWS))
    rulings = {account: made.decide(asked(account, AT + at)) for account in (MILD, BAD, JUDGED, 8)}
    return {account: (ruling.step, ruling.code) for account, ruling in rulings.items()}


def test_a_standing_that_is_too_old_observes_the_mild_and_keeps_the_known_bad_and_what_people_decided() -> None:
    assert after(1)[MILD] == (Step.CLAMP, "parameters_limited")
    found = after(1.5 * DAY)
    assert found[MILD] == found[8] == (Step.OBSERVE, "observed")
    assert found[BAD] == (Step.VERIFY, "verification_required")
    assert found[JUDGED] == (Step.BLOCK, "account_blocked")


@pytest.mark.parametrize(
    ("word", "mild", "stranger"),
    [("keep", Step.CLAMP, Step.ALLOW), ("refuse", Step.BLOCK, Step.BLOCK), ("unsafe_allow", Step.ALLOW, Step.ALLOW)],
)
def test_a_policy_can_say_otherwise(word: str, mild: Step, stranger: Step) -> None:
    found = after(2 * DAY, stale=word)
    assert (found[MILD][0], found[8][0]) == (mild, stranger)
    assert found[JUDGED][0] is Step.BLOCK


@pytest.mark.parametrize(
    ("word", "step", "code"),
    [
        ("observe", Step.OBSERVE, "observed"),
        ("refuse", Step.BLOCK, "standing_unavailable"),
        ("unsafe_allow", Step.ALLOW, "allowed"),
    ],
)
def test_without_a_standing_the_policy_says_what_holds(tmp_path: Path, word: str, step: Step, code: str) -> None:
    made = Gatekeeper(policy(RULES, head(missing=word)), read_standing(tmp_path / "none.arrow"))
    ruling = made.decide(asked())
    assert (ruling.step, ruling.code, ruling.stale) == (step, code, None)
    assert (ruling.retry_after is not None) is (word == "refuse")
    assert not made.health(AT).trusted


def test_every_ruling_says_how_old_the_standing_is() -> None:
    made = Gatekeeper(policy(RULES), standing(*ROWS))
    assert made.decide(asked(MILD, AT + 100)).stale == pytest.approx(100)
    assert made.decide(asked(8, AT + 200)).stale == pytest.approx(200)
    assert made.decide(asked(8, AT + 200.5)).stale == pytest.approx(200.5, abs=1)


def replace_file(path: Path, data: bytes) -> None:
    beside = path.with_suffix(".tmp")
    beside.write_bytes(data)
    beside.replace(path)


def test_an_invalid_policy_does_not_start_and_on_reload_the_old_one_stays(tmp_path: Path) -> None:
    path, where = tmp_path / "p.toml", tmp_path / "s.arrow"
    write_standing(where, standing(*ROWS))
    path.write_text(HEAD, "utf-8")
    with pytest.raises(PolicyError, match="does not load"):
        open_gate(path, where)
    path.write_text(HEAD + RULES, "utf-8")
    watched = open_gate(path, where)
    in_force = watched.gate.policy.id
    assert watched.refresh() == ()
    replace_file(path, b"name = 3")
    (told,) = (line for line in watched.refresh() if "not taken up" in line)
    assert "what was read before stays in force" in told
    assert watched.gate.policy.id == in_force
    assert watched.gate.decide(asked(MILD)).step is Step.CLAMP
    assert set(watched.wrong) == {"policy"}
    replace_file(path, (HEAD + RULES.replace("n = 1", "n = 2")).encode())
    watched.refresh()
    clamp = watched.gate.decide(asked(MILD)).clamp
    assert clamp is not None
    assert clamp.n == 2
    assert watched.wrong == {}


@pytest.mark.parametrize("damage", ["cut", "flipped", "empty", "other", "newer", "gone", "noise"])
def test_a_standing_that_cannot_be_used_leaves_the_one_before_in_force(tmp_path: Path, damage: str) -> None:
    path = tmp_path / "standing" / "s.arrow"
    write_standing(path, standing(*ROWS))
    watched = open_gate(None, path)
    whole = path.read_bytes()
    other = pa.BufferOutputStream()
    with pa.ipc.new_file(other, pa.schema([("a", pa.int64())])) as file:
        file.write_table(pa.table({"a": [1]}))
    data = {
        "cut": whole[: len(whole) // 2],
        "flipped": whole[:200] + bytes(byte ^ 0xFF for byte in whole[200:400]) + whole[400:],
        "empty": b"",
        "other": other.getvalue().to_pybytes(),
        "newer": whole.replace(b'"form":1', b'"form":9'),
        "noise": os.urandom(5000),
    }
    if damage == "gone":
        path.unlink()
    else:
        replace_file(path, data[damage])
        with pytest.raises(FormatError):
            read_standing(path)
    watched.refresh()
    assert set(watched.wrong) == {"standing"}
    assert watched.gate.decide(asked(JUDGED)).step is Step.BLOCK
    assert watched.gate.health(AT).serial == 1
    write_standing(path, standing(*ROWS[:1], serial=2))
    watched.refresh()
    assert (watched.wrong, watched.gate.health(AT).serial) == ({}, 2)


def test_a_passing_fault_is_tried_again_until_what_lies_there_is_in_force(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path, rules = tmp_path / "s.arrow", tmp_path / "p.toml"
    write_standing(path, standing(*ROWS[:2]))
    rules.write_text(HEAD + RULES, "utf-8")
    watched = open_gate(rules, path)

    def failing(_path: Path) -> Standing:
        raise FormatError("cannot be read: too many open files")

    with monkeypatch.context() as patched:
        patched.setattr(watching, "read_standing", failing)
        write_standing(path, standing(*ROWS, serial=2))
        assert len(watched.refresh()) == 1
        assert watched.refresh() == (), "the same fault is said once"
        assert not watched.gate.decide(asked(JUDGED)).refused
    watched.refresh()
    assert watched.gate.decide(asked(JUDGED)).step is Step.BLOCK
    with monkeypatch.context() as patched:
        patched.setattr(watching, "read_standing", failing)
        write_standing(path, standing(*ROWS, serial=3))
        replace_file(rules, (HEAD + RULES.replace("n = 1", "n = 2")).encode())
        watched.refresh()
    watched.refresh()
    assert watched.wrong == {}
    assert watched.gate.decide(asked(JUDGED)).step is Step.BLOCK
    clamp = watched.gate.decide(asked(MILD)).clamp
    assert clamp is not None
    assert clamp.n == 2, "the policy that waited for the standing came with it"


@pytest.mark.parametrize("there", [None, b"nonsense"])
def test_a_gate_that_never_had_a_standing_follows_its_policy_all_the_same(tmp_path: Path, there: bytes | None) -> None:
    path, rules = tmp_path / "s.arrow", tmp_path / "p.toml"
    if there is not None:
        path.write_bytes(there)
    rules.write_text(HEAD + RULES, "utf-8")
    watched = open_gate(rules, path)
    before = watched.gate.policy.id
    watched.refresh()
    replace_file(rules, (HEAD + RULES.replace("n = 1", "n = 2")).encode())
    watched.refresh()
    assert watched.gate.policy.id != before
    assert ("standing" in watched.wrong) is (there is not None)
    write_standing(path, standing(*ROWS))
    watched.refresh()
    assert watched.gate.decide(asked(JUDGED)).step is Step.BLOCK
    assert watched.refresh() == ()


def test_a_standing_of_decisions_alone_is_missing_not_stale(tmp_path: Path) -> None:
    path = tmp_path / "s.arrow"
    write_standing(path, standing(ROWS[2], made=None))
    made = Gatekeeper(policy(RULES, head(missing="refuse", stale="observe")), read_standing(path))
    assert made.decide(asked(8)).code == "standing_unavailable"
    assert made.decide(asked(JUDGED)).code == "account_blocked"


def test_a_counter_that_fails_keeps_no_other_from_its_own() -> None:
    limits = """
[[rules]]
name = "budget"
step = "throttle"
throttle = [{ requests = 9, window = "1h" }, { concurrent = 1 }]
"""
    made = Gatekeeper(policy(limits), standing(*ROWS))
    request = asked(8)
    ruling = made.decide(request)

    class Failing:
        def end(self, *_: object) -> None:
            raise RuntimeError("a counter of ours")

    taken = ((Failing(), 8), *ruling.taken)
    with pytest.raises(RuntimeError):
        made.settle(request, msgspec.structs.replace(ruling, taken=taken), Used(at=AT + 2))
    assert not made.decide(asked(8, AT + 3)).refused, "its place among concurrent requests is free again"


@pytest.mark.parametrize(
    ("account", "link"), [(JUDGED, "https://x.example/appeal"), (BAD, "https://x.example/verify"), (8, "")]
)
def test_whom_a_decision_stops_is_told_where_to_go(account: int, link: str) -> None:
    links = 'appeal_link = "https://x.example/appeal"\nverify_link = "https://x.example/verify"\n'
    made = Gatekeeper(policy(RULES, HEAD + links), standing(*ROWS))
    assert made.decide(asked(account)).link == link


def test_a_damaged_standing_at_the_start_is_as_good_as_none_and_is_said(tmp_path: Path) -> None:
    path = tmp_path / "s.arrow"
    path.write_bytes(b"nonsense")
    watched = open_gate(None, path)
    assert "damaged" in watched.wrong["standing"]
    assert watched.gate.decide(asked(JUDGED)).step is Step.OBSERVE


def test_every_single_cut_of_the_file_is_noticed() -> None:
    from stillwatch.policy.standing import standing_from

    whole = standing_bytes(Standing(rows=standing(*ROWS).rows, serial=1, made=AT))
    for length in range(0, len(whole), 61):
        with pytest.raises(FormatError):
            standing_from(whole[:length], "s")


def test_what_was_counted_outlives_a_reload_that_leaves_the_limit_as_it_is() -> None:
    limits = """
[[rules]]
name = "budget"
step = "throttle"
throttle = [{ requests = 2, window = "1h" }]
"""
    made = Gatekeeper(policy(limits), standing(*ROWS))
    assert [made.decide(asked(8)).refused for _ in range(3)] == [False, False, True]
    made.take_up(policy(limits + RULES), standing(*ROWS, serial=2))
    assert made.decide(asked(8)).refused
    made.take_up(policy(limits.replace("1h", "2h")), standing(*ROWS, serial=3))
    assert not made.decide(asked(8)).refused
