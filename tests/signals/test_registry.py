"""Where reasoning signatures come from and where they come back."""

from __future__ import annotations

import os
from collections.abc import Iterator
from typing import Any

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import Engine, check, open_engine, table
from stillwatch.signals import SIGNALS, Example, measure, register, row, tables

ENGINE = os.environ.get("STILLWATCH_ENGINE", "duckdb")
"""What queries run on: spark, where somebody asks for it."""

MARK = 77
HOME: dict[str, Any] = {"org": 1, "conversation": 5, "model": "large-1"}


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(ENGINE, None, memory_mb=1000) as made:
        yield made


def returned(**fields: Any) -> Example:
    return row(hours=1, **(HOME | {"artifacts_returned": [MARK], "prefixes": [100, 101]} | fields))


def sent(**fields: Any) -> Example:
    return row(hours=2, **(HOME | {"artifacts_sent": [MARK], "prefixes": [100, 101, 102]} | fields))


def of_features(engine: Engine, features: pa.Table) -> pa.Table:
    """The rows as they are kept: in the types of the contract, in one order."""
    contract = table("artifacts")
    found = engine.to_arrow(register(engine, engine.from_arrow(features))).cast(contract.schema)
    return found.sort_by([(name, "ascending") for name in contract.names()])


def registered(engine: Engine, *rows: Example) -> list[dict[str, Any]]:
    found = of_features(engine, tables(rows)["features"])
    check(found, table("artifacts"))
    listed: list[dict[str, Any]] = found.to_pylist()
    return listed


def way_back(engine: Engine, *rows: Example) -> dict[str, bool | None]:
    (one,) = [r for r in registered(engine, *rows) if r["role"] == "sent"]
    return {name: one[name] for name in one if name.startswith(("other_", "edited_"))}


def moved(engine: Engine, *rows: Example) -> set[str]:
    return {name for name, yes in way_back(engine, *rows).items() if yes}


def test_the_next_turn_of_a_conversation_is_no_replay(engine: Engine) -> None:
    assert set(way_back(engine, returned(), sent()).values()) == {False}


def test_a_step_of_an_agent_within_one_turn_is_no_replay(engine: Engine) -> None:
    assert moved(engine, returned(), sent(prefixes=[100, 101])) == set()


def test_a_session_taken_up_under_a_new_id_is_no_replay(engine: Engine) -> None:
    assert moved(engine, returned(), sent(conversation=6)) == set()


def test_a_new_version_of_the_model_is_of_its_family(engine: Engine) -> None:
    assert moved(engine, returned(), sent(model="large-2-20260901")) == set()


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"account": 2}, {"other_account"}),
        ({"account": 2, "org": 9}, {"other_account", "other_org"}),
        ({"model": "small-1"}, {"other_model"}),
        ({"conversation": 6, "prefixes": [200]}, {"other_conversation"}),
        ({"conversation": None, "prefixes": [200]}, {"other_conversation"}),
        ({"conversation": 6, "prefixes": None}, {"other_conversation"}),
        ({"prefixes": [100, 300, 301]}, {"edited_prefix"}),
        ({"prefixes": [400]}, {"edited_prefix"}),
        ({"conversation": None, "prefixes": [100, 300]}, {"edited_prefix"}),
    ],
)
def test_each_way_of_coming_back_elsewhere_is_told(engine: Engine, fields: dict[str, Any], expected: set[str]) -> None:
    assert moved(engine, returned(), sent(**fields)) == expected


def test_what_the_log_does_not_say_stays_unknown(engine: Engine) -> None:
    blank = {"org": None, "conversation": None, "model": None, "prefixes": None}
    assert way_back(engine, returned(), sent(**blank)) == {
        "other_account": False,
        "other_org": None,
        "other_model": None,
        "other_conversation": None,
        "edited_prefix": None,
    }


