"""Our topic statistics on windows: thin mixtures are found, repeats are not, and the null holds where windows overlap."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.range.peers import topics
from stillwatch.range.peers._topic_views import MEASURES
from stillwatch.range.peers.topics import KINDS
from stillwatch.range.peers.window_peer import WINDOW_PEERS, Queries, Tail, calibrate, draw_windows
from stillwatch.stats import scaled_distances
from stillwatch.text import meaning_vectors

PEER = WINDOW_PEERS["ours-topics"]
SYLLABLES = ["ba", "do", "fi", "gu", "ke", "lo", "mi", "nu", "pa", "re", "si", "tu"]


def asked(rng: np.random.Generator, count: int, first: int = 0) -> Queries:
    """Texts of eight words, of 1,500 from the `first` on, the earlier the more often."""
    place = np.minimum(rng.geometric(0.004, size=(count, 8)), 1499) + first
    texts = [" ".join(_word(number) for number in row) for row in place.tolist()]
    return Queries(vectors=np.zeros((count, 1), dtype=np.float32), texts=texts)


def _word(number: int) -> str:
    return "".join(SYLLABLES[number // 12**power % 12] for power in range(4))


def both(benign: Queries, other: Queries) -> Queries:
    return Queries(
        vectors=np.concatenate([benign.vectors, other.vectors]), texts=[*(benign.texts or ()), *(other.texts or ())]
    )


@pytest.mark.parametrize("size", [20, 200])
def test_a_tenth_of_foreign_texts_is_found_more_often_the_larger_the_window(size: int) -> None:
    rng = np.random.default_rng(1)
    fitted = PEER.fit(asked(rng, 1600), rng)
    threshold = calibrate(fitted.null(size, 200, rng), Tail.UPPER)
    traffic = both(asked(rng, 400), asked(rng, 100, first=4000))
    mixed = np.concatenate(
        [draw_windows(rng, 400, size - size // 10, 30), 400 + draw_windows(rng, 100, size // 10, 30)], axis=1
    )
    share = threshold.flags(fitted.score(traffic, mixed, rng)).mean()
    assert share > (0.95 if size == 200 else 0.4)


def test_honest_windows_against_small_pools_are_not_flagged_more_than_promised(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Each such window is most of what is held out, so the unit is the pool: eight of them, 5 % of each kind promised.

    Windows as large as what is held out; that repeat more than null windows do; and larger than null windows can be.
    """
    monkeypatch.setattr(topics, "_SCALING", 80)
    monkeypatch.setattr(topics, "_SPLITS", 80)
    rng, flagged = np.random.default_rng(2), {(60, 60): 0, (30, 60): 0, (400, 200): 0}
    for _ in range(8):
        fitted = PEER.fit(asked(rng, 240), rng)
        threshold = {size: calibrate(fitted.null(size, 60, rng), Tail.UPPER) for size in (60, 200)}
        for held_out, size in flagged:
            scores = fitted.score(asked(rng, held_out), draw_windows(rng, held_out, size, 1), rng)
            flagged[held_out, size] += int(threshold[size].flags(scores).sum())
    assert max(flagged.values()) <= 2, flagged
    assert sum(flagged.values()) <= 4, flagged


def test_how_strange_a_text_is_depends_on_no_text_beside_it() -> None:
    """So a window's mates cannot make each other familiar, in the null or in the test."""
    rng = np.random.default_rng(6)
    fitted = PEER.fit(asked(rng, 400), rng)
    some, more = asked(rng, 10), asked(rng, 50)
    learnt = fitted._learnt  # type: ignore[attr-defined]
    alone, among = learnt.views(some.texts), learnt.views(both(some, more).texts)
    assert np.allclose(alone.novelty, among.novelty[:10])


def test_what_teaches_is_never_drawn_from() -> None:
    rng = np.random.default_rng(7)
    fitted = PEER.fit(asked(rng, 400), rng)
    new_words = fitted._views.novelty[:, 0]  # type: ignore[attr-defined]
    assert len(new_words) <= 400 * 5 // 8
    strangers = fitted._learnt.views(asked(rng, 250).texts).novelty[:, 0]  # type: ignore[attr-defined]
    assert abs(new_words.mean() - strangers.mean()) < 0.02


