"""A world has the size it was asked for, the same content for the same seed, and another one for another seed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest

from stillwatch.core.errors import Error
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.content import content_hash
from stillwatch.range.demo import demo_recipe
from stillwatch.range.desk import desk
from stillwatch.range.pack import Deck, find_prompts, read_pack
from stillwatch.range.press import Press
from stillwatch.range.rhythm import DAY, Clock, answer_lengths, gaps, turns
from stillwatch.range.seeds import stream
from stillwatch.range.splits import Fold
from stillwatch.range.tags import tagged
from stillwatch.range.world import World, build_world


def small(seed: int, *, campaigns: bool = True) -> World:
    return build_world(demo_recipe(seed=seed, accounts=500, exchanges=7500, campaigns=campaigns))


def content(world: World) -> tuple[str, str]:
    press = Press(world.sheet, world.desk, world.recipe, world.launched)
    assert sum(batch.num_rows for batch in press.slices()) == len(world)
    return press.digest(), content_hash(world.facts) + content_hash(world.truth) + content_hash(world.acts)


def test_a_world_has_exactly_the_accounts_and_exchanges_asked_for(world: World) -> None:
    assert world.facts.num_rows == world.truth.num_rows == 5000
    assert len(world) == len(world.order) == 120_000
    assert len(set(world.facts["account"].to_pylist())) == 5000
    assert world.facts["account"] == world.truth["account"]
    assert np.bincount(world.sheet.columns["account"], minlength=5000).min() >= 1


def test_the_same_seed_gives_the_same_world_and_another_seed_another() -> None:
    first, again, other = (content(small(seed)) for seed in (1, 1, 2))
    assert first == again
    assert first[0] != other[0]
    assert first[1] != other[1]


def test_a_part_draws_the_same_whatever_other_parts_there_are() -> None:
    whole, innocent = small(4), small(4, campaigns=False)
    assert "actor" not in innocent.truth["role"].to_pylist()
    for group in ("classroom", "reseller", "agent_fleet"):
        facts = [w.facts.filter(pc.equal(w.truth["group"], group)) for w in (whole, innocent)]
        lookalike = [
            f.filter(pc.is_in(f["account"], value_set=_lookalikes(w)))
            for f, w in zip(facts, (whole, innocent), strict=True)
        ]
        assert lookalike[0].num_rows > 3
        assert lookalike[0] == lookalike[1]


def _lookalikes(world: World) -> pa.Array:
    return world.truth.filter(pc.equal(world.truth["role"], "lookalike"))["account"].combine_chunks()


def test_rows_are_listed_in_order_of_time_and_lie_within_the_day(world: World) -> None:
    at = world.sheet.columns["at"][world.order]
    assert (np.diff(at) >= 0).all()
    assert at[0] >= 0
    assert at[-1] < DAY


def test_every_request_of_a_hidden_actor_has_a_purpose_in_the_truth(world: World) -> None:
    role = np.array(world.truth["role"].to_pylist())[world.sheet.columns["account"]]
    assert world.acts.num_rows == (role == "actor").sum()
    assert set(world.acts["request_id"].to_pylist()) == set(
        tagged("req_", world.sheet.columns["request"][role == "actor"]).to_pylist()
    )
    purposes = {
        group: set(world.acts.filter(pc.equal(world.acts["group"], group))["purpose"].to_pylist())
        for group in CAMPAIGNS
    }
    assert purposes == {"harvest": {"harvest"}, "grading": {"harvest", "cover"}, "scaffold": {"harvest", "cover"}}


def test_a_later_turn_follows_the_turn_before_in_the_same_conversation_and_account(world: World) -> None:
    rows = world.sheet.columns
    later = np.flatnonzero(rows["before"] >= 0)
    before = rows["before"][later]
    assert len(later) > 10_000
    for column in ("account", "conversation"):
        assert (rows[column][later] == rows[column][before]).all()
    assert (rows["at"][later] >= rows["at"][before]).all()


def test_activity_is_heavy_tailed(world: World) -> None:
    benign = np.array(world.truth["role"].to_pylist()) == "benign"
    counts = np.bincount(world.sheet.columns["account"], minlength=5000)[benign]
    assert np.median(counts) < 0.3 * counts.mean()
    assert counts.max() > 1000


def test_a_few_requests_fail_and_a_few_are_sent_twice(world: World) -> None:
    failed = (world.sheet.columns["status"] != 200).mean()
    assert 0.004 < failed < 0.012
    assert 0.002 < world.repeats.mean() < 0.004


def test_a_world_without_room_for_ordinary_customers_is_refused() -> None:
    with pytest.raises(Error, match=r"at least 20 ordinary accounts"):
        demo_recipe(seed=1, accounts=600, exchanges=5000)


def test_a_desk_is_made_once_however_it_is_asked_for(world: World) -> None:
    folder = find_prompts().resolve()
    assert desk(folder) is desk(folder, None) is world.desk
    assert desk(folder) is not desk(folder, Fold.TEST)


def test_a_missing_prompt_pack_is_named_with_the_way_out(tmp_path: Path) -> None:
    with pytest.raises(Error, match=r"not in the wheel"):
        find_prompts(tmp_path)
    (tmp_path / "other.parquet").write_bytes(b"")
    with pytest.raises(Error, match=r"nq_open\.parquet: not in the prompt pack"):
        read_pack(tmp_path).texts("nq_open")


def test_a_deck_deals_every_card_before_it_deals_one_again() -> None:
    deck = Deck(10, stream(1, "deck"))
    dealt = np.concatenate([deck.draw(7), deck.draw(6), deck.draw(7)])
    assert sorted(dealt[:10].tolist()) == sorted(dealt[10:].tolist()) == list(range(10))


def test_working_hours_follow_the_time_zone() -> None:
    clock = Clock(stream(1, "clock"))
    rng = stream(1, "times")
    for zone in (-8, 0, 8):
        at = clock.times(rng, "office", np.full(20_000, zone))
        local = (at // 3_600_000_000 + zone) % 24
        assert ((local >= 8) & (local < 18)).mean() > 0.75


def test_conversations_have_turns_in_order_and_no_more_than_allowed() -> None:
    rng = stream(2, "turns")
    cut = turns(
        rng, Clock(rng), np.array([1, 40, 7]), zone=np.zeros(3, np.int64), profile="flat", mean_turns=6.0, most_turns=5
    )
    assert np.bincount(cut.owner).tolist() == [1, 40, 7]
    assert cut.turn.max() <= 4
    assert ((cut.before >= 0) == (cut.turn > 0)).all()
    assert (np.diff(cut.at)[cut.turn[1:] > 0] >= 0).all()
    assert cut.at.max() < DAY


def test_gaps_and_answers_are_those_of_the_traces() -> None:
    rng = stream(3, "gaps")
    drawn = gaps(rng, 50_000)
    assert abs(drawn.mean() - 1.0) < 0.1
    assert np.median(drawn) < 0.9
    code = answer_lengths(rng, rng.integers(100, 4000, 20_000), trace="code")
    chat = answer_lengths(rng, rng.integers(100, 4000, 20_000), trace="chat")
    assert code.min() >= 1
    assert np.median(code) < 30 < np.median(chat)


def test_sources_that_are_kept_back_are_in_no_world(world: World) -> None:
    pack = read_pack()
    lines = (pack.folder / "SOURCES.md").read_text(encoding="utf-8").splitlines()
    kept_back = [line.split("|")[1].strip() for line in lines if "| kept back |" in line]
    texts = [*world.desk.texts.to_pylist(), *world.sheet.texts]
    used = {texts[k] for column in ("text", "extra") for k in np.unique(world.sheet.columns[column]).tolist() if k >= 0}
    assert len(kept_back) >= 5
    for name in kept_back:
        shared = used.intersection(pack.texts(name, shortest=40))
        assert len(shared) <= 0.002 * len(pack.texts(name)), name
