"""What belongs to third parties is found by shape and checksum, covered, and ordinary text is left alone."""

from __future__ import annotations

import itertools

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.report.third_parties import covered, third_parties


@pytest.mark.parametrize(
    ("text", "kind", "issuer"),
    [
        ("AKIAABCDEFGHIJKLMNOP", "credential", "Amazon Web Services"),
        ("token ghp_" + "a1B2" * 9, "credential", "GitHub"),
        ("sk-ant-" + "a1-B2" * 8, "credential", "Anthropic"),
        ("sk-proj-" + "a1B2" * 10, "credential", "OpenAI"),
        ("hf_" + "aB" * 17, "credential", "Hugging Face"),
        ("-----BEGIN RSA PRIVATE KEY-----\nMIIB\n-----END RSA PRIVATE KEY-----", "credential", ""),
        ("postgres://app:hunter2@db.example/x", "credential", ""),
        ("write to jo.march@example.org today", "mail address", ""),
        ("card 4111 1111 1111 1111 please", "payment card", ""),
        ("pay DE89 3704 0044 0532 0130 00 now", "bank account", ""),
    ],
)
def test_each_kind_is_found_with_who_can_make_it_void(text: str, kind: str, issuer: str) -> None:
    found = list(third_parties(text))
    assert (kind, issuer) in [(one.kind, one.issuer) for one in found]
    value = text[found[0].start : found[0].end]
    assert value not in covered(text)
    assert f"‹{kind}, quarantined›" in covered(text)


@pytest.mark.parametrize(
    "text",
    [
        "4111 1111 1111 1112",
        "DE89 3704 0044 0532 0130 01",
        "0000 0000 0000 0000",
        "a sum of 1234567",
        "sk-short",
        "see user@host",
        "version 1.2.3.4 of 2026-11-22",
    ],
)
def test_what_fails_its_checksum_or_is_ordinary_is_left_alone(text: str) -> None:
    assert covered(text) == text


@given(st.text(max_size=300))
def test_any_text_is_read_and_finds_lie_apart_and_in_order(text: str) -> None:
    found = list(third_parties(text))
    assert all(a.end <= b.start for a, b in itertools.pairwise(found))
    assert all(0 <= one.start < one.end <= len(text) for one in found)


def test_a_long_run_of_one_letter_takes_no_long_time() -> None:
    for unit in ("a", "1", "1 ", "-", "eyJ", "a.", "://a:", "AA11 "):
        assert covered(unit * 5_000)
