"""Links: a tie is what chance and busyness do not explain, and what hardly anybody else shares."""

from __future__ import annotations

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.actors.carry import CARRIED
from stillwatch.actors.links import KINDS, STRONG, link, numbered
from stillwatch.actors.replays import MOST_POOLED
from stillwatch.engine import table

from .worlds import Crowd, Ints, at_hand, features, filled, replayed, world


def linked(
    rows: pa.Table,
    facts: pa.Table | None = None,
    told: pa.Table | None = None,
    passed: pa.Table | None = None,
    *,
    hub: float = 0.02,
) -> pa.Table:
    given = (
        rows,
        table("account_facts").schema.empty_table() if facts is None else facts,
        CARRIED.empty_table() if told is None else told,
        table("artifacts").schema.empty_table() if passed is None else passed,
    )
    with at_hand(*given) as (engine, (features_, facts_, carried_, passed_)):
        made = link(engine, features_, facts_, carried_, passed_, hub_share=hub)
    assert made.schema == table("links").schema
    return made


def carrying(account: Ints, family: Ints, held: int = 0) -> pa.Table:
    """Exchanges that carry families."""
    rows = account.size
    given = {"exchange_id": np.arange(rows), "account": account, "family": family, "slice": np.broadcast_to(held, rows)}
    return pa.table(
        [pa.array(given[f.name]).cast(f.type) if f.name in given else pa.nulls(rows, f.type) for f in CARRIED],
        schema=CARRIED,
    )


def test_busy_accounts_that_meet_a_popular_phrase_get_no_link() -> None:
    """Every account sends it in one exchange of ten; a group sends hardly anything else."""
    rng = np.random.default_rng(1)
    account = np.repeat(np.arange(400), np.concatenate([np.full(350, 20), np.full(50, 400)]))
    phrase = rng.random(account.size) < 0.1
    keen = np.repeat(np.arange(1000, 1012), 20)
    everybody = np.concatenate([account, keen])
    sent = np.concatenate([account[phrase], keen])
    made = linked(features(account=everybody), told=carrying(sent, np.full(sent.size, 5)))
    tied = set(made.column("account").to_pylist())
    assert set(range(1000, 1012)) <= tied
    assert len(tied - set(range(1000, 1012))) <= 0.05 * 400
    assert len([a for a in tied if 350 <= a < 400]) <= 5


def test_a_family_that_everybody_sends_all_the_time_ties_nobody() -> None:
    account = np.repeat(np.arange(50), 10)
    assert linked(features(account=account), told=carrying(account, np.full(account.size, 5))).num_rows == 0


def test_the_test_slice_links_nobody() -> None:
    rows = world([Crowd(name="some", size=60)], seed=1).features
    place = rows.schema.get_field_index("slice")
    held = rows.set_column(place, rows.schema.field(place), pa.array(np.ones(rows.num_rows, np.int8)))
    same = held.set_column(held.schema.get_field_index("subnet"), "subnet", pa.array(np.full(held.num_rows, 9)))
    account = np.array(rows.column("account").to_pylist()[:30])
    made = linked(same.cast(rows.schema), told=carrying(account, np.full(account.size, 5), 1))
    assert made.num_rows == 0


FACTS = filled(
    "account_facts",
    {
        "account": np.arange(100),
        "payment": pa.array([1] * 30 + [2, 2] + [100 + i for i in range(68)]),
        "device": pa.array([7, 7, 7] + [None] * 97, pa.int64()),
        "registration": pa.array([4] * 60 + [5] * 10 + [None] * 30, pa.int64()),
    },
    100,
)


def test_shared_facts_link_the_active_and_only_patterns_and_places_can_be_hubs() -> None:
    made = linked(features(account=np.arange(99)), FACTS, hub=0.25)
    count = {
        (k, o): n
        for k, o, n in zip(*(made.column(c).to_pylist() for c in ("kind", "object", "object_accounts")), strict=True)
    }
    assert count == {
        ("payment", 1): 30,
        ("payment", 2): 2,
        ("device", 7): 3,
        ("registration", 4): 60,
        ("registration", 5): 10,
    }
    hubs = {o for k, o, h in zip(*(made.column(c).to_pylist() for c in ("kind", "object", "hub")), strict=True) if h}
    assert hubs == {4}
    assert 99 not in made.column("account").to_pylist()
    assert made.column("exchanges").null_count == made.num_rows


def test_small_worlds_have_no_hubs_below_twenty_accounts() -> None:
    rows = features(account=np.arange(21), subnet=[3] * 20 + [8])
    assert linked(rows).column("hub").to_pylist() == [False] * 20
    assert linked(features(account=np.arange(21), subnet=[3] * 21)).column("hub").to_pylist() == [True] * 21


@pytest.mark.parametrize("kind", sorted(set(KINDS) - {"family", "artifact"}))
def test_the_fewer_share_a_thing_the_more_it_weighs(kind: str) -> None:
    group = np.concatenate([np.full(2, 1), np.full(12, 2), np.full(60, 3)])
    column = {"subnet": "subnet", "ip": "ip", "tls": "tls_fingerprint"}.get(kind)
    rows = features(account=np.arange(74), **({column: group} if column else {}))
    facts = None if column else filled("account_facts", {"account": np.arange(74), kind: group}, 74)
    made = linked(rows, facts)
    weight = [
        made.filter(pa.compute.equal(made.column("object"), o)).column("weight").to_pylist()[0] for o in (1, 2, 3)
    ]
    assert weight[0] > weight[1] > weight[2] > 0
    assert weight[0] < KINDS[kind][0]
    assert set(made.column("kind").to_pylist()) == {kind}


