"""Reading a policy: one TOML file of rules, checked as a whole before anything of it counts. Every fault is told at once, with its path."""

from __future__ import annotations

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import replace
from importlib.resources import files
from pathlib import Path
from typing import Any

from stillwatch.core.errors import Fault, PolicyError
from stillwatch.policy.fields import Fields
from stillwatch.policy.markers import read_markers
from stillwatch.policy.read_rule import read_limits, read_rule
from stillwatch.policy.records import Step
from stillwatch.policy.rule import Example, People, Policy, Rule, Trust, Without

__all__ = ["DEFAULT", "default_policy", "policy_from", "read_policy"]

DEFAULT = "default.toml"
"""The policy that is used where none is named; it lies in this room."""

_NAME = re.compile(r"[a-z0-9][a-z0-9-]{0,63}")
_MOST_RULES = 60


def read_policy(path: Path | None = None) -> Policy:
    """Read a policy file; the default policy where none is named.

    Raises:
        PolicyError: with every fault of the file. A policy without a rule is one: nothing would stand in the way, and nobody would know.
    """
    where = str(path) if path is not None else DEFAULT
    try:
        data = path.read_bytes() if path is not None else default_policy()
    except OSError as error:
        raise PolicyError([Fault(path=where, message=f"cannot be read: {error.strerror or error}")]) from error
    try:
        raw = tomllib.loads(data.decode("utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise PolicyError([Fault(path=where, message=f"not TOML: {error}")]) from error
    return policy_from(raw, digest=hashlib.blake2b(data, digest_size=4).hexdigest())


def default_policy() -> bytes:
    """The file of the policy that ships, as it stands."""
    return files(__package__).joinpath(DEFAULT).read_bytes()


def policy_from(raw: Mapping[str, Any], *, digest: str = "") -> Policy:
    """Turn a parsed TOML document into a policy.

    Raises:
        PolicyError: with every fault at once.
    """
    faults: list[Fault] = []
    top = Fields(raw, "", faults)
    name = top.text("name")
    if name is None or not _NAME.fullmatch(name):
        if name is not None or "name" not in top:
            top.fault(
                "name", 'expected a name of the policy such as "house-2026-11", in small letters, digits and hyphens'
            )
        name = "unnamed"
    trust = _trust(top)
    exempt = _exempt(top)
    covert = top.table("covert")
    covert_until = _covert(covert)
    hidden, shadow = top.flag("unsafe_hidden_reasons"), top.flag("shadow")
    people = _people(top)
    markers = read_markers(top)
    rules = tuple(read_rule(one, covert=covert is not None, markers=markers) for one in top.tables("rules"))
    _together(top, rules)
    for name in markers.keys() - {rule.mark for rule in rules if rule is not None}:
        top.fault("marks", f'"{name}" is named by no rule')
    tests = tuple(_example(one, f"tests[{place}]") for place, one in enumerate(top.tables("tests")))
    top.left()
    if faults:
        raise PolicyError(faults)
    return Policy(
        name=name,
        id=f"{name}+{digest}" if digest else name,
        rules=tuple(replace(rule, shadow=rule.shadow or bool(shadow)) for rule in rules if rule is not None),
        people=people,
        trust=trust,
        exempt=exempt,
        covert_until=covert_until,
        told=not hidden,
        tests=tests,
    )


def _trust(top: Fields) -> Trust:
    fields = top.table("standing")
    if fields is None:
        return Trust()
    words = [one.value for one in Without]
    after = fields.span("stale_after")
    stale = fields.text("stale", one_of=words)
    missing = fields.text("missing", one_of=[one for one in words if one != Without.KEEP])
    fields.left()
    plain = Trust()
    return Trust(
        stale_after=after or plain.stale_after,
        stale=plain.stale if stale is None else Without(stale),
        missing=plain.missing if missing is None else Without(missing),
    )


def _exempt(top: Fields) -> frozenset[str]:
    fields = top.table("purposes")
    if fields is None:
        return frozenset()
    named = fields.texts("exempt")
    fields.left()
    return frozenset(named or ())


def _covert(fields: Fields | None) -> float | None:
    """When degrading and delays end; they are opted into together, for a time, by one table."""
    if fields is None:
        return None
    if not fields.flag("unsafe_degrade_and_delay"):
        fields.fault("unsafe_degrade_and_delay", "expected true: this table is there to say so")
    until = fields.day("until")
    if until is None and "until" not in fields:
        fields.fault("until", "missing; expected the last day of it, such as 2026-12-31")
    fields.left()
    return until


def _people(top: Fields) -> People:
    fields = top.table("people")
    if fields is None:
        top.fault("people", "missing; expected a table [people] that says how a person's decision is carried out")
        return People(limits=())
    limits = read_limits(fields, "throttle")
    if not limits:
        fields.fault("throttle", 'expected at least one limit such as [{ requests = 30, window = "1m" }]')
    verify, appeal = fields.text("verify_link"), fields.text("appeal_link")
    fields.left()
    return People(limits=limits, verify_link=verify or "", appeal_link=appeal or "")


def _together(top: Fields, rules: tuple[Rule | None, ...]) -> None:
    """What can be wrong with rules as a whole."""
    if not rules:
        top.fault(
            "rules",
            "none; a policy without rules does not load. To let everything through, write a rule whose step is allow",
        )
    if len(rules) > _MOST_RULES:
        top.fault("rules", f"got {len(rules)}, expected at most {_MOST_RULES}")
    seen: dict[str, int] = {}
    for place, rule in enumerate(rules):
        if rule is not None and rule.name in seen:
            top.fault(
                f"rules[{place}].name", f'got "{rule.name}", which is the name of rules[{seen[rule.name]}] already'
            )
        elif rule is not None:
            seen[rule.name] = place


def _example(fields: Fields, path: str) -> Example:
    says = fields.text("says")
    if says is None and "says" not in fields:
        fields.fault("says", "missing; expected what the test shows, in a sentence")
    given = {key: (fields.raw_table(key) or {}) for key in ("standing", "asked", "used", "expect")}
    if not given["expect"]:
        fields.fault(
            "expect",
            f'expected what must be ruled such as {{ step = "throttle" }}; steps are {", ".join(s.name.lower() for s in Step)}',
        )
    times = fields.whole("times", low=1, high=100_000)
    fields.left()
    return Example(says=says or "", path=path, times=times or 1, **given)
