"""The tests of a candidate: seldom loud on a group drawn by chance, loud on a planted queue, silent where there is too little."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import numpy.typing as npt
import pytest
from scipy import stats

from stillwatch.actors.candidate import Candidate, Result
from stillwatch.actors.held_out_tests import TESTS, like_a_queue, run_tests
from stillwatch.actors.population import HeldOut
from stillwatch.core import Support, Vote
from stillwatch.text import ITEM_BITS, sets

from .people import DAYS, asking, candidate, population

WITH_E = (
    "template_persists",
    "elicitation",
    "open_requests",
    "known_items",
    "shared_instruments",
    "replayed_reasoning",
    "single_turn",
    "newcomers",
    "release_pivot",
)


LEVELS = {
    "elicited": 0.6,
    "asked": 0.7,
    "known_items": 0.8,
    "single": 1.0,
    "young": 0.95,
    "shares": 0.8,
    "moved": 0.8,
    "pivoted": 0.7,
}
GSM8K = next(one for one in sets() if one.name == "gsm8k")


def chance(seed: int, members: int = 25) -> tuple[Candidate, HeldOut, np.random.Generator]:
    """A population and a candidate drawn from it by chance: every null is true."""
    rng = np.random.default_rng(seed)
    people = population(rng, 250)
    return candidate(rng, people, rng.choice(people.account.size, members, replace=False)), people, rng


def planted(seed: int = 3, members: int = 40) -> tuple[Candidate, HeldOut, np.random.Generator]:
    """A population with a job queue among it."""
    rng = np.random.default_rng(seed)
    people = population(rng)
    at = np.sort(rng.choice(people.account.size, members, replace=False))
    moved: dict[str, npt.NDArray[np.float64]] = {}
    for name, level in LEVELS.items():
        values = getattr(people, name).copy()
        values[at] = rng.random(members) < level if name in ("young", "shares", "moved") else level
        moved[name] = values
    people = replace(people, **moved)  # type: ignore[arg-type]
    own = candidate(rng, people, at)
    carried = own.carried.copy()
    carried[at] = 0.95
    own = replace(own, carried=carried, uses=rng.poisson(8, members).astype(np.int64))
    account = np.repeat(own.accounts, 15)
    items = (GSM8K.number << ITEM_BITS) | rng.permutation(GSM8K.items)[: account.size]
    return asking(own, account, rng, item=items), people, rng


def by_name(results: list[Result]) -> dict[str, Result]:
    return {r.test: r for r in results}


@pytest.fixture(scope="module")
def by_chance() -> list[dict[str, Result]]:
    """What all tests say of many groups drawn by chance."""
    return [by_name(run_tests(*chance(seed))) for seed in range(50)]


@pytest.mark.parametrize("test", WITH_E)
def test_an_e_value_is_one_on_average_at_most_where_its_null_is_true(
    test: str, by_chance: list[dict[str, Result]]
) -> None:
    """Markov's bound at several levels, and the mean within its own noise."""
    e = np.array([world[test].evidence.e_value for world in by_chance], np.float64)
    assert e.mean() <= 1 + 4 * e.std(ddof=1) / e.size**0.5
    for level in (2.0, 5.0, 20.0):
        assert stats.binom.sf(int((e >= level).sum()) - 1, e.size, 1 / level) > 1e-5


@pytest.mark.parametrize("test", [*WITH_E, "topic_continuity", "same_hours"])
@pytest.mark.parametrize("level", [0.01, 0.05, 0.2])
def test_a_p_value_is_small_no_oftener_than_it_says(
    test: str, level: float, by_chance: list[dict[str, Result]]
) -> None:
    p = np.array([world[test].evidence.p_value for world in by_chance], np.float64)
    assert stats.binom.sf(int((p <= level).sum()) - 1, p.size, level) > 1e-5


def test_groups_drawn_by_chance_hardly_ever_look_like_a_queue(by_chance: list[dict[str, Result]]) -> None:
    assert sum(like_a_queue(list(world.values())) for world in by_chance) <= 2


