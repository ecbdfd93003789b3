"""A prompt that quotes an earlier response is found as by reading everything, and in time that grows with the text alone."""

from __future__ import annotations

import time
from dataclasses import replace

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.audit import Served, fit_items
from stillwatch.audit.conditions import SHORTEST

from .conftest import made_items

TEXTS = st.text(alphabet="ab é", max_size=3 * SHORTEST)


def item(at: int, prompt: str, response: str) -> Served:
    return Served(item=str(at), account="a", prompt=prompt, response=response, siblings=("s",))


@given(st.lists(st.tuples(TEXTS, TEXTS, st.booleans(), st.integers(0, 5)), max_size=8))
def test_the_index_finds_what_reading_everything_finds(rows: list[tuple[str, str, bool, int]]) -> None:
    items: list[Served] = []
    for at, (prompt, response, quotes, back) in enumerate(rows):
        quoted = items[-1 - back % len(items)].response if quotes and items else ""
        items.append(item(at, f"{at} {prompt}{quoted}{prompt}", response))
    earlier: list[str] = []
    expected = []
    for one in items:
        if not any(text in one.prompt for text in earlier):
            expected.append(one)
        earlier += [text for text in [one.response.strip()] if len(text) >= SHORTEST]
    assert fit_items(items)[0] == tuple(expected)


def test_a_quote_is_found_at_either_end_of_a_prompt() -> None:
    said = "what was served to them before"
    for prompt in (said, f"{said} and more", f"more and {said}"):
        assert len(fit_items([item(0, "q", f"  {said}\n"), item(1, prompt, "x")])[0]) == 1
    assert len(fit_items([item(0, "q", said), item(1, said[1:], "x"), item(2, said[:-1], "y")])[0]) == 3


def test_four_times_the_items_take_nowhere_near_sixteen_times_as_long() -> None:
    items = made_items(np.random.default_rng(12), 12_000, siblings=1)
    items = tuple(replace(one, response=f"The answer is: {one.response}") for one in items)

    def seconds(n: int) -> float:
        taken = []
        for _ in range(3):
            begun = time.process_time()
            assert len(fit_items(items[:n])[0]) == n
            taken.append(time.process_time() - begun)
        return min(taken)

    assert seconds(12_000) < 8 * seconds(3_000)
