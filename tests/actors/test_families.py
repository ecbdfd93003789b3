"""Families: one scaffold is one family, an operator's wordings are joined for their senders, and phrases join nobody."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.actors import families
from stillwatch.actors.carry import carried
from stillwatch.actors.families import SCOPES, Mined, mine
from stillwatch.actors.family_sizes import family_rows
from stillwatch.engine import table
from stillwatch.text import anchors, words

from .worlds import PRESSES, SALT, Crowd, at_hand, features, lists, template_anchors, world

SUPPORT = 20
_NOUNS = list("abcdefghijklmnopqrstuvwxyz")


def mined(rows: pa.Table, *, scope: str = "prompt", support: int = SUPPORT, salt: int = SALT) -> Mined:
    with at_hand(rows) as (engine, (told,)):
        return mine(engine, told, scope=scope, support=support, salt=salt)


def table_of(rows: pa.Table, *scopes: str) -> list[dict[str, object]]:
    """Rows of the table `families`."""
    with at_hand(rows) as (engine, (told,)):
        found = [mine(engine, told, scope=scope, support=SUPPORT, salt=SALT) for scope in scopes or ("prompt",)]
        made = family_rows(engine, carried(engine, told, found), told, found)
    assert made.schema == table("families").schema
    return list(made.to_pylist())


def spoken(texts: list[str], accounts: list[int]) -> pa.Table:
    """Rows whose shingles are those of rendered texts."""
    return features(account=accounts, anchors=anchors(words(pa.array(texts, pa.large_string())), salt=SALT))


def said(rng: np.random.Generator, count: int) -> str:
    return " ".join(rng.choice(_NOUNS, count))


def test_one_scaffold_is_one_family_whatever_fills_it() -> None:
    rng = np.random.default_rng(1)
    scaffold = "You are a careful expert who solves the following exercise step by step and shows all of the work: "
    texts = [scaffold + said(rng, 25) for _ in range(60)] + [said(rng, 30) for _ in range(200)]
    (one,) = table_of(spoken(texts, [i % 30 for i in range(60)] + list(range(100, 300))))
    assert one["scope"] == "prompt"
    assert one["joined_by"] == "co-occurrence in requests"
    assert one["accounts"] == 30
    assert one["exchanges"] == 60
    assert one["distinct_prompts"] == 0


def test_two_scaffolds_with_senders_of_their_own_are_two_families() -> None:
    rng = np.random.default_rng(2)
    first = "Translate the customer letter below into plain words and keep every figure as it stands in the text: "
    second = "Write unit tests for this function, cover its edge cases, and explain which of them may still fail: "
    texts = [first + said(rng, 20) for _ in range(40)] + [second + said(rng, 20) for _ in range(40)]
    assert [f["accounts"] for f in table_of(spoken(texts, list(range(80))))] == [40, 40]


APPS = [Crowd(name=f"app {i}", size=30, template=f"app {i}", share=0.8) for i in range(8)]
CUSTOMERS = Crowd(name="customers", size=700)
OPERATOR = Crowd(name="operator", size=60, template="op", spread=0, wordings=2)


@pytest.fixture(scope="module")
def paraphrased() -> pa.Table:
    return world([CUSTOMERS, *APPS, OPERATOR], seed=11).features


def test_wordings_of_one_operator_are_joined_for_their_senders(paraphrased: pa.Table) -> None:
    """And the reason says so; the apps' families stay apart."""
    found = mined(paraphrased)
    wordings = [found.family[np.isin(found.anchors, template_anchors("op", w))] for w in range(OPERATOR.wordings)]
    assert all(f.size >= 6 for f in wordings)
    (one,) = np.unique(np.concatenate(wordings)).tolist()
    assert found.fragments[one] == OPERATOR.wordings
    assert found.by_senders[one]
    for i in range(len(APPS)):
        (own,) = np.unique(found.family[np.isin(found.anchors, template_anchors(f"app {i}"))]).tolist()
        assert own != one
        assert not found.by_senders[own]
    reasons = {f["family"]: f["joined_by"] for f in table_of(paraphrased)}
    assert reasons[int(found.ids[one])] == "overlap of accounts"


@pytest.mark.parametrize("block", [1, 7, 50])
def test_shingles_are_held_against_one_another_in_blocks_of_any_size(
    monkeypatch: pytest.MonkeyPatch, paraphrased: pa.Table, block: int
) -> None:
    whole = mined(paraphrased)
    assert whole.anchors.size > 50
    monkeypatch.setattr(families, "_BLOCK", block)
    apart = mined(paraphrased)
    assert apart.ids.tolist() == whole.ids.tolist()
    assert apart.family.tolist() == whole.family.tolist()


