"""A prompt that quotes an earlier response is found as by reading everything, and in time that grows with the text alone."""

from __future__ import annotations

import random
import time

import pytest

from stillwatch.audit import Served, fit_items
from stillwatch.audit.conditions import SHORTEST


def item(at: int, prompt: str, response: str) -> Served:
    return Served(item=str(at), account="a", prompt=prompt, response=response, siblings=("s",))


def told(rng: random.Random) -> str:
    return "".join(rng.choices("ab é", k=rng.randrange(3 * SHORTEST)))


@pytest.mark.parametrize("seed", range(40))
def test_the_index_finds_what_reading_everything_finds(seed: int) -> None:
    rng = random.Random(seed)  # noqa: S311 - texts of a test, no secret
    items: list[Served] = []
    for at in range(12):
        quoted = rng.choice(items).response[rng.randrange(3) :] if items and rng.random() < 0.5 else ""
        items.append(item(at, f"{at} {told(rng)}{quoted}{told(rng)}", told(rng)))
    earlier: list[str] = []
    expected = []
    for one in items:
        if not any(text in one.prompt for text in earlier):
            expected.append(one)
        earlier += [text for text in [one.response.strip()] if len(text) >= SHORTEST]
    assert fit_items(items)[0] == tuple(expected)
    assert seed > 2 or len(expected) < len(items)


def test_a_quote_is_found_at_either_end_of_a_prompt() -> None:
    said = "what was served to them before"
    for prompt in (said, f"{said} and more", f"more and {said}"):
        assert len(fit_items([item(0, "q", f"  {said}\n"), item(1, prompt, "x")])[0]) == 1
    assert len(fit_items([item(0, "q", said), item(1, said[1:], "x"), item(2, said[:-1], "y")])[0]) == 3


def test_four_times_the_items_take_nowhere_near_sixteen_times_as_long() -> None:
    items = [item(at, f"question {at} of many", f"The answer to {at} begins as all do, {at}") for at in range(8_000)]

    def seconds(n: int) -> float:
        taken = []
        for _ in range(3):
            begun = time.process_time()
            assert len(fit_items(items[:n])[0]) == n
            taken.append(time.process_time() - begun)
        return min(taken)

    assert seconds(8_000) < 9 * seconds(2_000)
