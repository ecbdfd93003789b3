"""Pseudonyms of a whole column are those that hashlib gives one by one."""

from __future__ import annotations

import hashlib

import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.text.naming import pseudonyms

_TEXTS = st.lists(
    st.none() | st.text(max_size=300).filter(lambda text: not any("\ud800" <= one <= "\udfff" for one in text)),
    max_size=8,
)


def _by_hashlib(key: bytes, kind: str, raw: str) -> int:
    digest = hashlib.blake2b(raw.encode(), digest_size=8, key=key, person=kind.encode()).digest()
    return int.from_bytes(digest, "little", signed=True)


@given(st.binary(min_size=16, max_size=64), st.sampled_from(["ip", "account", "a" * 16]), _TEXTS)
def test_values_are_those_of_hashlib(key: bytes, kind: str, texts: list[str | None]) -> None:
    names = Pseudonymiser(key)

    found = pseudonyms(names, kind, pa.array(texts, pa.string())).to_pylist()

    assert found == [None if text is None else _by_hashlib(key, kind, text) for text in texts]
    assert found == list(names.names(kind, texts))


@pytest.mark.parametrize("size", [0, 1, 7, 8, 127, 128, 129, 255, 256, 257, 1000])
def test_blocks_end_where_the_rfc_ends_them(size: int) -> None:
    key, raw = b"k" * 32, "é"[: size % 2] + "x" * (size - 2 * (size % 2))

    found = pseudonyms(Pseudonymiser(key), "request", pa.array([raw, raw + "y"]))

    assert found.to_pylist() == [_by_hashlib(key, "request", raw), _by_hashlib(key, "request", raw + "y")]


def test_a_part_of_a_column_is_named_as_that_part() -> None:
    names = Pseudonymiser(b"k" * 32)
    whole = pa.array(["a", None, "ccc", "", "e" * 200])

    assert pseudonyms(names, "ip", whole.slice(1, 3)).to_pylist() == [
        None,
        names.name("ip", "ccc"),
        names.name("ip", ""),
    ]
    assert pseudonyms(names, "ip", whole.slice(5)).to_pylist() == []
