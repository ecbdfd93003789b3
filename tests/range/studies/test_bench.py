"""A world of a study is built once, looked at blind, and leaves nothing half done."""

from __future__ import annotations

import shutil
from collections import namedtuple
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import NoReturn

import pyarrow as pa
import pytest

from stillwatch import accounts
from stillwatch.core import Settings
from stillwatch.core.errors import DiskFull
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.metrics.cost import before_action
from stillwatch.range.names import Ints
from stillwatch.range.splits import Fold
from stillwatch.range.studies.bench import Bench, Campaign
from stillwatch.range.studies.dials import campaign_of, dialled
from stillwatch.range.studies.look import Blind, Said, weigh_accounts
from stillwatch.range.studies.order import Order, Size
from stillwatch.range.studies.parts import Site
from stillwatch.range.studies.seen import OURS, OURS_ACCOUNTS, Seen
from stillwatch.range.studies.unsealed import requests_of, unseal

from .conftest import Counting

Orders = Callable[..., Order]
CAMPAIGN = dialled("grading", accounts=12, each=5)


def look(order: Order, detector: Counting, campaign: Campaign | None = CAMPAIGN) -> Seen:
    return Bench(order).world("one", 3, {OURS: detector}, campaign=campaign)


def test_a_finished_world_is_not_done_again(order: Orders, counting: Counting) -> None:
    first = look(order(), counting)
    again = look(order(), counting)
    assert len(counting.shown) == 1
    assert again == first


def test_a_world_is_done_again_when_a_knob_or_a_setting_changed(order: Orders, counting: Counting) -> None:
    look(order(), counting)
    look(order(), counting, dialled("grading", accounts=12, each=6))
    assert len(counting.shown) == 2
    louder = replace(Settings(), actors=replace(Settings().actors, actor_fdr=0.2))
    look(order(settings=louder), counting, dialled("grading", accounts=12, each=6))
    assert len(counting.shown) == 3


def test_a_damaged_file_of_a_finished_world_is_made_anew(order: Orders, counting: Counting) -> None:
    first = look(order(), counting)
    (path,) = (order().out / "worlds").glob("*.json")
    path.write_bytes(path.read_bytes()[:100])
    again = look(order(), counting)
    assert len(counting.shown) == 2
    assert again.looked[0].clusters == first.looked[0].clusters


def test_a_campaign_is_spliced_in_whole_and_the_truth_counts_it(order: Orders, counting: Counting) -> None:
    seen = look(order(), counting)
    assert seen.groups["actor/grading"] == 12
    assert seen.sent == 60
    assert seen.told["harvest"] == 60
    assert seen.actors == ("grading",)
    assert sum(n for group, n in seen.groups.items() if group.startswith("benign/")) == 600
    assert sum(seen.groups.values()) == seen.accounts > 612
    assert seen.looked[0].clusters[0].members == seen.groups
    ids = counting.shown[0]["features"]["exchange_id"].to_pylist()
    assert len(ids) == len(set(ids)) == seen.exchanges > 9060


def test_detectors_are_shown_no_truth_and_no_raw_name(order: Orders, counting: Counting) -> None:
    bench = Bench(order())
    bench.world("one", 3, {OURS: counting}, campaign=CAMPAIGN)
    raw = set(bench.background(bench.recipe(3)).truth().role)
    for table in counting.shown[0].values():
        assert not {"role", "group"} & set(table.column_names)
        for column in table.column_names:
            if table[column].type == "string":
                assert not raw & set(table[column].to_pylist()), column


def test_cleared_accounts_are_innocent_and_never_counted_as_accused(order: Orders, counting: Counting) -> None:
    seen = look(order(), counting)
    accused = seen.looked[0].accused
    assert accused["actor/grading"] == 12
    assert counting.cleared[0].size == seen.accounts - sum(accused.values())
    assert counting.cleared[0].size == pytest.approx(seen.accounts / 2, rel=0.1)


def test_a_method_that_accuses_cleared_accounts_is_not_blamed_for_them(order: Orders, counting: Counting) -> None:
    def everybody(world: Blind, settings: Settings, cleared: Ints) -> Said:
        said = counting(world, settings, cleared)
        return replace(said, accused=said.scores[0] if said.scores else said.accused)

    seen = Bench(order()).world("everybody", 3, {OURS: everybody}, campaign=CAMPAIGN)
    looked = seen.looked[0]
    assert sum(looked.accused.values()) == seen.accounts - counting.cleared[0].size
    assert looked.clusters[0].members == seen.groups, "a group accuses all its members"


