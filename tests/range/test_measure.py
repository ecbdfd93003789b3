"""Findings are held against the truth account by account."""

from __future__ import annotations

from pathlib import Path

import pyarrow as pa
import pytest

from stillwatch.core.errors import Error
from stillwatch.range import compare
from stillwatch.range.truth import ACTS, seal_truth


@pytest.fixture
def truth(tmp_path: Path) -> Path:
    """Two actors of four accounts, three of a lookalike, three ordinary ones."""
    accounts = {
        "account": [*"abcd", *"efgh", *"lmn", *"xyz"],
        "role": ["actor"] * 8 + ["lookalike"] * 3 + ["benign"] * 3,
        "group": ["one"] * 4 + ["two"] * 4 + ["class"] * 3 + ["chat"] * 3,
    }
    seal_truth(tmp_path, accounts=pa.table(accounts), acts=ACTS.empty_table(), world={})
    return tmp_path


def test_a_pure_and_whole_finding_is_found(truth: Path) -> None:
    result = compare(truth, {"X-1": {"a", "b", "c", "d"}}, {"a", "x"})
    one, two = result.hidden
    assert (one.name, one.found, one.best, one.precision, one.recall, one.pieces, one.accused) == (
        "one",
        True,
        "X-1",
        1.0,
        1.0,
        1,
        1,
    )
    assert (two.found, two.best, two.precision, two.recall, two.pieces) == (False, None, None, 0.0, 0)
    assert result.false_actors == ()


def test_strangers_among_the_members_cost_precision_and_are_counted_as_wronged(truth: Path) -> None:
    result = compare(truth, {"X-1": {"a", "b", "c", "l"}}, set())
    assert result.hidden[0].precision == 0.75
    assert result.hidden[0].recall == 0.75
    wronged = {row.group: (row.accounts, row.in_actors, row.accused) for row in result.wronged}
    assert wronged == {"class": (3, 1, 0), "chat": (3, 0, 0)}


def test_an_actor_in_pieces_is_told_as_such(truth: Path) -> None:
    result = compare(truth, {"X-1": {"a", "b"}, "X-2": {"c", "d"}}, set())
    assert (result.hidden[0].pieces, result.hidden[0].recall, result.hidden[0].found) == (2, 1.0, True)


def test_too_small_or_too_mixed_a_finding_is_not_found(truth: Path) -> None:
    assert not compare(truth, {"X-1": {"a"}}, set()).hidden[0].found
    mixed = compare(truth, {"X-1": {"a", "b", "l", "m", "x"}}, set())
    assert not mixed.hidden[0].found
    assert mixed.false_actors == ("X-1",)


def test_two_actors_merged_belong_to_neither(truth: Path) -> None:
    result = compare(truth, {"X-1": set("abcdefgh")}, set())
    assert result.false_actors == ("X-1",)
    assert [actor.recall for actor in result.hidden] == [0.0, 0.0]


def test_nothing_found_is_a_result_and_unknown_accounts_are_counted(truth: Path) -> None:
    assert not any(actor.found for actor in compare(truth, {}, set()).hidden)
    assert compare(truth, {"X-1": {"a", "nobody"}}, {"ghost"}).unknown == 2


def test_the_table_names_every_actor_and_every_class(truth: Path) -> None:
    table = compare(truth, {"X-1": {"a", "b", "c", "d"}}, {"l"}).table()
    assert all(word in table for word in ("one", "two", "class", "chat", "mostly innocent: 0"))


def test_a_folder_without_truth_is_an_error(tmp_path: Path) -> None:
    with pytest.raises(Error, match="no sealed truth"):
        compare(tmp_path, {}, set())
