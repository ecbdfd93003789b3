"""Over time: an actor keeps its name while its heads come and go, and its evidence grows without ever being counted twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from stillwatch.actors import Found, find
from stillwatch.actors.tracking import (
    DAY,
    Sighting,
    Standing,
    actor_id,
    lineage,
    look_row,
    looked,
    recognise,
    remembered,
    standings,
    whole_day,
)
from stillwatch.core import Decision, Settings
from stillwatch.engine import table

from .worlds import BEGUN, BENIGN, OPERATOR, SALT, Ints, World, at_hand, world

NOTHING = table("actor_looks").schema.empty_table()
FIRST = BEGUN // DAY * DAY


def sighting(accounts: Sequence[int], marks: Sequence[int] = ()) -> Sighting:
    return Sighting(accounts=np.array(accounts, np.int64), marks=np.array(marks, np.int64), first_at=BEGUN)


def look(
    before: pa.Table, day: int, seen: Sequence[Sighting], e_values: Sequence[float | None] | None = None
) -> tuple[pa.Table, tuple[int, ...]]:
    """One day's look: the table with it, and the candidates' names."""
    at = FIRST + day * DAY
    known = recognise(before, at, seen, salt=SALT)
    values = e_values or [1.0] * len(seen)
    today, _ = standings(before, at, known, values)
    rows = [
        look_row(name, one, split, e_value, standing, "set_aside")
        for name, one, split, e_value, standing in zip(known.actors, seen, known.split_from, values, today, strict=True)
    ]
    return looked(before, at, rows, known), known.actors


def test_an_actor_keeps_its_name_while_half_of_its_accounts_stay() -> None:
    looks, (first,) = look(NOTHING, 0, [sighting(range(20))])
    looks, (second,) = look(looks, 1, [sighting(range(10, 40))])
    looks, (third,) = look(looks, 2, [sighting(range(36, 60))])
    assert first == second
    assert third != first, "four of twenty-four accounts are not half"


def test_an_actor_whose_accounts_were_all_replaced_is_known_by_its_marks() -> None:
    looks, (first,) = look(NOTHING, 0, [sighting(range(20), range(100, 110))])
    _, (second,) = look(looks, 1, [sighting(range(50, 80), range(105, 140))])
    _, (other,) = look(looks, 1, [sighting(range(50, 80), range(109, 140))])
    assert first == second
    assert other != first, "one mark in common is chance"


def test_the_larger_part_of_a_split_keeps_the_name_and_the_other_says_where_it_came_from() -> None:
    looks, (whole,) = look(NOTHING, 0, [sighting(range(40))])
    looks, parts = look(looks, 1, [sighting(range(15)), sighting(range(15, 40))])
    assert parts[1] == whole
    assert parts[0] != whole
    events = [(r["actor"], r["event"], r["other"]) for r in lineage(looks).to_pylist()]
    assert (parts[0], "split_from", whole) in events


def test_a_merger_keeps_one_name_and_is_told_of_the_other() -> None:
    looks, (small, large) = look(NOTHING, 0, [sighting(range(15)), sighting(range(15, 40))])
    looks, (one,) = look(looks, 1, [sighting(range(40))])
    assert one == large
    events = [(r["actor"], r["event"], r["other"]) for r in lineage(looks).to_pylist()]
    assert (small, "merged_into", large) in events
    again, _ = look(looks, 2, [sighting(range(40))])
    assert [r for r in lineage(again).to_pylist() if r["event"] == "merged_into"] == [
        r for r in lineage(looks).to_pylist() if r["event"] == "merged_into"
    ]


def test_looks_are_added_with_weights_and_undecided_days_cost_nothing() -> None:
    looks, (actor,) = look(NOTHING, 0, [sighting(range(20))], [10.0])
    looks, _ = look(looks, 1, [sighting(range(20))], [None])
    looks, _ = look(looks, 2, [sighting(range(20))], [12.0])
    rows = looks.to_pylist()
    assert {r["actor"] for r in rows} == {actor}
    assert [r["evidence"] for r in rows] == pytest.approx([5.0, 5.0, 6.0])
    assert [r["looks"] for r in rows] == [1, 1, 2]


def test_evidence_halves_with_the_days_on_which_an_actor_was_not_seen() -> None:
    looks, (actor, other) = look(NOTHING, 0, [sighting(range(20)), sighting(range(50, 70))], [10.0, 8.0])
    for day, aged in ((1, 1.0), (2, 0.5**0.1), (11, 0.5), (31, 0.125)):
        at = FIRST + day * DAY
        known = recognise(looks, at, [sighting(range(20))], salt=SALT)
        assert known.actors == (actor,)
        (today,), others = standings(looks, at, known, [0.0], half_life=10)
        assert today.evidence == pytest.approx(5.0 * aged), day
        assert others == pytest.approx([4.0 * aged])
        (plain,), untouched = standings(looks, at, known, [0.0])
        assert (plain.evidence, untouched) == (5.0, [4.0])
    assert other != actor


def test_where_a_look_sees_one_day_the_accounts_of_earlier_ones_are_remembered() -> None:
    looks, (actor,) = look(NOTHING, 0, [sighting(range(20))], [10.0])
    day, at = sighting(range(15, 22)), FIRST + DAY
    known = recognise(looks, at, [day], salt=SALT)
    (kept,) = remembered(looks, at, known, [day])
    assert known.actors == (actor,)
    assert kept.accounts.tolist() == list(range(22))
    strangers = sighting(range(100, 120), range(9))
    marked, _ = look(NOTHING, 0, [sighting(range(20), range(9))], [10.0])
    known = recognise(marked, at, [strangers], salt=SALT)
    assert known.carries == (False,), "what is remembered by marks gives no evidence"
    (kept,) = remembered(marked, at, known, [strangers])
    assert kept.accounts.size == 40
    nobody = sighting(range(200, 220))
    assert remembered(marked, at, recognise(marked, at, [nobody], salt=SALT), [nobody]) == [nobody]


def rows_of(looks: pa.Table, actor: int) -> list[tuple[int, float | None, int]]:
    """Day of the world, evidence and looks of one actor's rows."""
    rows = looks.filter(pc.equal(looks.column("actor"), actor))
    days = (rows.column("day").cast(pa.int64()).to_numpy() - FIRST) // DAY
    return list(zip(days.tolist(), rows.column("evidence").to_pylist(), rows.column("looks").to_pylist(), strict=True))


