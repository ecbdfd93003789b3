"""What an actor's requests came to is counted from rows, and what the rows cannot say is not said."""

from __future__ import annotations

import datetime as dt
from pathlib import Path
from typing import Any

import pytest

from stillwatch.cases import Impact, impact_lines
from stillwatch.core import CapabilityShare, ModelUse, Technique
from stillwatch.core.errors import SettingsError
from stillwatch.pipeline import ListPrices, list_value, read_prices
from stillwatch.pipeline.view_impact import displacement, replacement, sought_by, uses_of

NOON = dt.datetime(2026, 9, 10, 12, tzinfo=dt.UTC)
PRICES = ListPrices(currency="USD", as_of="2026-11-01", source="our page", prices={"m-1": (3.0, 15.0)})
USE = ModelUse(
    model="m-1",
    attempts=10,
    answered=8,
    refused=1,
    failed=1,
    unknown=0,
    input_tokens=10**6,
    output_tokens=10**6,
    uncounted=2,
)


def row(model: str, outcome: str | None, attempts: int, counted: int = 0, tokens: int | None = None) -> dict[str, Any]:
    return {
        "model": model,
        "outcome": outcome,
        "attempts": attempts,
        "counted": counted,
        "input_tokens": tokens,
        "output_tokens": tokens,
    }


def member(
    account: int,
    *,
    stopped: dt.datetime | None = None,
    replaces: int | None = None,
    begun: dt.datetime = NOON,
    exchanges: int = 10,
) -> dict[str, Any]:
    told = {"account": account, "valid_from": begun, "valid_to": stopped}
    return told | {"replaces": replaces, "exchanges": exchanges}


def asked(readable: int, **bits: int) -> dict[str, int]:
    none = {f"technique_{bit}": 0 for bit in range(len(Technique))}
    return {"readable": readable, **none, **bits}


def test_attempts_are_kept_apart_from_answers_and_tokens_are_those_of_answers() -> None:
    rows = [row("m-1", "ok", 6, 5, 500), row("m-1", "refused", 3, 3, 90), row("m-1", "error", 1), row("m-1", None, 2)]
    (use,) = uses_of([*rows])
    assert (use.attempts, use.answered, use.refused, use.failed, use.unknown) == (12, 6, 3, 1, 2)
    assert (use.input_tokens, use.output_tokens, use.uncounted) == (500, 500, 1)


def test_a_capability_is_sought_only_where_the_group_asks_for_it_more_than_everybody_else() -> None:
    own = asked(100, technique_0=40, technique_1=5)
    (only,) = sought_by(own, asked(1100, technique_0=50, technique_1=405))
    assert only == CapabilityShare(
        capability="writing out hidden reasoning", exchanges=40, of=100, elsewhere=10, elsewhere_of=1000
    )


def test_a_half_life_needs_five_accounts_that_stopped() -> None:
    few = replacement([member(i, stopped=NOON) for i in range(4)])
    assert few is not None
    assert (few.half_life_hours, few.needed) == (None, 5)
    assert replacement([member(1)]) is None


def test_the_half_life_is_the_time_within_which_half_of_the_stopped_were_followed() -> None:
    gone = [member(i, stopped=NOON) for i in range(6)]
    heads = [member(10 + i, replaces=i, begun=NOON + dt.timedelta(hours=1 + i)) for i in range(3)]
    told = replacement([*gone, *heads])
    assert told is not None
    assert (told.stopped, told.replaced, told.half_life_hours) == (6, 3, 3.0)
    held = replacement([*gone, *heads[:2]])
    assert held is not None
    assert held.half_life_hours is None


def test_displacement_compares_the_days_before_with_those_after_and_leaves_the_day_itself_out() -> None:
    day = (NOON.date() - dt.date(1970, 1, 1)).days
    stopped = [member(i, stopped=NOON) for i in range(5)]
    models = [(day - 1, "new", 80), (day - 1, "old", 20), (day, "new", 999), (day + 1, "new", 10), (day + 1, "old", 90)]
    told = displacement(stopped, models)
    assert told is not None
    assert (told.since, told.before, told.after) == (NOON.date(), 100, 100)
    assert told.moved == pytest.approx(0.7)
    assert displacement(stopped, models[:4]) is None, "ten requests after are too few to tell"
    assert displacement(stopped[:4], models) is None, "four accounts that stopped are too few"


