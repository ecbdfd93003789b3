"""Conditions over standing, in CEL, the language of Kubernetes and Envoy: checked when a policy is read, never asked per request.

What is unknown of an account is absent from its facts, and a condition that needs it does not hold, nor does its opposite.
Spec: https://github.com/google/cel-spec.
"""

from __future__ import annotations

import functools
import re
from collections.abc import Callable, Mapping
from typing import Any

from stillwatch.core.errors import Fault, PolicyError
from stillwatch.core.extras import get_extra
from stillwatch.policy.rule import Condition

__all__ = ["FACTS", "condition"]

FACTS: dict[str, tuple[str, str]] = {
    "proposed": ("text", "step that the machine proposes: allow, observe, clamp or throttle"),
    "evidence": (
        "whole number",
        "level of evidence in decibans, ten times the decimal logarithm of the e-value: 20 is a hundred to one",
    ),
    "kinds": ("whole number", "kinds of finding behind it: its own traffic, the actor it is part of"),
    "reasons": ("list of texts", "reason codes"),
    "product": ("text", "product type of the account; unknown where it is not on record"),
    "purposes": ("list of texts", "declared purposes that are registered"),
    "in_actor": ("true or false", "whether it is part of an actor under review"),
    "actor_accounts": ("whole number", "accounts of that actor; unknown where there is none"),
    "lookalike": ("text", "innocent explanation that fits; empty where none does"),
}
"""The facts of an account's standing that a condition may speak of: type and meaning."""

_LITERAL = re.compile(r'"(?:\\.|[^"\\])*"|\'(?:\\.|[^\'\\])*\'')
_NUMBERS = re.compile(r"no matching overload for '_(?:[<>]=?|[=!]=)_' applied to '\((?:int, double|double, int)\)'")


def condition(text: str) -> Condition:
    """Check a condition and make it ready.

    Raises:
        PolicyError: when it is no CEL, speaks of something unknown or is not true or false; or when CEL is not installed.
    """
    environment, boolean = _environment()
    try:
        compiled = environment.compile(text)
    except RuntimeError as error:
        raise _faulty(_readable(str(error))) from None
    if compiled.return_type() != boolean:
        raise _faulty(f"is of type {compiled.return_type().name().lower()}, expected a condition that is true or false")
    return Condition(text, speaks_of(text), _test(compiled, boolean))


def speaks_of(text: str) -> frozenset[str]:
    """The facts whose names stand in a condition outside its quotations.

    >>> sorted(speaks_of('proposed == "kinds" && evidence > 3'))
    ['evidence', 'proposed']
    """
    bare = _LITERAL.sub("", text)
    return frozenset(name for name in FACTS if re.search(rf"\b{name}\b", bare))


def _test(compiled: Any, boolean: Any) -> Callable[[Mapping[str, Any]], bool]:
    def holds(facts: Mapping[str, Any]) -> bool:
        told = compiled.eval(data=facts)
        return bool(told.type() == boolean and told.value())

    return holds


@functools.cache
def _environment() -> tuple[Any, Any]:
    try:
        from cel_expr_python import cel
    except ImportError as error:
        raise _faulty(f"conditions need CEL; {get_extra('gateway')}") from error
    kinds = {
        "text": cel.Type.STRING,
        "whole number": cel.Type.INT,
        "true or false": cel.Type.BOOL,
        "list of texts": cel.Type.List(cel.Type.STRING),
    }
    return cel.NewEnv(variables={name: kinds[kind] for name, (kind, _) in FACTS.items()}), cel.Type.BOOL


def _readable(error: str) -> str:
    """The first complaint of CEL, with its place, in one line."""
    unknown = re.search(r"undeclared reference to '([^']*)'", error)
    if unknown is not None:
        return f"speaks of {unknown[1]}, which is unknown; known are {', '.join(FACTS)}"
    told = error.split("\n", 1)[0].removeprefix("INVALID_ARGUMENT: ERROR: <input>:")
    hint = "; facts are whole numbers, so write 20 and not 20.0" if _NUMBERS.search(error) else ""
    return f"no condition: {told[:200]}{hint}"


def _faulty(message: str) -> PolicyError:
    return PolicyError([Fault(path="", message=message)])
