"""What is told of an actor: who founded it, who joined, who merely passed by, and what was obtained."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.actors import ActorTables, Found, describe, find
from stillwatch.actors.tracking import actor_id
from stillwatch.core import Decision, Settings
from stillwatch.engine import table

from .worlds import BEGUN, OPEN, PRESSES, SALT, Crowd, World, at_hand, features, lists, template_anchors, world

OPERATOR = Crowd(
    name="operator", size=60, template="harvest", share=0.9, spread=0, subjects=0, presses=0.5, single=1, young=0.9
)
LATE, ONCE, DAILY = 424_242, 434_343, 444_444


def described(drawn: World, *, salt: int = SALT) -> tuple[Found, ActorTables]:
    with at_hand(drawn.features, drawn.facts) as (engine, (told, known)):
        found = find(engine, told, known, settings=Settings(), salt=salt)
        return found, describe(engine, told, found, salt=salt)


@pytest.fixture(scope="module")
def drawn() -> World:
    """Customers, an operator, an account of his that comes after the discovery, and two that are not his."""
    plain = world([Crowd(name="customers", size=500), OPERATOR], seed=4)
    marks = template_anchors("harvest").tolist()
    held = (
        [(LATE, 1, marks)] * 6
        + [(ONCE, 1, marks)]
        + [(DAILY, 1, marks)] * 2
        + [(DAILY, i % 2, [5, 6]) for i in range(20)]
    )
    extra = features(
        exchange_id=np.arange(len(held)),
        at=np.arange(len(held)),
        account=[a for a, _, _ in held],
        slice=[s for _, s, _ in held],
        anchors=lists([m for _, _, m in held]),
        turns=[1] * len(held),
        elicitation=[0] * len(held),
        prompt_hash=np.arange(len(held)),
        cell=[0] * len(held),
    )
    return replace(plain, features=pa.concat_tables([plain.features, extra]))


@pytest.fixture(scope="module")
def told(drawn: World) -> tuple[Found, ActorTables]:
    return described(drawn)


def shown(found: Found, tables: ActorTables) -> dict[str, Any]:
    rows: list[dict[str, Any]] = tables.actors.to_pylist()
    (actor,) = [a for a in rows if a["decision"] == Decision.REVIEW]
    return actor


def test_founders_are_told_from_those_who_joined_and_passers_by_are_left_out(
    drawn: World, told: tuple[Found, ActorTables]
) -> None:
    found, tables = told
    actor = shown(found, tables)
    rows = {r["account"]: r for r in tables.members.to_pylist() if r["actor"] == actor["actor"]}
    assert len(rows) == actor["accounts"]
    assert rows[LATE]["reason"] == "joined afterwards: 6 of its 6 exchanges carry the actor's templates"
    assert (rows[LATE]["links"], rows[LATE]["weight"]) == (0, 0.0)
    assert ONCE not in rows
    assert DAILY not in rows
    (group,) = [j.group for j in found.judged if j.decision is Decision.REVIEW]
    founding = {a for a, r in rows.items() if r["reason"].startswith("founding member")}
    assert founding <= set(group.accounts.tolist())
    joined = set(rows) - founding
    assert all(rows[a]["reason"].startswith("joined afterwards") for a in joined)
    assert joined <= {LATE, *drawn.members["operator"].tolist()}
    for one in rows.values():
        assert 1 <= one["harvest_exchanges"] <= one["exchanges"]


def test_a_founder_seen_with_the_template_once_among_other_traffic_is_trimmed(told: tuple[Found, ActorTables]) -> None:
    found, tables = told
    actor = shown(found, tables)
    members = [r for r in tables.members.to_pylist() if r["actor"] == actor["actor"]]
    assert not [r for r in members if r["harvest_exchanges"] < 2 and r["exchanges"] > 1]


def test_what_was_obtained_is_counted_once_a_prompt_and_only_where_it_was_answered(drawn: World) -> None:
    plain = world([Crowd(name="customers", size=500), OPERATOR], seed=4)
    rows = plain.features
    mine = pc.is_in(rows.column("account"), pa.array(plain.members["operator"]))
    every = np.flatnonzero(mine.to_numpy())
    refused, again = every[::4], every[1::4]
    outcome = np.array(rows.column("outcome").to_pylist(), dtype=object)
    outcome[refused] = "refused"
    prompt = rows.column("prompt_hash").to_numpy().copy()
    prompt[again] = 1
    for name, values in (("outcome", pa.array(outcome, pa.string())), ("prompt_hash", pa.array(prompt))):
        place = rows.schema.get_field_index(name)
        rows = rows.set_column(place, rows.schema.field(place), values)
    found, tables = described(replace(plain, features=rows))
    actor = shown(found, tables)
    members = pa.array([r["account"] for r in tables.members.to_pylist() if r["actor"] == actor["actor"]])
    own = rows.filter(pc.is_in(rows.column("account"), members))
    assert actor["exchanges"] == own.num_rows
    marks = set(template_anchors("harvest").tolist())
    harvest = [
        r
        for r in own.select(["anchors", "elicitation", "outcome", "prompt_hash", "output_tokens"]).to_pylist()
        if len(marks & set(r["anchors"])) >= 2 or r["elicitation"] & PRESSES
    ]
    answered = [r for r in harvest if r["outcome"] == "ok"]
    assert actor["harvest_exchanges"] == len(harvest)
    assert actor["yield_exchanges"] == len({r["prompt_hash"] for r in answered})
    assert actor["yield_tokens"] == sum(r["output_tokens"] for r in answered)
    assert actor["capability"].startswith("written-out reasoning")


def test_what_an_actor_asks_beside_its_harvest_is_not_the_capability_it_seeks() -> None:
    plain = world([Crowd(name="customers", size=500), replace(OPERATOR, share=0.6)], seed=4)
    marks = set(template_anchors("harvest").tolist())
    theirs = set(plain.members["operator"].tolist())
    rows = plain.features
    bits = [
        e if a not in theirs else PRESSES if len(marks & set(m)) >= 2 else OPEN
        for a, m, e in zip(*(rows.column(c).to_pylist() for c in ("account", "anchors", "elicitation")), strict=True)
    ]
    place = rows.schema.get_field_index("elicitation")
    dressed = replace(plain, features=rows.set_column(place, rows.schema.field(place), pa.array(bits, pa.int32())))
    assert shown(*described(dressed))["capability"] == "written-out reasoning"


def test_tables_keep_their_contracts_and_their_keys(told: tuple[Found, ActorTables]) -> None:
    found, tables = told
    for name, rows in (
        ("actors", tables.actors),
        ("actor_members", tables.members),
        ("actor_lineage", tables.lineage),
        ("actor_evidence", tables.evidence),
    ):
        contract = table(name)
        assert rows.schema == contract.schema
        for column in contract.columns:
            assert not column.required or rows.column(column.name).null_count == 0, (name, column.name)
        keys = list(zip(*(rows.column(k).to_pylist() for k in contract.key), strict=True))
        assert len(set(keys)) == len(keys)
    assert tables.actors.num_rows == tables.lineage.num_rows == len(found.judged)
    per_actor = {a["actor"]: 0 for a in tables.actors.to_pylist()}
    for row in tables.evidence.to_pylist():
        per_actor[row["actor"]] += row["test"] == "combined"
    assert set(per_actor.values()) == {1}


def test_times_are_those_of_the_members_traffic(drawn: World, told: tuple[Found, ActorTables]) -> None:
    found, tables = told
    actor = shown(found, tables)
    rows = [r for r in tables.members.to_pylist() if r["actor"] == actor["actor"]]
    own = drawn.features.filter(pc.is_in(drawn.features.column("account"), pa.array([r["account"] for r in rows])))
    assert actor["first_seen"] == pc.min(own.column("at")).as_py()
    assert actor["last_seen"] == pc.max(own.column("at")).as_py()
    late = next(r for r in rows if r["account"] == LATE)
    assert late["valid_from"] == dt.datetime.fromtimestamp(BEGUN / 1e6, dt.UTC)
    assert late["valid_to"] is not None, "it was silent for days when the logs ended"
    last = {r["account"]: r["at"] for r in own.sort_by("at").to_pylist()}
    assert all(r["valid_to"] in (None, last[r["account"]]) for r in rows)
    assert sum(r["valid_to"] is None for r in rows) > len(rows) / 2


@given(st.lists(st.integers(-(2**62), 2**62), min_size=1, max_size=8, unique=True), st.integers(0, 2**63 - 1))
def test_an_id_never_hangs_on_the_order_of_members_and_is_keyed(accounts: list[int], salt: int) -> None:
    day = "2026-01-05"
    one = actor_id(np.array(accounts, np.int64), day, salt)
    assert one == actor_id(np.array(accounts[::-1], np.int64), day, salt)
    assert one != actor_id(np.array(accounts, np.int64), day, salt ^ 1)
    assert one != actor_id(np.array(accounts, np.int64), "2026-01-06", salt)
    assert one != actor_id(np.array([*accounts, 2**62 + 1], np.int64), day, salt)
    assert -(2**63) <= one < 2**63


def test_another_key_gives_other_ids_and_the_same_findings(drawn: World, told: tuple[Found, ActorTables]) -> None:
    found, tables = told
    again, other = described(drawn, salt=SALT + 1)
    assert not set(tables.actors.column("actor").to_pylist()) & set(other.actors.column("actor").to_pylist())
    assert [j.group.accounts.tolist() for j in found.judged] == [j.group.accounts.tolist() for j in again.judged]
    assert [j.decision for j in found.judged] == [j.decision for j in again.judged]


def test_no_candidates_give_empty_tables() -> None:
    found, tables = described(world([Crowd(name="few", size=5)], seed=1))
    assert found.judged == ()
    for name, rows in (
        ("actors", tables.actors),
        ("actor_members", tables.members),
        ("actor_evidence", tables.evidence),
    ):
        assert rows.num_rows == 0
        assert rows.schema == table(name).schema
