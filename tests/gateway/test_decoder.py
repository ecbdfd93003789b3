"""The decoder pack: what it marks is what the audit counts; marked answers are found by the account's key, and unmarked ones by none."""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from stillwatch.audit import account_key, betting, decoy_keys, draw_keys, green, pairs
from stillwatch.gateway.decoder import Mark, MarkingProcessor, key_named, marked_scores
from stillwatch.gateway.decoder.drawing import contexts, favoured, signed, uniform
from stillwatch.gateway.decoder.vllm import NAME, Marks, mark_from

MASTER = b"m" * 32
ACCOUNT = "A-0000000000001"
KEY = account_key(MASTER, ACCOUNT, "2026-11")
WORDS = 150
MODEL = np.random.default_rng(5).normal(0.0, 1.5, size=(WORDS, WORDS))
"""A tiny model: the scores of the next token hang on the last one."""


def sampled(scores: Any, rng: np.random.Generator) -> Any:
    """A token for each row."""
    return (scores + rng.gumbel(size=scores.shape)).argmax(-1)


def written(processor: Any, *, rows: int = 40, length: int = 60, seed: int = 1) -> list[Any]:
    """Answers of the tiny model through a processor."""
    rng = np.random.default_rng(seed)
    said = rng.integers(0, WORDS, size=(rows, 3))
    for _ in range(length):
        scores = MODEL[said[:, -1]]
        said = np.concatenate([said, sampled(processor(said, scores), rng)[:, None]], axis=1)
    return list(said[:, 3:])


@pytest.mark.parametrize("width", [1, 2, 4])
def test_what_is_green_here_is_green_to_the_audit(width: int) -> None:
    rng = np.random.default_rng(3)
    reply = rng.integers(0, 50_000, size=60)
    found = pairs([reply], width=width)
    windows = np.stack([reply[at : at + width] for at in range(len(reply) - width)])
    assert sorted(set(contexts(windows).tolist())) == sorted(set(found.context.tolist()))
    for share in (0.25, 0.5):
        for key in draw_keys(rng, 3):
            numbers = favoured(np.full(len(windows), signed(int(key))), contexts(windows), np.arange(500))
            mark = Mark(share=share, width=width, bias=1.0)
            ours = (
                marked_scores(np.zeros((len(windows), 500)), windows, np.full(len(windows), signed(int(key))), mark) > 0
            )
            for at, context in enumerate(contexts(windows)):
                theirs = green(np.array([key]), np.full(500, context), np.arange(500), share=share)[0]
                assert (ours[at] == theirs).all()
            assert (uniform(numbers) > 0.0).all()
            assert (uniform(numbers)[ours] > 1.0 - share - 1e-9).all()


@pytest.mark.parametrize("method", ["green", "gumbel"])
def test_marked_answers_are_found_by_their_key_and_by_no_other(method: Any) -> None:
    mark = Mark(method=method)
    replies = written(MarkingProcessor([signed(int(KEY))], mark))
    rng = np.random.default_rng(9)
    found = decoy_keys(pairs(replies, width=2), KEY, draw_keys(rng, 999), suspect="s", account=ACCOUNT)
    assert found.evidence.p_value == 0.001
    assert (found.evidence.e_value or 0.0) > 1e6
    assert (betting(pairs(replies, width=2), KEY, suspect="s", account=ACCOUNT).evidence.e_value or 0.0) >= 100
    other = decoy_keys(
        pairs(replies, width=2),
        account_key(MASTER, "another", "2026-11"),
        draw_keys(rng, 999),
        suspect="s",
        account="b",
    )
    assert (other.evidence.p_value or 0.0) > 0.01


def test_p_values_of_unmarked_answers_are_those_of_chance() -> None:
    rng = np.random.default_rng(2)
    low = 0
    for seed in range(60):
        replies = pairs(written(lambda said, scores: scores, rows=6, length=30, seed=seed), width=2)
        key, decoys = draw_keys(rng, 1)[0], draw_keys(rng, 99)
        p = decoy_keys(replies, key, decoys, suspect="s", account="a", alpha=0.05).evidence.p_value
        assert p is not None
        low += p <= 0.1
    assert 1 <= low <= 14  # 6 expected; beyond either with a chance of less than a thousandth


def test_exponential_sampling_leaves_every_token_its_probability() -> None:
    rng = np.random.default_rng(4)
    scores = np.tile(np.log([0.5, 0.3, 0.15, 0.05]), (40_000, 1))
    keys = draw_keys(rng, 40_000).view(np.int64)
    drawn = sampled(marked_scores(scores, rng.integers(0, 99, (40_000, 2)), keys, Mark(method="gumbel")), rng)
    assert np.abs(np.bincount(drawn, minlength=4) / 40_000 - [0.5, 0.3, 0.15, 0.05]).max() < 0.012