def test_our_judge_calibrates_on_the_cleared_accounts(order: Orders, monkeypatch: pytest.MonkeyPatch) -> None:
    given: list[Ints] = []

    def judge(*measured: object, cleared: pa.Array, **rest: object) -> accounts.Judgement:
        given.append(cleared.to_numpy())
        return real(*measured, cleared=cleared, **rest)  # type: ignore[arg-type]

    real = accounts.judge
    monkeypatch.setattr(accounts, "judge", judge)
    bench = Bench(order())
    seen = bench.world("judged", 3, {OURS_ACCOUNTS: weigh_accounts}, campaign=CAMPAIGN)
    who = unseal([bench.background(bench.recipe(3))])
    (cleared,) = given
    roles = {
        role: [who[a] for a in cleared.tolist() if who.get(a, "").startswith(role)] for role in ("benign", "lookalike")
    }
    assert len(roles["benign"]) + len(roles["lookalike"]) == cleared.size == pytest.approx(len(who) / 2, rel=0.1)
    assert roles["lookalike"]
    assert 0 < (seen.looked[0].tested or 0) <= seen.accounts - cleared.size


def test_what_a_campaign_obtained_counts_its_harvest_and_not_its_cover(order: Orders) -> None:
    bench = Bench(order())
    diluted = dialled("grading", accounts=12, each=5, dilution=0.5)
    world = bench.spliced(bench.recipe(3), diluted)
    rows = requests_of(world, "grading")
    assert rows.num_rows == world.exchanges
    purposes = rows["purpose"].to_pylist()
    assert purposes.count("harvest") == 60
    assert 30 < purposes.count("cover") < 100
    got = before_action(rows, {})
    assert got.wanted == got.obtained <= 60
    assert got.exchanges == rows.num_rows


def test_scores_without_information_have_no_power_beyond_their_ties(order: Orders, counting: Counting) -> None:
    assert look(order(), counting).looked[0].ranks == {"0.01": (0, 12)}


def test_a_world_of_many_days_has_customers_lookalikes_and_the_campaign_on_each(
    order: Orders, counting: Counting
) -> None:
    long = order(size=Size(accounts=300, exchanges=3600, worlds=1, days=3))
    bench = Bench(long)
    bench.world("long", 3, {OURS: counting}, campaign=dialled("grading", accounts=12, each=30, days=3))
    who = unseal([bench.background(bench.recipe(3))])
    rows = counting.shown[0]["features"]
    seen = {
        (at.date(), who.get(account, "actor/").split("/")[0])
        for at, account in zip(rows["at"].to_pylist(), rows["account"].to_pylist(), strict=True)
    }
    assert {role for _, role in seen} == {"benign", "lookalike", "actor"}
    assert len({day for day, _ in seen}) == 3
    assert len(seen) == 9


def test_a_campaign_that_never_meets_the_provider_is_nobody(order: Orders, counting: Counting) -> None:
    bought = campaign_of(SCENARIOS["purchase"], fold=Fold.TEST)
    seen = look(order(), counting, bought)
    assert seen.actors == ()
    assert seen.sent == 0
    assert seen.accounts == sum(n for group, n in seen.groups.items() if not group.startswith("actor/"))


def test_the_same_seed_gives_the_same_content(order: Orders, counting: Counting, tmp_path: Path) -> None:
    first = look(order(), counting, None)
    elsewhere = look(order(out=tmp_path / "elsewhere"), counting, None)
    assert first.content == elsewhere.content
    assert len(first.content) == 32


def test_an_interrupted_generation_leaves_no_half_world(order: Orders, counting: Counting, shared: Path) -> None:
    def stop(site: Site, name: str) -> NoReturn:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        look(order(), counting, replace(CAMPAIGN, name="stopped", make=stop))
    assert not [
        path.name for path in (shared / "cache").iterdir() if path.name.startswith(".half") or "stopped" in path.name
    ]
    assert not (order().out / "worlds").exists()
    assert counting.shown == []


def test_a_half_world_of_a_killed_run_is_swept(order: Orders, counting: Counting, shared: Path) -> None:
    left = shared / "cache" / ".half-1-left"
    left.mkdir()
    look(order(), counting, dialled("grading", accounts=13, each=5))
    assert not left.exists()


def test_an_interrupted_detector_costs_its_world_and_no_other(order: Orders, counting: Counting) -> None:
    def stop(world: Blind, settings: Settings, cleared: Ints) -> Said:
        raise KeyboardInterrupt

    bench = Bench(order())
    bench.world("first", 3, {OURS: counting})
    with pytest.raises(KeyboardInterrupt):
        bench.world("second", 3, {OURS: stop}, campaign=CAMPAIGN)
    bench.world("first", 3, {OURS: counting})
    bench.world("second", 3, {OURS: counting}, campaign=CAMPAIGN)
    assert len(counting.shown) == 2


def test_a_world_that_would_not_fit_the_disk_is_refused_before_it_is_begun(
    order: Orders, counting: Counting, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    usage = namedtuple("usage", "total used free")
    monkeypatch.setattr(shutil, "disk_usage", lambda path: usage(10**9, 10**9, 10**6))
    with pytest.raises(DiskFull, match=r"a world of [0-9,]+ exchanges takes about 0\.\d GB.*--out"):
        look(order(out=tmp_path / "full"), counting, None)
    assert not list((tmp_path / "full" / "cache").glob("*benign*"))
