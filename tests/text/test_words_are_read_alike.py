"""Words: one reading for every spelling, whatever the script, the batch or the damage."""

import unicodedata

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.text import prompt_hashes, words
from stillwatch.text._characters import folded
from stillwatch.text.normal import PORTION, normal
from stillwatch.text.words import ADDRESS, CODE, HAN, KIND, NUMBER, QUOTED, WORD, count

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
ODD = "aZ9_ .'\"@:/éßİſǅ\u0301\u0308\u200b\u00adﬁ你か\u3099がกำ가\u1100\u1161ना\u093c्ش\u064b\u0651½…x\x00"
MIXED = st.text(st.sampled_from(ODD), max_size=20)


def read(text: str) -> list[int]:
    return [int(value) for value in words([text]).hash]


def test_case_width_and_unicode_form_make_no_difference() -> None:
    assert read("Café") == read("cafe\u0301") == read("CAFÉ")
    assert read("Ｆｕｌｌ ｗｉｄｔｈ") == read("full width")
    assert read("straße") == read("STRASSE")
    assert read("が") == read("か\u3099")
    assert read("각") == read("\u1100\u1161\u11a8")


def test_invisible_characters_vanish() -> None:
    assert read("dis\u200btil\u00adla\u2060tion\ufeff") == read("distillation")
    assert read("\u202ehello\u202c") == read("hello")
    assert read("star\ufe0f") == read("star")
    assert read("cafe\u200b\u0301") == read("café")


def test_identifiers_stay_whole_and_symbols_separate() -> None:
    found = words(["foo_bar(x1, y) -> None; a.b+=2"])
    assert found.counts.tolist() == [7]
    assert (found.kind & KIND).tolist() == [WORD, CODE, WORD, WORD, WORD, WORD, NUMBER]


@pytest.mark.parametrize(
    ("text", "size"),
    [
        ("你好世界", 4),
        ("これはペン", 5),
        ("ภาษาไทย", 7),
        ("안녕 세계", 2),
        ("مرحبا بالعالم", 2),
        ("नमस्ते दुनिया", 2),
        ("abc你d", 3),
    ],
)
def test_each_script_has_its_words(text: str, size: int) -> None:
    found = words([text])
    assert found.counts.tolist() == [size]
    if text == "你好世界":
        assert set((found.kind & KIND).tolist()) == {HAN}


def test_unknown_is_not_empty() -> None:
    found = words([None, "", "  \x00 ", "a"])
    assert found.counts.tolist() == [0, 0, 0, 1]
    assert found.known.tolist() == [False, True, True, True]


def test_no_rows_give_no_words() -> None:
    assert words([]).rows == 0
    assert words(pa.chunked_array([], type=pa.string())).rows == 0


def test_quotations_and_addresses_are_marked() -> None:
    found = words(['say "the cat" at https://a.b/c?d=1 or x.y@z.org now', 'five" wide'])
    flags = (found.kind & (QUOTED | ADDRESS)).tolist()
    assert flags == [0, QUOTED, QUOTED, 0, *[ADDRESS] * 6, 0, *[ADDRESS] * 4, 0, 0, 0][: len(flags)]


def test_words_never_cross_rows() -> None:
    apart = words(["ab", "cd", "", "ef gh", "你", "好"])
    assert apart.counts.tolist() == [1, 1, 0, 2, 1, 1]
    assert int(apart.hash[0]) == read("ab")[0]
    assert int(apart.hash[1]) == read("cd")[0]


def test_damaged_text_is_read_as_far_as_it_goes() -> None:
    assert read("good \ud800 text") == read("good text")
    assert read("a\x00b") == read("a b")
    offsets = pa.py_buffer(np.array([0, 5, 8], dtype=np.int32))
    broken = pa.Array.from_buffers(pa.string(), 2, [None, offsets, pa.py_buffer(b"ok \xff\xfe ok")])
    assert words(broken).counts.tolist()[1] == 1


def test_long_words_and_rows_longer_than_a_portion_are_read() -> None:
    long = "x" * 40000
    assert read(long) != read(long + "x")
    many = " ".join(["word"] * (PORTION // 2))
    found = words([many, "tail"])
    assert found.counts.tolist() == [PORTION // 2, 1]
    assert len(np.unique(found.hash[:-1])) == 1


def test_slices_and_types_of_columns_read_alike() -> None:
    texts = ["zero", "eins zwei", None, "три"]
    whole = words(texts)
    for column in (
        pa.array(["x", *texts]).slice(1),
        pa.chunked_array([texts[:1], texts[1:]]),
        pa.array(texts, type=pa.large_string()),
        pa.array(texts).dictionary_encode(),
    ):
        again = words(column)
        assert again.hash.tolist() == whole.hash.tolist()
        assert again.known.tolist() == whole.known.tolist()


@given(st.lists(st.text(st.characters(max_codepoint=127), max_size=30), min_size=1, max_size=8))
def test_ascii_fast_path_equals_the_slow_path(texts: list[str]) -> None:
    fast = words(texts)
    slow = words([*texts, "ж"])
    assert fast.hash.tolist() == slow.hash[:-1].tolist()
    assert fast.kind.tolist() == slow.kind[:-1].tolist()
    assert fast.counts.tolist() == slow.counts[:-1].tolist()


@settings(max_examples=150, deadline=None)
@given(st.one_of(TEXT, MIXED))
def test_tables_fold_as_unicodedata_does(text: str) -> None:
    direct = normal([text, "ж"])
    spelt = normal([folded(text), "ж"])
    assert words([text]).hash.tolist() == words([folded(text)]).hash.tolist()
    assert direct.offset[0] == spelt.offset[0] == 0
    assert read(unicodedata.normalize("NFD", folded(text))) == read(folded(text))


@settings(deadline=None)
@given(st.lists(st.one_of(st.none(), MIXED), max_size=8), st.integers(0, 8))
def test_a_batch_cut_anywhere_reads_the_same(texts: list[str | None], cut: int) -> None:
    whole, left, right = words(texts), words(texts[:cut]), words(texts[cut:])
    assert whole.hash.tolist() == left.hash.tolist() + right.hash.tolist()
    assert whole.kind.tolist() == left.kind.tolist() + right.kind.tolist()
    assert whole.counts.tolist() == count(texts)[0].tolist()


def test_prompt_hash_is_keyed_and_ordered() -> None:
    found = prompt_hashes(words(["one two", "One, TWO!", "two one", "", None, "one two one"]), salt=1).to_pylist()
    assert found[0] == found[1]
    assert len({found[0], found[2], found[5]}) == 3
    assert found[3] is None
    assert found[4] is None
    assert prompt_hashes(words(["one two"]), salt=2)[0].as_py() != found[0]
