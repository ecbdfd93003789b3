"""Several templates in one group: one account a job, the same accounts for all, or the same accounts at other hours."""

from __future__ import annotations

import numpy as np
import numpy.typing as npt
import pytest

from stillwatch.actors.jobs import Jobs, jobs_of

Ints = npt.NDArray[np.int64]

ACCOUNTS, EACH = 60, 10


def sent(rng: np.random.Generator) -> tuple[Ints, Ints, Ints]:
    """Accounts, templates and hours of a group whose accounts send two templates at any hour."""
    account = np.repeat(np.arange(ACCOUNTS), EACH)
    return account, rng.choice([70, 71], account.size), rng.integers(0, 96, account.size)


def seen(account: Ints, family: Ints, hour: Ints) -> Jobs:
    found = jobs_of(account, family, hour, np.random.default_rng(1))
    assert found is not None
    return found


def test_accounts_that_send_all_templates_at_all_hours_do_one_operators_jobs() -> None:
    found = seen(*sent(np.random.default_rng(2)))
    assert (found.count, found.divided, found.other_hours) == (2, False, False)
    assert "at the same hours" in found.sentence()


def test_accounts_that_keep_to_one_template_each_are_divided() -> None:
    account, _, hour = sent(np.random.default_rng(3))
    found = seen(account, 70 + account % 2, hour)
    assert found.divided
    assert found.lift > 0.9
    assert "divided over the accounts" in found.sentence()


def test_two_hands_in_the_same_accounts_are_told_by_their_hours() -> None:
    rng = np.random.default_rng(4)
    account, family, _ = sent(rng)
    found = seen(
        account, family, np.where(family == 70, rng.integers(0, 8, account.size), rng.integers(12, 20, account.size))
    )
    assert not found.divided
    assert found.other_hours
    assert "at different hours" in found.sentence()


def test_one_busy_account_does_not_speak_for_the_hours_of_all() -> None:
    account, family, hour = sent(np.random.default_rng(5))
    busy = np.full(1000, ACCOUNTS)
    found = seen(
        np.concatenate([account, busy]),
        np.concatenate([family, np.full(1000, 70)]),
        np.concatenate([hour, np.full(1000, 3)]),
    )
    assert not found.other_hours


@pytest.mark.parametrize(
    "family", [np.full(600, 70), np.where(np.arange(600) < 20, 71, 70)], ids=["one", "one and a little"]
)
def test_one_template_is_one_job(family: Ints) -> None:
    account, _, hour = sent(np.random.default_rng(6))
    assert jobs_of(account, family, hour, np.random.default_rng(1)) is None


def test_by_chance_jobs_are_hardly_ever_apart() -> None:
    """At a level of 0.01 each, with a difference that matters besides: none of forty."""
    apart = [seen(*sent(np.random.default_rng(100 + seed))) for seed in range(40)]
    assert not any(one.divided or one.other_hours for one in apart)
