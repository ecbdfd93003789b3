"""Each hidden actor and each lookalike has the properties that it promises."""

from __future__ import annotations

from collections import Counter

import numpy as np
import pyarrow as pa
import pytest
from numpy.typing import NDArray

from stillwatch.range import places
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.ground import LAUNCH
from stillwatch.range.logs.write import account_names
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.parts import builder_of, empty_ground
from stillwatch.range.products import PRODUCTS
from stillwatch.range.recipe import Part
from stillwatch.range.seeds import stream
from stillwatch.range.world import World


class Group:
    """The accounts and rows of one group of a world."""

    def __init__(self, world: World, name: str) -> None:
        member = np.array(world.truth["group"].to_pylist()) == name
        if name in LOOKALIKES:
            member &= np.array(world.truth["role"].to_pylist()) == "lookalike"
        self.accounts = np.flatnonzero(member)
        chosen = np.flatnonzero(member[world.sheet.columns["account"]])
        self.rows = {column: values[chosen] for column, values in world.sheet.columns.items()}
        self.counts = np.bincount(self.rows["account"], minlength=len(member))[self.accounts]
        self._world = world

    def fact(self, name: str) -> list[str]:
        """One fact of the group's accounts; unknown is empty."""
        return [value or "" for value in self._world.facts[name].take(pa.array(self.accounts)).to_pylist()]

    def ips(self) -> list[str]:
        """The address of each row."""
        return places.rendered(self.rows["ip"])

    def frames(self) -> list[str]:
        """The frame of each row."""
        return [str(self._world.sheet.names["frame"][k]) for k in self.rows["frame"].tolist()]

    def hours(self) -> NDArray[np.float64]:
        """Share of the group's exchanges in each UTC hour."""
        shares: NDArray[np.float64] = np.bincount(self.rows["at"] // 3_600_000_000, minlength=24) / len(self.rows["at"])
        return shares


def test_every_listed_part_is_in_the_world(world: World) -> None:
    groups: dict[str, set[str]] = {role: set() for role in ("actor", "lookalike", "benign")}
    for role, group in zip(world.truth["role"].to_pylist(), world.truth["group"].to_pylist(), strict=True):
        groups[role].add(group)
    assert groups["actor"] == set(CAMPAIGNS)
    assert groups["lookalike"] == set(LOOKALIKES)
    assert groups["benign"] == {product.name for product in PRODUCTS}


def test_the_scaffold_is_one_text_over_300_accounts_with_shared_cards_on_a_part(world: World) -> None:
    actor = Group(world, "scaffold")
    framed = actor.rows["frame"] >= 0
    assert len(actor.accounts) == 300
    assert len(set(actor.rows["frame"][framed].tolist())) == 1
    each = np.bincount(actor.rows["account"][framed], minlength=5000)[actor.accounts]
    assert each.min() >= 10
    assert each.max() <= 25
    assert framed.mean() > 0.9
    cards = Counter(actor.fact("payment"))
    shared = sum(n for n in cards.values() if n > 1)
    assert 60 < shared < 200
    assert len(set(actor.rows["text"][framed].tolist())) > 0.95 * framed.sum()


def test_the_harvest_asks_four_times_an_account_and_no_item_twice(world: World) -> None:
    actor = Group(world, "harvest")
    assert len(actor.accounts) == 800
    assert set(actor.counts.tolist()) == {4}
    assert len(set(actor.rows["text"].tolist())) == 3200
    assert len(set(actor.rows["frame"].tolist())) == 10
    assert (actor.rows["before"] < 0).all()


def test_the_harvest_shares_no_card_and_no_home_address(world: World) -> None:
    actor = Group(world, "harvest")
    cards = [card for card in actor.fact("payment") if card]
    assert len(cards) == len(set(cards))
    homes = Counter(actor.ips())
    assert max(n for ip, n in homes.items() if not ip.startswith(("246.", "247."))) <= 4


def test_the_harvest_keeps_human_hours(world: World) -> None:
    ground = empty_ground(world.recipe.setting, world.desk, world.launched)
    builder_of(Part(role="actor", name="harvest"))(ground, stream(11, "actor", "harvest", "0"))
    at, who = (np.concatenate(ground.rows[name]) for name in ("at", "account"))
    assert len(at) == len(Group(world, "harvest").rows["at"])
    local = (at // 3_600_000_000 + ground.trait("zone")[who]) % 24
    assert ((local >= 1) & (local < 6)).mean() < 0.08
    assert ((local >= 8) & (local < 23)).mean() > 0.8


def test_the_grading_job_hides_one_to_three_in_other_traffic(world: World) -> None:
    actor = Group(world, "grading")
    grading = (actor.rows["frame"] >= 0) & (actor.rows["extra"] >= 0)
    assert len(actor.accounts) == 150
    assert 0.22 < grading.mean() < 0.29
    each = np.bincount(actor.rows["account"][grading], minlength=5000)[actor.accounts]
    assert each.min() >= 1
    assert len(set(actor.rows["frame"][grading].tolist())) == 1


def test_the_actors_are_in_all_three_logs(world: World) -> None:
    formats = account_names(world).formats
    for name in CAMPAIGNS:
        assert set(formats[Group(world, name).accounts].tolist()) == {0, 1, 2}


def test_an_evaluation_suite_repeats_few_prompts_at_flat_hours_and_surges_at_the_launch(world: World) -> None:
    suite = Group(world, "evaluation")
    assert len(set(suite.fact("org"))) == 3
    repeats = len(suite.rows["text"]) / len(set(suite.rows["text"].tolist()))
    assert repeats > 5
    after = suite.rows["at"] >= LAUNCH
    newest = world.launched.models.index("atlas-5")
    assert (suite.rows["model"][after] == newest).mean() > 0.2
    assert (suite.rows["model"][~after] != newest).all()
    assert suite.hours().min() > 0.2 / 24


def test_the_agent_fleet_shares_prompt_and_tools_but_not_tasks(world: World) -> None:
    fleet = Group(world, "agent_fleet")
    assert len(fleet.accounts) >= 2000
    assert len(set(fleet.rows["system"].tolist())) == 2
    assert (fleet.rows["tools"] >= 0).all()
    first = fleet.rows["before"] < 0
    assert len(set(fleet.rows["text"][first].tolist())) > 0.8 * first.sum()
    assert len(set(fleet.fact("payment"))) > 1500


def test_resellers_pay_with_one_card_behind_a_few_cloud_addresses(world: World) -> None:
    resellers = Group(world, "reseller")
    assert len(set(resellers.fact("org"))) == len(set(resellers.fact("payment"))) == 2
    assert len(set(resellers.rows["ip"].tolist())) <= 12
    assert all(ip.startswith("247.") for ip in resellers.ips())
    assert len(set(resellers.rows["end_user"].tolist())) > 500


def test_classes_sign_up_in_one_batch_behind_the_campus(world: World) -> None:
    classes = Group(world, "classroom")
    cohorts = Counter(classes.fact("org"))
    assert len(cohorts) == 3
    assert all(40 <= n <= 200 for n in cohorts.values())
    assert len({created[:10] for created in classes.fact("created")}) <= 3
    campus = np.array([ip.startswith("245.") for ip in classes.ips()])
    assert campus.mean() > 0.5
    assert classes.hours().max() > 0.1


def test_one_class_deals_out_distinct_problems_and_the_others_do_not(world: World) -> None:
    classes = Group(world, "classroom")
    org = np.array(world.facts["org"].to_pylist())[classes.rows["account"]]
    share = {o: len(set(classes.rows["text"][org == o].tolist())) / (org == o).sum() for o in set(org.tolist())}
    assert sorted(s > 0.99 for s in share.values()) == [False, False, True]


def test_the_judge_grades_its_own_answers_with_one_rubric(world: World) -> None:
    judge = Group(world, "judge")
    assert 1 <= len(judge.accounts) <= 3
    assert len(set(judge.fact("org"))) == 1
    assert len(set(judge.rows["system"].tolist())) == len(set(judge.rows["frame"].tolist())) == 1


@pytest.mark.parametrize("group", ["prompt_library", "extension", "casual", "quick_start", "template_owner"])
def test_the_other_lookalikes_pay_for_themselves(world: World, group: str) -> None:
    cards = [card for card in Group(world, group).fact("payment") if card]
    assert len(set(cards)) > 0.9 * len(cards)


def test_each_template_owner_has_a_template_of_its_own(world: World) -> None:
    owners = Group(world, "template_owner")
    pairs = set(zip(owners.rows["account"].tolist(), owners.rows["frame"].tolist(), strict=True))
    assert len(pairs) == len(owners.accounts) == len({frame for _, frame in pairs})


def test_some_casual_users_ask_for_steps_as_an_attacker_would(world: World) -> None:
    casual = Group(world, "casual")
    steps = np.array(["step" in frame or "work" in frame for frame in casual.frames()])
    assert 0.2 < steps.mean() < 0.6


def test_addresses_come_from_reserved_blocks_only(world: World) -> None:
    ips = places.rendered(np.unique(world.sheet.columns["ip"]))
    assert all(ip.startswith("2001:db8:") or 240 <= int(ip.split(".")[0]) <= 248 for ip in ips)
