"""What single signals promise in their own words, and how one is declared."""

from __future__ import annotations

import os
from collections.abc import Iterator

import pytest

from stillwatch.core.errors import ContractError
from stillwatch.engine import Engine, Sql, open_engine
from stillwatch.signals import SIGNALS, SUBJECT, Example, fact, launch, measure, row, signal, tables

ENGINE = os.environ.get("STILLWATCH_ENGINE", "duckdb")
"""What queries run on: spark, where somebody asks for it."""


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(ENGINE, None, memory_mb=1000) as made:
        yield made


def reading(engine: Engine, name: str, examples: list[Example]) -> tuple[float, int] | None:
    relations = {key: engine.from_arrow(rows) for key, rows in tables(examples).items()}
    rows = measure(engine, **relations, signals=[SIGNALS[name]])[name].to_pylist()
    mine = [(r["value"], r["n"]) for r in rows if r["account"] == SUBJECT]
    return mine[0] if mine else None


def test_flatness_does_not_grow_with_volume(engine: Engine) -> None:
    few = reading(engine, "flat_hours", [row(hours=9 + (i * 7) % 8) for i in range(48)])
    many = reading(engine, "flat_hours", [row(hours=9 + (i * 7) % 8) for i in range(4800)])
    assert few is not None
    assert many is not None
    assert many[0] == pytest.approx(8 / 24, rel=0.01)
    assert few[0] == pytest.approx(8 / 24, rel=0.25)


def test_steps_of_an_agent_are_not_repetitions(engine: Engine) -> None:
    steps = [row(prompt_hash=task, turns=1 + 2 * step) for task in range(10) for step in range(8)]
    assert reading(engine, "best_of_n", steps) == (0.0, 79)


def test_a_health_check_is_not_a_repetition(engine: Engine) -> None:
    pings = [row(prompt_hash=999) for _ in range(500)]
    assert reading(engine, "best_of_n", [*pings, *(row(prompt_hash=i) for i in range(30))]) == (0.0, 30)


def test_retries_at_temperature_zero_are_not_repetitions(engine: Engine) -> None:
    assert reading(engine, "best_of_n", [row(prompt_hash=i % 3, temperature=0.0) for i in range(60)]) is None


def test_volume_without_an_entitlement_is_unknown(engine: Engine) -> None:
    assert reading(engine, "volume", [row(), fact()]) is None
    assert reading(engine, "volume", [row(), fact(entitlement=0)]) is None
    assert reading(engine, "volume", [row()]) is None


def test_an_account_older_than_the_logs_has_no_first_hour(engine: Engine) -> None:
    assert (
        reading(engine, "full_speed_start", [*(row(hours=i / 4) for i in range(40)), fact(created_hours=-48)]) is None
    )


def test_a_thing_that_everybody_shares_ties_nobody(engine: Engine) -> None:
    crowd = [fact(account=i, registration=1) for i in range(2, 203)]
    assert reading(engine, "shared_registration", [row(), fact(registration=1), *crowd[:150]]) == (150.0, 1)
    assert reading(engine, "shared_registration", [row(), fact(registration=1), *crowd]) is None


def test_accounts_without_traffic_are_counted_but_not_measured(engine: Engine) -> None:
    assert reading(engine, "shared_payment", [row(), fact(payment=5), fact(account=2, payment=5)]) == (1.0, 1)
    assert reading(engine, "shared_payment", [row(account=2), fact(payment=5), fact(account=2, payment=5)]) is None


def test_a_second_signal_of_one_name_is_refused() -> None:
    declare = signal(unit="x", larger_means="y", needs=1, quiet=[], loud=[], misled_by="z")

    def volume() -> Sql:
        """A second one."""
        return SIGNALS["volume"].query

    with pytest.raises(ContractError, match="the name is taken"):
        declare(volume)


def test_a_signal_without_a_first_line_is_refused() -> None:
    declare = signal(unit="x", larger_means="y", needs=1, quiet=[], loud=[], misled_by="z")

    def wordless() -> Sql:
        return SIGNALS["volume"].query

    with pytest.raises(ContractError, match="no docstring"):
        declare(wordless)


def test_an_example_with_a_column_that_does_not_exist_is_refused() -> None:
    with pytest.raises(ValueError, match="features: got colour"):
        row(colour="red")


def test_exchanges_of_one_instant_keep_the_order_of_their_ids(engine: Engine) -> None:
    burst = [row(hours=9, outcome="refused" if i < 20 else "ok") for i in range(40)]
    assert reading(engine, "refusals_then_focus", burst) == (1.0, 40)


def test_a_launch_day_ends_after_24_hours(engine: Engine) -> None:
    before = [row(hours=1) for _ in range(5)]
    day = [row(hours=4 + i, model="b") for i in range(24)]
    after = [row(hours=28, model="a") for _ in range(9)]
    assert reading(engine, "release_pivot", [*before, *day, *after, launch("b", hours=4)]) == (1.0, 24)