def test_rows_without_a_key_and_contexts_used_before_are_left_to_chance() -> None:
    scores = np.zeros((2, WORDS))
    processor = MarkingProcessor([signed(int(KEY)), 0], Mark(method="gumbel"))
    said = np.array([[1, 2], [1, 2]])
    first, again = processor(said, scores), processor(said, scores)
    assert np.isinf(first[0]).sum() == WORDS - 1
    assert (first[1] == 0).all()
    assert (again == 0).all()
    assert (processor(said[:, :1], scores) == 0).all()
    with pytest.raises(ValueError, match="rows"):
        processor(np.ones((3, 2), np.int64), np.zeros((3, WORDS)))


class Direction(Enum):
    UNIDIRECTIONAL = auto()
    SWAP = auto()


@dataclass
class Params:
    """What vLLM knows of a request."""

    extra_args: dict[str, Any] | None
    temperature: float = 1.0


@dataclass
class Update:
    """How vLLM tells a change of the batch."""

    batch_size: int = 0
    removed: list[int] = field(default_factory=list)
    added: list[Any] = field(default_factory=list)
    moved: list[Any] = field(default_factory=list)


@pytest.fixture
def engine(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    def made(method: str = "green") -> Marks:
        (tmp_path / "master.key").write_bytes(MASTER)
        monkeypatch.setenv("STILLWATCH_MARKS_KEY", str(tmp_path / "master.key"))
        monkeypatch.setenv("STILLWATCH_MARK", method)
        return Marks(None, None, False)

    return made


def named(account: str = ACCOUNT) -> Params:
    return Params({NAME: f"2026-11/{account}"})


def test_the_engines_batch_is_followed_as_requests_come_leave_and_move(engine: Any) -> None:
    marks = engine()
    said: dict[str, list[int]] = {name: [1, 2, 3] for name in "abc"}
    marks.update_state(
        Update(3, added=[(0, named(), [], said["a"]), (1, Params(None), [], said["b"]), (2, named("B"), [], said["c"])])
    )

    def marked() -> list[bool]:
        return [bool(row.any()) for row in marks.apply(np.zeros((3, WORDS)))]

    assert marked() == [True, False, True]
    alone = marks.apply(np.zeros((3, WORDS)))
    theirs = green(np.array([KEY]), np.full(WORDS, contexts(np.array([[2, 3]]))[0]), np.arange(WORDS))[0]
    assert ((alone[0] > 0) == theirs).all()
    said["a"].append(4)
    assert (marks.apply(np.zeros((3, WORDS)))[0] != alone[0]).any()
    marks.update_state(Update(3, moved=[(0, 1, Direction.SWAP)]))
    assert marked() == [False, True, True]
    marks.update_state(Update(2, removed=[1], moved=[(2, 1, Direction.UNIDIRECTIONAL)]))
    assert marked() == [False, True, False]
    marks.update_state(Update(2, added=[(1, Params({}), [], [1, 2])]))
    marks.update_state(None)
    assert marked() == [False, False, False]
    assert not marks.is_argmax_invariant()


@pytest.mark.parametrize("method", ["green", "gumbel"])
def test_answers_of_the_engine_are_found_by_the_audit(engine: Any, method: str) -> None:
    marks, rng = engine(method), np.random.default_rng(6)
    said = [[int(token)] for token in rng.integers(0, WORDS, 30)]
    marks.update_state(Update(30, added=[(at, named(), [], one) for at, one in enumerate(said)]))
    for _ in range(60):
        scores = marks.apply(MODEL[[one[-1] for one in said]])
        for one, token in zip(said, sampled(scores, rng), strict=True):
            one.append(int(token))
    replies = pairs([np.array(one) for one in said], width=2)
    assert decoy_keys(replies, KEY, draw_keys(rng, 999), suspect="s", account=ACCOUNT).evidence.p_value == 0.001


def test_greedy_answers_stay_as_they_are_under_exponential_sampling(engine: Any) -> None:
    marks = engine("gumbel")
    marks.update_state(Update(1, added=[(0, Params({NAME: f"2026-11/{ACCOUNT}"}, temperature=0.0), [], [1, 2, 3])]))
    assert not marks.apply(np.zeros((1, WORDS))).any()


def test_names_and_settings_that_are_none_are_refused() -> None:
    assert key_named(MASTER, f"2026-11/{ACCOUNT}") == signed(int(KEY))
    for name in ("", "2026-11", "/a", "2026-11/", 7):
        with pytest.raises(ValueError, match="name of a key"):
            Marks.validate_params(Params({NAME: name}))
    Marks.validate_params(Params(None))
    for settings in ({"STILLWATCH_MARK": "loud"}, {"STILLWATCH_MARK_SHARE": "1.5"}, {"STILLWATCH_MARK_WIDTH": "0"}):
        with pytest.raises(ValueError, match="no such thing"):
            mark_from(settings)
