"""Pseudonyms are stable, mean nothing without the key, and survive being written down."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core import Pseudonymiser, handle, unhandle

KEY = b"a key for tests, 32 bytes long.."
KINDS = ("account", "actor", "family", "org", "exchange")
ints = st.integers(min_value=-(1 << 63), max_value=(1 << 63) - 1)


def test_the_same_key_gives_the_same_names_in_every_process() -> None:
    code = (
        "from stillwatch.core import Pseudonymiser;"
        f"n = Pseudonymiser({KEY!r}); print(n.name('account', 'alice'), n.salt('features'))"
    )
    told = {
        subprocess.run(
            [sys.executable, "-c", code], capture_output=True, text=True, check=True, env={"PYTHONHASHSEED": seed}
        ).stdout
        for seed in ("1", "2")
    }
    names = Pseudonymiser(KEY)
    assert told == {f"{names.name('account', 'alice')} {names.salt('features')}\n"}


def test_names_written_by_an_earlier_version_are_still_the_same() -> None:
    assert Pseudonymiser(bytes(range(32))).name("account", "alice") == 8847663042893872091


def test_keys_kinds_and_purposes_are_kept_apart() -> None:
    names, others = Pseudonymiser(KEY), Pseudonymiser(KEY[::-1])
    assert names.name("account", "x") != others.name("account", "x")
    assert len({names.name(kind, "x") for kind in ("account", "org", "ip", "credential", "payment")}) == 5
    assert names.salt("features") != names.salt("slice")
    assert 0 <= names.salt("features") < 1 << 64


@pytest.mark.parametrize("key", [b"", b"short", b"x" * 15])
def test_a_short_key_is_refused(key: bytes) -> None:
    with pytest.raises(ValueError, match=f"got {len(key)} bytes, expected at least 16"):
        Pseudonymiser(key)


@given(st.lists(st.none() | st.text(), max_size=20))
def test_many_names_are_the_names_of_each(raws: list[str | None]) -> None:
    names = Pseudonymiser(KEY)
    each = [None if raw is None else names.name("account", raw) for raw in raws]
    assert names.names("account", raws) == each
    assert all(one is None or (one != 0 and -(1 << 63) <= one < 1 << 63) for one in each)


def test_lone_surrogates_have_names_too() -> None:
    names = Pseudonymiser(KEY)
    assert names.name("account", "\ud800") != names.name("account", "\udfff")


@given(st.sampled_from(KINDS), ints)
def test_a_handle_reads_back_as_what_it_names(kind: str, pseudonym: int) -> None:
    written = handle(kind, pseudonym)
    assert len(written) == 15
    assert unhandle(written) == (kind, pseudonym)
    assert unhandle(f"  {written.lower()} ") == (kind, pseudonym)


@given(ints, ints)
def test_two_things_never_share_a_handle(one: int, other: int) -> None:
    assert (handle("account", one) == handle("account", other)) == (one == other)


def test_letters_that_people_mistake_for_digits_are_understood() -> None:
    assert unhandle("A-OOOOOOOOOOOIL") == unhandle("A-0000000000011")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "A",
        "A-",
        "A-123",
        "Z-0000000000001",
        "A-000000000000U",
        "A-00000000000001",
        "A-G000000000000",
        "A-ZZZZZZZZZZZZZ",
    ],
)
def test_what_is_no_handle_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="expected a handle such as"):
        unhandle(text)


@given(st.text(max_size=20))
def test_any_text_is_a_handle_or_refused(text: str) -> None:
    try:
        kind, pseudonym = unhandle(text)
    except ValueError:
        return
    assert unhandle(handle(kind, pseudonym)) == (kind, pseudonym)
