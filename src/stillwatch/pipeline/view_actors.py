"""Candidate actors as a report shows them: rows of `actors` with their tests, families, members and hours."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pyarrow as pa

from stillwatch.actors import LOOKALIKES, TESTS
from stillwatch.core import Decision, Part, Support, Technique, Vote, handle
from stillwatch.engine import Store
from stillwatch.pipeline.pictures import Pictures
from stillwatch.pipeline.view_examples import examples_by_family
from stillwatch.pipeline.view_history import events_by_actor, looks_by_actor
from stillwatch.pipeline.view_impact import displacement, replacement, sought_by, uses_of
from stillwatch.pipeline.view_links import link_picture
from stillwatch.pipeline.view_rows import facts_by_account, grouped
from stillwatch.report import (
    ActorView,
    Example,
    FamilyView,
    HeldOutTest,
    HistoryEvent,
    HourCount,
    LookalikeCheck,
    LookView,
    MemberView,
    ReleaseMark,
    Statement,
)

__all__ = ["actor_views"]

_MEASURE_A_SHARE = {
    "template_persists",
    "elicitation",
    "open_requests",
    "newcomers",
    "shared_instruments",
    "replayed_reasoning",
    "single_turn",
    "distinct_prompts",
    "replaced_heads",
    "release_pivot",
}
"""Tests whose value is a share, and so shown as a percentage; the others count or divide."""

_BEFORE = dt.timedelta(days=2)
"""How long before an actor's first exchange a model's launch still stands on its timeline."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Tables:
    """The rows that actors are drawn from beside their own: by actor, family and account."""

    evidence: Mapping[int, Sequence[Mapping[str, Any]]]
    members: Mapping[int, Sequence[Mapping[str, Any]]]
    families: Mapping[int, Mapping[str, Any]]
    examples: Mapping[int, tuple[Example, ...]]
    facts: Mapping[int, Mapping[str, Any]]
    links: pa.Table
    releases: tuple[ReleaseMark, ...]
    pictures: Pictures
    looks: Mapping[int, tuple[LookView, ...]]
    events: Mapping[int, tuple[HistoryEvent, ...]]


def actor_views(
    store: Store,
    actors: Sequence[Mapping[str, Any]],
    members: Mapping[int, Sequence[Mapping[str, Any]]],
    pictures: Pictures,
    *,
    examples: int,
) -> tuple[ActorView, ...]:
    """Every candidate, in the order given.

    Args:
        actors: rows of `actors`, in rank order.
        members: rows of `actor_members` by actor.
        pictures: what was counted for the pictures while the features were at hand.
        examples: redacted examples of each family; with 0 no text is opened.
    """
    families = {row["family"]: row for row in store.read("families").to_pylist()}
    tables = _Tables(
        evidence=grouped(store.read("actor_evidence"), "actor"),
        members=members,
        families=families,
        examples=examples_by_family(store, actors, families, pictures.examples, show=examples),
        facts=facts_by_account(store, (row["account"] for rows in members.values() for row in rows)),
        links=store.read("links"),
        releases=tuple(ReleaseMark(model=r["model"], at=r["at"]) for r in store.read("releases").to_pylist()),
        pictures=pictures,
        looks=looks_by_actor(store),
        events=events_by_actor(store, members, pictures),
    )
    return tuple(_actor(row, tables) for row in actors)