def stands(looks: pa.Table, day: int, seen: Sequence[Sighting], e_values: Sequence[float]) -> tuple[Standing, int]:
    """How the first candidate of another scan stands, and as how many others were ever tracked."""
    at = FIRST + day * DAY
    today, others = standings(looks, at, recognise(looks, at, seen, salt=SALT), e_values)
    return today[0], len(others)


def test_the_first_look_at_a_day_stands_however_often_the_day_is_scanned() -> None:
    """Hourly scans are no further tries; one that was cut off after the looks were written is done again with the same result."""
    before, _ = look(NOTHING, 0, [sighting(range(15)), sighting(range(15, 40))], [4.0, 2.0])
    once, (actor,) = look(before, 1, [sighting(range(40))], [6.0])
    assert rows_of(once, actor) == [(0, 1.0, 1), (1, 1.5, 2)]
    again, later = once, [sighting(range(41))]
    for hour in range(23):
        again, names = look(again, 1, later if hour else [sighting(range(40))], [600.0 * hour or 6.0])
        assert names == (actor,)
    assert again.equals(once)
    assert stands(once, 1, [sighting(range(40))], [6.0])[0] == Standing(evidence=1.5, looks=2)
    assert stands(once, 1, later, [600.0])[0] == Standing(evidence=1.5, looks=2, waits=True)
    tomorrow, _ = look(once, 2, later, [600.0])
    day, evidence, looks = rows_of(tomorrow, actor)[-1]
    assert (day, looks) == (2, 3)
    assert evidence == pytest.approx(1.5 + 600 / 12)


def test_an_actor_that_is_new_in_a_later_scan_of_a_day_has_its_first_look_then() -> None:
    looks, (first,) = look(NOTHING, 0, [sighting(range(20))], [4.0])
    looks, (same, new) = look(looks, 0, [sighting(range(20)), sighting(range(50, 70))], [400.0, 6.0])
    assert same == first
    assert (rows_of(looks, first), rows_of(looks, new)) == ([(0, 2.0, 1)], [(0, 3.0, 1)])


def test_a_name_passes_by_marks_and_evidence_does_not() -> None:
    """An operator used a public template and left; honest people who use it come the next day."""
    marks = range(100, 110)
    looks, (gone,) = look(NOTHING, 0, [sighting(range(20), marks)], [1000.0])
    heirs = [sighting(range(50, 80), marks)]
    assert stands(looks, 0, heirs, [1.0])[0] == Standing(evidence=None, looks=0, waits=True)
    assert stands(looks, 1, heirs, [1.0]) == (Standing(evidence=0.5, looks=1), 1)
    looks, (named,) = look(looks, 1, heirs, [1.0])
    assert named == gone
    assert stands(looks, 1, heirs, [1.0]) == (Standing(evidence=0.5, looks=1), 1)
    assert stands(looks, 2, heirs, [12.0]) == (Standing(evidence=1.5, looks=2), 1), (
        "who it was is one more that was tried"
    )


