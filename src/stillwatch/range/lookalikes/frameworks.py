# ruff: noqa: E501 - texts stand on one line each
"""Agent frameworks: unrelated developers whose programs carry a framework's default prompts and tools, each with tasks of its own."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts and median requests a day."""

    group: str = "harness/framework"
    accounts: int = 220
    median: float = 10.0


_SYSTEM = """Answer the following questions as best you can. You have access to tools.

Use the following format:

Question: the input question you must answer
Thought: you should always think about what to do
Action: the action to take
Action Input: the input to the action
Observation: the result of the action
... (this Thought/Action/Action Input/Observation can repeat N times)
Thought: I now know the final answer
Final Answer: the final answer to the original input question"""
_TOOLS = [
    {
        "type": "function",
        "function": {
            "name": name,
            "description": name,
            "parameters": {"type": "object", "properties": {"query": {"type": "string"}}},
        },
    }
    for name in ("search", "calculator", "lookup")
]


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the developers and send their agents' runs."""
    size = scaled(knobs.accounts, scale, least=5)
    who = accounts.people(
        ground, rng, size, product="coding", group=knobs.group, role="lookalike", program="sdk", stream=0.1, plans={"payg": 0.8, "plus": 0.2}
    )  # fmt: skip
    counts = heavy_tailed(rng, size, median=knobs.median, spread=1.1, most=500)
    cut = turns(rng, ground.clock, counts, zone=ground.trait("zone")[who], profile="office", mean_turns=3.0, pause=8.0)
    total = len(cut.owner)
    tasks = ground.shelf("bfcl_v4", "webarena_tasks", "nq_open", "tau2_tasks", longest=2000)
    seen = ground.texts.numbers([f"Observation: {n} results, the first says {n * 7 % 113}" for n in range(400)])
    text = np.where(cut.turn > 0, seen[rng.integers(0, len(seen), total)], tasks[Deck(len(tasks), rng).draw(total)])
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        frame=np.where(cut.turn > 0, -1, ground.frames.number("Question: {a}\nThought:")),
        system=ground.texts.number(_SYSTEM),
        tools=ground.tools.number(json.dumps(_TOOLS, separators=(",", ":"))),
        before=cut.before,
        conversation=cut.conversation,
        reply=Reply.ACTION,
        tokens_out=answer_lengths(rng, rng.integers(100, 900, total), trace="code"),
    )