def test_a_planted_queue_is_loud_in_every_test() -> None:
    found = by_name(run_tests(*planted()))
    for name in WITH_E:
        assert found[name].supports is Support.HARVEST, name
        assert (found[name].evidence.e_value or 0) > 1e3, name
        assert found[name].expected is not None
        assert found[name].evidence.value > (found[name].expected or 1)
    assert found["equal_loads"].supports is Support.HARVEST
    assert found["distinct_prompts"].supports is Support.HARVEST
    assert found["topic_continuity"].supports is Support.NEITHER
    assert like_a_queue(list(found.values()))


def test_every_test_has_a_title_and_a_vote_and_results_keep_their_order() -> None:
    found = run_tests(*planted())
    assert [r.test for r in found] == list(TESTS)
    for one in found:
        assert one.vote is TESTS[one.test].vote
        assert one.sentence
        assert one.evidence.null
    assert all(t.title.endswith((".", ":", "e:")) or t.title for t in TESTS.values())


def test_the_same_candidate_and_seed_give_the_same_results() -> None:
    own, people, _ = chance(5)
    first, second = (run_tests(own, people, np.random.default_rng(8)) for _ in range(2))
    assert first == second


def test_too_few_members_leave_a_test_undecided_and_say_how_many_it_needs() -> None:
    own, people, rng = chance(1, members=4)
    found = by_name(run_tests(own, people, rng))
    for name in WITH_E:
        assert found[name].evidence.p_value is None
        assert found[name].evidence.e_value is None
        assert found[name].evidence.needed == 5
        assert found[name].supports is Support.NEITHER
    assert "equal_loads" not in found


def test_members_who_were_all_idle_prove_nothing() -> None:
    own, people, rng = chance(1)
    idle = replace(
        own,
        accounts=own.accounts + 1,
        uses=own.uses[:0],
        account=own.account[:0],
        prompt=own.prompt[:0],
        cell=own.cell[:0],
        item=own.item[:0],
        hour=own.hour[:0],
    )
    found = by_name(run_tests(idle, people, rng))
    assert found["elicitation"].evidence.e_value is None
    assert found["elicitation"].sentence == "no member was active in the held-out hours"
    assert not {"equal_loads", "distinct_prompts", "topic_continuity"} & set(found)


def test_unknown_facts_are_left_out_and_never_counted_as_zero() -> None:
    own, people, rng = planted()
    some = people.shares.copy()
    some[rng.choice(people.account.size, 400, replace=False)] = np.nan
    at = people.places(own.accounts)
    found = by_name(run_tests(own, replace(people, shares=some), rng))["shared_instruments"]
    assert found.evidence.n == int((~np.isnan(some[at])).sum())
    assert found.evidence.value == pytest.approx(np.nanmean(some[at]))


def test_where_no_fact_is_known_the_test_is_undecided_or_not_run() -> None:
    own, people, rng = planted()
    unknown = np.full(people.account.size, np.nan)
    found = by_name(run_tests(own, replace(people, shares=unknown, young=unknown), rng))
    assert found["shared_instruments"].evidence.e_value is None
    assert found["shared_instruments"].evidence.n == 0
    assert "newcomers" not in found


@pytest.mark.parametrize("kind", ["payment", "device"])
def test_what_found_a_candidate_never_tests_it(kind: str) -> None:
    own, people, rng = planted()
    by_template = by_name(run_tests(own, people, rng))
    by_instrument = by_name(run_tests(replace(own, found_by=frozenset({kind})), people, rng))
    assert "template_persists" not in by_instrument
    assert "shared_instruments" in by_template
    assert "shared_instruments" not in by_instrument
    assert Vote.COORDINATION not in {r.vote for r in by_instrument.values()}


def test_a_pool_that_replays_found_is_not_tested_by_replays() -> None:
    """Whoever replays in one slice does so in the other: an honest proxy over several organisations, too."""
    own, people, rng = planted()
    assert "replayed_reasoning" in by_name(run_tests(own, people, rng))
    assert "replayed_reasoning" not in by_name(run_tests(replace(own, found_by=frozenset({"artifact"})), people, rng))


