"""What each move does to the traffic, measured on the plan."""

from __future__ import annotations

import base64
from collections import Counter
from collections.abc import Callable

import numpy as np
import pytest
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range.campaigns.deliver import deliver
from stillwatch.range.campaigns.plan import HOUR, Plan
from stillwatch.range.campaigns.profiles import SCENARIOS
from stillwatch.range.campaigns.render import render
from stillwatch.range.evasion import compose, price
from stillwatch.range.evasion.away import Purchase
from stillwatch.range.evasion.dilute import Dilute, ResellerMix
from stillwatch.range.evasion.places import Pathways, Replacement, share_pool
from stillwatch.range.evasion.poison import CalibrationPoisoning
from stillwatch.range.evasion.probing import KnownAnswerTests, probe_threshold
from stillwatch.range.evasion.repeat import OverlapInjection
from stillwatch.range.evasion.spread import Cap, Churn, LognormalLoads, Split
from stillwatch.range.evasion.timing import HumanHours, Jitter, LowAndSlow, Onset
from stillwatch.range.evasion.tongues import Encode, Multilingual
from stillwatch.range.evasion.topics import TopicMatch, TopicSortedQueue, TopicSplit, divergence, topics_of
from stillwatch.range.evasion.wording import FreeRewording, Paraphrase, Personas, Rotate, Unwrap
from stillwatch.range.ground import LAUNCH, Ground, Reply
from stillwatch.range.purpose import Purpose
from stillwatch.range.seeds import stream

NewGround = Callable[..., Ground]


def plain(new_ground: NewGround, scenario: str = "reasoning", scale: float = 0.5) -> tuple[Ground, Plan]:
    """Accounts with four requests each, one fixed text, a queue around the clock."""
    ground = new_ground()
    return ground, render(SCENARIOS[scenario], ground, stream(1, "plain"), scale=scale)


def commonest_run(ground: Ground, plan: Plan) -> float:
    """The share of wrapped requests that hold the commonest run of six words of the wrappers."""
    frames = [ground.frames.all[k].lower().split() for k in plan.rows.frame.tolist()]
    counts = Counter(run for f in frames for run in {tuple(f[k : k + 6]) for k in range(len(f) - 5)})
    return counts.most_common(1)[0][1] / len(frames)


def same_topic(ground: Ground, plan: Plan) -> float:
    """The share of pairs of neighbours on one account that have one topic."""
    texts = ground.texts.all
    topic = topics_of([texts[k] for k in plan.rows.text.tolist()], 20, stream(9, "topics"))
    order = np.lexsort((plan.rows.at, plan.rows.who))
    same = plan.rows.who[order][1:] == plan.rows.who[order][:-1]
    return float((topic[order][1:] == topic[order][:-1])[same].mean())


def test_duplicates_have_the_share_that_was_asked(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    for rate in (0.03, 0.1):
        changed = compose(plan, [OverlapInjection(rate=rate)], ground, stream(2, "x"))
        assert 1 - len(np.unique(changed.rows.text)) / len(changed) == pytest.approx(rate, abs=0.001)
        again = np.flatnonzero(changed.rows.having(Purpose.DUPLICATE))
        first = {
            item: (at, who)
            for item, at, who in zip(
                plan.rows.item.tolist(), plan.rows.at.tolist(), plan.rows.who.tolist(), strict=True
            )
        }
        for k in again.tolist():
            at, who = first[int(changed.rows.item[k])]
            assert changed.rows.at[k] > at
            assert changed.rows.who[k] != who


@pytest.mark.parametrize("fraction", [0.5, 0.1])
def test_camouflage_leaves_the_campaigns_fraction_on_every_account(new_ground: NewGround, fraction: float) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Dilute(fraction=fraction)], ground, stream(2, "x"))
    own = np.bincount(changed.rows.who[changed.rows.having(Purpose.HARVEST)], minlength=400)
    assert (own == 4).all()
    assert 4 / changed.loads() == pytest.approx(np.full(400, fraction), rel=0.15)
    cover = changed.rows.having(Purpose.COVER)
    assert (changed.rows.frame[cover] == -1).all()
    assert (changed.rows.before[cover] >= 0).mean() > 0.3


