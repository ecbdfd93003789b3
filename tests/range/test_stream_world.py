"""Ordinary customers of a large world keep their hours and weeks, begin and end, move to new models, and share what people share."""

from __future__ import annotations

from collections import Counter, defaultdict

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.range import places
from stillwatch.range.blocks import Block, build_block, world_key
from stillwatch.range.desk import Desk, desk
from stillwatch.range.launches import launches
from stillwatch.range.odds import trace_answers
from stillwatch.range.pack import find_prompts
from stillwatch.range.products import PRODUCTS
from stillwatch.range.recipe import Recipe
from stillwatch.range.rhythm import DAY
from stillwatch.range.rolls import facts_of
from stillwatch.range.shards import sheet_of
from stillwatch.range.sheets import Sheet

RECIPE = Recipe(seed=8, accounts=6000, exchanges=240_000, days=35, block=6000)
HOUR = 3_600_000_000
NAMES = [product.name for product in PRODUCTS]


@pytest.fixture(scope="module")
def on() -> Desk:
    """The desk of the repository's pack."""
    return desk(find_prompts().resolve())


@pytest.fixture(scope="module")
def block(on: Desk) -> Block:
    """A world's only block."""
    return build_block(RECIPE, 0, on)


@pytest.fixture(scope="module")
def sheet(on: Desk, block: Block) -> Sheet:
    """All its rows."""
    shard = next(RECIPE.shards())
    assert shard.days == RECIPE.days
    return sheet_of(RECIPE, shard, block, on, launches(RECIPE.seed, RECIPE.days))[0]


def _of(block: Block, sheet: Sheet, product: str) -> NDArray[np.bool_]:
    found: NDArray[np.bool_] = block.product[sheet.columns["account"]] == NAMES.index(product)
    return found


def test_there_are_nine_product_types_in_their_shares(block: Block) -> None:
    assert len(PRODUCTS) == 9
    assert sum(product.share for product in PRODUCTS) == 1000
    counts = np.bincount(block.product, minlength=9)
    assert all(abs(counts[k] - 6 * product.share) <= 1 for k, product in enumerate(PRODUCTS))


def test_activity_is_heavy_tailed_and_exact(block: Block, sheet: Sheet) -> None:
    assert int(block.counts.sum()) == len(sheet) == RECIPE.exchanges
    each = np.sort(block.counts.sum(axis=1))[::-1]
    assert each.min() >= 1
    assert each[:60].sum() > 0.15 * each.sum()
    assert np.median(each) < 0.4 * each.mean()


