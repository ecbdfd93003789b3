"""Every published vector holds, and whatever comes in, a value is spelled in one way or refused without being repeated."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.forum.tags import RULES, Kind, ValueRefused, canonical, oprf
from stillwatch.forum.tags.density import dense_ranges
from stillwatch.forum.tags.group import ORDER, scalar, times, times_base
from stillwatch.forum.tags.kinds import input_of, key_info

VECTORS: dict[str, Any] = json.loads(Path(__file__).with_name("vectors.json").read_text())
NAMED = [pytest.param(v, id=f"{v['kind']}-{place}") for place, v in enumerate(VECTORS["spellings"])]


def test_the_vectors_are_of_these_rules() -> None:
    assert VECTORS["rules"] == RULES
    assert {v["kind"] for v in VECTORS["spellings"]} == set(Kind)
    assert all({"refused" in v for v in VECTORS["spellings"] if v["kind"] == kind} == {True, False} for kind in Kind)


@pytest.mark.parametrize("vector", NAMED)
def test_every_value_is_spelled_or_refused_as_published(vector: dict[str, Any]) -> None:
    if "refused" in vector:
        with pytest.raises(ValueRefused) as refused:
            canonical(Kind(vector["kind"]), vector["raw"])
        assert refused.value.rule == vector["refused"]
    else:
        assert canonical(Kind(vector["kind"]), vector["raw"]) == vector["canonical"]


@pytest.mark.parametrize("vector", VECTORS["tags"], ids=lambda v: v["kind"])
def test_the_published_tags_are_the_function_of_the_sum_of_both_keys(vector: dict[str, Any]) -> None:
    kind = Kind(vector["kind"])
    keys = {
        name: oprf.derive_key(bytes.fromhex(seed), key_info(name, VECTORS["epoch"], kind))
        for name, seed in VECTORS["custodians"].items()
    }
    assert {name: times_base(scalar(key)).hex() for name, key in keys.items()} == vector["public"]
    assert times_base(scalar(sum(keys.values()) % ORDER)).hex() == vector["joint"]
    point = times(scalar(sum(keys.values())), oprf.hash_to_group(input_of(kind, vector["canonical"])))
    blinded = oprf.Blinded(inputs=(input_of(kind, vector["canonical"]),), blinds=(1,), elements=())
    assert oprf.finalise(blinded, [point])[0][:16].hex() == vector["tag"]


@settings(deadline=None)
@given(st.sampled_from(Kind), st.text(max_size=80))
def test_a_spelling_is_its_own_spelling_and_a_refusal_keeps_the_value_to_itself(kind: Kind, raw: str) -> None:
    once, rule = _spelled(kind, raw)
    assert len(raw) < 12 or raw not in rule
    assert once is None or _spelled(kind, once) == (once, "")


def _spelled(kind: Kind, raw: str) -> tuple[str | None, str]:
    """The spelling, or the rule that refuses the value."""
    try:
        return canonical(kind, raw), ""
    except ValueRefused as refused:
        return None, str(refused)


@settings(deadline=None)
@given(st.from_regex(r"[a-zA-Z0-9.+_]{1,20}@[a-zA-Z0-9]{1,10}\.(com|org|de)", fullmatch=True), st.booleans())
def test_how_an_address_is_written_does_not_matter(raw: str, shout: bool) -> None:
    shouted = f"  {raw.upper() if shout else raw.lower()} "
    assert _spelled(Kind.EMAIL, raw) == _spelled(Kind.EMAIL, shouted)


@pytest.mark.parametrize(
    "raw", ["a" * 100_000, "+" * 5_000, "ﷺ" * 500, "\ud800@example.org", "à" + "\u0300" * 400 + "@example.org"]
)
@pytest.mark.parametrize("kind", Kind)
def test_hostile_text_is_refused_at_once(kind: Kind, raw: str) -> None:
    with pytest.raises(ValueRefused):
        canonical(kind, raw)


def test_counting_through_a_block_is_seen_and_a_list_of_suspects_is_not() -> None:
    block = [f"+4420794600{number:02d}" for number in range(60)]
    (found,) = dense_ranges(Kind.PHONE, block)[:1]
    assert found.values == 60
    assert "+44" not in str(found)
    scattered = [f"+4420{number * 100_003 % 100_000_000:08d}" for number in range(2_000)]
    assert dense_ranges(Kind.PHONE, scattered) == ()
    assert dense_ranges(Kind.EMAIL, [f"user{number}@example.org" for number in range(80)])
    assert not dense_ranges(Kind.EMAIL, [f"user@{number}.example.org" for number in range(80)])
