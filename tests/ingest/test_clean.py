"""Raw values: what is taken, what is unknown, what is a fault."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, timezone
from email.utils import format_datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.ingest.clean import (
    BadField,
    address,
    asked_count,
    asked_flag,
    asked_number,
    billed,
    instant,
    label,
    shown,
    subnet,
)

MOMENTS = st.datetimes(datetime(2015, 1, 2), datetime(2099, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - hypothesis wants naive bounds


def micros(moment: datetime) -> int:
    return (moment - datetime(1970, 1, 1, tzinfo=UTC)) // timedelta(microseconds=1)


@given(MOMENTS, st.integers(-14 * 60, 14 * 60))
def test_a_moment_is_itself_in_every_shape(moment: datetime, minutes: int) -> None:
    at = micros(moment)
    there = moment.astimezone(timezone(timedelta(minutes=minutes)))
    assert instant(moment.isoformat(), "at") == (at, False)
    assert instant(there.isoformat(), "at") == (at, False)
    assert instant(there.isoformat(" "), "at") == (at, False)
    assert instant(moment.isoformat().replace(".", ","), "at") == (at, False)
    assert instant(moment.replace(tzinfo=None).isoformat(), "at") == (at, True)
    assert instant(at, "at") == (at, False)
    assert instant(str(at), "at") == (at, False)
    assert instant(at * 1000 + 999, "at") == (at, False)
    assert instant(at // 1000, "at") == (at // 1000 * 1000, False)
    assert instant(at // 10**6, "at") == (at // 10**6 * 10**6, False)
    assert instant(format_datetime(moment), "at") == (at // 10**6 * 10**6, False)
    assert instant(moment, "at") == (at, False)
    assert abs(instant(at / 1e6, "at")[0] - at) <= 1


@given(st.one_of(st.text(), st.floats(), st.integers(), st.none(), st.binary(), st.lists(st.integers())))
def test_what_is_no_time_is_a_fault_and_nothing_else(value: Any) -> None:
    try:
        at, naive = instant(value, "at")
    except BadField as fault:
        found = fault.field
    else:
        found = "at"
        assert isinstance(at, int)
        assert isinstance(naive, bool)
    assert found == "at"


@pytest.mark.parametrize(
    ("value", "number"), [(None, None), (0, 0), (7, 7), (7.0, 7), ("12", 12), ("", None), (100_000_000, 100_000_000)]
)
def test_a_billed_count_is_taken(value: Any, number: int | None) -> None:
    assert billed(value, "tokens") == number


@pytest.mark.parametrize("value", [-1, 1.5, "x", True, [1], {}, 10**9, "-4", float("nan"), "１２"])
def test_a_wrong_billed_count_is_a_fault(value: Any) -> None:
    with pytest.raises(BadField, match="expected"):
        billed(value, "tokens")


def test_a_fault_shows_numbers_and_hides_text() -> None:
    assert [shown(value) for value in (-3, 1.5, True, "secret", ["secret"], {"secret": 1}, None, 10**30)] == [
        "-3",
        "1.5",
        "true",
        "text",
        "a list",
        "an object",
        "nothing",
        "a huge number",
    ]


def test_what_a_caller_asked_for_is_taken_or_unknown() -> None:
    assert [asked_count(value) for value in (5, 5.0, "5", -1, "x", True, None, 10**12, [5])] == [
        5,
        5,
        5,
        None,
        None,
        None,
        None,
        None,
        None,
    ]
    assert [asked_number(value) for value in (0.5, "0.5", "hot", True, None, float("inf"), [1])] == [
        0.5,
        0.5,
        None,
        None,
        None,
        None,
        None,
    ]
    assert [asked_flag(value) for value in (True, "false", "1", 0, 2, "maybe", None)] == [
        True,
        False,
        True,
        False,
        None,
        None,
        None,
    ]
    assert [label(value) for value in ("a", " a ", "", " ", 5, 1.5, None, True, "x" * 600)] == [
        "a",
        "a",
        None,
        None,
        "5",
        None,
        None,
        None,
        "x" * 512,
    ]


@pytest.mark.parametrize(
    ("raw", "canonical", "network"),
    [
        ("203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("203.0.113.9:443", "203.0.113.9", "203.0.113.0/24"),
        ("::ffff:203.0.113.9", "203.0.113.9", "203.0.113.0/24"),
        ("2001:DB8:1:2::3", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("[2001:db8:1:2::3]:8443", "2001:db8:1:2::3", "2001:db8:1::/48"),
        ("fe80::1%eth0", "fe80::1", "fe80::/48"),
        ("unknown", None, None),
        ("203.0.113.xxx", None, None),
        ("", None, None),
    ],
)
def test_an_address_has_one_writing_and_one_network(raw: str, canonical: str | None, network: str | None) -> None:
    assert address(raw) == canonical
    assert subnet(raw) == network


@given(st.from_regex(r"[0-9]{1,4}(\.[0-9]{1,4}){2,4}", fullmatch=True) | st.ip_addresses(v=4).map(str))
def test_the_short_way_for_dotted_addresses_agrees_with_the_long_one(value: str) -> None:
    spaced = f" {value} "  # never taken the short way
    assert address(value) == address(spaced)
    assert subnet(value) == subnet(spaced)