def test_a_phrase_of_one_shingle_is_never_a_family() -> None:
    rng = np.random.default_rng(3)
    rows = features(
        account=np.arange(200) % 100, anchors=lists([[7, *rng.integers(100, 1 << 40, 5).tolist()] for _ in range(200)])
    )
    assert mined(rows).ids.size == 0


def test_two_phrases_that_seldom_stand_together_are_no_template() -> None:
    apart = [[7, 8] if i % 3 == 0 else [7, 100 + i % 4] if i % 3 == 1 else [8, 200 + i % 4] for i in range(300)]
    assert mined(features(account=np.arange(300), anchors=lists(apart))).ids.size == 0
    together = [[7, 8] if i % 3 else [7, 100 + i % 4] for i in range(300)]
    assert mined(features(account=np.arange(300), anchors=lists(together))).ids.size == 1


def test_a_shingle_counts_by_accounts_and_not_by_requests() -> None:
    loud = features(account=np.arange(400) % (SUPPORT - 1), anchors=lists([[7, 8]] * 400))
    just = features(account=np.arange(SUPPORT), anchors=lists([[7, 8]] * SUPPORT))
    assert mined(loud).ids.size == 0
    assert mined(just).ids.size == 1


def test_only_the_discovery_slice_is_mined() -> None:
    sent = {"account": np.arange(80), "anchors": lists([[7, 8]] * 80)}
    assert mined(features(**sent, slice=np.ones(80, np.int8))).ids.size == 0
    assert mined(features(**sent, slice=np.arange(80) % 2)).ids.size == 1


def test_busy_accounts_and_chat_phrases_do_not_join_everybody() -> None:
    """Where a union of all that share an account would make one family of nearly all phrases."""
    busy = Crowd(name="busy", size=60, load=300, phrases=0.9)
    rows = world([Crowd(name="customers", size=800, phrases=0.9), busy], seed=5).features
    found = mined(rows)
    assert found.ids.size >= 30
    senders: dict[int, set[int]] = {}
    held = rows.filter(pa.compute.equal(rows.column("slice"), 0))
    known = {int(a): int(f) for a, f in zip(found.anchors, found.family, strict=True)}
    for account, told in zip(held.column("account").to_pylist(), held.column("anchors").to_pylist(), strict=True):
        for anchor in told:
            if anchor in known:
                senders.setdefault(account, set()).add(known[anchor])
    naive = max(len(f) for f in senders.values())
    assert naive > 0.6 * found.ids.size
    assert found.fragments.max() <= 2


def test_the_order_of_rows_and_what_is_beside_them_do_not_matter(paraphrased: pa.Table) -> None:
    first = mined(paraphrased)
    order = np.random.default_rng(9).permutation(paraphrased.num_rows)
    second = mined(paraphrased.take(pa.array(order)))
    for name in ("anchors", "family", "ids", "size", "fragments", "by_senders"):
        np.testing.assert_array_equal(getattr(first, name), getattr(second, name))


def test_ids_are_keyed_and_differ_between_scopes() -> None:
    sent = lists([[7, 8, 9]] * 30)
    rows = features(account=np.arange(30), anchors=sent, system_anchors=sent)
    prompt, system = mined(rows), mined(rows, scope="system")
    assert prompt.ids.tolist() == mined(rows).ids.tolist()
    assert len({int(prompt.ids[0]), int(system.ids[0]), int(mined(rows, salt=SALT + 1).ids[0])}) == 3


@pytest.mark.parametrize("scope", sorted(SCOPES))
def test_nothing_frequent_gives_nothing(scope: str) -> None:
    empty = table("features").schema.empty_table()
    few = features(account=[1, 2, 3, None], anchors=lists([[1, 2], None, [], [1, 2]]))
    for rows in (empty, few):
        found = mined(rows, scope=scope)
        assert found.ids.size == found.anchors.size == found.family.size == found.size.size == found.fragments.size == 0
        assert table_of(rows, scope) == []


def test_sizes_of_a_family_are_those_of_the_exchanges_that_carry_it() -> None:
    rows = features(
        account=[*range(25), *range(25), 3],
        anchors=lists([[7, 8]] * 25 + [[1, 2]] * 25 + [[7, 8]]),
        slice=np.array([0] * 50 + [1], np.int8),
        prompt_hash=[5] * 5 + list(range(100, 120)) + [9] * 26,
        turns=pa.array([1] * 10 + [3] * 10 + [None] * 31, pa.int32()),
        elicitation=[PRESSES] * 20 + [0] * 31,
        at=np.arange(51),
    )
    both = table_of(rows, "prompt")
    one = next(f for f in both if f["distinct_prompts"] == 21 / 25)
    assert (one["exchanges"], one["accounts"], one["single_turn"], one["exclusivity"]) == (25, 25, 0.5, 0.5)
    assert one["elicitation"] == PRESSES
    assert one["anchors"] == [7, 8]
