"""Pictures keep their promises: scale, order, aggregation, and no crash on odd numbers."""

from __future__ import annotations

from datetime import timedelta

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from stillwatch.core.records import Support, Vote
from stillwatch.report import HeldOutTest, HourCount, LinkPicture, ReleaseMark, SharedThing, Tie
from stillwatch.report.plot_evidence import evidence_ruler, forest_axis, forest_head, forest_row, ruler_reach
from stillwatch.report.plot_links import draw_links
from stillwatch.report.plot_strip import strip
from stillwatch.report.plot_timeline import bins, timeline

from .reading import read
from .world import DAY, actor


def _test(
    value: float | None, expected: float | None, low: float | None = None, high: float | None = None
) -> HeldOutTest:
    return HeldOutTest(
        test="t",
        vote=Vote.STRUCTURAL,
        supports=Support.HARVEST,
        n=5,
        null="n",
        sentence="s",
        value=value,
        expected=expected,
        low=low,
        high=high,
        p_value=0.5,
    )


_odd = st.none() | st.floats()


@given(st.lists(st.tuples(_odd, _odd, _odd, _odd), max_size=4))
@settings(max_examples=150)
def test_a_forest_can_be_drawn_of_any_numbers(
    rows: list[tuple[float | None, float | None, float | None, float | None]],
) -> None:
    tests = [_test(*row) for row in rows]
    axis = forest_axis(tests)
    for markup in (forest_head(axis), *(forest_row(test, axis) for test in tests)):
        assert "nan" not in markup
        assert "inf" not in markup
        read(str(markup))


def test_a_value_as_expected_stands_in_the_middle_and_a_double_to_its_right() -> None:
    axis = forest_axis([_test(4.0, 2.0)])
    assert axis.at(1.0)[0] == pytest.approx(150)
    assert axis.at(2.0)[0] > 150
    assert axis.at(2.0)[0] - 150 == pytest.approx(150 - axis.at(0.5)[0])


def test_no_repeats_at_all_is_an_arrow_at_the_left_end() -> None:
    assert "polygon" in forest_row(_test(0.0, 27.6, 0.0, 3.0), forest_axis([_test(0.0, 27.6)]))


@given(_odd, _odd)
def test_a_ruler_can_be_drawn_of_any_evidence(e: float | None, threshold: float | None) -> None:
    markup = evidence_ruler(e, threshold, ruler_reach([(e, threshold)]))
    assert "nan" not in markup
    assert "inf" not in markup


@given(st.lists(st.floats(), min_size=7, max_size=7).map(sorted), _odd)
def test_a_strip_can_be_drawn_of_any_quantiles(quantiles: list[float], value: float | None) -> None:
    markup = strip(quantiles, value)
    assert "nan" not in markup
    assert "inf" not in markup.replace("infinity", "")


@given(
    st.lists(st.tuples(st.integers(0, 24 * 400), st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=40)
)
def test_joined_hours_keep_every_exchange_and_stay_few(hours: list[tuple[int, int, int]]) -> None:
    counts = [HourCount(at=DAY + timedelta(hours=h), harvest=a, other=b) for h, a, b in hours]
    cells = bins(counts)
    assert len(cells) <= 172
    assert sum(cell.harvest for cell in cells) == sum(count.harvest for count in counts)
    assert sum(cell.other for cell in cells) == sum(count.other for count in counts)


def test_a_launch_outside_the_span_is_not_drawn() -> None:
    hours = [HourCount(at=DAY + timedelta(hours=h), harvest=h, other=1) for h in range(24)]
    inside = ReleaseMark(model="inside", at=DAY + timedelta(hours=3))
    outside = ReleaseMark(model="outside", at=DAY - timedelta(days=3))
    markup = timeline(hours, [inside, outside], uid="t", name="X")
    assert "launch of inside" in markup
    assert "outside" not in markup


def test_a_timeline_tells_its_sums_to_those_who_cannot_see_it() -> None:
    hours = [HourCount(at=DAY + timedelta(hours=h), harvest=10, other=2) for h in range(24)]
    assert "240 harvest and 48 other exchanges" in timeline(hours, [], uid="t", name="X")


@pytest.mark.parametrize("accounts", [1, 24, 300, 1000])
def test_every_member_has_a_dot_until_dots_stand_for_several(accounts: int) -> None:
    links = actor(1, accounts=accounts, kind="scaffold").links
    assert links is not None
    drawing = draw_links(links, uid="l", name="X", rng=np.random.default_rng(0))
    dots = drawing.svg.count("h0")
    if accounts <= 900:
        tied = len({tie.account for tie in links.ties})
        assert dots == tied
        assert accounts == 1 or "A dot is one account" in drawing.caption
    else:
        assert dots < accounts
        assert "A dot is about 2 accounts" in drawing.caption


def test_nothing_in_the_picture_of_links_leaves_its_frame() -> None:
    links = actor(2, accounts=800, kind="reasoning").links
    assert links is not None
    drawing = draw_links(links, uid="l", name="X", rng=np.random.default_rng(0))
    for element in read(str(drawing.svg)).find("polygon"):
        points = [float(part) for pair in element.attributes["points"].split() for part in pair.split(",")]
        assert 0 <= min(points[::2]) <= max(points[::2]) <= 640
        assert 0 <= min(points[1::2]) <= max(points[1::2]) <= 430


def test_a_picture_without_ties_is_no_picture() -> None:
    thing = SharedThing(key="a", kind="subnet", label="a", members=0)
    empty = LinkPicture(accounts=("A",), things=(thing,), ties=(), of_members=1)
    assert draw_links(empty, uid="l", name="X", rng=np.random.default_rng(0)).svg == ""


def test_a_tie_given_twice_counts_once() -> None:
    thing = SharedThing(key="a", kind="subnet", label="a", members=2)
    ties = (Tie(account=0, thing=0), Tie(account=0, thing=0), Tie(account=1, thing=0))
    picture = LinkPicture(accounts=("A", "B"), things=(thing,), ties=ties, of_members=2)
    assert "subnet a · 2" in draw_links(picture, uid="l", name="X", rng=np.random.default_rng(0)).svg


def test_the_kind_of_a_shared_thing_is_said_once() -> None:
    assert SharedThing(key="a", kind="user_agent", label="7K2Q", members=2).name == "user agent 7K2Q"
    assert SharedThing(key="a", kind="payment", label="payment 7K2Q", members=2).name == "payment 7K2Q"