def test_the_rows_of_each_account_and_day_are_those_that_were_planned(block: Block, sheet: Sheet) -> None:
    found = np.zeros_like(block.counts)
    np.add.at(found, (sheet.columns["account"], sheet.columns["at"] // DAY), 1)
    assert (found == block.counts).all()


def test_offices_rest_at_the_weekend_and_chats_do_not(block: Block) -> None:
    weekend = np.isin((np.arange(35) + 1) % 7, [5, 6])
    for product, low, high in (("rag", 0.0, 0.1), ("coding", 0.0, 0.1), ("chat", 0.25, 0.45), ("support", 0.18, 0.32)):
        counts = block.counts[block.product == NAMES.index(product)].sum(axis=0)
        assert low <= counts[weekend].sum() / counts.sum() <= high, product


def test_working_hours_are_those_of_the_account_s_zone(block: Block, sheet: Sheet) -> None:
    local = (sheet.columns["at"] // HOUR + block.zone[sheet.columns["account"]]) % 24
    office, evening = local[_of(block, sheet, "coding")], local[_of(block, sheet, "chat")]
    assert ((office >= 8) & (office < 19)).mean() > 0.7
    assert ((evening >= 17) | (evening < 1)).mean() > 0.4
    assert ((evening >= 2) & (evening < 6)).mean() < 0.05
    batch = np.bincount(local[_of(block, sheet, "batch")], minlength=24)
    assert batch.min() > 0


def test_accounts_begin_and_end_and_send_nothing_before_or_after(block: Block) -> None:
    day = np.arange(RECIPE.days)
    outside = (day < block.begins[:, None]) | (day > block.ends[:, None])
    assert block.counts[outside].sum() == 0
    assert 0.15 < (block.begins > 0).mean() < 0.45
    assert 0.02 < (block.ends < RECIPE.days - 1).mean() < 0.4


def test_who_begins_within_the_window_signed_up_before_the_first_request(block: Block, sheet: Sheet) -> None:
    created = facts_of(RECIPE, block)["created"].to_pylist()
    first = np.full(len(block), 1 << 62)
    np.minimum.at(first, sheet.columns["account"], sheet.columns["at"])
    epoch = np.datetime64("2026-09-15T00:00:00")
    signed = np.array([np.datetime64(text[:19]) - epoch for text in created]).astype("timedelta64[s]").astype(np.int64)
    assert (signed * 1_000_000 < first).all()
    assert (signed[block.begins > 0] > -86_400).all()


def test_new_models_are_taken_up_bit_by_bit_and_some_never_move(block: Block, sheet: Sheet) -> None:
    launched = launches(RECIPE.seed, RECIPE.days)
    at, model = sheet.columns["at"], sheet.columns["model"]
    assert (model[at < min(launched.at)] % 2 == 0).all()
    main = model // 2 == 1
    weeks = [main & (at >= launched.at[1] + k * 7 * DAY) & (at < launched.at[1] + (k + 1) * 7 * DAY) for k in range(2)]
    shares = [float((model[week] == 3).mean()) for week in weeks]
    assert 0.05 < shares[0] < shares[1] < 0.95


def test_conversations_have_turns_in_order_from_one_account(sheet: Sheet) -> None:
    c = sheet.columns
    later = np.flatnonzero(c["before"] >= 0)
    before = c["before"][later]
    assert 0.2 < len(later) / len(sheet) < 0.75
    for name in ("account", "conversation", "ip"):
        assert (c[name][later] == c[name][before]).all()
    assert (c["at"][later] >= c["at"][before]).all()
    assert (c["turn"][later] == c["turn"][before] + 1).all()
    assert (c["tokens_in"][later] > c["tokens_in"][before]).all()
    assert len(np.unique(c["conversation"])) == (c["before"] < 0).sum()
    assert c["turn"].max() >= 20


def test_answers_have_the_lengths_of_the_traces(block: Block, sheet: Sheet) -> None:
    free = _of(block, sheet, "chat") & (sheet.columns["status"] == 200) & (sheet.columns["reply"] == 0)
    drawn = sheet.columns["tokens_out"][free]
    known = trace_answers("chat")
    assert np.quantile(known, 0.2) <= np.median(drawn) <= np.quantile(known, 0.8)
    assert drawn.max() <= known.max()


def test_a_few_requests_fail(sheet: Sheet) -> None:
    assert 0.004 < (sheet.columns["status"] != 200).mean() < 0.012


def test_the_mix_of_products_drifts_over_the_weeks(block: Block) -> None:
    agents = block.counts[block.product == NAMES.index("agents")].sum(axis=0)
    translation = block.counts[block.product == NAMES.index("translation")].sum(axis=0)
    first = agents[:14].sum() / translation[:14].sum()
    last = agents[-14:].sum() / translation[-14:].sum()
    assert last > 1.1 * first


def test_companies_share_one_card_and_mail_domain_and_homes_sometimes_a_card(block: Block) -> None:
    facts = facts_of(RECIPE, block)
    cards, mails = facts["payment"].to_pylist(), facts["registration"].to_pylist()
    members = defaultdict(list)
    for k, holder in enumerate(block.holder.tolist()):
        members[holder].append(k)
    companies = [m for m in members.values() if PRODUCTS[block.product[m[0]]].held_by == "companies" and len(m) > 1]
    homes = [m for m in members.values() if PRODUCTS[block.product[m[0]]].held_by == "people" and len(m) > 1]
    assert len(companies) > 50
    assert all(len({cards[k] for k in m} - {None}) <= 1 and len({mails[k] for k in m}) == 1 for m in companies)
    shared = np.mean([len({cards[k] for k in m} - {None}) == 1 for m in homes])
    assert 0.1 < shared < 0.75
    alone = Counter(c for m in members.values() if len(m) == 1 for c in (cards[m[0]],) if c)
    assert max(alone.values()) == 1


def test_plans_allow_what_accounts_send_with_few_exceptions(block: Block) -> None:
    allowed = facts_of(RECIPE, block)["entitlement"].to_numpy()
    assert (block.counts.max(axis=1) > allowed).mean() < 0.03


def test_addresses_are_shared_as_their_kind_is(block: Block, sheet: Sheet) -> None:
    users: dict[int, set[int]] = defaultdict(set)
    for ip, account in set(zip(sheet.columns["ip"].tolist(), sheet.columns["account"].tolist(), strict=True)):
        users[ip].add(account)
    by_kind: dict[int, list[int]] = defaultdict(list)
    for ip, accounts in users.items():
        by_kind[0 if ip >> 62 or (ip >> 24) < 244 else ip >> 24].append(len(accounts))
    assert np.mean(by_kind[0]) < 1.3
    assert max(by_kind[0]) <= 6
    assert np.median(by_kind[246]) > 4
    assert np.mean(by_kind[245]) > 2
    assert np.mean(by_kind[244]) > 1.1
    assert set(by_kind) == {0, 244, 245, 246, 247, 248}


def test_homes_change_their_address_in_weeks_and_offices_never() -> None:
    key = world_key(1, "places")
    holder = np.arange(500)
    homes = [places.codes(key, np.full(500, places.HOME), holder, np.full(500, k), 30) for k in (0, 1)]
    offices = [places.codes(key, np.full(500, places.OFFICE), holder, np.full(500, k), 30) for k in (0, 1)]
    assert (homes[0] != homes[1]).mean() > 0.99
    assert (places.asns(homes[0]) == places.asns(homes[1])).all()
    assert (offices[0] == offices[1]).all()


def test_addresses_as_numbers_come_back_as_text_of_reserved_blocks() -> None:
    rng = np.random.default_rng(1)
    kind = rng.integers(0, 6, 5000)
    numbers = places.codes(3, kind, rng.integers(0, 1 << 30, 5000), rng.integers(0, 40, 5000), 100)
    texts = places.rendered(numbers)
    assert all(text.startswith(("24", "2001:db8:")) for text in texts)
    assert all(0 <= int(part) <= 255 for text in texts if "." in text for part in text.split("."))
    asns = places.asns(numbers)
    assert asns.min() >= 64512
    assert asns.max() <= 65534


def test_a_part_s_subscribers_are_spread_over_the_carrier_s_whole_pool() -> None:
    ips = ["246.0.0.10", "247.1.2.3", "2001:db8:1:2::3"]
    found = places.widened(5, ips, np.arange(3000), np.arange(3000) % 3, 600)
    assert len(np.unique(found[::3])) > 400
    assert places.rendered(np.unique(found[1::3])) == ["247.1.2.3"]
    assert places.rendered(np.unique(found[2::3])) == ["2001:db8:1:2::3"]


def test_prompts_are_mostly_different_and_no_two_accounts_share_many(on: Desk, block: Block, sheet: Sheet) -> None:
    first = (sheet.columns["turn"] == 0) & _of(block, sheet, "chat")
    said = list(zip(*(sheet.columns[name][first].tolist() for name in ("text", "frame", "tail")), strict=True))
    assert len(set(said)) > 0.6 * len(said)
    assert (sheet.columns["text"] < len(on.texts)).all()


def test_a_part_of_many_days_keeps_its_system_prompts(on: Desk) -> None:
    from stillwatch.range.parts import build_part
    from stillwatch.range.recipe import Part

    recipe = Recipe(seed=3, accounts=200, exchanges=800, days=4)
    built = build_part(recipe.setting, Part(role="lookalike", name="agent_fleet", scale=0.02), on, launches(3, 4))
    c = built.sheet.columns
    systems = defaultdict(set)
    for account, system, day in zip(
        c["account"].tolist(), c["system"].tolist(), (c["at"] // DAY).tolist(), strict=True
    ):
        systems[account].add(system)
        assert 0 <= day < 4
    assert {len(found) for found in systems.values()} == {1}
    assert len(set((c["at"] // DAY).tolist())) == 4
    assert pa.compute.count_distinct(built.facts["account"]).as_py() == len(built.roles) == 42
