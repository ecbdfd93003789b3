"""An attacker with the provider's reaction as feedback ends just below the load at which it is stopped, and pays for every try."""

from __future__ import annotations

from collections.abc import Callable

import pytest

from stillwatch.range.results import Bars, Table
from stillwatch.range.studies.feeling import ACCOUNTS, HIGH, LOW, TRIES, feel, felt_section, stopped
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.seen import OURS, Cluster, Looked, Seen
from stillwatch.range.studies.work import Task

Orders = Callable[..., Order]


def provider(task: Task, *, bearable: int, decision: str = "review") -> Seen:
    """Stops every account of a campaign that asks more of each than is bearable."""
    assert task.campaign is not None
    each = int(task.campaign.dial["each"])
    caught = ACCOUNTS if each > bearable else 0
    clusters = (Cluster(decision=decision, score=100.0, members={"actor/grading": caught, "benign/chat": 3}),)
    return Seen(
        name=task.name, recipe="", seed=task.seed, accounts=1000, exchanges=9000, content="", dial=dict(task.campaign.dial),
        groups={"actor/grading": ACCOUNTS, "benign/chat": 850}, sent=task.campaign.exchanges, told={},
        looked=(Looked(method=OURS, clusters=clusters),), cpu_seconds=1.0, finished="2026-01-01T00:00:00+00:00",
    )  # fmt: skip


@pytest.mark.parametrize("bearable", [5, 20, 60])
def test_the_search_ends_just_below_what_is_stopped(order: Orders, bearable: int) -> None:
    felt = feel(order(), "grading", 3, lambda task: provider(task, bearable=bearable))
    assert felt.boldest is not None
    assert 0.6 * bearable <= felt.boldest <= bearable
    assert len(felt.tries) == TRIES
    assert felt.requests == sum(each for each, _ in felt.tries) * ACCOUNTS
    assert felt.accounts == sum(each > bearable for each, _ in felt.tries) * ACCOUNTS


def test_where_everything_is_stopped_nothing_is_found_and_that_is_said(order: Orders) -> None:
    felt = feel(order(), "grading", 3, lambda task: provider(task, bearable=0))
    assert felt.boldest is None
    assert felt.accounts == TRIES * ACCOUNTS
    bars, table = felt_section((felt,)).figures
    assert isinstance(bars, Bars)
    assert isinstance(table, Table)
    assert bars.bars[0].value is None
    assert "1 of 1 found no load" in bars.bars[0].remark
    assert [row[3] for row in table.rows] == [1.0] * TRIES


def test_a_bolder_search_never_leaves_its_range(order: Orders) -> None:
    felt = feel(order(), "grading", 3, lambda task: provider(task, bearable=10_000))
    assert felt.accounts == 0
    assert all(LOW <= each <= HIGH for each, _ in felt.tries)
    assert felt.boldest == max(each for each, _ in felt.tries) > 0.8 * HIGH


def test_every_try_has_accounts_of_its_own(order: Orders) -> None:
    asked: list[Task] = []

    def look(task: Task) -> Seen:
        asked.append(task)
        return provider(task, bearable=0)

    feel(order(), "grading", 3, look)
    dials = [repr(sorted(task.campaign.dial.items())) for task in asked if task.campaign is not None]
    assert len(set(dials)) == len({task.name for task in asked}) == TRIES


def test_a_group_that_is_set_aside_stops_nobody(order: Orders) -> None:
    felt = feel(order(), "grading", 3, lambda task: provider(task, bearable=0, decision="set_aside"))
    assert felt.accounts == 0
    assert stopped(felt.worlds[0], "grading") == 0.0
