"""What a lookalike trips, and what separates it, is in its traffic."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from stillwatch.range.ground import LAUNCH, Ground, Reply
from stillwatch.range.lookalikes.roster import ALL_LOOKALIKES
from stillwatch.range.seeds import stream

NewGround = Callable[..., Ground]
HOUR = 3_600_000_000


def sent(new_ground: NewGround, name: str, scale: float = 0.5) -> tuple[Ground, dict[str, Any]]:
    """One lookalike alone, with its columns."""
    ground = new_ground()
    ALL_LOOKALIKES[name].build(ground, stream(5, "lookalike", name), scale)
    return ground, {column: np.concatenate(parts) for column, parts in ground.rows.items()}


def per_account(rows: dict[str, Any], column: str) -> list[int]:
    """Different values of a column for each account."""
    pairs = np.unique(np.stack([rows["account"], rows[column]]), axis=1)
    return np.unique(pairs[0], return_counts=True)[1].tolist()  # type: ignore[no-any-return]


def test_an_open_course_deals_out_a_true_partition(new_ground: NewGround) -> None:
    ground, rows = sent(new_ground, "mooc", 1.0)
    assert ground.settled == 200
    assert set(np.bincount(rows["account"]).tolist()) == {4}
    assert len(set(rows["text"].tolist())) == 800


def test_a_regression_suite_never_grows(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "regression/every_commit")
    assert max(per_account(rows, "text")) <= 40
    assert np.bincount(rows["account"]).min() >= 12 * 40


def test_a_hosted_monitor_asks_all_its_customers_the_same_few_questions(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "drift_monitor/hosted")
    assert len(set(rows["text"].tolist())) <= 12
    assert len(set(rows["account"].tolist())) == 30
    hours = np.bincount(rows["at"] // HOUR, minlength=24)
    assert hours.max() <= 1.2 * hours.mean()


def test_a_reviewer_in_continuous_integration_has_one_key_and_hundreds_of_addresses(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "code_review/runners")
    loads = np.bincount(rows["account"])
    assert np.median(np.array(per_account(rows, "ip")) / loads) > 0.9


def test_a_migration_is_a_new_key_at_full_rate(new_ground: NewGround) -> None:
    ground, rows = sent(new_ground, "backfill/migration")
    assert {day[:10] for day in ground.accounts["created"]} == {"2026-09-14"}
    assert set(np.bincount(rows["account"]).tolist()) == {400}
    assert set(ground.accounts["declared_programme"]) == {"backfill"}


def test_a_team_uses_one_plan_from_many_places(new_ground: NewGround) -> None:
    ground, rows = sent(new_ground, "small_team/consumer_plan")
    assert set(ground.accounts["plan"]) == {"plus"}
    assert np.median(per_account(rows, "ip")) == 6
    _, office = sent(new_ground, "small_team/office")
    assert max(per_account(office, "ip")) == 1


def test_a_privacy_proxy_strips_its_users_and_an_editor_names_them(new_ground: NewGround) -> None:
    assert (sent(new_ground, "gateway/privacy_proxy")[1]["end_user"] == -1).all()
    assert (sent(new_ground, "vendor/editor")[1]["end_user"] >= 0).all()


def test_a_router_fails_over_in_bursts(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "gateway/router", 1.0)
    minutes = np.bincount(rows["at"] // 60_000_000, minlength=1440)
    assert minutes.max() > 15 * minutes.mean()


def test_a_leaderboard_sweeps_public_items_once_after_the_launch(new_ground: NewGround) -> None:
    ground, rows = sent(new_ground, "leaderboard/sweep")
    org = np.array(ground.accounts["org"])[rows["account"]]
    for one in set(org.tolist()):
        texts = rows["text"][org == one]
        assert len(set(texts.tolist())) > 0.99 * len(texts)
    assert rows["at"].min() >= LAUNCH


def test_researchers_are_capped_and_red_teams_refused_half_the_time(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "researchers/red_team", 1.0)
    assert set(np.bincount(rows["account"]).tolist()) == {120}
    assert 0.4 < (rows["reply"] == Reply.REFUSAL).mean() < 0.6


def test_an_audit_asks_for_the_reasons_behind_its_own_decisions(new_ground: NewGround) -> None:
    ground, rows = sent(new_ground, "audit/bank")
    frames = [ground.frames.all[k] for k in set(rows["frame"].tolist())]
    assert all("reasoning" in frame for frame in frames)
    assert len(frames) == 3
    assert (rows["extra"] >= 0).all()


def test_a_stolen_key_has_its_owner_first_and_the_thief_after(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "stolen_key/harvest", 1.0)
    hostile = rows["frame"] >= 0
    assert rows["at"][hostile].min() >= 19 * HOUR
    assert (rows["at"][~hostile] < 19 * HOUR).mean() > 0.5
    assert set(rows["account"][hostile].tolist()) == set(rows["account"].tolist())


def test_bystanders_share_texts_with_each_other_as_a_relay_would(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "relay_bystanders", 1.0)
    text, holders = np.unique(np.unique(np.stack([rows["text"], rows["account"]]), axis=1)[0], return_counts=True)
    assert (holders > 1).sum() > 20
    assert len(text) > 400


def test_those_who_look_into_a_block_are_refused_and_go_on(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "about_reasoning/blocked", 1.0)
    assert 0.2 < (rows["reply"] == Reply.REFUSAL).mean() < 0.4


def test_a_retrying_client_asks_three_per_cent_twice(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "stress/retries", 1.0)
    key = rows["account"] * (1 << 32) + rows["text"]
    assert 0.015 < 1 - len(set(key.tolist())) / len(key) < 0.05


def test_a_load_test_asks_few_prompts_fast(new_ground: NewGround) -> None:
    _, rows = sent(new_ground, "stress/load_test", 1.0)
    assert max(per_account(rows, "text")) <= 20
    for account in range(5):
        at = rows["at"][rows["account"] == account]
        assert at.max() - at.min() <= 40 * 60_000_000


def test_language_work_holds_real_input_in_other_languages(new_ground: NewGround) -> None:
    ground, rows = sent(new_ground, "language/one_language", 1.0)
    texts = ground.texts.all
    foreign = np.array([not texts[k].isascii() for k in rows["text"].tolist()])
    assert foreign.mean() > 0.5
    assert len(set(rows["frame"].tolist())) == 5 + (rows["frame"] < 0).any()
