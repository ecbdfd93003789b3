"""What the machine proposes for accounts, up to throttle: from their own evidence, and from the actor that they are part of."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
import pyarrow.compute as pc

from stillwatch.core import Decision, Settings
from stillwatch.engine import Store
from stillwatch.pipeline.view_accounts import explained
from stillwatch.pipeline.view_rows import evidence_where
from stillwatch.stats import e_bh

__all__ = ["STEPS", "Proposal", "decibans", "proposals"]

STEPS = ("allow", "observe", "clamp", "throttle")
"""What the machine may propose, mildest first."""

_CARRIES = {"verify": "clamp", "throttle": "throttle", "block": "throttle"}
"""The step that the hardest budget passed carries: what is a person's to decide has something milder in its place."""

_MOST = 3000


@dataclass(frozen=True, kw_only=True, slots=True)
class Proposal:
    """What the machine proposes for one account, and why. `evidence` is in decibans, unknown where nothing was decided."""

    step: str
    reasons: frozenset[str]
    kinds: int
    evidence: int | None = None
    lookalike: str | None = None
    actor: int | None = None
    actor_accounts: int | None = None


def proposals(store: Store, settings: Settings) -> dict[int, Proposal]:
    """The machine's proposals after a scan, by account; whoever has none is left out."""
    found = _from_accounts(store)
    for account, of_actor in _from_actors(store, settings).items():
        own = found.get(account)
        found[account] = of_actor if own is None else _both(own, of_actor)
    return found


def decibans(e_value: float | None) -> int | None:
    """The level of evidence: ten times the decimal logarithm, rounded down; unknown stays unknown.

    >>> decibans(100.0), decibans(0.5), decibans(None)
    (20, -4, None)
    """
    if e_value is None:
        return None
    if e_value <= 0 or math.isinf(e_value):
        return _MOST if e_value > 0 else -_MOST
    return max(-_MOST, min(_MOST, math.floor(10 * math.log10(e_value))))


def _from_accounts(store: Store) -> dict[int, Proposal]:
    review = (pc.field("signal") == "combined") & (pc.field("decision") == Decision.REVIEW.value)
    rows = evidence_where(store, review).to_pylist()
    fitting = explained(store, [row["account"] for row in rows])
    return {
        row["account"]: Proposal(
            step=_CARRIES.get(row["proposal"] or "", "observe"),
            reasons=frozenset({"unusual_traffic"}),
            kinds=1,
            evidence=decibans(row["e_value"]),
            lookalike=fitting.get(row["account"]),
        )
        for row in rows
    }


def _from_actors(store: Store, settings: Settings) -> dict[int, Proposal]:
    """Members of actors under review. How hard: the error budgets of accounts, spent by e-BH over all actors that were ever tracked."""
    review = {row["actor"]: row for row in store.read("actors").to_pylist() if row["decision"] == Decision.REVIEW.value}
    steps = dict.fromkeys(review, "observe")
    tracked = _tracked(store)
    for action, step in _CARRIES.items():
        q: float = getattr(settings.detect.budgets, action)
        passed = e_bh(np.array(list(tracked.values()), np.float64), q=q).selected if tracked else ()
        for actor, passes in zip(tracked, passed, strict=True):
            if passes and actor in steps:
                steps[actor] = max(steps[actor], step, key=STEPS.index)
    found: dict[int, Proposal] = {}
    for row in store.read("actor_members", ["actor", "account"]).to_pylist():
        if row["actor"] in review:
            made = _member(review[row["actor"]], steps[row["actor"]])
            held = found.get(row["account"])
            found[row["account"]] = made if held is None or _rank(made) > _rank(held) else held
    return found


def _tracked(store: Store) -> dict[int, float]:
    """The evidence so far of every actor that was ever tracked and went into no other, by its last look."""
    last: dict[int, Mapping[str, Any]] = {}
    for row in store.read("actor_looks", ["actor", "day", "evidence", "merged_into"]).to_pylist():
        held = last.get(row["actor"])
        if held is None or row["day"] > held["day"]:
            last[row["actor"]] = row
    return {actor: row["evidence"] or 0.0 for actor, row in sorted(last.items()) if row["merged_into"] is None}


def _member(actor: Mapping[str, Any], step: str) -> Proposal:
    return Proposal(
        step=step,
        reasons=frozenset({"coordinated_accounts"}),
        kinds=1,
        evidence=decibans(actor["evidence"]),
        lookalike=actor["lookalike"] if actor["lookalike_fits"] else None,
        actor=actor["actor"],
        actor_accounts=actor["accounts"],
    )


def _both(own: Proposal, actor: Proposal) -> Proposal:
    """Two kinds of finding on one account: the harder step, the stronger evidence; innocent only if neither is left unexplained."""
    levels = [one.evidence for one in (own, actor) if one.evidence is not None]
    return Proposal(
        step=max(own.step, actor.step, key=STEPS.index),
        reasons=own.reasons | actor.reasons,
        kinds=2,
        evidence=max(levels, default=None),
        lookalike=own.lookalike if own.lookalike is not None and actor.lookalike is not None else None,
        actor=actor.actor,
        actor_accounts=actor.actor_accounts,
    )


def _rank(one: Proposal) -> tuple[int, int, int]:
    """Of two actors the one that weighs more, ties by id, so that the order of rows decides nothing."""
    return STEPS.index(one.step), one.evidence or 0, -(one.actor or 0)
