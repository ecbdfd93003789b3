"""Items of public sets are told in whatever text they stand, and in no other."""

import lzma
from importlib.resources import files

import numpy as np
import pytest

from stillwatch.text import ITEM_BITS, known_items, sets, words
from stillwatch.text.known_items import KEPT, Registry, compiled, fingerprints, packed, unpacked

RNG = np.random.default_rng(11)
BAG = ["".join(map(chr, row)) for row in RNG.integers(97, 123, (4000, 7))]


def sentence(size: int) -> str:
    return " ".join(BAG[i] for i in RNG.integers(0, len(BAG), size))


ITEMS = [sentence(24) for _ in range(60)]


@pytest.fixture(scope="module")
def among() -> Registry:
    """Two sets of 40 and 20 items."""
    mark, row = fingerprints(words(ITEMS))
    marks = np.stack([np.sort(mark[row == item])[:KEPT] for item in range(len(ITEMS))])
    return compiled(["first", "second"], marks, np.array([40, 20]))


def test_an_item_is_told_inside_any_scaffold(among: Registry) -> None:
    texts = [f"{sentence(40)}\n\nQUESTION: {item}\n{sentence(30)}" for item in ITEMS]
    told = known_items(words(texts), among=among).to_pylist()
    assert told == [*range(40), *((1 << ITEM_BITS) | place for place in range(20))]


def test_case_and_spacing_make_no_difference(among: Registry) -> None:
    assert known_items(words([ITEMS[3].upper().replace(" ", "  ")]), among=among).to_pylist() == [3]


def test_other_texts_hold_no_item(among: Registry) -> None:
    texts = [sentence(60) for _ in range(2000)] + ["", "three short words"]
    assert known_items(words([*texts, None]), among=among).null_count == len(texts) + 1


def test_one_mark_is_not_enough(among: Registry) -> None:
    mark, _ = fingerprints(words([ITEMS[5]]))
    at = sorted(int(np.flatnonzero(mark == m)[0]) for m in np.sort(mark)[:KEPT])
    spoken = ITEMS[5].split()
    cut = " ".join(spoken[at[0] : at[0] + 6])
    assert known_items(words([cut]), among=among).null_count == 1


def test_of_several_items_the_most_complete_counts(among: Registry) -> None:
    mark, _ = fingerprints(words([ITEMS[9]]))
    at = sorted(int(np.flatnonzero(mark == m)[0]) for m in np.sort(mark)[:KEPT])
    without_last = " ".join(ITEMS[9].split()[: at[-1] + 5])
    both = f"{without_last} {sentence(9)} {ITEMS[50]}"
    assert known_items(words([both]), among=among).to_pylist() == [(1 << ITEM_BITS) | 10]
    assert known_items(words([f"{ITEMS[30]} {ITEMS[7]}"]), among=among).to_pylist() == [7]


def test_rows_do_not_depend_on_their_neighbours(among: Registry) -> None:
    texts = [ITEMS[0], sentence(50), None, ITEMS[1] + " " + sentence(20), ""]
    whole = known_items(words(texts), among=among).to_pylist()
    assert whole == [known_items(words([text]), among=among).to_pylist()[0] for text in texts]
    halves = f"{' '.join(ITEMS[2].split()[:12])}", f"{' '.join(ITEMS[2].split()[12:])}"
    assert known_items(words(halves), among=among).null_count >= 1


def test_the_packaged_sets_are_known_by_real_items() -> None:
    by_name = {one.name: one for one in sets()}
    assert by_name["gsm8k"].items > 8000
    assert [one.number for one in sets()] == list(range(len(sets())))
    prompt = (
        "You grade mathematics. Solve it and show the answer.\n\nNatalia sold clips to 48 of her friends in April, and then she sold "
        "half as many clips in May. How many clips did Natalia sell altogether in April and May?\nAnswer as JSON."
    )
    told = known_items(words([prompt, "How many clips did I sell in May if I sold half as many as in April, please?"]))
    assert told[0].as_py() >> ITEM_BITS == by_name["gsm8k"].number
    assert not told[1].is_valid


def test_a_packed_registry_holds_the_same_items_each_in_its_set(among: Registry) -> None:
    mark, row = fingerprints(words(ITEMS))
    marks = np.stack([np.sort(mark[row == item])[:KEPT] for item in range(len(ITEMS))])
    names, held, items = unpacked(packed(["first", "second"], marks, np.array([40, 20])))
    assert (names, items.tolist()) == (["first", "second"], [40, 20])
    for part in (slice(0, 40), slice(40, 60)):
        assert {tuple(one) for one in held[part].tolist()} == {tuple(one) for one in marks[part].tolist()}
    again = known_items(words(ITEMS), among=compiled(names, held, items)).to_pylist()
    assert len(set(again)) == len(ITEMS)
    assert [one >> ITEM_BITS for one in again] == [0] * 40 + [1] * 20


def test_what_is_no_registry_or_one_of_another_make_is_refused_and_not_read_as_knowing_nothing() -> None:
    whole = files("stillwatch.text").joinpath("known_items.xz").read_bytes()
    for damaged in (b"", whole[:-100], whole[:5000] + bytes([whole[5000] ^ 1]) + whole[5001:], b"PK" + whole[2:]):
        with pytest.raises(lzma.LZMAError):
            unpacked(damaged)
    a_mark_short = lzma.compress(lzma.decompress(whole)[:-12])
    for foreign in (
        a_mark_short,
        *map(lzma.compress, (b"not a head\n", b"[3]\n" + bytes(36), b'{"a": 3}\n' + bytes(48))),
    ):
        with pytest.raises(ValueError, match=r"registry of known items|Expecting value"):
            unpacked(foreign)
    wide = np.array([[1, 2, 1 << 28]], dtype=np.uint32)
    with pytest.raises(ValueError, match="expected less than 2\\^28"):
        compiled(*unpacked(packed(["of 32 bits"], wide, np.array([1]))))


def test_a_registry_whose_sets_do_not_add_up_is_not_packed() -> None:
    marks = np.arange(12, dtype=np.uint32).reshape(4, 3)
    for names, items in ((["same", "same"], [2, 2]), (["one", "other"], [2, 1])):
        with pytest.raises(ValueError, match="got 4 items for sets of"):
            packed(names, marks, np.array(items))


def test_long_ordinary_texts_hold_no_packaged_item_by_chance() -> None:
    texts = [sentence(1000) for _ in range(300)]
    assert known_items(words(texts)).null_count == len(texts)
