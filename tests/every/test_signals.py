"""What every signal promises. A new signal is found and tested here without another line."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import replace
from functools import cache
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq
import pytest
import sqlglot

from stillwatch.accounts import Measured, weigh
from stillwatch.core.settings import DetectSettings
from stillwatch.engine import Engine, open_engine
from stillwatch.signals import (
    FAMILIES,
    MEASURED,
    SIGNALS,
    SUBJECT,
    Example,
    Signal,
    launch,
    measure,
    row,
    tables,
)

ENGINE = os.environ.get("STILLWATCH_ENGINE", "duckdb")
"""What queries run on: spark, where somebody asks for it."""

EVERY = pytest.mark.parametrize("one", SIGNALS.values(), ids=SIGNALS.keys())


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(ENGINE, None, memory_mb=1000) as made:
        yield made


def measured(engine: Engine, one: Signal, given: dict[str, pa.Table]) -> pa.Table:
    relations = {name: engine.from_arrow(rows) for name, rows in given.items()}
    return measure(engine, **relations, signals=[one])[one.name]


def subject(engine: Engine, one: Signal, examples: tuple[Example, ...]) -> tuple[float, int]:
    rows = [r for r in measured(engine, one, tables(examples)).to_pylist() if r["account"] == SUBJECT]
    assert len(rows) == 1, "one row for the account"
    return rows[0]["value"], rows[0]["n"]


@cache
def strangers(seed: int) -> tuple[Example, ...]:
    """Accounts that have nothing in common with an example: other names, other things, other words."""
    rng = np.random.default_rng(seed)
    return tuple(
        row(
            hours=float(rng.uniform(0, 70)),
            account=int(1_000 + rng.integers(50)),
            model="small-1",
            ip=int(9_000 + rng.integers(99)),
            subnet=int(9_000 + i),
            user_agent=int(9_000 + rng.integers(9)),
            prompt_hash=int(9_000 + rng.integers(99)),
            prompt_skeleton=int(9_000 + i),
            outcome=str(rng.choice(["ok", "refused", "error"])),
            elicitation=int(rng.integers(4096)),
            logprobs=bool(rng.integers(2)),
            exchange_id=int(1_000_000 + i),
        )
        for i in range(60)
    )


@cache
def full_log(seed: int) -> dict[str, pa.Table]:
    """A log in which every signal has something to measure for many accounts."""
    rng = np.random.default_rng(seed)
    examples: list[Example] = [launch("large-2", hours=30), launch("large-3", hours=50)]
    for number, one in enumerate(SIGNALS.values()):
        for lift, rows in ((0, one.quiet), (1, one.loud)):
            mine = [e for e in rows if e.table != "releases"]
            examples += [
                replace(e, fields=dict(e.fields) | {"account": 100 * number + 50 * lift + e.fields["account"]})
                for e in mine
                if e.table == "features" or e.fields["account"] != SUBJECT or one.query.inputs != ("features",)
            ]
    log = tables(examples)
    order = rng.permutation(log["features"].num_rows)
    return log | {"features": log["features"].take(order)}


@EVERY
def test_its_first_line_says_what_it_means(one: Signal) -> None:
    assert one.meaning.endswith((".", ":")) or one.meaning[-1].isalnum()
    assert 20 <= len(one.meaning) <= 150
    assert one.larger_means
    assert one.misled_by
    assert one.unit
    assert one.family in FAMILIES


@EVERY
def test_it_gives_the_agreed_columns(engine: Engine, one: Signal) -> None:
    relations = {name: engine.from_arrow(rows) for name, rows in tables(one.loud).items()}
    raw = engine.to_arrow(engine.sql(one.query, **{name: relations[name] for name in one.query.inputs}))
    assert raw.column_names == MEASURED.names
    assert [f.type for f in raw.schema] == [pa.int64(), pa.float64(), pa.int64()], "no engine type leaks out"
    assert raw["account"].null_count == 0
    assert len(raw["account"].unique()) == raw.num_rows, "one row an account"


@EVERY
def test_loud_is_above_quiet(engine: Engine, one: Signal) -> None:
    quiet, quiet_n = subject(engine, one, one.quiet)
    loud, loud_n = subject(engine, one, one.loud)
    assert loud > quiet + 0.1
    assert quiet_n >= one.needs, "the quiet example is quiet, not undecided"
    assert loud_n >= one.needs


@EVERY
def test_the_order_of_rows_is_irrelevant(engine: Engine, one: Signal) -> None:
    log = full_log(1)
    backwards = {name: rows.take(np.arange(rows.num_rows)[::-1]) for name, rows in log.items()}
    assert measured(engine, one, log).equals(measured(engine, one, backwards))


@EVERY
def test_unrelated_accounts_change_nothing(engine: Engine, one: Signal) -> None:
    alone = subject(engine, one, one.loud)
    assert subject(engine, one, (*one.loud, *strangers(2))) == alone


@EVERY
def test_signals_that_are_not_about_sharing_look_at_one_account_only(engine: Engine, one: Signal) -> None:
    if one.relational:
        assert not one.evidence, "what accounts share is never evidence against one of them"
        return
    twins = tuple(replace(e, fields=dict(e.fields) | {"account": 2}) for e in one.loud if e.table != "releases")
    crowd = tables((*one.loud, *twins))
    numbered = pa.array(range(1, crowd["features"].num_rows + 1), pa.int64())
    crowd["features"] = crowd["features"].set_column(0, crowd["features"].schema.field(0), numbered)
    rows = measured(engine, one, crowd).to_pylist()
    assert [(r["value"], r["n"]) for r in rows] == [subject(engine, one, one.loud)] * 2


@EVERY
def test_empty_in_empty_out(engine: Engine, one: Signal) -> None:
    nothing = measured(engine, one, tables([]))
    assert nothing.num_rows == 0
    assert nothing.schema == MEASURED


@EVERY
def test_unknown_is_never_zero(engine: Engine, one: Signal) -> None:
    required = {"exchange_id", "at", "account", "slice", "model", "created", "entitlement"}
    unknown = tuple(replace(e, fields={k: v for k, v in e.fields.items() if k in required}) for e in one.loud)
    blank = tuple(replace(e, fields=dict(e.fields) | {"account": 77}) for e in unknown if e.table == "features")
    readings = measured(engine, one, tables((*one.loud, *blank, *(e for e in one.loud if e.table == "releases"))))
    of_blank = [r for r in readings.to_pylist() if r["account"] == 77]
    known_by_time_alone = {"flat_hours", "release_pivot", "even_pace"}
    if one.name not in known_by_time_alone:
        assert of_blank == [], "nothing known, so no row: not a value of zero"
    assert all(r["account"] is not None for r in readings.to_pylist())


@EVERY
def test_rows_that_name_nobody_belong_to_nobody(engine: Engine, one: Signal) -> None:
    nobody = tuple(
        replace(e, fields=dict(e.fields) | {"account": None, "exchange_id": 500_000 + i})
        for i, e in enumerate(one.loud)
        if e.table == "features" and e.fields["account"] == SUBJECT
    )
    assert subject(engine, one, (*one.loud, *nobody)) == subject(engine, one, one.loud)


@EVERY
@pytest.mark.parametrize("dialect", ["duckdb", "spark"])
def test_it_is_read_by_both_engines(one: Signal, dialect: str) -> None:
    text = one.query.render(dialect, **{name: name for name in one.query.inputs})  # type: ignore[arg-type]
    statement = sqlglot.parse_one(text, read=dialect)
    assert isinstance(statement, sqlglot.exp.Select)
    found = {t.name for t in statement.find_all(sqlglot.exp.Table)}
    within = {c.alias for c in statement.find_all(sqlglot.exp.CTE)}
    assert found - within == set(one.query.inputs), "reads its inputs and nothing else"
    assert statement.named_selects == MEASURED.names
    assert not list(statement.find_all(sqlglot.exp.Command, sqlglot.exp.ApproxDistinct))


@EVERY
def test_it_is_bit_identical_over_any_split_into_files(engine: Engine, one: Signal, tmp_path: Path) -> None:
    log = full_log(1)
    whole = measured(engine, one, log)
    assert whole.num_rows > 0
    parts = [log["features"].slice(i * 97, 97) for i in range(log["features"].num_rows // 97 + 1)]
    paths = []
    for i, part in enumerate(parts):
        paths.append(tmp_path / f"{i}.parquet")
        pq.write_table(part, paths[-1])
    relations = {name: engine.from_arrow(rows) for name, rows in log.items()} | {"features": engine.scan_files(paths)}
    again = measure(engine, **relations, signals=[one])[one.name]
    assert whole["account"].equals(again["account"])
    assert whole["n"].equals(again["n"])
    before, after = (np.asarray(t["value"].combine_chunks().fill_null(-1.0)).view(np.int64) for t in (whole, again))
    assert np.array_equal(before, after)


@EVERY
def test_below_its_needs_an_account_is_undecided(engine: Engine, one: Signal) -> None:
    rows = measured(engine, one, tables(one.loud))
    subject_row = rows.filter(pc.equal(rows["account"], SUBJECT))
    too_few = subject_row.set_column(2, MEASURED.field("n"), pa.array([one.needs - 1], pa.int64()))
    for given, expected in ((too_few, False), (subject_row, True)):
        weighed = weigh(
            [Measured(name=one.name, title=one.title, needs=one.needs, evidence=one.evidence, rows=given)],
            None,
            DetectSettings(),
        )
        assert weighed.grid.decided.tolist() == [[expected]]
        reasons = [r["reason"] for t in weighed.evidence() for r in t.to_pylist() if r["value"] is not None]
        if not expected and one.needs > 1:
            assert reasons == [f"undecided, n = {one.needs - 1}, needs {one.needs}"]
