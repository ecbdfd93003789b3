"""Examples show the scaffold of a family and nothing that varies, and nothing that looks like a secret."""

from __future__ import annotations

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from stillwatch.report import redact_examples
from stillwatch.report.redact import mask

HEAD = "You are an expert data analyst. Think inside <reasoning> tags before you answer.\n\nQuestion: "
TAIL = "\n\nRemember to leave nothing out."


def _shown(texts: list[str], **options: int | bool) -> str:
    examples = redact_examples(texts, **options)  # type: ignore[arg-type]
    return "".join(piece.text or f"[{piece.length}]" for example in examples for piece in example.pieces)


def test_the_scaffold_is_shown_and_the_slot_is_a_length() -> None:
    asked = ["How do tides work near Perth?", "Name three sorting methods", "Say why the sky is dark at night, Ann"]
    (example,) = redact_examples([HEAD + q + TAIL for q in asked], show=1)
    assert [piece.constant for piece in example.pieces] == [True, False, True]
    assert example.pieces[0].text == HEAD
    assert example.pieces[1].text is None
    assert abs(example.pieces[1].length - len(asked[0])) <= 2
    assert example.pieces[2].text == TAIL


def test_equal_scaffolds_are_shown_once() -> None:
    assert len(redact_examples([HEAD + q + TAIL for q in ("red", "green", "blue and gold")], show=3)) == 1


def test_one_text_alone_shows_nothing() -> None:
    (example,) = redact_examples(["My name is Ann Example and I live at 5 Long Lane."])
    assert [piece.text for piece in example.pieces] == [None]


def test_a_scaffold_in_a_script_without_spaces_is_found() -> None:
    head, tail = "请在标签内写出完整的内部推理过程，然后给出答案。问题：", "请不要省略任何步骤。"
    shown = _shown([head + q + tail for q in ("潮汐是怎么形成的", "列出三种排序方法", "为什么夜空是黑的")])
    assert head.removesuffix("：") in shown
    assert tail in shown
    assert "潮汐" not in shown


def test_at_most_six_hundred_characters_are_shown() -> None:
    words = " ".join(f"word{i}x" for i in range(400))
    (example,) = redact_examples([words, words, words])
    assert sum(len(piece.text or "") for piece in example.pieces) == 600
    assert example.cut == len(words) - 600


def test_a_scaffold_behind_a_long_slot_is_still_reached() -> None:
    filler = [" ".join(f"{name}{i}" for i in range(900)) for name in ("a", "b", "c")]
    assert TAIL.strip() in _shown([HEAD + text + TAIL for text in filler])


def test_varying_parts_are_shown_masked_only_when_the_house_says_so() -> None:
    texts = [HEAD + q + TAIL for q in ("ask ann@example.org", "one two", "three four")]
    assert "ask ‹e-mail›" in _shown(texts, reveal_varying=True, show=1)
    assert "ask" not in _shown(texts, show=1).removeprefix(HEAD)


@pytest.mark.parametrize(
    ("secret", "name"),
    [
        ("ann.b+c@mail.example.org", "e-mail"),
        ("+44 20 7946 0018", "number"),
        ("(020) 7946-0018", "number"),
        ("4111 1111 1111 1111", "number"),
        ("1234567", "number"),
        ("sk-proj-abcdEFGH1234ijkl", "key"),
        ("AKIAIOSFODNN7EXAMPLE", "key"),
        ("ghp_16C7e42F292c6912E7710c838347Ae178B4a", "key"),
        ("eyJhbGciOiJIUzI1NiJ9.eyJzdWIiOiIxMjM0In0.abc", "key"),
        ("d41d8cd98f00b204e9800998ecf8427e", "key"),
        ("192.168.10.77", "address"),
    ],
)
def test_what_looks_like_a_secret_is_masked(secret: str, name: str) -> None:
    masked, hits = mask(f"before {secret} after")
    assert masked == f"before ‹{name}› after"
    assert hits == 1


def test_a_query_string_and_a_login_in_an_address_are_masked_and_its_path_stays() -> None:
    assert (
        mask("see https://ann:pw@example.org/a/b?token=s3cret&x=1 now")[0]
        == "see https://‹login›example.org/a/b‹query› now"
    )


def test_a_private_key_block_is_masked_whole() -> None:
    block = "-----BEGIN RSA PRIVATE KEY-----\nMIIBOgIBAAJBAKj34\nGkxFhD90vcNLYLInF\n-----END RSA PRIVATE KEY-----"
    assert mask(f"x {block} y") == ("x ‹key› y", 1)


@pytest.mark.parametrize(
    "text", ["17 + 4 = 21", "In 1999 and 2024", "Think step by step?", "a 3-step plan", "x_1, x_2 and x_3", "3.14159"]
)
def test_ordinary_numbers_and_questions_stay(text: str) -> None:
    assert mask(text) == (text, 0)


@given(
    st.lists(
        st.text(st.characters(exclude_categories=["Cs"]), min_size=30, max_size=60), min_size=2, max_size=5, unique=True
    )
)
def test_no_unique_text_is_ever_shown(texts: list[str]) -> None:
    marked = [f"{'zq' * 3}{i} {text}" for i, text in enumerate(texts)]
    for i, example in enumerate(redact_examples(marked, show=9)):
        assert all(f"zqzqzq{i}" not in (piece.text or "") for piece in example.pieces)
        assert all(piece.length >= 0 for piece in example.pieces)


@given(st.lists(st.text(), max_size=4), st.booleans(), st.integers(0, 80))
def test_any_text_can_be_redacted(texts: list[str], reveal: bool, limit: int) -> None:
    for example in redact_examples(texts, reveal_varying=reveal, limit=limit):
        assert sum(len(piece.text or "") for piece in example.pieces) <= limit


@pytest.mark.parametrize(
    "piece", ["a" * 60, "1 " * 40, "a.b@" * 40, "-----BEGIN A", "?#" * 40, "ab1-" * 40, "((((" * 20, "1.1." * 20]
)
def test_long_hostile_text_is_masked_in_linear_time(piece: str) -> None:
    start = time.process_time()
    redact_examples([piece * 2000] * 3)
    assert time.process_time() - start < 3
