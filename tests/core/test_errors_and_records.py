"""Errors form one tree, survive a process boundary, and say what would help; records are frozen words."""

from __future__ import annotations

import dataclasses
import pickle

import pytest

from stillwatch import core
from stillwatch.core import (
    OPEN_REQUESTS,
    PRESSING,
    CaseError,
    ContractError,
    DiskFull,
    Error,
    Estimate,
    Evidence,
    Fault,
    FormatError,
    PolicyError,
    SettingsError,
    TamperingFound,
    Technique,
    Undecidable,
    WorkspaceError,
    technique_mask,
)

EVERY = [
    Error("x"),
    SettingsError([Fault(path="a.b", message="got 1"), Fault(path="c", message="got 2")]),
    PolicyError([Fault(path="rules", message="none")]),
    WorkspaceError("x"),
    DiskFull("x"),
    FormatError("x"),
    ContractError("x"),
    TamperingFound(["journal.jsonl:3: x", "journal.jsonl:5: y"]),
    CaseError("x"),
    Undecidable("spread", n=12, needed=40),
]


def test_every_error_of_the_door_stands_in_the_tree() -> None:
    named = [getattr(core, name) for name in core.__all__]
    errors = {one for one in named if isinstance(one, type) and issubclass(one, Exception)}
    assert errors == {type(one) for one in EVERY}
    assert all(issubclass(one, Error) for one in errors)
    assert issubclass(DiskFull, WorkspaceError)


@pytest.mark.parametrize("error", EVERY, ids=lambda error: type(error).__name__)
def test_an_error_comes_back_whole_from_a_worker(error: Error) -> None:
    back = pickle.loads(pickle.dumps(error))  # noqa: S301 - our own bytes
    assert type(back) is type(error)
    assert str(back) == str(error)
    for name in ("faults", "n", "needed"):
        assert getattr(back, name, None) == getattr(error, name, None)


def test_a_question_without_an_answer_says_what_it_needs() -> None:
    error = Undecidable("spread", n=12, needed=40)
    assert str(error) == "spread: undecided, n = 12, needs 40"


def test_evidence_is_decided_by_either_number_and_undecided_without_both() -> None:
    plain = Evidence(value=1.0, n=5, p_value=None, e_value=None, null="no difference", method="rank", needed=40)
    assert not plain.decided
    assert dataclasses.replace(plain, p_value=0.5).decided
    assert dataclasses.replace(plain, e_value=0.0).decided


def test_records_cannot_be_changed_and_take_no_places() -> None:
    value = Estimate(value=0.5, low=0.4, high=0.6, n=10, method="wilson")
    assert value.level == 0.95
    with pytest.raises(dataclasses.FrozenInstanceError):
        value.value = 1.0  # type: ignore[misc]
    with pytest.raises(TypeError):
        Fault("path", "message")  # type: ignore[call-arg]


def test_each_technique_has_a_bit_of_its_own_that_fits_the_column() -> None:
    bits = [technique_mask([one]) for one in Technique]
    assert sorted(bits) == [1 << place for place in range(len(Technique))]
    assert technique_mask(Technique) == sum(bits) < 1 << 31
    assert technique_mask([]) == 0


def test_pressing_and_open_requests_part_the_techniques() -> None:
    assert PRESSING & technique_mask(OPEN_REQUESTS) == 0
    assert PRESSING | technique_mask(OPEN_REQUESTS) == technique_mask(Technique)
