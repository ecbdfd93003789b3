"""What is hidden is read: personal things and forbidden topics in many scripts, encodings and disguises; and quiet texts stay quiet."""

from __future__ import annotations

import base64
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.forum.harvest import leaving

from stillwatch.core import handle
from stillwatch.forum import Lane, lint
from stillwatch.forum.rules.personal import personal
from stillwatch.forum.rules.readings import readings, unread
from stillwatch.forum.rules.words_denied import denied, denied_key

MAIL = "mary.smith@example.org"
BEHIND = "a quiet day " * 1_700 + MAIL
TAGS = "".join(chr(0xE0000 + ord(c)) for c in MAIL)


def full_width(text: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in text)


@pytest.mark.parametrize(
    "text",
    [
        MAIL,
        MAIL.upper(),
        full_width(MAIL),
        "\u200b".join(MAIL),
        "\u2060".join(MAIL),
        " ".join(MAIL),
        "mary.smith (at) example (dot) org",
        "mary.smith [ａｔ] example [ｄｏｔ] org",
        "mary.smith at example dot org",
        "mаry.smith@exаmple.org".replace("e", "е"),
        "𝓶𝓪𝓻𝔂.𝓼𝓶𝓲𝓽𝓱@𝓮𝔁𝓪𝓶𝓹𝓵𝓮.𝓸𝓻𝓰",
        "ⓜⓐⓡⓨ@ⓔⓧⓐⓜⓟⓛⓔ.ⓞⓡⓖ",
        "m\u0301ary@exa\u0308mple.org",
        "mary%2Esmith%40example%2Eorg",
        "mary&#46;smith&#64;example.org",
        r"mary.smith\u0040example.org",
        "mary=2Esmith=40example.org",
        base64.b64encode(MAIL.encode()).decode(),
        base64.urlsafe_b64encode(MAIL.encode()).decode().rstrip("="),
        base64.b64encode(base64.b64encode(MAIL.encode())).decode(),
        full_width(base64.b64encode(MAIL.encode()).decode()),
        " ".join(base64.b64encode(MAIL.encode()).decode()),
        base64.b64encode(MAIL.encode("utf-16-le")).decode(),
        base64.b32encode(MAIL.encode()).decode(),
        MAIL.encode().hex(),
        MAIL.encode().hex(" "),
        f"quiet{TAGS}",
        "用户＠例え。ｏｒｇ",
        "почта: ivan@пример.рф",
    ],
    ids=range(29),
)
def test_an_address_of_mail_is_found_in_every_disguise(text: str) -> None:
    assert "an e-mail address" in personal(text)


@pytest.mark.parametrize(
    ("text", "what"),
    [
        ("call +44 20 7946 0018", "a telephone number or another long number"),
        ("٠٢٠ ٧٩٤٦ ٠٠١٨", "a telephone number or another long number"),
        ("０９０-１２３４-５６７８", "a telephone number or another long number"),
        ("4111 1111 1111 1111", "the number of a payment card"),
        ("4111-1111-1111-1111", "the number of a payment card"),
        ("४१११ ११११ ११११ ११११", "the number of a payment card"),
        ("GB82 WEST 1234 5698 7654 32", "the number of a bank account"),
        ("from 203.0.113.9 again", "a network address"),
        ("２０３．０．１１３．９", "a network address"),
        ("2001:db8::dead:beef", "a network address"),
        ("sk-proj-abcdef0123456789", "a key or token"),
        ("-----BEGIN PRIVATE KEY-----", "a key or token"),
        ("https://example.org/x?user=mary", "a link with a login or a query"),
        (handle("account", 1234567), "a handle of an account or organisation"),
        ("org_8sd7f6s8d7f6", "a handle of an account or organisation"),
    ],
)
def test_other_personal_things_are_found(text: str, what: str) -> None:
    assert what in personal(text)


@pytest.mark.parametrize(
    "text",
    [
        "A mark of coordinated harvesting.",
        "Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/120.0.0.0 Safari/537.36",
        "2026-11-22T00:00:00.000Z",
        "python-requests/2.32.3",
        "OpenAI/Python 1.99.1",
        "seen from July to September 2026",
    ],
)
def test_quiet_texts_stay_quiet(text: str) -> None:
    assert personal(text) == ()
    assert denied(text) == ()


@pytest.mark.parametrize(
    "text",
    [
        "our prices go up",
        "pr\u200bices",
        "ｐｒｉｃｅｓ",
        "рriсеs",
        "p-r-i-c-e-s",
        base64.b64encode(b"new prices from May").decode(),
        "unsere Preise",
        "los précios",
        "价格",
        "価格を上げる",
        "가격 인상",
        "Наши цены",
        "السعر",
        "they pay €20",
        "20 USD a seat",
        "37 % of the market",
        "٣٧٪",
        "12k requests a day",
        "3 million tokens",
        "our biggest customer",
        "大客户",
        "we are short of GPUs",
        "roadmap for spring",
        "發 路线图",
    ],
)
def test_what_rivals_do_not_tell_one_another_is_found(text: str) -> None:
    assert denied(text) != ()


@pytest.mark.parametrize(
    "name", ["price", "listPrice", "x_customer_ref", "GPUCount", "ｐｒｉｃｅ", "monthly-spend", "рrice"]
)
def test_names_of_fields_are_read_too(name: str) -> None:
    assert denied_key(name)


@given(st.text(max_size=400))
@settings(max_examples=60, deadline=None)
def test_no_text_breaks_the_reading_of_texts(text: str) -> None:
    found = readings(text)
    assert 1 <= len(found) <= 60
    personal(text)
    denied(text)


@given(st.sampled_from(["\u200b", "\u200d", "\ufeff", "\u00ad", "\u2062"]), st.integers(1, len(MAIL) - 1))
@settings(max_examples=30, deadline=None)
def test_an_invisible_character_anywhere_hides_nothing(invisible: str, at: int) -> None:
    assert "an e-mail address" in personal(MAIL[:at] + invisible + MAIL[at:])


@pytest.mark.parametrize("hidden", [BEHIND, "QUJD" * 100_000, "a@" * 15_000], ids=["behind", "base64", "run on"])
def test_a_long_text_is_read_in_bounded_time_and_said_to_be_unread(hidden: str) -> None:
    assert len(readings(hidden)) <= 60
    personal(hidden)
    assert unread(hidden)


def test_a_bound_that_is_reached_is_a_finding_where_people_write() -> None:
    coded = MAIL
    deep: Any = MAIL
    for _ in range(6):
        coded = base64.b64encode(coded.encode()).decode()
    for _ in range(30):
        deep = {"x": deep}
    assert personal(coded) == (), "nobody looks that deep"
    flaw = {"type": "vulnerability", "id": "vulnerability--00000000-0000-4000-8000-000000000001", "name": "Replay"}
    for hidden in ({"description": coded}, {"description": BEHIND}, {"x_more": deep}):
        found = lint([{**flaw, **hidden}], leaving(lane=Lane.EMBARGO)).refusals
        assert [one.why for one in found if one.code == "R3" and "read" in one.why] != []
    quiet = "Reasoning of one conversation is expanded in another. " * 50
    found = lint([{**flaw, "description": quiet}], leaving(lane=Lane.EMBARGO)).refusals
    assert [one for one in found if one.code == "R3"] == []
