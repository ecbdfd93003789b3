"""Two labs count what they share, and learn which only when both agreed. Needs an environment with openmined-psi."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from stillwatch.forum.tags import TagError
from stillwatch.forum.tags.overlap import SESSIONS, Asker, Consent, Holder

PYTHON = Path(os.environ.get("STILLWATCH_PSI_PYTHON", "/nonexistent"))
needs_psi = pytest.mark.skipif(
    not PYTHON.exists(), reason="STILLWATCH_PSI_PYTHON names no interpreter of an environment with stillwatch[psi]"
)
LABS = ("lab-one", "lab-two")


@pytest.fixture
def two() -> Iterator[tuple[Asker, Holder]]:
    with (
        Asker(PYTHON, [f"email {n}" for n in range(50)]) as asker,
        Holder(PYTHON, [f"email {n}" for n in range(45, 200)], LABS) as holder,
    ):
        yield asker, holder


def consents(asker: str, holder: str, labs: tuple[str, ...] = LABS) -> list[Consent]:
    return [Consent(lab=lab, by="counsel", why="joint case", asker=asker, holder=holder) for lab in labs]


@needs_psi
def test_first_how_many_then_by_consent_which(two: tuple[Asker, Holder]) -> None:
    asker, holder = two
    counted = holder.answer(asker.ask())
    assert asker.count(counted) == 5
    with pytest.raises(TagError, match="expected one to which"):
        asker.which(counted)
    agreed = consents(asker.commitment, holder.commitment)
    assert asker.which(holder.answer(asker.ask(reveal=True), agreed)) == [f"email {n}" for n in range(45, 50)]


@needs_psi
def test_counts_are_few_so_that_single_values_cannot_be_found_by_differences(two: tuple[Asker, Holder]) -> None:
    asker, holder = two
    for _ in range(SESSIONS):
        asker.count(holder.answer(asker.ask()))
    with pytest.raises(TagError, match="tell about single values"):
        holder.answer(asker.ask())


@needs_psi
def test_a_message_of_another_exchange_is_refused(two: tuple[Asker, Holder]) -> None:
    asker, holder = two
    question = asker.ask()
    for bad in ("", "00", "zz", question.request[:-2]):
        with pytest.raises(TagError):
            holder.answer(type(question)(reveal=False, values=question.values, commitment="x", request=bad))


def test_which_is_not_told_without_both_consents_over_these_lists() -> None:
    holder = Holder(Path(sys.executable), ["a", "b"], LABS)
    from stillwatch.forum.tags.overlap import Question

    question = Question(reveal=True, values=64, commitment="asked", request="")
    with pytest.raises(TagError, match="was not counted"):
        holder.answer(question, consents("asked", holder.commitment))
    holder._counted["asked"] = 1
    for given in (
        consents("asked", holder.commitment, ("lab-one",)),
        consents("asked", "another list"),
        consents("another list", holder.commitment),
        [Consent(lab=lab, by="", why="", asker="asked", holder=holder.commitment) for lab in LABS],
    ):
        with pytest.raises(TagError, match="no consent of"):
            holder.answer(question, given)


def test_lists_are_filled_up_and_commitments_tell_nothing() -> None:
    one, two = (Asker(Path(sys.executable), ["a", "b", "c"]) for _ in range(2))
    assert len(one.items) == len(two.items) == 64
    assert one.commitment != two.commitment
    with pytest.raises(TagError, match="at most"):
        Asker(Path(sys.executable), [str(n) for n in range(5_000)])


def test_an_environment_without_the_package_is_named() -> None:
    with Asker(Path(sys.executable), ["a"]) as asker, pytest.raises(TagError, match=r"stillwatch\[psi\]"):
        asker.ask()
