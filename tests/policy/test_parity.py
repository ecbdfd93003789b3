"""Parity: the same safeguards everywhere, or it is said where they differ and by which rule."""

from __future__ import annotations

from stillwatch.policy import parity, places_of, read_policy

from .made import policy

PLACES = places_of(["large", "small"], ["gateway", "cloud"])
EVERYWHERE = '[[rules]]\nname = "hide"\nstep = "hide_reasoning"\nhide = "remove"\nhold = { bytes = 4096 }\n'


def test_a_policy_that_looks_at_no_place_is_the_same_everywhere() -> None:
    assert len(PLACES) == 16
    assert parity(policy(EVERYWHERE), PLACES) == ()
    assert parity(read_policy(), PLACES) == ()


def test_a_model_that_is_left_out_is_found_with_its_rule() -> None:
    found = parity(policy(EVERYWHERE.replace("step", 'match = { model = ["large"] }\nstep', 1)), PLACES)
    assert found
    assert all(one.rules == ("hide",) for one in found)
    watched = next(one for one in found if one.standing == "watched")
    assert {*watched.usual, *watched.others[0][0]} >= {"step hide_reasoning", "hide remove", "hold", "step allow"}
    assert len({place.model for place in watched.others[0][1]}) == 1


def test_a_way_in_and_a_dialect_count_too_and_so_do_limits() -> None:
    rules = '[[rules]]\nname = "slow"\nmatch = { pathway = ["cloud"] }\nstep = "throttle"\nthrottle = [{ requests = 1, window = "1m" }]\n'
    rules += '[[rules]]\nname = "less"\nmatch = { dialect = ["openai_chat"], logprobs = true }\n'
    rules += 'step = "clamp"\nclamp = { logprobs = false }\n'
    found = parity(policy(rules), PLACES)
    plain = [one for one in found if (one.standing, one.request) == ("nobody known", "plain")]
    assert {"limits 1"} <= {word for one in plain for what in (one.usual, *(w for w, _ in one.others)) for word in what}
    probing = next(one for one in found if (one.standing, one.request) == ("nobody known", "with log-probabilities"))
    assert len(probing.others) == 3


def test_one_place_alone_is_like_itself() -> None:
    assert parity(policy(EVERYWHERE), places_of(["m"], ["p"])[:1]) == ()