def test_a_few_queries_repeated_are_undecided() -> None:
    rng = np.random.default_rng(8)
    fitted = PEER.fit(asked(rng, 400), rng)
    few = np.tile(np.arange(10), (1, 10))
    assert np.isnan(fitted.score(asked(rng, 10, first=4000), few, rng)).all()


def test_a_repeated_text_counts_once() -> None:
    rng = np.random.default_rng(3)
    fitted = PEER.fit(asked(rng, 400), rng)
    once = np.arange(20)[None]
    twice = np.concatenate([once, once], axis=1)
    traffic = asked(rng, 20)
    sums = fitted._sums  # type: ignore[attr-defined]
    rows = fitted._rows(traffic.texts)  # type: ignore[attr-defined]
    assert np.array_equal(sums(rows[once]).words, sums(rows[twice]).words)


def test_one_text_over_and_over_is_strange_and_no_fault() -> None:
    rng = np.random.default_rng(5)
    fitted = PEER.fit(asked(rng, 400), rng)
    threshold = calibrate(fitted.null(40, 60, rng), Tail.UPPER)
    one = Queries(vectors=np.zeros((40, 1), dtype=np.float32), texts=["reply only with valid forms of records"] * 40)
    assert threshold.flags(fitted.score(one, np.arange(40)[None], rng)).all()


def test_the_scale_of_a_size_is_set_once() -> None:
    rng = np.random.default_rng(4)
    fitted = PEER.fit(asked(rng, 400), rng)
    traffic, windows = asked(rng, 60), draw_windows(rng, 60, 30, 5)
    first = fitted.score(traffic, windows, np.random.default_rng(9))
    fitted.null(30, 40, rng)
    assert np.array_equal(first, fitted.score(traffic, windows, np.random.default_rng(9)))


def test_new_words_about_something_else_shift_the_meaning_more_than_new_words_about_the_same() -> None:
    rng = np.random.default_rng(10)
    kitchen = ["oven", "flour", "butter", "recipe", "sugar", "kitchen", "soup", "pepper"]
    like_it = ["bread", "cake", "cheese", "cook", "salt", "onion", "garlic", "dinner"]
    court = ["judge", "lawsuit", "verdict", "attorney", "statute", "appeal", "court", "plaintiff"]

    def about(words: list[str], count: int) -> list[str]:
        return [" ".join(rng.choice(words, 6)) for _ in range(count)]

    benign, traffic = about(kitchen, 800), [*about(kitchen, 60), *about(like_it, 20), *about(court, 20)]
    fitted = PEER.fit(Queries(vectors=np.zeros((len(benign), 1), dtype=np.float32), texts=benign), rng)
    rows = fitted._rows(traffic)  # type: ignore[attr-defined]
    windows = np.stack([rows[:80], rows[[*range(60), *range(80, 100)]]])
    same, other = fitted._statistics(windows, np.zeros(2, dtype=np.int64))[:, 0]  # type: ignore[attr-defined]
    assert other > 2.0 * same > 0.0


def test_the_table_of_meanings_is_read() -> None:
    rng = np.random.default_rng(11)
    fitted = PEER.fit(asked(rng, 400), rng)
    learnt = fitted._learnt  # type: ignore[attr-defined]
    texts = ["how long does bread dough rise in a warm kitchen", "which court hears an appeal against a verdict"]
    views = learnt.views(texts)
    assert np.allclose(views.meaning, meaning_vectors(texts))
    cosines = np.sort(views.meaning @ learnt.like_in_meaning.T, axis=1)[:, -5:]
    apart = MEASURES.index("distance in meaning")
    assert np.allclose(views.novelty[:, apart], 1.0 - cosines.mean(axis=1), atol=1e-6)
    assert np.allclose(views.novelty[:, apart + 1], scaled_distances(views.meaning, learnt.spread))


def test_every_kind_counts() -> None:
    assert set(KINDS) == {"shift", "second moment", "scan", "novelty", "together"}
    assert all(weight > 0 for weight in KINDS.values())


def test_texts_are_needed() -> None:
    with pytest.raises(ValueError, match="texts"):
        PEER.fit(Queries(vectors=np.zeros((50, 2), dtype=np.float32)), np.random.default_rng(1))
    with pytest.raises(ValueError, match="different texts"):
        PEER.fit(asked(np.random.default_rng(1), 20), np.random.default_rng(1))