def test_evidence_goes_on_where_half_of_the_accounts_were_the_actors_before() -> None:
    looks, (actor,) = look(NOTHING, 0, [sighting(range(20))], [10.0])
    half, (same,) = look(looks, 1, [sighting(range(40))], [12.0])
    assert (same, rows_of(half, actor)[-1]) == (actor, (1, 6.0, 2))
    less, (same,) = look(looks, 1, [sighting(range(41))], [12.0])
    assert (same, rows_of(less, actor)[-1]) == (actor, (1, 6.0, 1))


def test_a_part_that_is_what_its_parent_was_at_first_gets_another_name() -> None:
    looks, (parent,) = look(NOTHING, 0, [sighting(range(20))])
    looks, (grown,) = look(looks, 1, [sighting(range(45))])
    _, parts = look(looks, 2, [sighting(range(20)), sighting(range(20, 45))])
    assert grown == parent == parts[1]
    assert parts[0] != parent


def test_a_group_that_was_merged_and_parts_again_gets_neither_its_old_name_nor_its_old_evidence() -> None:
    looks, (small, large) = look(NOTHING, 0, [sighting(range(15)), sighting(range(15, 40))], [1000.0, 1.0])
    looks, _ = look(looks, 1, [sighting(range(40))])
    looks, (again, same) = look(looks, 2, [sighting(range(15)), sighting(range(15, 40))])
    assert same == large
    assert again != small
    assert rows_of(looks, again) == [(2, 0.5, 1)]


def test_a_name_is_never_given_twice() -> None:
    accounts = np.arange(20)
    first = actor_id(accounts, "2026-01-05", SALT)
    second = actor_id(accounts, "2026-01-05", SALT, {first})
    assert len({first, second, actor_id(accounts, "2026-01-05", SALT, {first, second})}) == 3


def test_a_part_that_merges_again_is_told_to_have_split_once() -> None:
    looks, (whole,) = look(NOTHING, 0, [sighting(range(40))])
    looks, (part, _) = look(looks, 1, [sighting(range(15)), sighting(range(15, 40))])
    looks, _ = look(looks, 2, [sighting(range(40))])
    events = [(e["event"], e["other"]) for e in lineage(looks).to_pylist() if e["actor"] == part]
    assert sorted(events) == [("born", None), ("merged_into", whole), ("split_from", whole)]


def test_accounts_and_marks_are_kept_for_the_last_two_looks_alone() -> None:
    looks = NOTHING
    for day in range(4):
        looks, _ = look(looks, day, [sighting(range(20), range(5))])
    assert [r["founders"] is not None for r in looks.to_pylist()] == [False, False, True, True]


def test_days_never_run_backwards() -> None:
    looks, _ = look(NOTHING, 3, [sighting(range(20))])
    assert whole_day(looks, FIRST + DAY) == FIRST + 3 * DAY
    assert whole_day(looks, FIRST + 5 * DAY + 7) == FIRST + 5 * DAY
    assert whole_day(NOTHING, FIRST + 7) == FIRST


groups_of_a_day = st.lists(st.sets(st.integers(0, 30), min_size=3, max_size=12), max_size=4)


@given(st.lists(groups_of_a_day, min_size=1, max_size=5))
def test_whatever_comes_names_are_unique_and_weights_sum_to_less_than_one(days: list[list[set[int]]]) -> None:
    looks = NOTHING
    for day, drawn in enumerate(days):
        taken: set[int] = set()
        seen = []
        for accounts in drawn:
            left = sorted(accounts - taken)
            taken |= accounts
            if left:
                seen.append(sighting(left))
        looks, names = look(looks, day, seen)
        assert len(set(names)) == len(names)
        assert look(looks, day, seen) == (looks, names), "the same scan again"
    key = looks.select(["actor", "day"]).to_pylist()
    assert len({tuple(k.values()) for k in key}) == len(key)
    assert all(r["evidence"] is None or r["evidence"] <= 1 for r in looks.to_pylist())
    events = lineage(looks).to_pylist()
    assert len({(e["actor"], e["event"], e["at"], e["other"]) for e in events}) == len(events)
    assert sum(e["event"] == "born" for e in events) == len({k["actor"] for k in key})


def until(drawn: World, hours: int) -> World:
    """What a log holds after so many hours."""
    early = pc.less(drawn.features.column("at").cast(pa.int64()), BEGUN + hours * 3_600_000_000)
    return replace(drawn, features=drawn.features.filter(early))


def daily(drawn: World, days: Sequence[int]) -> list[Found]:
    """A scan after each of some days, each with the looks of those before it."""
    out: list[Found] = []
    for day in days:
        part = until(drawn, 24 * day)
        with at_hand(part.features, part.facts) as (engine, (told, known)):
            before = out[-1].looks if out else None
            out.append(find(engine, told, known, settings=Settings(), salt=SALT, before=before))
    return out


