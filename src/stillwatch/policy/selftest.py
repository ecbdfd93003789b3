"""The tests that stand beside the rules: each is played through the gate as a request would be, and compared field by field."""

from __future__ import annotations

import datetime as dt
import typing
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from typing import Any

import msgspec
import pyarrow as pa

from stillwatch.core.errors import Fault, PolicyError
from stillwatch.engine import table
from stillwatch.policy.fields import shown
from stillwatch.policy.gatekeeper import Gatekeeper
from stillwatch.policy.records import Asked, Dialect, Ruling, Step, Used
from stillwatch.policy.rule import Example, Policy
from stillwatch.policy.standing import Standing

__all__ = ["Outcome", "run_tests"]

_ACCOUNT = 1
_AT = dt.datetime(2026, 1, 1, tzinfo=dt.UTC)
_EXPECTED = (
    "step",
    "code",
    "rule",
    "refused",
    "appeal",
    "clamp",
    "hide",
    "mark",
    "hold",
    "siblings",
    "lock_context",
    "degrade",
    "review",
    "shadow",
    "shadow_rule",
)


@dataclass(frozen=True, kw_only=True, slots=True)
class Outcome:
    """How one test went: what it says, and how the ruling differs from what was expected; nothing where it holds."""

    says: str
    path: str
    differs: tuple[str, ...]


def run_tests(policy: Policy) -> tuple[Outcome, ...]:
    """Play every test of a policy.

    Raises:
        PolicyError: when a test speaks of facts that there are not, every fault at once.
    """
    faults: list[Fault] = []
    cases = [(one, _standing(one, faults), _asked(one, faults), _settled(one, faults)) for one in policy.tests]
    if faults:
        raise PolicyError(faults)
    return tuple(
        Outcome(says=one.says, path=one.path, differs=tuple(_differs(one, _ruled(policy, one, standing, asked, used))))
        for one, standing, asked, used in cases
    )


def _ruled(policy: Policy, example: Example, standing: Standing, asked: Asked, used: Used | None) -> Ruling:
    gate = Gatekeeper(policy, standing)
    ruling = gate.decide(asked)
    for _ in range(example.times - 1):
        if used is not None and not ruling.refused:
            gate.settle(asked, ruling, used)
        ruling = gate.decide(asked)
    return ruling


def _standing(example: Example, faults: list[Fault]) -> Standing:
    names = table("standing").names()
    given = {name: value for name, value in example.standing.items() if name in names}
    faults += _unknown(example.standing, names, f"{example.path}.standing")
    plain = {
        "account": _ACCOUNT,
        "proposed": "allow",
        "reasons": [],
        "purposes": [],
        "kinds": 0,
        "ticket": 1,
        "seen": _AT,
    }
    rows = [{**dict.fromkeys(names), **plain, **given}] if example.standing else []
    try:
        made = pa.Table.from_pylist(rows, schema=table("standing").schema)
    except (pa.ArrowException, TypeError, ValueError) as error:
        faults.append(Fault(path=f"{example.path}.standing", message=f"cannot be a standing: {error}"))
        made = table("standing").schema.empty_table()
    return Standing(rows=made, serial=1, made=_AT.timestamp())


def _asked(example: Example, faults: list[Fault]) -> Asked:
    plain = {"at": _AT.timestamp() + 1, "account": _ACCOUNT, "dialect": Dialect.CHAT.value}
    return _record(Asked, plain, example.asked, f"{example.path}.asked", faults) or Asked(
        at=0.0, account=_ACCOUNT, dialect=Dialect.CHAT
    )


def _settled(example: Example, faults: list[Fault]) -> Used | None:
    if not example.used:
        return None
    return _record(Used, {"at": _AT.timestamp() + 1}, example.used, f"{example.path}.used", faults)


_Record = typing.TypeVar("_Record", Asked, Used)


def _record(
    kind: type[_Record], plain: Mapping[str, Any], given: Mapping[str, Any], path: str, faults: list[Fault]
) -> _Record | None:
    known = kind.__struct_fields__
    faults += _unknown(given, known, path)
    try:
        return msgspec.convert({**plain, **{k: v for k, v in given.items() if k in known}}, kind)
    except msgspec.ValidationError as error:
        faults.append(Fault(path=path, message=str(error)))
        return None


def _unknown(given: Mapping[str, Any], known: Sequence[str], path: str) -> list[Fault]:
    told = f"unknown; known are {', '.join(known)}"
    return [Fault(path=f"{path}.{name}", message=told) for name in given if name not in known]


def _differs(example: Example, ruling: Ruling) -> Iterator[str]:
    for name, wanted in example.expect.items():
        if name not in _EXPECTED:
            yield f"{name}: unknown; a test may expect {', '.join(_EXPECTED)}"
            continue
        if name in ("clamp", "hold", "siblings") and isinstance(wanted, Mapping):
            part = getattr(ruling, name)
            got: Any = {} if part is None else {k: getattr(part, k, None) for k in wanted}
            wanted = dict(wanted)
        else:
            got = _plain(name, ruling)
        if got != wanted:
            yield f"{name}: got {shown(got)}, expected {shown(wanted)}"


def _plain(name: str, ruling: Ruling) -> Any:
    value = getattr(ruling, name)
    if name == "appeal":
        return value is not None
    if isinstance(value, Step):
        return value.name.lower()
    return value.value if isinstance(value, Enum) else value
