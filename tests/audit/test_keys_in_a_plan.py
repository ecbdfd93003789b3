"""Keys are derived at home, promised by digest, and find the account whose marks were learned."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from stillwatch.audit import Recorded, account_key, carry_out, derive_keys, draw_up, greenness, make_master, read_master
from stillwatch.audit.keyed import decoys_of
from stillwatch.core import Error, FormatError

from .conftest import made_items

MASTER = b"m" * 32
KEYS = derive_keys(MASTER, ["alice", "bob"], epoch="2026-11")
RNG = np.random.default_rng(1)
SERVED = tuple(replace(one, siblings=()) for name in ("alice", "bob") for one in made_items(RNG, 3, account=name))
PROMPTS = [f"a fresh question {at}" for at in range(60)]


def marked(account: str, rng: np.random.Generator) -> Recorded:
    """A student that learned to say what one account's key makes green: the greenest of six sentences."""
    key = account_key(MASTER, account, KEYS.epoch)
    answers = {}
    for prompt in PROMPTS:
        drawn = [" ".join(map(str, rng.integers(200, size=30))) for _ in range(6)]
        answers[prompt] = max(drawn, key=lambda text: greenness(text, key))
    return Recorded(name="student", answers=answers, likelihoods={})


@pytest.mark.parametrize("test", ["decoy_keys", "betting"])
def test_the_account_whose_marks_were_learned_is_named(test: str) -> None:
    plan = draw_up(SERVED, suspect="student", exposure=test, keys=KEYS, prompts=PROMPTS, alpha=0.05)
    outcome = carry_out(plan, SERVED, marked("alice", np.random.default_rng(2)), prompts=PROMPTS, master=MASTER)
    alice, bob = outcome.findings
    assert (alice.account, bob.account) == ("alice", "bob")
    assert (alice.p or 1) < (bob.p or 0)
    if test == "decoy_keys":
        assert outcome.named == ("alice",)


def test_a_plan_holds_digests_and_another_master_key_is_refused() -> None:
    plan = draw_up(SERVED, suspect="student", exposure="decoy_keys", keys=KEYS, prompts=PROMPTS)
    assert str(int(account_key(MASTER, "alice", KEYS.epoch))) not in str(plan)
    suspect = Recorded(name="student", answers=dict.fromkeys(PROMPTS, "yes it is"), likelihoods={})
    with pytest.raises(Error, match="gives other keys"):
        carry_out(plan, SERVED, suspect, prompts=PROMPTS, master=b"n" * 32)
    with pytest.raises(Error, match="the key that made them is missing"):
        carry_out(plan, SERVED, suspect, prompts=PROMPTS)


def test_marked_prompts_missing_keys_and_missing_prompts_are_refused() -> None:
    for changes, words in (
        ({"prompts": [f"say {SERVED[0].response}"]}, "and so the mark itself"),
        ({"prompts": []}, "a text source and tests of marks need"),
        ({"keys": None}, "takes digests of keys"),
        ({"keys": derive_keys(MASTER, ["alice"], epoch="e")}, "keys: none for bob"),
        ({"exposure": "sibling_overlap"}, "takes none"),
    ):
        given = {"exposure": "decoy_keys", "keys": KEYS, "prompts": PROMPTS, **changes}
        with pytest.raises(Error, match=words):
            draw_up(SERVED, suspect="s", **given)  # type: ignore[arg-type]


def test_decoys_are_the_same_for_whoever_holds_the_master_key_and_none_is_a_true_key() -> None:
    decoys = decoys_of(MASTER, "alice", KEYS, 50)
    assert np.array_equal(decoys, decoys_of(MASTER, "alice", KEYS, 50))
    assert account_key(MASTER, "alice", KEYS.epoch) not in decoys
    assert np.unique(np.concatenate([decoys, decoys_of(MASTER, "bob", KEYS, 50)])).size == 100


def test_a_master_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "master.key"
    make_master(path)
    assert (len(read_master(path)), path.stat().st_mode & 0o077) == (32, 0)
    with pytest.raises(Error, match="loses every mark"):
        make_master(path)
    path.write_bytes(b"short")
    with pytest.raises(FormatError, match="got 5 bytes"):
        read_master(path)