def test_genuine_users_are_paid_for_by_themselves(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [ResellerMix(genuine=0.75)], ground, stream(2, "x"))
    assert changed.rows.having(Purpose.BYSTANDER).mean() == pytest.approx(0.75, abs=0.02)
    assert price(changed).requests == price(plan).requests == 1.0


def test_splitting_deals_round_and_round(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    for accounts in (7, 400, 1600):
        changed = compose(plan, [Split(accounts=accounts)], ground, stream(2, "x"))
        assert len(changed.crew) == accounts
        assert changed.loads().max() - changed.loads().min() <= 1


def test_a_cap_is_kept(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    assert compose(plan, [Cap(requests=3)], ground, stream(2, "x")).loads().max() == 3


def test_lognormal_loads_are_as_unequal_as_peoples(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    loads = compose(plan, [LognormalLoads(sigma=1.0)], ground, stream(2, "x")).loads()
    assert len(loads) == 400
    assert loads.sum() == 1600
    assert loads.min() >= 1
    assert loads.var() > 3 * loads.mean()


def test_no_account_outlives_its_lifetime(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Churn(lifetime=2, keeps=("payment",))], ground, stream(2, "x"))
    assert len(changed.crew) == 800
    assert set(changed.loads().tolist()) == {2}
    assert changed.crew.shared("payment") == 800
    assert compose(plan, [Churn(lifetime=2)], ground, stream(2, "x")).crew.shared("payment") == 0


def test_free_rewording_leaves_no_run_of_words_that_many_share(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    assert commonest_run(ground, plan) == 1.0
    rotated = compose(plan, [Rotate(templates=20)], ground, stream(2, "x"))
    assert len(np.unique(rotated.rows.frame)) == 20
    free = compose(plan, [FreeRewording()], ground, stream(2, "x"))
    assert len(np.unique(free.rows.frame)) > 0.99 * len(free)
    assert commonest_run(ground, free) < 0.05


def test_stronger_paraphrase_shares_less(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    shared = [
        commonest_run(ground, compose(plan, [Paraphrase(versions=40, strength=s)], ground, stream(2, "x")))
        for s in (0.05, 0.3, 0.8)
    ]
    assert shared[0] > shared[1] > shared[2]


def test_a_constant_core_survives_its_openings(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    fixed = ground.frames.all[int(plan.rows.frame[0])]
    changed = compose(plan, [Paraphrase(versions=40, strength=0.5, core=True)], ground, stream(2, "x"))
    frames = {ground.frames.all[k] for k in changed.rows.frame.tolist()}
    assert len(frames) > 20
    assert all(frame.endswith(fixed) for frame in frames)


def test_personas_are_one_to_an_account(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Personas(personas=30)], ground, stream(2, "x"))
    assert len(np.unique(changed.rows.system)) == 30
    assert len({(w, s) for w, s in zip(changed.rows.who.tolist(), changed.rows.system.tolist(), strict=True)}) == 400


def test_items_of_two_parts_cannot_go_bare(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    assert (compose(plan, [Unwrap()], ground, stream(2, "x")).rows.frame == -1).all()
    ground, plan = plain(new_ground, "autograding")
    with pytest.raises(Error, match="what joins the parts is the wrapper"):
        compose(plan, [Unwrap()], ground, stream(2, "x"))


def test_sorted_queues_and_slices_give_accounts_a_subject(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    before = same_topic(ground, plan)
    queue = compose(plan, [TopicSortedQueue(topics=40)], ground, stream(2, "x"))
    slices = compose(plan, [TopicSplit(slices=20)], ground, stream(2, "x"))
    assert same_topic(ground, queue) > 2 * before
    assert same_topic(ground, slices) > 2 * before
    assert sorted(queue.loads().tolist()) == sorted(plan.loads().tolist())


def test_matched_topics_come_near_those_of_customers(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    far, nearer, near = (
        divergence(compose(plan, [TopicMatch(share=s)], ground, stream(2, "x")), ground, stream(3, "d")) for s in (0.0, 0.5, 1.0)
    )  # fmt: skip
    assert far > nearer > near
    assert near < 0.05


def local_hours(plan: Plan) -> NDArray[np.int64]:
    """The hour of each request where its account lives."""
    hours: NDArray[np.int64] = (plan.rows.at // HOUR + plan.crew.zone[plan.rows.who]) % 24
    return hours


def test_human_hours_rest_at_night_and_cost_time_at_an_unchanged_peak(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    night = (local_hours(plan) >= 2) & (local_hours(plan) < 6)
    assert night.mean() > 0.12
    squeezed = compose(plan, [HumanHours()], ground, stream(2, "x"))
    assert ((local_hours(squeezed) >= 2) & (local_hours(squeezed) < 6)).mean() < 0.03
    assert len(squeezed) == len(plan)
    thinned = compose(plan, [HumanHours(squeeze=False)], ground, stream(2, "x"))
    said = HumanHours(squeeze=False).cost(price(plan))
    assert price(thinned).hours == pytest.approx(said.hours, rel=0.1)
    assert price(thinned).hours > 2 * price(plan).hours


def test_low_and_slow_keeps_its_pace(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    assert len(compose(plan, [LowAndSlow(hours_per_1000=48)], ground, stream(2, "x"))) == 500


def test_jitter_delays_and_breaks_the_order_of_the_queue(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Jitter(minutes=30)], ground, stream(2, "x"))
    delay = (changed.rows.at - plan.rows.at) % (24 * HOUR)
    assert delay.mean() / 60e6 == pytest.approx(30, rel=0.15)


def test_onsets_have_their_shapes(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    ramp = compose(plan, [Onset(shape="ramp")], ground, stream(2, "x"))
    assert (ramp.rows.at < 12 * HOUR).mean() == pytest.approx(0.25, abs=0.04)
    instant = compose(plan, [Onset(shape="instant")], ground, stream(2, "x"))
    assert min(instant.crew.facts["created"]) >= "2026-09-14T23:4"
    launch = compose(plan, [Onset(shape="launch", moved=0.5)], ground, stream(2, "x"))
    assert (launch.rows.model[launch.rows.at < LAUNCH] != 2).all()
    assert (launch.rows.model == 2).mean() == pytest.approx(0.5, abs=0.04)


def test_encoded_items_can_be_read_again_and_failures_are_paid(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Encode(encoding="base64", success=0.8)], ground, stream(2, "x"))
    texts = ground.texts.all
    for k in range(20):
        assert base64.b64decode(texts[int(changed.rows.text[k])]).decode("utf-8") == texts[int(plan.rows.text[k])]
    failed = changed.rows.having(Purpose.SEARCH)
    assert failed.sum() == 400
    assert (changed.rows.reply[failed] == Reply.REFUSAL).all()
    assert changed.answers() == plan.answers()


def test_other_languages_take_their_share_of_the_wrappers(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Multilingual(share=0.5)], ground, stream(2, "x"))
    assert (changed.rows.frame != plan.rows.frame).mean() == pytest.approx(0.5, abs=0.001)
    assert len(np.unique(changed.rows.frame)) == 9


def test_known_answers_come_at_even_times(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [KnownAnswerTests(share=0.05)], ground, stream(2, "x"))
    probes = changed.rows.having(Purpose.PROBE)
    assert probes.mean() == pytest.approx(0.05, abs=0.001)
    assert len(np.unique(changed.rows.text[probes])) <= 12
    assert np.diff(np.sort(changed.rows.at[probes])).std() < 1e6


class StopsHeavyAccounts:
    """A provider that stops every account with more than so many requests."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.asked = 0

    def stopped(self, plan: Plan) -> NDArray[np.bool_]:
        """Accounts over the limit."""
        self.asked += 1
        found: NDArray[np.bool_] = plan.loads() > self.most
        return found


def test_probing_finds_the_threshold_and_pays_for_every_try(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    provider = StopsHeavyAccounts(20)

    def make(knob: float, rng: np.random.Generator) -> Plan:
        return compose(plan, [Cap(requests=round(knob))], ground, rng)

    found = probe_threshold(make, provider, stream(2, "probe"), low=1, high=400, tries=8)
    assert provider.asked == 8 == len(found.trials)
    assert found.knob is not None
    assert 17 <= found.knob < 20.6
    assert found.plan is not None
    assert found.plan.loads().max() <= 20
    assert found.requests == 8 * 1600
    assert all((t.stopped > 0) == (round(t.knob) > 20) for t in found.trials)
    assert 0 < found.accounts < sum(t.accounts for t in found.trials)
    nothing = probe_threshold(make, StopsHeavyAccounts(0), stream(2, "probe"), low=1, high=400, tries=3)
    assert nothing.knob is None
    assert nothing.plan is None


def test_sleepers_contaminate_the_calibration_and_the_campaign_waits(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    move = CalibrationPoisoning(contamination=0.05, population=1900, early=0.4)
    assert move.sleepers == 100
    changed = compose(plan, [move], ground, stream(2, "x"))
    border = round(0.4 * 24 * HOUR)
    asleep = np.array([group.endswith("/sleepers") for group in changed.crew.group])
    assert asleep.sum() == 100
    assert set(changed.loads()[asleep].tolist()) == {8}
    assert changed.rows.at[asleep[changed.rows.who]].max() < border
    assert changed.rows.at[~asleep[changed.rows.who]].min() >= border
    assert changed.rows.having(Purpose.POISON).sum() == 400


def test_nobody_speaks_on_both_sides_of_a_ban_and_the_gap_is_the_lag(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Replacement(lag_hours=3.0)], ground, stream(2, "x"))
    at = changed.rows.at
    assert not ((at >= 12 * HOUR) & (at < 15 * HOUR)).any()
    old, new = set(changed.rows.who[at < 12 * HOUR].tolist()), set(changed.rows.who[at >= 15 * HOUR].tolist())
    assert not old & new
    assert all(
        changed.crew.facts["created"][k][:13] in ("2026-09-15T12", "2026-09-15T13", "2026-09-15T14") for k in new
    )


def test_a_stolen_key_has_a_benign_history_and_a_hostile_end(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Pathways(shares={"api": 0.75, "stolen": 0.25})], ground, stream(2, "x"))
    stolen = changed.crew.victim > 0
    assert stolen.sum() == 100
    own = changed.rows.having(Purpose.BYSTANDER)
    assert set(changed.rows.who[own].tolist()) == set(np.flatnonzero(stolen).tolist())
    hostile = stolen[changed.rows.who] & ~own
    assert changed.rows.at[own].max() < changed.rows.at[hostile].min() + 1
    sent = deliver(changed, ground, stream(2, "deliver"))
    assert len(sent.victims) == 100


def test_a_pool_is_shared_and_the_truth_keeps_its_operators_apart(new_ground: NewGround) -> None:
    ground = new_ground()
    plans = [
        render(SCENARIOS[name], ground, stream(1, name), scale=0.2) for name in ("reasoning", "autograding", "tasks")
    ]
    pooled = share_pool(plans, stream(2, "pool"))
    assert set(pooled[0].crew.ip) & set(pooled[1].crew.ip) & set(pooled[2].crew.ip)
    assert set(pooled[0].crew.facts["payment"]) & set(pooled[1].crew.facts["payment"])
    for before, after in zip(plans, pooled, strict=True):
        assert after.rows is before.rows
        assert after.crew.group == before.crew.group
        deliver(after, ground, stream(2, after.name))
    assert set(ground.accounts["group"]) == {"reasoning", "autograding", "tasks"}
    with pytest.raises(Error, match="two or three operators"):
        share_pool(plans[:1], stream(2, "pool"))
    with pytest.raises(Error, match="names that differ"):
        share_pool([plans[0], plans[0]], stream(2, "pool"))


def test_a_harvest_that_is_bought_whole_leaves_nothing(new_ground: NewGround) -> None:
    ground, plan = plain(new_ground)
    changed = compose(plan, [Purchase(share=1.0)], ground, stream(2, "x"))
    deliver(changed, ground, stream(2, "deliver"))
    assert ground.settled == ground.sent == 0
    assert price(changed).answers == price(plan).answers
    assert price(changed).requests == 0.0
    assert price(changed).outside == 1.0
    assert any("nothing to detect" in note for note in changed.notes)