def reviewed(found: Found, own: Ints) -> list[int]:
    """Names of the actors for review that are mostly these accounts."""
    return [
        j.actor for j in found.judged if j.decision is Decision.REVIEW and np.isin(j.group.accounts, own).mean() >= 0.95
    ]


def test_an_operator_that_is_weak_each_day_is_found_after_some_days_under_one_name() -> None:
    """Thirty accounts that send hardly more than one request a day."""
    faint = replace(OPERATOR, presses=0.3, load=14, size=30)
    drawn = world([*BENIGN, faint], seed=41)
    own = drawn.members["operator"]
    scans = daily(drawn, [2, 4, 6, 8, 10])
    shown = [reviewed(one, own) for one in scans]
    assert shown[0] == []
    assert len(shown[-1]) == 1
    (name,) = shown[-1]
    (history,) = [[r for r in scans[-1].looks.to_pylist() if r["actor"] == name]]
    assert len(history) >= 4
    evidence = [r["evidence"] or 0.0 for r in history]
    assert evidence == sorted(evidence)


def test_days_looked_at_one_by_one_keep_an_actor_its_name_its_accounts_and_then_its_evidence() -> None:
    """Each pass reads one day alone, on which a third of the heads are seen; the rest is what is kept of the days before.

    While fewer than half of a day's heads are known ones, evidence begins anew.
    """
    drawn = world([*BENIGN, replace(OPERATOR, load=25)], seed=43)
    own, looks, seen = drawn.members["operator"], NOTHING, []
    at = drawn.features.column("at").cast(pa.int64()).to_numpy()
    daily_alone = Settings(actors=replace(Settings().actors, window_days=1))
    for day in range(1, 8):
        today = pa.array((at >= BEGUN + day * DAY) & (at < BEGUN + (day + 1) * DAY))
        with at_hand(drawn.features.filter(today), drawn.facts) as (engine, (told, known)):
            found = find(engine, told, known, settings=daily_alone, salt=SALT, before=looks)
        looks = found.looks
        (one,) = [j for j in found.judged if np.isin(j.group.accounts, own).mean() >= 0.9]
        (row,) = [
            r for r in looks.to_pylist() if r["actor"] == one.actor and r["day"].timestamp() * 1e6 == _last(looks)
        ]
        seen.append((one.actor, one.looks, len(row["founders"]), one.group.accounts.size))
    names, counts, kept, alone = zip(*seen, strict=True)
    assert len(set(names)) == 1
    assert counts[-3:] == (counts[-3], counts[-3] + 1, counts[-3] + 2)
    assert counts[-1] >= 3
    assert list(kept) == sorted(kept)
    assert kept[-1] >= 0.8 * own.size > 1.5 * max(alone)


def _last(looks: pa.Table) -> float:
    return float(pc.max(looks.column("day").cast(pa.int64())).as_py())


@pytest.mark.slow
def test_looking_every_day_accuses_nobody_oftener_than_looking_once(tries: Callable[..., int]) -> None:
    """The structural null holds for all; habits last. At 5 % a world has a finding on any of its days in at most 5 % of worlds.

    Three of four, or five of sixteen, have a chance below 1 in 1,000. Looks that accuse in nine worlds of ten are found by four worlds
    in 95 runs of 100, by sixteen in all.
    """
    worlds, ever, candidates = tries(4, whole=16), 0, 0
    for seed in range(worlds):
        drawn = world([replace(c, size=c.size // 2, phrases=0.2) for c in BENIGN], seed=100 + seed)
        judged = [j for one in daily(drawn, [4, 6, 8, 10]) for j in one.judged]
        ever += any((j.evidence or 0) >= j.threshold for j in judged)
        candidates += len(judged)
    assert candidates >= 4 * worlds, "worlds without candidates show nothing"
    assert stats.binom.sf(ever - 1, worlds, 0.05) > 1e-3


def test_a_product_of_daily_evidence_would_accuse_the_honest() -> None:
    """Why looks are added: the same random groups, forty days, habits that last."""
    rng = np.random.default_rng(5)
    habits, products, sums = rng.normal(size=(2000, 400)), 0, 0
    for own in habits:
        day = own[:20].mean() + rng.normal(size=40) / 20**0.5 / 2
        e = np.exp(day * 4 - 4**2 * (1 / 20 + 1 / 80) / 2)
        products += float(np.cumprod(e).max()) >= 20
        weights = 1 / ((np.floor(np.log2(np.arange(1, 41))) + 1) * (np.floor(np.log2(np.arange(1, 41))) + 2))
        sums += float(np.cumsum(e * weights / 2 ** np.floor(np.log2(np.arange(1, 41)))).max()) >= 20
    assert sums <= 0.05 * 2000
    assert products > 3 * 0.05 * 2000
