"""Keys that a model learned are told from keys that were never used, by rank, by bets and by nothing that the key has touched."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt
import pytest

from stillwatch.audit import Pairs, account_key, betting, decoy_keys, draw_keys, green, key_digest, pairs
from stillwatch.audit.betting import bet_process, chances_left
from stillwatch.audit.marks import lift

AtMost = Callable[[int, int, float], bool]
VOCABULARY = 60


def replies(rng: np.random.Generator, n: int, key: np.uint64 | None = None, lean: float = 0.0) -> Pairs:
    """Words in a row with favourites, of which a share leans to what the key makes green."""
    odds = 1.0 / np.arange(1, VOCABULARY + 1)
    tokens: npt.NDArray[np.int64] = rng.choice(VOCABULARY, size=(n, 3), p=odds / odds.sum())
    said = tokens[:, 0].copy()
    if key is not None:
        for at in range(1, n):
            bits = green(np.array([key]), np.repeat(said[at - 1], 3), tokens[at])[0]
            said[at] = tokens[at, int(bits.argmax())] if rng.random() < lean else tokens[at, 0]
    return pairs([said])


def test_every_account_and_epoch_has_a_key_of_its_own_that_its_digest_does_not_tell() -> None:
    master = bytes(range(32))
    keys = {int(account_key(master, a, e)) for a, e in (("a", "1"), ("a", "2"), ("b", "1"), ("a1", ""))}
    assert len(keys) == 4
    assert len(key_digest(account_key(master, "a", "1"))) == 64
    with pytest.raises(ValueError, match="master: got 3 bytes"):
        account_key(b"abc", "a", "1")


def test_green_bits_are_independent_over_pairs_and_keys() -> None:
    keys = draw_keys(np.random.default_rng(1), 300)
    bits = green(keys, np.arange(400) // 20, np.arange(400) % 20).astype(np.float64)
    assert abs(bits.mean() - 0.25) < 0.005
    assert abs(bits.mean(axis=0) - 0.25).max() < 0.12
    together = np.asarray(np.corrcoef(bits.T))[np.triu_indices(400, 1)]
    assert abs(together.mean()) < 0.002
    assert abs(together.std() - 300**-0.5) < 0.005


def test_a_pair_counts_once_over_the_whole_audit() -> None:
    found = pairs([np.array([1, 2, 1, 2]), np.array([1, 2, 9])], width=1)
    assert list(zip(found.context.tolist(), found.token.tolist(), found.count.tolist(), strict=True)) == [
        (1, 2, 3),
        (2, 1, 1),
        (2, 9, 1),
    ]
    assert pairs([np.array([5])]).token.size == 0
    assert pairs([np.array([1, 2, 3, 4])], width=2).token.tolist() == [3, 4]


def test_a_reference_takes_away_what_models_share() -> None:
    suspect, clean = pairs([np.array([1, 2, 1, 3])]), pairs([np.array([1, 2, 1, 2])])
    context, token, worth = lift(suspect, clean)
    assert dict(zip(zip(context.tolist(), token.tolist(), strict=True), worth.tolist(), strict=True)) == {
        (1, 2): -1.0,
        (1, 3): 1.0,
    }
    assert lift(suspect, suspect)[2].size == 0


def test_a_student_of_marked_text_is_found_and_more_so_beside_a_clean_model() -> None:
    rng = np.random.default_rng(3)
    key, decoys = draw_keys(rng, 1)[0], draw_keys(rng, 999)
    marked, clean = replies(rng, 3000, key, 0.25), replies(rng, 3000)
    alone = decoy_keys(marked, key, decoys, suspect="s", account="a")
    beside = decoy_keys(marked, key, decoys, suspect="s", account="a", reference=clean)
    assert beside.evidence.p_value == 0.001
    assert beside.evidence.value > alone.evidence.value
    assert (beside.evidence.e_value or 0) > 1000, "the e-value goes beyond the floor of p"


def test_keys_that_were_never_used_are_suspected_no_oftener_than_promised(at_most: AtMost) -> None:
    rng = np.random.default_rng(4)
    said, clean, decoys = replies(rng, 1500), replies(rng, 1500), draw_keys(rng, 99)
    ranked, bets, tops = [], [], []
    for _ in range(150):
        key, decoys = draw_keys(rng, 1)[0], draw_keys(rng, 99)
        one = decoy_keys(said, key, decoys, suspect="s", account="a", reference=clean, alpha=0.05).evidence
        ranked.append(one.p_value)
        bets.append(one.e_value)
        tops.append(betting(said, key, suspect="s", account="a").evidence.p_value)
    for level in (0.01, 0.05, 0.2):
        for found in (ranked, tops, [1.0 / max(e or 0.0, 1e-9) for e in bets]):
            assert at_most(int((np.array(found, dtype=np.float64) <= level).sum()), 150, level)
    assert np.mean([e or 0.0 for e in bets]) < 1.6


def test_too_few_decoys_are_undecided_and_marked_prompts_refused() -> None:
    rng = np.random.default_rng(5)
    said, key = replies(rng, 200), draw_keys(rng, 1)[0]
    evidence = decoy_keys(said, key, draw_keys(rng, 50), suspect="s", account="a").evidence
    assert (evidence.decided, evidence.n, evidence.needed) == (False, 50, 99)
    with pytest.raises(ValueError, match="unmarked_prompts"):
        decoy_keys(said, key, draw_keys(rng, 99), suspect="s", account="a", unmarked_prompts=False)


def test_bets_stop_early_on_a_student_and_never_on_too_few_pairs() -> None:
    rng = np.random.default_rng(6)
    key = draw_keys(rng, 1)[0]
    found = betting(replies(rng, 6000, key, 0.9), key, suspect="s", account="a")
    assert (found.evidence.e_value or 0) >= 100
    assert found.evidence.n == len(found.running) < 1000
    few = betting(replies(rng, 5), key, suspect="s", account="a").evidence
    assert (few.p_value, few.decided) == (None, False)
    assert few.needed is not None
    assert few.needed > few.n


def test_bets_without_replacement_are_fair() -> None:
    rng = np.random.default_rng(7)
    context = np.zeros(8, dtype=np.int64)
    ends = []
    for _ in range(4000):
        hits = rng.permutation(np.arange(8) < 3)
        ends.append(bet_process(hits, chances_left(context, hits, listed=(3, 8)))[-1])
    assert np.mean(ends) == pytest.approx(1.0, abs=0.02)
    with pytest.raises(ValueError, match="more pairs of one context"):
        chances_left(context, np.ones(8, dtype=np.bool_), listed=(3, 8))
