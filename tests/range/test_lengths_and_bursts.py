"""Requests are as long as a traced service's, a customer's requests come in its bursts, and people's remarks differ."""

from __future__ import annotations

import numpy as np

from stillwatch.range.bursts import in_bursts
from stillwatch.range.contexts import NO_CONTEXT, TRACES, contexts, quarters
from stillwatch.range.odds import BITS, trace_gaps, trace_inputs
from stillwatch.range.pack import read_pack
from stillwatch.range.remarks import REMARKS, remarks
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import Dice, stream

HOUR = DAY // 24


def test_all_requests_together_have_the_lengths_of_their_trace_exactly_and_grow_within_a_conversation() -> None:
    size = 1 << BITS
    talk = np.repeat(np.arange(size // 4), 4)
    for number, name in enumerate(TRACES):
        long = contexts(np.full(size, number), talk, stream(1, "draws").permutation(size))
        assert (np.sort(long) == np.sort(trace_inputs(name))).all()
        assert (np.diff(long.reshape(-1, 4), axis=1) >= 0).all()


def test_requests_of_no_trace_have_no_length_but_their_own() -> None:
    assert contexts(np.full(3, NO_CONTEXT), np.arange(3), np.array([1, 2, 3])).tolist() == [0, 0, 0]
    assert quarters(np.full(4, NO_CONTEXT), np.zeros(4, np.int64), np.array([10, 50, 100, 900])).tolist() == [
        0,
        1,
        2,
        3,
    ]


def test_a_quarter_of_the_requests_lies_in_each_quarter_of_the_trace() -> None:
    for number, name in enumerate(TRACES):
        found = quarters(np.full(1 << BITS, number), trace_inputs(name), np.zeros(1 << BITS, np.int64))
        assert np.abs(np.bincount(found, minlength=4) / (1 << BITS) - 0.25).max() < 0.03


def test_bursts_move_requests_within_their_hour_and_keep_order_and_ends() -> None:
    rng = stream(2, "bursts")
    who, at = rng.integers(0, 5, 4000), rng.integers(0, 3 * HOUR, 4000)
    moved = in_bursts(Dice(1, "bursts"), who, at, trace="code")
    assert (moved // HOUR == at // HOUR).all()
    assert (moved != at).mean() > 0.9
    for account in range(5):
        for hour in range(3):
            mine = np.flatnonzero((who == account) & (at // HOUR == hour))
            order = mine[np.argsort(at[mine], kind="stable")]
            assert (np.diff(moved[order]) >= 0).all()
            assert (moved[order[[0, -1]]] == at[order[[0, -1]]]).all()


def test_one_customer_is_as_bursty_as_the_trace() -> None:
    at = np.sort(stream(3, "even").integers(0, HOUR, 3000))
    gaps = np.diff(in_bursts(Dice(2, "bursts"), np.zeros(3000, np.int64), at, trace="code"))
    known = trace_gaps("code") / trace_gaps("code").mean()
    drawn, told = (np.quantile(some / some.mean(), [0.25, 0.5, 0.9]) for some in (gaps, known))
    assert np.abs(drawn - told).max() < 0.1
    assert np.quantile(np.diff(at) / np.diff(at).mean(), 0.5) > 5 * drawn[1]


def test_remarks_differ_and_the_two_parts_share_none() -> None:
    sentences = read_pack().sentences()
    parts = [set(remarks(stream(1, "remarks"), sentences, part=part)) for part in (0, 1)]
    assert [len(part) for part in parts] == [REMARKS, REMARKS]
    assert not parts[0] & parts[1]


def test_a_pack_of_few_sentences_gives_few_remarks_and_no_endless_search() -> None:
    few = remarks(stream(1, "few"), ["One two three four five six seven eight nine ten. "])
    assert 26 < len(few) < REMARKS // 8
    assert "continue" in remarks(stream(1, "none"), [])