def test_members_that_share_an_activity_are_compared_with_accounts_as_busy() -> None:
    """Busy accounts ask more; a busy group that asks as busy accounts do is no finding."""
    rng = np.random.default_rng(7)
    people = population(rng)
    people = replace(people, elicited=np.minimum(people.bin / 8 + 0.02 * rng.random(people.account.size), 1.0))
    busy = np.flatnonzero(people.bin == np.sort(people.bin)[-60])
    own = candidate(rng, people, rng.choice(busy, min(15, busy.size // 2), replace=False))
    assert (by_name(run_tests(own, people, rng))["elicitation"].evidence.e_value or 0) < 20


def test_equal_loads_says_nothing_where_the_templates_were_not_seen_again() -> None:
    own, people, rng = chance(2)
    found = by_name(run_tests(replace(own, uses=np.zeros_like(own.uses)), people, rng))
    assert "equal_loads" not in found


def test_loads_of_people_speak_for_people() -> None:
    own, people, rng = chance(2)
    loads = np.maximum(rng.lognormal(2, 2, own.uses.size), 1).astype(np.int64)
    assert by_name(run_tests(replace(own, uses=loads), people, rng))["equal_loads"].supports is Support.INNOCENT


def test_an_accounts_own_repetitions_do_not_make_prompts_less_distinct() -> None:
    own, people, rng = chance(2)
    account = np.repeat(own.accounts, 8)
    best_of_n = asking(own, account, rng, prompt=np.repeat(np.arange(100), 2))
    same = asking(own, account, rng, prompt=np.tile(np.arange(8), 25))
    assert by_name(run_tests(best_of_n, people, rng))["distinct_prompts"].supports is Support.HARVEST
    found = by_name(run_tests(same, people, rng))["distinct_prompts"]
    assert found.supports is Support.INNOCENT
    assert found.evidence.value == pytest.approx(8 / 200)


def tiled(items: npt.NDArray[np.int64], members: int = 200) -> Result:
    """What tiling says of members who ask these items of the first packaged set with 8,000 items, dealt out in turn."""
    rng = np.random.default_rng(9)
    people = population(rng)
    own = candidate(rng, people, np.arange(members))
    account = own.accounts[np.arange(items.size) % members]
    return by_name(run_tests(asking(own, account, rng, item=items), people, rng))["tiling"]


def test_a_queue_divides_a_public_set_and_people_meet_on_it() -> None:
    rng = np.random.default_rng(2)
    number = GSM8K.number << ITEM_BITS
    dealt = tiled(number | rng.permutation(GSM8K.items)[:2000])
    assert dealt.supports is Support.HARVEST
    assert (dealt.evidence.e_value or 0) > 1e6
    assert dealt.evidence.value == 0
    alone = tiled(number | rng.integers(0, GSM8K.items, 2000))
    assert alone.supports is Support.NEITHER
    assert (alone.evidence.e_value or 0) < 1
    few = tiled(number | np.arange(40))
    assert few.evidence.e_value is None
    assert (few.evidence.needed or 0) > 40


def test_tiling_looks_at_the_set_that_is_asked_most() -> None:
    other = next(one for one in sets() if one.name == "mmlu")
    mixed = np.concatenate([(other.number << ITEM_BITS) | np.arange(900), (GSM8K.number << ITEM_BITS) | np.arange(50)])
    assert "mmlu" in tiled(mixed).sentence
    assert tiled(mixed).evidence.n == 890, "of 200 members the two busiest, who ask five items each, are left out"


def test_two_strangers_who_ask_whole_sets_do_not_hide_a_queue() -> None:
    """Evaluators whose suites share items with a harvest got into its group, asked more than all others, and met everybody."""
    rng = np.random.default_rng(2)
    people = population(rng)
    own = candidate(rng, people, np.arange(200))
    number = GSM8K.number << ITEM_BITS
    account = own.accounts[np.concatenate([np.arange(2000) % 198, np.full(4000, 198), np.full(4000, 199)])]
    item = np.concatenate([rng.permutation(GSM8K.items)[:2000], np.arange(4000), np.arange(4000)])
    cell = np.where(np.arange(item.size) < 2000, rng.integers(0, 40, item.size), 7)
    mixed = replace(
        asking(own, account, rng, item=number | item, prompt=number | item, cell=cell),
        uses=np.concatenate([np.full(198, 7), [4000, 4000]]),
    )
    found = by_name(run_tests(mixed, people, rng))
    assert found["tiling"].supports is Support.HARVEST
    assert found["equal_loads"].supports is Support.HARVEST
    assert found["topic_continuity"].supports is not Support.INNOCENT


def test_members_who_ask_no_known_item_are_not_tested_for_tiling() -> None:
    assert "tiling" not in by_name(run_tests(*chance(3)))


def at_work(hours: npt.NDArray[np.int64]) -> Support | None:
    """What the clock says of members at work at these hours of the log; nothing where it is not asked."""
    own, people, rng = chance(2)
    account = own.accounts[np.arange(hours.size) % own.accounts.size]
    found = by_name(run_tests(asking(own, account, rng, hour=DAYS.start + hours), people, rng))
    return found["around_the_clock"].supports if "around_the_clock" in found else None


def test_schedulers_work_through_the_night_and_people_do_not() -> None:
    rng = np.random.default_rng(4)
    assert at_work(rng.integers(0, 48, 3000)) is Support.HARVEST
    assert at_work(18 + rng.integers(0, 5, 300)) is Support.INNOCENT
    assert at_work(rng.integers(0, 48, 60)) is Support.NEITHER
    assert at_work(rng.integers(0, 48, 6)) is None


def test_a_burst_of_one_member_is_no_rhythm() -> None:
    own, people, rng = chance(2)
    account = np.concatenate([own.account, np.repeat(own.accounts[:1], 500)])
    hour = np.concatenate([own.hour, np.full(500, DAYS.start + 3)])
    found = by_name(run_tests(asking(own, account, rng, hour=hour), people, rng))
    assert found["around_the_clock"].supports is not Support.INNOCENT


def test_hours_outside_the_whole_days_of_a_log_do_not_count() -> None:
    """A log of a day and a half has its first hours twice: a flat queue would look as if it slept."""
    rng = np.random.default_rng(6)
    both = np.concatenate([rng.integers(0, 24, 400), 48 + rng.integers(0, 12, 400)])
    assert at_work(both) is not Support.INNOCENT


def test_customers_keep_to_their_subjects() -> None:
    own, people, rng = chance(2)
    account = np.repeat(own.accounts, 8)
    cell = np.repeat(np.arange(own.accounts.size) % 7, 8)
    kept = asking(own, account, rng, prompt=np.arange(account.size), cell=cell)
    found = by_name(run_tests(kept, people, rng))["topic_continuity"]
    assert found.supports is Support.INNOCENT
    assert found.evidence.value > 0.8
    dealt = replace(kept, cell=rng.permutation(cell))
    assert by_name(run_tests(dealt, people, rng))["topic_continuity"].supports is Support.NEITHER


def test_subjects_of_their_own_are_no_queue_whatever_else_holds() -> None:
    found = run_tests(*planted())
    topic = next(r for r in found if r.test == "topic_continuity")
    own = [r for r in found if r is not topic] + [replace(topic, supports=Support.INNOCENT)]
    assert like_a_queue(found)
    assert not like_a_queue(own)
    assert not like_a_queue([])


def test_an_exchange_of_few_askers_speaks_for_innocence() -> None:
    own, people, rng = chance(4)
    quiet = people.elicited.copy()
    quiet[people.places(own.accounts)] = 0.0
    assert by_name(run_tests(own, replace(people, elicited=quiet), rng))["elicitation"].supports is Support.INNOCENT
