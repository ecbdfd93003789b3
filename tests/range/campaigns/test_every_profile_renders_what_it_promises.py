"""Every campaign of the public record settles the accounts and sends the requests that its profile says, scaled."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from stillwatch.core.errors import Error
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.campaigns.deliver import deliver
from stillwatch.range.campaigns.families import FAMILIES, NUMBERS
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.campaigns.profile import Basis, Conduct, Phase, Rhythm
from stillwatch.range.campaigns.profiles import PROFILES, SCENARIOS
from stillwatch.range.campaigns.render import hours_for, parts_of, render
from stillwatch.range.evasion.moves import evaded
from stillwatch.range.ground import LAUNCH, Ground, Reply
from stillwatch.range.parts import builder_of
from stillwatch.range.purpose import Purpose
from stillwatch.range.recipe import Part
from stillwatch.range.rhythm import DAY
from stillwatch.range.seeds import stream
from stillwatch.range.splits import Fold

NewGround = Callable[..., Ground]
EVERY = PROFILES | SCENARIOS
SEEN = {key: profile for key, profile in EVERY.items() if profile.detectable}
MOST = 1500


def plan_of(
    new_ground: NewGround, key: str, *, seed: int = 1, most: int | None = MOST, **settings: object
) -> tuple[Ground, Plan]:
    """A small rendering of one profile, its accounts a tenth of the described."""
    ground = new_ground()
    settings.setdefault("scale", 0.1)
    return ground, render(EVERY[key], ground, stream(seed, "campaign", key), most=most, **settings)  # type: ignore[arg-type]


def test_all_seventeen_are_there_with_source_and_words() -> None:
    assert list(PROFILES) == [f"C{k}" for k in range(1, 18)]
    for profile in PROFILES.values():
        assert profile.source
        assert "by " in profile.alleged or "nobody" in profile.alleged
    assert all(callable(builder_of(Part(role="actor", name=name))) for name in (*CAMPAIGNS, *EVERY))


def test_the_five_families_and_the_other_ways_have_a_scenario() -> None:
    assert set(SCENARIOS) == {"reasoning", "critique", "autograding", "tasks", "synthetic", "replay", "cleaning", "relay", "search",
                              "shared_pool", "purchase"}  # fmt: skip


@pytest.mark.parametrize("key", [key for key, p in PROFILES.items() if p.total and p.rate.basis != Basis.STATED])
def test_rates_agree_with_the_published_volumes(key: str) -> None:
    profile = PROFILES[key]
    assert profile.total is not None
    implied = profile.daily * profile.days.value
    most = 2.6 if key in ("C2", "C6", "C15") else 1.25
    assert 1 / 1.25 <= implied / profile.total <= most


def test_what_the_source_does_not_say_is_named_as_assumed() -> None:
    assert any("24,000 accounts for three" in sentence for sentence in PROFILES["C1"].assumptions())
    assert PROFILES["C5"].assumptions() == ()


@pytest.mark.parametrize("key", [key for key in SEEN if SEEN[key].ban is None and not SEEN[key].cover])
def test_a_profile_keeps_accounts_and_rate_and_shortens_the_window(new_ground: NewGround, key: str) -> None:
    _, plan = plan_of(new_ground, key)
    profile = EVERY[key]
    size = max(1, round(0.1 * profile.accounts.value))
    assert len(plan) == round(size * profile.rate.value * plan.hours / 24)
    assert len(plan) <= MOST
    assert len(plan.crew) <= size
    if not profile.spread and len(plan) >= size and not profile.guests:
        assert len(plan.crew) == size
        assert plan.loads().max() - plan.loads().min() <= len(profile.phases)
    assert plan.rows.at.min() >= 0
    assert plan.rows.at.max() < plan.end


@pytest.mark.parametrize("key", SEEN)
def test_prompts_come_in_the_shares_of_the_profile(new_ground: NewGround, key: str) -> None:
    profile = EVERY[key]
    if profile.guests or profile.ban is not None:
        profile = replace(profile, guests=(), ban=None)
    ground = new_ground()
    plan = render(profile, ground, stream(2, key), scale=0.1, most=MOST)
    own = plan.rows.family[plan.rows.family >= 0]
    expected: dict[int, int] = {}
    for k, n in parts_of(len(own), tuple((str(k), p.volume) for k, p in enumerate(profile.phases))).items():
        for family, count in parts_of(n, profile.phases[int(k)].mix).items():
            expected[NUMBERS[family]] = expected.get(NUMBERS[family], 0) + count
    assert dict(Counter(own.tolist())) == {k: n for k, n in expected.items() if n}


@pytest.mark.slow
@pytest.mark.parametrize("key", SEEN)
def test_a_profile_is_the_same_for_the_same_seed(new_ground: NewGround, key: str) -> None:
    plans = [plan_of(new_ground, key, seed=seed, most=400)[1] for seed in (4, 4, 5)]
    first, again, other = plans
    for column in ("who", "at", "text", "frame", "purpose"):
        assert (getattr(first.rows, column) == getattr(again.rows, column)).all()
    assert first.crew.facts == again.crew.facts
    assert len(first) != len(other) or (first.rows.at != other.rows.at).any()


@pytest.mark.parametrize("key", SEEN)
def test_the_truth_names_the_actor_and_what_each_row_was_for(new_ground: NewGround, key: str) -> None:
    ground, plan = plan_of(new_ground, key, most=400)
    sent = deliver(plan, ground, stream(1, "deliver"))
    assert set(ground.accounts["role"]) == {"actor"}
    assert {group.split("/")[0] for group in ground.accounts["group"]} == {key}
    assert ground.sent == len(plan) == len(sent.rows) == len(sent.purpose)
    assert ground.settled == len(plan.crew)
    account = np.concatenate(ground.rows["account"])
    assert (account[sent.rows] == sent.accounts[plan.rows.who]).all()
    assert sent.harvest().any() == (EVERY[key].conduct == Conduct.HARVEST)


@pytest.mark.parametrize("key", ["C11", "purchase"])
def test_what_is_bought_elsewhere_leaves_nothing_to_see(new_ground: NewGround, key: str) -> None:
    ground, plan = plan_of(new_ground, key)
    deliver(plan, ground, stream(1, "deliver"))
    assert ground.settled == ground.sent == 0
    assert not EVERY[key].detectable
    assert any("nothing" in text.lower() for text in (EVERY[key].says, *plan.notes))


@pytest.mark.parametrize("key", ["reasoning", "tasks", "synthetic", "C3", "C5"])
def test_a_job_queue_asks_nothing_twice(new_ground: NewGround, key: str) -> None:
    _, plan = plan_of(new_ground, key, scale=1.0, most=3000)
    assert len(np.unique(plan.rows.text)) == len(plan)


@pytest.mark.slow
def test_a_queue_longer_than_the_pack_makes_new_items(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "reasoning", scale=6.0, most=None)
    assert len(plan) == 19_200
    assert plan.answers() == len(plan)


@pytest.mark.slow
@pytest.mark.parametrize("key", ["reasoning", "critique", "autograding", "tasks", "synthetic", "replay", "cleaning", "relay", "search",
                                 "C2", "C8", "C14"])  # fmt: skip
def test_folds_share_neither_items_nor_wrappers(new_ground: NewGround, key: str) -> None:
    said: list[set[str]] = []
    for fold in Fold:
        ground, plan = plan_of(new_ground, key, fold=fold, most=600)
        texts, frames = ground.texts.all, ground.frames.all
        made_up = {NUMBERS["relay_code"], NUMBERS["agents"], NUMBERS["tagged"]}
        own = ~np.isin(plan.rows.family, list(made_up))
        said.append(
            {texts[k] for k in plan.rows.text[own].tolist()}
            | {frames[k] for k in plan.rows.frame.tolist() if k >= 0}
            | {texts[k] for k in plan.rows.system.tolist() if k >= 0}
        )
    assert not said[0] & said[1]


def test_a_search_tries_another_technique_each_time_and_then_uses_those_that_worked(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C15", scale=0.2, most=1000)
    search = plan.rows.having(Purpose.SEARCH)
    assert 0.35 < search.mean() < 0.45
    assert len(np.unique(plan.rows.frame[search])) == search.sum()
    won = search & (plan.rows.reply != Reply.REFUSAL)
    assert won.sum() == PROFILES["C15"].winners
    assert set(plan.rows.frame[~search].tolist()) <= set(plan.rows.frame[won].tolist())
    assert plan.rows.at[search].max() < plan.rows.at[~search].min()


def test_a_fixed_text_stands_before_every_task_of_c6(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C6", most=3000)
    tagged = plan.rows.family == NUMBERS["tagged"]
    assert len(np.unique(plan.rows.frame[tagged])) == 1
    assert tagged.mean() > 0.55


def test_the_second_pool_takes_over_and_carries_two_other_labs(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C6", most=3000)
    assert set(plan.crew.group) == {"C6", "C6/guest_one", "C6/guest_two"}
    ban = round(0.55 * plan.hours * HOUR)
    first = np.array([plan.rows.at[plan.rows.who == k].min() for k in range(len(plan.crew))])
    last = np.array([plan.rows.at[plan.rows.who == k].max() for k in range(len(plan.crew))])
    assert ((last < ban) | (first >= ban)).all()
    assert (first >= ban).sum() > 100


def test_a_hydra_replaces_banned_accounts_by_ones_that_pay_with_the_same_cards(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C4", scale=0.02, most=None)
    assert plan.crew.shared("payment") > 0.8 * len(plan.crew)
    hidden = plan.rows.having(Purpose.BYSTANDER)
    assert 0.82 < hidden.mean() < 0.88


def test_half_of_c3_moves_to_the_new_model_within_its_first_day(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C3", scale=0.02, most=None)
    after = plan.rows.at >= LAUNCH
    assert (plan.rows.model[~after] != 2).all()
    assert 0.45 < (plan.rows.model[after] == 2).mean() < 0.55


def test_accounts_of_c1_are_balanced_and_share_cards(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C1", scale=0.1, most=None)
    assert plan.loads().max() - plan.loads().min() <= 1
    assert plan.crew.shared("payment") > 0.6 * len(plan.crew)


def test_no_account_of_c13_tries_more_than_four_times_in_two_days(new_ground: NewGround) -> None:
    ground = new_ground(days=2)
    plan = render(PROFILES["C13"], ground, stream(1, "C13"), scale=0.05)
    assert plan.hours == 48
    assert plan.loads().max() <= 5
    assert len(plan) == 200 * 2 * 2
    assert (plan.rows.at < 12 * HOUR).sum() == round(0.02 * len(plan))
    deliver(plan, ground, stream(1, "deliver"))
    assert np.concatenate(ground.rows["at"]).max() >= DAY


def test_a_relay_speaks_as_another_product_and_keeps_its_users_hours(new_ground: NewGround) -> None:
    ground, plan = plan_of(new_ground, "relay", scale=1.0, most=None)
    texts = ground.texts.all
    systems = {texts[k] for k in plan.rows.system.tolist()}
    assert len(systems) == 1
    assert "Qilan" in systems.pop()
    local = (plan.rows.at // HOUR + plan.crew.zone[plan.rows.who]) % 24
    assert ((local >= 1) & (local < 6)).mean() < 0.08


def test_a_pooled_relay_harvests_nothing(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C16", scale=1.0, most=3000)
    assert len(plan.crew) == 6
    assert plan.answers() == 0
    assert plan.rows.having(Purpose.BYSTANDER).all()


def test_sign_ups_of_c17_come_in_batches(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C17", scale=0.05, most=None)
    moments = Counter(plan.crew.facts["created"])
    assert max(moments.values()) >= 15
    assert min(plan.crew.facts["created"]) > "2026-09-12"


@pytest.mark.parametrize("key", ["C10", "C12"])
def test_unequal_loads_are_unequal(new_ground: NewGround, key: str) -> None:
    _, plan = plan_of(new_ground, key, scale=0.5, most=4000)
    loads = plan.loads()
    assert loads.var() > 2 * loads.mean()


def test_parts_are_whole_and_sum_up() -> None:
    assert sum(parts_of(997, (("a", 0.3), ("b", 0.3), ("c", 0.4))).values()) == 997


def test_the_longest_window_for_so_many_requests_counts_cover_in() -> None:
    assert hours_for(PROFILES["C5"], most=640_000) == pytest.approx(24)
    assert hours_for(PROFILES["C4"], most=400_000) == pytest.approx(24)


@pytest.mark.parametrize(("settings", "message"), [
    ({"scale": 0}, "scale: got 0, expected over 0"),
    ({"hours": -1}, "hours: got -1, expected over 0"),
    ({"scale": 0.0001, "hours": 0.1, "most": None}, "no request"),
])  # fmt: skip
def test_what_cannot_be_rendered_is_refused(new_ground: NewGround, settings: dict[str, object], message: str) -> None:
    with pytest.raises(Error, match=message):
        plan_of(new_ground, "C5", **settings)  # type: ignore[arg-type]


def test_a_plan_beyond_the_grounds_last_day_is_refused(new_ground: NewGround) -> None:
    ground, plan = plan_of(new_ground, "reasoning", hours=30.0)
    with pytest.raises(Error, match="within the ground's 24 hours"):
        deliver(plan, ground, stream(1, "deliver"))
    assert ground.settled == 0


def test_a_profile_whose_phases_do_not_sum_up_is_refused() -> None:
    phases = (Phase(hours=0.5, volume=1.0, mix=(("write_out", 1.0),)),)
    with pytest.raises(Error, match=r"phases: got hours that sum to 0\.5000, expected 1"):
        replace(SCENARIOS["reasoning"], phases=phases)
    with pytest.raises(Error, match="mix: got 'poems', expected some of"):
        replace(SCENARIOS["reasoning"], phases=(Phase(hours=1.0, volume=1.0, mix=(("poems", 1.0),)),))


def test_a_builder_fills_all_days_of_the_ground(new_ground: NewGround) -> None:
    ground = new_ground(days=3)
    sent = evaded(SCENARIOS["reasoning"], (), scale=0.1)(ground, stream(1, "x")).delivered
    at = np.concatenate(ground.rows["at"])
    assert len(sent.rows) == 80 * 4 * 3
    assert all((at // DAY == day).sum() > 200 for day in range(3))


def test_office_rhythm_rests_at_night(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C10", scale=0.3, most=None)
    assert EVERY["C10"].rhythm == Rhythm.OFFICE
    local = (plan.rows.at // HOUR + plan.crew.zone[plan.rows.who]) % 24
    assert ((local >= 0) & (local < 6)).mean() < 0.06


def test_every_family_is_used_by_some_profile() -> None:
    used = {family for p in EVERY.values() for phase in p.phases for family, _ in phase.mix}
    used |= {family for p in EVERY.values() for guest in p.guests for family, _ in guest.mix}
    assert {family.key for family in FAMILIES} - used == {"known"}


def test_pairs_of_turns_never_run_backwards(new_ground: NewGround) -> None:
    _, plan = plan_of(new_ground, "C4", scale=0.02, most=None)
    later = np.flatnonzero(plan.rows.before >= 0)
    assert (plan.rows.at[later] >= plan.rows.at[plan.rows.before[later]]).all()
    assert (plan.rows.who[later] == plan.rows.who[plan.rows.before[later]]).all()
