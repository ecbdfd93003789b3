"""Worlds for measuring speed: prompts are brought to a mean length by words of no meaning, each its own."""

from __future__ import annotations

from pathlib import Path

import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest

from stillwatch.range.demo import demo_parts
from stillwatch.range.generate import write_world
from stillwatch.range.pack import read_pack
from stillwatch.range.recipe import Recipe


def recipe(prompt_bytes: int | None) -> Recipe:
    return Recipe(seed=2, accounts=900, exchanges=9000, days=1, parts=demo_parts(0.05), prompt_bytes=prompt_bytes)


@pytest.mark.slow
def test_prompts_have_about_the_length_asked_for_and_each_its_own_words(tmp_path: Path) -> None:
    prompts = pq.read_table(write_world(tmp_path / "w", recipe(1024), workers=1).logs, columns=["prompt"])["prompt"]
    assert 900 < pc.mean(pc.binary_length(prompts)).as_py() < 1150
    assert len(set(prompts.to_pylist())) == len(prompts)


@pytest.mark.slow
def test_without_a_length_the_prompts_are_those_of_the_pack(tmp_path: Path) -> None:
    prompts = pq.read_table(write_world(tmp_path / "w", recipe(None), workers=1).logs, columns=["prompt"])["prompt"]
    assert set(prompts.to_pylist()) & set(read_pack().texts("nq_open"))
