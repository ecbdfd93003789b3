"""Dates may speak against exposure, and never for it."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from stillwatch.audit import Timeline, answer_lines, carry_out, draw_up
from stillwatch.core import Error

from .conftest import made_items, parrot

BEGUN, ENDED = dt.date(2026, 3, 1), dt.date(2026, 4, 15)


def told(**days: dt.date) -> str:
    return " ".join(Timeline(**days).checked().lines())


def test_a_suspect_that_was_released_before_cannot_have_learned_it() -> None:
    assert told(harvest_begun=BEGUN, released=dt.date(2026, 2, 27)).startswith(
        "Against exposure: the suspect was released"
    )


def test_a_cut_off_is_the_makers_word() -> None:
    said = told(harvest_begun=BEGUN, cutoff=dt.date(2025, 12, 31), released=dt.date(2026, 5, 1))
    assert said.startswith("Against exposure, on the maker's word")


def test_dates_that_allow_it_are_no_evidence_and_say_what_cannot_be_in_it() -> None:
    said = told(harvest_begun=BEGUN, harvest_ended=ENDED, cutoff=dt.date(2026, 4, 1))
    assert "no evidence" in said
    assert "after 2026-04-01 cannot be in it" in said
    assert "cannot be in it" not in told(harvest_begun=BEGUN, harvest_ended=ENDED, released=dt.date(2026, 6, 1))


@pytest.mark.parametrize("days", [{}, {"harvest_begun": BEGUN}, {"released": BEGUN}])
def test_unknown_dates_say_that_they_are_unknown(days: dict[str, dt.date]) -> None:
    assert told(**days).startswith("Dates: not known well enough")


@pytest.mark.parametrize(
    ("days", "words"),
    [
        ({"harvest_begun": ENDED, "harvest_ended": BEGUN}, "harvest_ended: got 2026-03-01"),
        ({"cutoff": ENDED, "released": BEGUN}, "released: got 2026-03-01"),
    ],
)
def test_dates_in_the_wrong_order_are_refused(days: dict[str, dt.date], words: str) -> None:
    with pytest.raises(Error, match=words):
        Timeline(**days).checked()


def test_the_answer_says_what_the_dates_say_under_exposure() -> None:
    items = made_items(np.random.default_rng(1), 30)
    plan = draw_up(items, suspect="parrot", timeline=Timeline(harvest_begun=BEGUN, released=dt.date(2026, 1, 1)))
    parts = "\n".join(answer_lines(carry_out(plan, items, parrot(items)))).split("\n## ")
    assert "Against exposure" in parts[1]
    assert "alice" in parts[1]
