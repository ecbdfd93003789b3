"""What a report tells of an actor's days: moves to other models and pathways, and a search for a way in that ended."""

from __future__ import annotations

from stillwatch.pipeline.view_history import _moves, _search_ended

DAY = 20_000


def test_a_move_to_another_pathway_is_told_like_one_to_another_model() -> None:
    used = [
        (DAY, "api", 90),
        (DAY, "aggregator", 10),
        (DAY + 1, "aggregator", 80),
        (DAY + 1, "api", 20),
        (DAY + 2, "api", 3),
    ]
    (pathway,) = _moves(used, "the pathway ")
    assert pathway.what == "moved from the pathway api to the pathway aggregator (80% of the day's exchanges)"
    assert pathway.at.toordinal() - 719163 == DAY + 1
    assert [one.what for one in _moves([(DAY, "a", 50), (DAY + 1, "b", 50)])] == [
        "moved from a to b (100% of the day's exchanges)"
    ]
    assert _moves([(DAY, "api", 50), (DAY + 1, "api", 50)], "the pathway ") == []


def searched(*, refused: int = 5, ways: int = 6, after: int = 200) -> list[tuple[int, int, int, int]]:
    """Ten hours in which several ways are tried, ten each, then ten hours of one of them."""
    hours = range(1000, 1010)
    early = [(hour, 1 << hour % ways, 10, refused) for hour in hours]
    return early + [(hour + 10, 1, after, after // 100) for hour in hours]


def test_a_search_that_ends_in_one_way_at_scale_is_told_at_its_hour() -> None:
    (ended,) = _search_ended(searched())
    assert "6 ways before, 50% of requests refused" in ended.what
    assert "1% refused, 20 times as many requests an hour" in ended.what
    assert ended.at.timestamp() == 1010 * 3600


def test_what_was_never_refused_or_never_scaled_up_or_one_way_all_along_is_no_search() -> None:
    assert _search_ended(searched(refused=0)) == []
    assert _search_ended(searched(after=12)) == []
    assert _search_ended(searched(ways=2)) == []
    assert _search_ended([]) == []
    assert _search_ended([(1000, 1, 5, 2), (1001, 2, 5, 2)]) == []
