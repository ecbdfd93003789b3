"""No source of prompts is in both folds, kin stay together, and every source of the pack has its place."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.families import FAMILIES
from stillwatch.range.ground import Ground
from stillwatch.range.pack import find_prompts
from stillwatch.range.seeds import stream
from stillwatch.range.splits import KIN, TOPICS, Fold, fold_of, shelf, sources

NewGround = Callable[..., Ground]


def test_every_source_of_the_pack_is_in_one_fold() -> None:
    named = [source.split("/")[0] for kin in KIN for source in kin.sources]
    assert {path.stem for path in find_prompts().glob("*.parquet")} == set(named)
    whole = [source for kin in KIN for source in kin.sources]
    assert len(whole) == len(set(whole))


@pytest.mark.parametrize(("one", "other"), [("gsm8k_train", "gsm8k_test"), ("oasst1_en_train", "oasst1_fi_mt"),
                                            ("self_instruct_seeds", "self_instruct_user_oriented"),
                                            ("xquad_questions", "benign_pipelines/rag_qa")])  # fmt: skip
def test_kin_are_of_one_fold(one: str, other: str) -> None:
    assert fold_of(one) == fold_of(other)


def test_what_the_demo_does_not_hold_is_only_for_testing() -> None:
    unseen = {source for kin in KIN if not kin.seen for source in kin.sources}
    text = (find_prompts() / "SOURCES.md").read_text(encoding="utf-8")
    told = {line.split("|")[1].strip() for line in text.splitlines() if "| kept back |" in line}
    assert unseen == told
    assert {fold_of(source) for source in unseen} == {Fold.TEST}


def test_both_folds_have_every_topic(new_ground: NewGround) -> None:
    ground = new_ground()
    for topic in TOPICS:
        develop, test = (shelf(ground, fold, topic) for fold in Fold)
        texts = ground.texts.all
        assert min(len(develop), len(test)) > 100
        assert not {texts[k] for k in develop.tolist()} & {texts[k] for k in test.tolist()}, topic


def test_an_unknown_topic_is_refused() -> None:
    with pytest.raises(Error, match="topic: got 'poems', expected one of"):
        sources(Fold.TEST, "poems")
    with pytest.raises(Error, match="no unseen source"):
        sources(Fold.TEST, "support", unseen=True)


@pytest.mark.slow
@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_wordings_of_the_two_folds_share_no_run_of_six_words(family: object) -> None:
    rng = stream(1, "wordings")
    runs = []
    for fold in Fold:
        wording = next(f for f in FAMILIES if f is family).wordings[fold]
        texts = [wording.fixed(), *wording.reworded(rng, 300), *(t for ts in wording.tongues.values() for t in ts)]
        words = [text.lower().split() for text in texts]
        runs.append({tuple(w[k : k + 6]) for w in words for k in range(len(w) - 5)})
    assert not runs[0] & runs[1]


@pytest.mark.parametrize("family", FAMILIES, ids=lambda family: family.key)
def test_wordings_keep_their_slots_and_leave_no_bracket(family: object, new_ground: NewGround) -> None:
    one = next(f for f in FAMILIES if f is family)
    rng, ground = stream(2, "slots"), new_ground()
    for fold in Fold:
        _, extra = one.items(ground, rng, 5, fold, np.zeros(0, np.int64))
        for frame in (one.wordings[fold].fixed(), *one.wordings[fold].reworded(rng, 50, loose=0.5)):
            assert frame.count("{a}") == 1
            assert frame.count("{b}") == (1 if (extra >= 0).all() else 0)
            assert "[" not in frame
            assert "|" not in frame