def _actor(row: Mapping[str, Any], tables: _Tables) -> ActorView:
    evidence = tables.evidence[row["actor"]]
    members = sorted(
        tables.members[row["actor"]], key=lambda m: (-m["harvest_exchanges"], -m["exchanges"], m["account"])
    )
    families = [tables.families[family] for family in row["families"]]
    return ActorView(
        handle=handle("actor", row["actor"]),
        decision=Decision(row["decision"]),
        reason=row["reason"],
        accounts=row["accounts"],
        exchanges=row["exchanges"],
        harvest_exchanges=row["harvest_exchanges"],
        yield_exchanges=row["yield_exchanges"],
        capability=row["capability"],
        first_seen=row["first_seen"],
        last_seen=row["last_seen"],
        yield_tokens=row["yield_tokens"],
        techniques=tuple(sorted({name for family in families for name in _techniques(family["elicitation"])})),
        found_by=tuple(row["found_by"]),
        tests=tuple(_test(e) for e in evidence if e["test"] in TESTS),
        e_value=row["evidence"],
        threshold=row["threshold"],
        lookalikes=tuple(_lookalike(e) for e in evidence if e["test"].startswith("lookalike:")),
        families=tuple(
            _family(
                family,
                examples=tables.examples.get(family["family"], ()),
                inside=tables.pictures.inside.get((row["actor"], family["family"])),
            )
            for family in families
        ),
        members=tuple(_member(m, tables.facts.get(m["account"], {})) for m in members),
        links=link_picture(row, members, tables.links),
        hours=tuple(
            HourCount(at=dt.datetime.fromtimestamp(hour * 3600, dt.UTC), harvest=harvest, other=other)
            for hour, harvest, other in tables.pictures.hours.get(row["actor"], [])
        ),
        releases=tuple(r for r in tables.releases if row["first_seen"] - _BEFORE <= r.at <= row["last_seen"]),
        looks=tables.looks.get(row["actor"], ()),
        events=tables.events.get(row["actor"], ()),
        uses=uses_of(tables.pictures.uses.get(row["actor"], ())),
        sought=sought_by(tables.pictures.sought.get(row["actor"]), tables.pictures.sought_by_all),
        replacement=replacement(members),
        displacement=displacement(
            members,
            tables.pictures.models.get(row["actor"], ()),
            tables.pictures.pathways.get(row["actor"], ()),
        ),
        statements=tuple(_hypothesis(e) for e in evidence if e["test"].startswith("hypothesis:")),
    )


def _hypothesis(row: Mapping[str, Any]) -> Statement:
    """Who may run the accounts, as an inferred sentence: what speaks for and against, and never a name."""
    said = row["sentence"]
    told = said[:1].upper() + said[1:] if row["test"] == "hypothesis:answer" else f"Hypothesis: {said}"
    return Statement(part=Part.INFERRED, sentence=f"{told}.", ground="hypothesis")


def _test(row: Mapping[str, Any]) -> HeldOutTest:
    return HeldOutTest(
        test=row["test"],
        vote=Vote(row["vote"]),
        supports=Support(row["supports"]),
        n=row["n"],
        null=row["null"],
        sentence=row["sentence"],
        title=row["test"].replace("_", " "),
        unit="share" if row["test"] in _MEASURE_A_SHARE else "",
        value=row["value"],
        low=row["low"],
        high=row["high"],
        expected=row["expected"],
        needed=row["needed"],
        p_value=row["p_value"],
        e_value=row["e_value"],
    )


def _lookalike(row: Mapping[str, Any]) -> LookalikeCheck:
    name = row["test"].partition(":")[2]
    meaning = (LOOKALIKES[name].__doc__ or "").splitlines()[0] if name in LOOKALIKES else ""
    return LookalikeCheck(
        name=name.replace("_", " "),
        fits=None if row["value"] is None else row["supports"] == Support.INNOCENT,
        why=row["sentence"],
        meaning=meaning,
    )


def _family(row: Mapping[str, Any], *, examples: tuple[Example, ...], inside: float | None) -> FamilyView:
    return FamilyView(
        handle=handle("family", row["family"]),
        scope=row["scope"],
        exchanges=row["exchanges"],
        accounts=row["accounts"],
        first_at=row["first_at"],
        last_at=row["last_at"],
        distinct=row["distinct_prompts"],
        single_turn=row["single_turn"],
        exclusivity=row["exclusivity"],
        inside=inside,
        fragments=row["fragments"],
        joined_by=row["joined_by"],
        techniques=_techniques(row["elicitation"]),
        examples=examples,
    )


def _member(row: Mapping[str, Any], facts: Mapping[str, Any]) -> MemberView:
    return MemberView(
        handle=handle("account", row["account"]),
        exchanges=row["exchanges"],
        harvest_exchanges=row["harvest_exchanges"],
        links=row["links"],
        weight=row["weight"],
        reason=row["reason"],
        product_type=facts.get("product_type"),
        plan=facts.get("plan"),
        signup_path=facts.get("signup_path"),
        created=facts.get("created"),
        first_seen=row["valid_from"],
        stopped=row["valid_to"],
        replaces=None if row["replaces"] is None else handle("account", row["replaces"]),
    )


def _techniques(bits: int) -> tuple[str, ...]:
    """The names of the techniques whose bits are set."""
    return tuple(str(technique) for place, technique in enumerate(Technique) if bits >> place & 1)