def test_a_family_weighs_by_the_share_of_the_traffic_that_it_is() -> None:
    account = np.concatenate([np.repeat([1, 2, 3], [10, 10, 10]), np.repeat(np.arange(10, 210), 50)])
    sent = np.repeat([1, 2, 3], [10, 5, 2])
    made = linked(features(account=account), told=carrying(sent, np.full(sent.size, 5)))
    assert made.column("account").to_pylist() == [1, 2, 3]
    assert made.column("exchanges").to_pylist() == [10, 5, 2]
    whole, half, fifth = made.column("weight").to_pylist()
    assert whole == half
    assert fifth == pytest.approx(0.4 * half, abs=1e-6)


def test_reasons_say_what_is_shared_and_with_how_many() -> None:
    account = np.concatenate([np.repeat([1, 2], 10), np.repeat(np.arange(10, 210), 50)])
    sent = np.repeat([1, 2], 10)
    made = linked(
        features(account=account, subnet=np.where(account < 3, 8, account)), told=carrying(sent, np.full(20, 5))
    )
    told = dict(zip(made.column("kind").to_pylist(), made.column("reason").to_pylist(), strict=True))
    assert told == {
        "family": "sent this template 10 times, more than other accounts' rate explains; so did 1 other accounts",
        "subnet": "shares this subnet with 1 other accounts",
    }


def test_rows_are_in_the_order_of_their_key_whatever_order_they_came_in() -> None:
    rows = world([Crowd(name="some", size=200, cards=5)], seed=2)
    mixed = rows.features.take(pa.array(np.random.default_rng(1).permutation(rows.features.num_rows)))
    made, again = linked(rows.features, rows.facts), linked(mixed, rows.facts)
    assert made.equals(again)
    key = list(zip(*(made.column(c).to_pylist() for c in ("account", "kind", "object")), strict=True))
    assert key == sorted(key)


def test_nothing_shared_gives_an_empty_table() -> None:
    assert linked(table("features").schema.empty_table()).num_rows == 0
    assert linked(features(account=[1], subnet=[2])).num_rows == 0


def test_things_of_different_kinds_have_different_numbers() -> None:
    kind, thing = np.array([0, 1, 0, 1, 1]), np.array([7, 7, 9, 9, 9])
    assert numbered(kind, thing).tolist() == [0, 2, 1, 3, 3]
    assert numbered(kind[:0], thing[:0]).tolist() == []


def test_strong_kinds_are_kinds() -> None:
    assert set(KINDS) > STRONG
    assert not any(KINDS[kind][1] for kind in STRONG)


def test_replayed_signatures_tie_the_sender_to_the_account_that_was_given_them() -> None:
    sent = replayed(sender=[2, 3, 3], origin=[1, 2, 2], artifact=[70, 71, 72])
    made = linked(features(account=np.arange(1, 9)), passed=sent).to_pylist()
    assert [(r["account"], r["kind"], r["object"], r["object_accounts"], r["exchanges"]) for r in made] == [
        (1, "artifact", 1, 3, 0),
        (2, "artifact", 1, 3, 1),
        (3, "artifact", 1, 3, 2),
    ]
    assert made[2]["reason"] == "one of 3 accounts that sent one another's reasoning signatures, itself in 2 exchanges"


def test_a_published_signature_ties_nobody() -> None:
    """Whoever copies the example sends it; a signature that only three accounts hold still ties these."""
    copied = replayed(sender=np.arange(2, 40), origin=np.ones(38, np.int64), artifact=np.full(38, 70))
    own = replayed(sender=[50, 51], origin=[49, 49], artifact=[80, 80])
    for hub in (0.02, 0.9):
        made = linked(features(account=np.arange(1, 60)), passed=pa.concat_tables([copied, own]), hub=hub)
        assert made.column("account").to_pylist() == [49, 50, 51], "however many accounts there are"


def test_a_pool_beyond_all_that_is_known_is_a_hub() -> None:
    accounts = np.arange(1, MOST_POOLED + 2)
    ring = replayed(sender=np.roll(accounts, 1), origin=accounts, artifact=accounts)
    small = replayed(sender=accounts[1:3] + 10**6, origin=accounts[:2] + 10**6, artifact=accounts[:2] + 10**6)
    made = linked(features(account=accounts[:9]), passed=pa.concat_tables([ring, small]))
    hubs = made.filter(made.column("hub"))
    assert hubs.column("account").to_pylist() == accounts.tolist()
    assert made.num_rows - hubs.num_rows == 3


@pytest.mark.parametrize("changed", [{"slice": 1}, {"other_account": False}, {"other_account": None}])
def test_what_was_sent_in_the_test_slice_or_by_its_own_account_ties_nobody(changed: dict[str, object]) -> None:
    sent = replayed(sender=[2, 3], origin=[1, 1], artifact=[70, 71], **changed)
    assert linked(features(account=[1, 2, 3]), passed=sent).num_rows == 0