def test_a_signature_that_was_never_returned_has_an_unknown_origin(engine: Engine) -> None:
    (one,) = registered(engine, sent())
    assert one["origin_account"] is None
    assert one["other_account"] is one["other_conversation"] is None
    given = tables([sent() for _ in range(9)])
    relations = [engine.from_arrow(given[name]) for name in ("features", "account_facts", "releases")]
    assert measure(engine, *relations, signals=[SIGNALS["artifact_replay"]])["artifact_replay"].num_rows == 0


def test_the_first_return_counts_and_sendings_of_one_kind_are_counted_together(engine: Engine) -> None:
    again = returned(account=3)
    later = Example(table="features", fields=dict(again.fields) | {"at": sent().fields["at"]})
    rows = registered(engine, later, returned(), *(sent() for _ in range(4)))
    assert [(r["role"], r["account"], r["exchanges"]) for r in rows] == [("returned", 1, 1), ("sent", 1, 4)]
    assert rows[0]["prefix"] == 101


def random_features(seed: int) -> pa.Table:
    rng = np.random.default_rng(seed)

    def some(*choices: Any) -> Any:
        return None if rng.random() < 0.15 else choices[int(rng.integers(len(choices)))]

    return tables(
        row(
            hours=float(rng.integers(0, 40)),
            account=some(1, 2, 3),
            org=some(1, 2),
            conversation=some(1, 2, 3),
            model=some("large-1", "large-2", "small-1"),
            prefixes=some([1], [1, 2], [1, 2, 3], [9]),
            artifacts_sent=some([1], [2, 3], [4], None, None),
            artifacts_returned=some([1], [2], [3, 4], None, None),
        )
        for _ in range(120)
    )["features"]


@pytest.mark.parametrize("seed", range(6))
def test_order_and_split_of_the_logs_change_nothing(engine: Engine, seed: int) -> None:
    features = random_features(seed)
    whole = of_features(engine, features)
    shuffled = features.take(np.random.default_rng(seed).permutation(features.num_rows))
    assert whole.num_rows > 20
    assert of_features(engine, shuffled).equals(whole)


@pytest.mark.parametrize("seed", range(6))
def test_signals_of_the_registry_agree_with_a_plain_loop(engine: Engine, seed: int) -> None:
    features = random_features(seed)
    nothing = tables([])
    given = [engine.from_arrow(rows) for rows in (features, nothing["account_facts"], nothing["releases"])]
    found = measure(engine, *given, signals=[SIGNALS["artifact_replay"], SIGNALS["rewritten_context"]])
    rows = sorted(features.to_pylist(), key=lambda r: (r["at"], r["exchange_id"]))
    origin: dict[int, dict[str, Any]] = {}
    for r in rows:
        for mark in r["artifacts_returned"] or ():
            origin.setdefault(mark, r)
    replayed: dict[int, list[bool]] = {}
    rewritten: dict[int, list[bool]] = {}
    for r in rows:
        for mark in r["artifacts_sent"] or ():
            o = origin.get(mark)
            if o is None or r["account"] is None:
                continue
            strange = [differ(r[name], o[name]) for name in ("account", "org")]
            strange.append(differ(r["model"] and r["model"][:5], o["model"] and o["model"][:5]))
            both = r["prefixes"] and o["prefixes"]
            continues = o["prefixes"][-1] in r["prefixes"] if both else None
            apart = differ(r["conversation"], o["conversation"])
            if apart is None and both:
                apart = r["prefixes"][0] != o["prefixes"][0]
            apart = False if continues else apart
            if apart is not None or any(strange):
                replayed.setdefault(r["account"], []).append(bool(apart) or any(strange))
            if continues is not None and not apart:
                rewritten.setdefault(r["account"], []).append(not continues)
    for name, plain in (("artifact_replay", replayed), ("rewritten_context", rewritten)):
        assert {r["account"]: (r["value"], r["n"]) for r in found[name].to_pylist()} == {
            account: (pytest.approx(sum(hits) / len(hits)), len(hits)) for account, hits in plain.items()
        }, name


def differ(one: Any, other: Any) -> bool | None:
    return None if one is None or other is None else one != other
