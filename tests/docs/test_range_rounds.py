"""Rounds of the range's page: every study, more worlds each time, nothing twice, and an end when the time is up."""

from __future__ import annotations

import argparse
import importlib
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from stillwatch.range.studies.order import Order, Size

ROOT = Path(__file__).parents[2]


@pytest.fixture
def bench(monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """The script's module, with studies that cost nothing."""
    monkeypatch.syspath_prepend(str(ROOT / "bench"))
    there = set(sys.modules)
    yield importlib.import_module("range_rounds")
    for name in set(sys.modules) - there:
        if str(ROOT / "bench") in str(getattr(sys.modules[name], "__file__", "")):
            del sys.modules[name]


def gone_through(
    bench: Any, monkeypatch: pytest.MonkeyPatch, minutes: float
) -> tuple[list[tuple[str, int]], list[str]]:
    """The studies that were asked for with their worlds, and the parts that were put on the page."""
    asked: list[tuple[str, int]] = []
    put: list[str] = []

    def study(chosen: argparse.Namespace, *, tell: Callable[[str, int, int], None]) -> tuple[list[Any], dict[str, Any]]:
        asked.append((chosen.preset, chosen.worlds))
        for done in range(chosen.worlds + 1):
            tell("worlds", done, chosen.worlds)
        return [], {}

    monkeypatch.setattr(bench, "study", study)
    chosen = argparse.Namespace(minutes=minutes, unmimic_python=Path("python"), keep=Path("keep"), seed=1)
    bench.rounds(chosen, lambda part, figures: put.append(part))
    return asked, put


def test_every_study_of_the_page_is_in_a_round_at_a_size_that_a_world_can_have(bench: Any) -> None:
    studies = importlib.import_module("range_studies")
    assert {one.preset for one in bench.ROUNDS} == set(studies.STUDIES)
    for one in bench.ROUNDS:
        size = Size(accounts=one.accounts, exchanges=one.exchanges, worlds=one.worlds, days=one.days)
        Order(preset=one.preset, seed=1, out=Path("nowhere"), size=size)
    assert next(one for one in bench.ROUNDS if one.preset == "null").enough >= 200


def test_leaving_one_out_looks_at_the_very_worlds_of_its_sibling(bench: Any) -> None:
    studies = importlib.import_module("range_studies")
    sizes = {one.preset: (one.accounts, one.exchanges, one.days, one.worlds) for one in bench.ROUNDS}
    order = [one.preset for one in bench.ROUNDS]
    for name, sibling in studies.FOLDERS.items():
        assert sizes[name] == sizes[sibling]
        assert order.index(sibling) < order.index(name)


def test_each_round_adds_worlds_until_there_are_enough(bench: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    asked, put = gone_through(bench, monkeypatch, 60)
    assert len(put) == len(asked)
    for one in bench.ROUNDS:
        worlds = [n for preset, n in asked if preset == one.preset]
        assert worlds == sorted(set(worlds))
        assert worlds[-1] == one.enough
    assert [preset for preset, _ in asked[: len(bench.ROUNDS)]] == [one.preset for one in bench.ROUNDS]


def test_no_world_is_begun_when_the_time_is_up_and_an_unfinished_study_is_not_put(
    bench: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked, put = gone_through(bench, monkeypatch, -1)
    assert len(asked) == 1
    assert put == []
