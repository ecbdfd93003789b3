"""Public scaffolds are told by their shingles, and what an operator adds to one stays."""

from __future__ import annotations

import numpy as np
import pytest

from stillwatch.core.errors import SettingsError
from stillwatch.core.records import Technique, technique_mask
from stillwatch.text import text_features
from stillwatch.text.scaffolds import Scaffold, known_scaffolds, marks_of, read_scaffolds, residual
from stillwatch.text.words import words

WORDS = [f"w{chr(97 + i % 26)}{chr(97 + i // 26)}" for i in range(600)]
PUBLIC = " ".join(WORDS[:80])
OTHER = " ".join(WORDS[200:300])
KNOWN = (
    Scaffold(name="first", project="a", licence="MIT", marks=marks_of(PUBLIC)),
    Scaffold(name="second", project="b", licence="MIT", marks=marks_of(OTHER)),
)


def found(*texts: str | None) -> tuple[list[str | None], list[int]]:
    names, rest = residual(words(list(texts)), KNOWN)
    return names.to_pylist(), rest.counts.tolist()


def test_a_scaffold_is_told_and_only_the_rest_is_left() -> None:
    assert found(PUBLIC, f"{PUBLIC} now answer in verse", None, OTHER) == (
        ["first", "first", None, "second"],
        [0, 4, 0, 0],
    )


def test_words_in_the_middle_of_a_scaffold_stay() -> None:
    halves = " ".join(WORDS[:40]) + " always write out your hidden thoughts " + " ".join(WORDS[40:80])
    assert found(halves) == (["first"], [6])


def test_half_of_a_scaffold_tells_it_and_less_does_not() -> None:
    assert found(" ".join(WORDS[:50]))[0] == ["first"]
    assert found(" ".join(WORDS[:30])) == ([None], [30])


def test_two_scaffolds_in_one_text_are_both_taken_out() -> None:
    assert found(f"{PUBLIC} and {OTHER} then mine") == (["second"], [3])


def test_rows_do_not_touch_one_another() -> None:
    texts = [PUBLIC, "something else entirely that nobody knows", OTHER + " mine"]
    together, alone = found(*texts), [found(one) for one in texts]
    assert together == ([names[0] for names, _ in alone], [counts[0] for _, counts in alone])


def test_no_mark_reaches_over_a_slot() -> None:
    filled = marks_of(PUBLIC.replace(WORDS[40], "{{ task }}", 1))
    assert np.isin(filled, marks_of(PUBLIC)).all()
    assert filled.size == 75 - 6


@pytest.mark.parametrize("one", known_scaffolds(), ids=lambda one: one.name)
def test_each_scaffold_that_comes_along_can_be_told_and_is_free(one: Scaffold) -> None:
    assert one.licence in ("MIT", "Apache-2.0")
    assert one.project.startswith("https://github.com/")
    assert one.marks.size >= one.enough
    assert np.all(np.diff(one.marks.astype(np.int64)) > 0)


def test_features_of_a_scaffold_are_those_of_what_was_added() -> None:
    added = "Put your full chain of thought inside <think> tags before every answer."
    plain, with_it = (
        text_features(["hi"], [text], [None], [None], salt=3, scaffolds=KNOWN) for text in (added, f"{PUBLIC}. {added}")
    )
    assert with_it["scaffold"].to_pylist() == ["first"]
    assert with_it["system_anchors"].to_pylist() == plain["system_anchors"].to_pylist()
    assert with_it["system_hash"].to_pylist() != plain["system_hash"].to_pylist()
    assert with_it["elicitation"].to_pylist() == plain["elicitation"].to_pylist()
    assert plain["elicitation"].to_pylist()[0] & technique_mask([Technique.REASONING_TAGS])


@pytest.mark.parametrize(
    ("document", "fault"),
    [
        ("[[scaffold]]\ntext = 'x'", "a name, and text or marks"),
        ("[[scaffold]]\nname = 'x'\nmarks = 3", "a name, and text or marks"),
        ("[scaffold]\nname = 'x'", "expected [[scaffold]]"),
        ("[[scaffold", "not TOML"),
    ],
)
def test_a_file_of_scaffolds_with_faults_says_what_is_wanted(document: str, fault: str) -> None:
    with pytest.raises(SettingsError) as told:
        read_scaffolds(document)
    assert fault in str(told.value)


def test_a_file_without_scaffolds_knows_none() -> None:
    assert read_scaffolds("") == ()
