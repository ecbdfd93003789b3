"""What a rule may ask of a request: a closed set of matchers, each typed, each on one fact. What is unknown never matches."""

from __future__ import annotations

import re
from collections.abc import Callable
from fnmatch import translate
from functools import reduce
from operator import attrgetter
from typing import Any

from stillwatch.policy.fields import Fields
from stillwatch.policy.records import Asked, Dialect
from stillwatch.policy.rule import Match

__all__ = ["MATCHERS", "read_match"]

_Test = Callable[[Asked], bool]

_FLAGS = ("stream", "logprobs", "logit_bias", "reasoning", "tools")
_COUNTS = ("n", "top_logprobs", "top_k", "max_tokens", "turns", "body_bytes", "account_days")

MATCHERS = (
    "model",
    "pathway",
    "dialect",
    *_FLAGS,
    *(f"{name}_at_least" for name in _COUNTS),
    *(f"{name}_at_most" for name in _COUNTS),
)
"""Every matcher: patterns of model names, pathways, dialects, flags, and bounds of counts."""


def read_match(fields: Fields) -> Match | None:
    """Read the table `match` of a rule; every matcher in it must hold. Faults go to the fields."""
    words: list[tuple[str, Any]] = []
    tests: list[_Test] = []

    def add(key: str, value: Any, test: _Test) -> None:
        words.append((key, value))
        tests.append(test)

    models = fields.texts("model")
    if models is not None:
        add("model", models, _model(models))
    pathways = fields.texts("pathway")
    if pathways is not None:
        add("pathway", pathways, _among("pathway", frozenset(pathways)))
    dialects = fields.texts("dialect", one_of=[one.value for one in Dialect])
    if dialects is not None:
        add("dialect", dialects, _among("dialect", frozenset(map(Dialect, dialects))))
    for name in _FLAGS:
        flag = fields.flag(name)
        if flag is not None:
            add(name, flag, _is(name, flag))
    for name in _COUNTS:
        for side, low in (("at_least", 1), ("at_most", 0)):
            bound = fields.whole(f"{name}_{side}", low=low)
            if bound is not None:
                add(f"{name}_{side}", bound, _least(name, bound) if side == "at_least" else _most(name, bound))
    fields.left()
    if not words:
        fields.fault("", f"empty; expected at least one of {', '.join(MATCHERS)}")
        return None
    return Match(tuple(words), reduce(_both, tests))


def _model(patterns: tuple[str, ...]) -> _Test:
    found = re.compile("|".join(translate(one.lower()) for one in patterns)).match
    return lambda asked: asked.model is not None and found(asked.model.lower()) is not None


def _among(name: str, values: frozenset[Any]) -> _Test:
    return lambda asked: getattr(asked, name) in values


def _is(name: str, flag: bool) -> _Test:
    fact = attrgetter(name)
    return fact if flag else lambda asked: not fact(asked)


def _least(name: str, bound: int) -> _Test:
    return lambda asked: (value := getattr(asked, name)) is not None and value >= bound


def _most(name: str, bound: int) -> _Test:
    return lambda asked: (value := getattr(asked, name)) is not None and value <= bound


def _both(one: _Test, other: _Test) -> _Test:
    return lambda asked: one(asked) and other(asked)