def test_displacement_says_which_ways_in_were_used_and_what_new_accounts_sent() -> None:
    day = (NOON.date() - dt.date(1970, 1, 1)).days
    stopped = [member(i, stopped=NOON, begun=NOON - dt.timedelta(days=2)) for i in range(5)]
    new = [member(10 + i, begun=NOON + dt.timedelta(days=1), exchanges=7) for i in range(3)]
    models = [(day - 1, "m", 100), (day + 1, "m", 100)]
    ways = [(day - 1, "api", 100), (day, "bedrock", 999), (day + 1, "api", 20), (day + 1, "vertex", 80)]
    same_day = member(20, begun=NOON, exchanges=900)
    told = displacement([*stopped, *new, same_day], models, ways)
    assert told is not None
    assert told.pathways == (("api", 1.0, 0.2), ("vertex", 0.0, 0.8))
    assert (told.new_accounts, told.by_new) == (3, 21)
    impact = Impact(exchanges=1, attempts=1, obtained=1, obtained_tokens=1, capability="x", displacement=told)
    (line,) = [one for one in impact_lines(impact) if one.startswith("Displacement")]
    assert "vertex 0% to 80%" in line
    assert "3 accounts of the group began after that day and sent 21" in line
    few = displacement([*stopped, *new], models, ways[:2])
    assert few is not None
    assert few.pathways == (), "nothing names a way in after the day"


def test_the_list_value_is_an_estimate_of_what_has_a_price_and_a_count() -> None:
    other = ModelUse(
        model="m-2",
        attempts=5,
        answered=5,
        refused=0,
        failed=0,
        unknown=0,
        input_tokens=9,
        output_tokens=9,
        uncounted=0,
    )
    value = list_value([USE, other], PRICES)
    assert value is not None
    assert (value.amount, value.priced, value.unpriced) == (18.0, 6, 7)
    assert list_value([other], PRICES) is None


def test_the_sentences_say_what_the_figures_are_not() -> None:
    impact = Impact(
        exchanges=10,
        attempts=8,
        obtained=7,
        obtained_tokens=None,
        capability="reasoning",
        uses=(USE,),
        value=list_value([USE], PRICES),
    )
    told = "\n".join(impact_lines(impact))
    for promised in (
        "1 refused",
        "not a loss",
        "an estimate",
        "Assumed: ",
        "unknown output tokens",
        "Neither says what the answers were used for",
    ):
        assert promised in told


def test_no_file_of_prices_gives_no_estimate(tmp_path: Path) -> None:
    assert read_prices(tmp_path / "prices.toml") is None


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("currency = 'USD'", "as_of"),
        ("[[price]]\nmodel = 'm'\ninput = -1\noutput = 2", "price per million tokens >= 0"),
        ("[[price]]\nmodel = 'm'\ninput = true\noutput = 2", "price per million tokens >= 0"),
        ("[[price]]\nmodel = 'm'\ninput = nan\noutput = 2", "price per million tokens >= 0"),
        ("price = 3", "at least one table"),
        ("cost = 3", "unknown; known are"),
        ("= 3", "not TOML"),
    ],
)
def test_prices_that_cannot_be_used_are_all_told(tmp_path: Path, text: str, said: str) -> None:
    (tmp_path / "prices.toml").write_text(text)
    with pytest.raises(SettingsError) as error:
        read_prices(tmp_path / "prices.toml")
    assert said in str(error.value)


def test_prices_are_read_with_their_day(tmp_path: Path) -> None:
    head = "currency = 'USD'\nas_of = 2026-11-01\nsource = 'our page'\n"
    (tmp_path / "prices.toml").write_text(head + "[[price]]\nmodel = 'm-1'\ninput = 3\noutput = 15.0\n")
    assert read_prices(tmp_path / "prices.toml") == PRICES
