"""Past traffic through the gate: whom a policy would have touched, request by request, before it goes live."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa

from stillwatch.policy.gatekeeper import Gatekeeper
from stillwatch.policy.records import Asked, Dialect, Step, Used

__all__ = ["NEEDS", "NOT_REPLAYED", "Tally", "replay"]

NEEDS = (
    "at",
    "account",
    "org",
    "end_user",
    "pathway",
    "model",
    "stream",
    "n",
    "top_logprobs",
    "logprobs",
    "logit_bias",
    "top_k",
    "max_tokens",
    "turns",
    "tools",
    "reasoning_returned",
    "reasoning_tokens",
    "input_tokens",
    "output_tokens",
)
"""The columns of `features` that a replay reads."""

NOT_REPLAYED = (
    "limits of concurrent requests: logs do not say when an answer ended",
    "matchers of dialect and body_bytes: the tables do not hold them",
    "what callers would have done after a refusal: they are taken to go on as they did",
)
"""What a replay cannot know, in words."""


@dataclass(kw_only=True, slots=True)
class Tally:
    """What would have become of one account: its requests, those by step and by rule, those refused, and those that a shadow rule names.

    A request is touched where its step is a clamp or harder; to observe touches nobody.
    """

    requests: int = 0
    touched: int = 0
    refused: int = 0
    steps: Counter[str] = field(default_factory=Counter)
    rules: Counter[str] = field(default_factory=Counter)
    refused_by: Counter[str] = field(default_factory=Counter)
    shadows: Counter[str] = field(default_factory=Counter)


def replay(gate: Gatekeeper, rows: Iterable[pa.Table]) -> dict[int, Tally]:
    """Play requests through a gate in the order given, each settled at once with what it used; tallies by account.

    Args:
        rows: tables with the columns `NEEDS`, in order of time. Requests without an account are left out.
    """
    found: dict[int, Tally] = {}
    for some in rows:
        for row in some.select(list(NEEDS)).to_pylist():
            if row["account"] is not None:
                _one(gate, row, found.setdefault(row["account"], Tally()))
    return found


def _one(gate: Gatekeeper, row: Mapping[str, Any], tally: Tally) -> None:
    at = row["at"].timestamp()
    asked = Asked(
        at=at,
        account=row["account"],
        dialect=Dialect.OTHER,
        org=row["org"],
        end_user=row["end_user"],
        pathway=row["pathway"] or "",
        model=row["model"],
        stream=bool(row["stream"]),
        n=row["n"],
        top_logprobs=row["top_logprobs"],
        logprobs=bool(row["logprobs"]),
        logit_bias=bool(row["logit_bias"]),
        top_k=row["top_k"],
        max_tokens=row["max_tokens"],
        reasoning=bool(row["reasoning_returned"] or row["reasoning_tokens"]),
        tools=row["tools"] is not None,
        turns=row["turns"],
    )
    ruling = gate.decide(asked)
    tally.requests += 1
    tally.steps[ruling.step.name.lower()] += 1
    if ruling.step >= Step.CLAMP:
        tally.touched += 1
        tally.rules[ruling.rule] += 1
    if ruling.shadow is not None:
        tally.shadows[ruling.shadow_rule] += 1
    if ruling.refused:
        tally.refused += 1
        tally.refused_by[ruling.rule] += 1
        return
    used = Used(
        at=at,
        input_tokens=row["input_tokens"],
        output_tokens=row["output_tokens"],
        reasoning_tokens=row["reasoning_tokens"],
    )
    gate.settle(asked, ruling, used)
