"""What accounts ask about beside others: told by sums alone, of everybody but the account, with the topics named."""

from __future__ import annotations

from collections.abc import Iterator
from importlib import import_module

import numpy as np
import pyarrow as pa
import pytest

from stillwatch.engine import Engine, open_engine, table
from stillwatch.signals import row, tables, topics, topics_in_words
from stillwatch.signals.topics import LEAST_ACCOUNTS, LEAST_PROMPTS
from stillwatch.stats import poisson_e
from stillwatch.text import TOPICS, meanings

ACCOUNTS, PROMPTS = 60, 40
NARROW, BROAD, THIN, TWICE, FEW = 900, 901, 902, 903, 904


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine("duckdb", None, memory_mb=500) as made:
        yield made


def asked(account: int, prompts: int, rng: np.random.Generator, **fields: object) -> list[dict[str, object]]:
    """Prompts about 30 topics, the first ones more often, with random signs, and few of them far out."""
    out = []
    for number in range(prompts):
        ordinary = {
            "topic": int(30 * rng.random() ** 2),
            "meaning": int(rng.integers(-(1 << 63), 1 << 63)),
            "topic_far": int(rng.integers(0, 500)),
            "topic_rest": int(rng.integers(0, 500)),
        }
        out.append({"account": account, "prompt_hash": 1000 * account + number} | ordinary | fields)
    return out


def crowd(seed: int, *more: list[dict[str, object]]) -> pa.Table:
    rng = np.random.default_rng(seed)
    listed = [one for account in range(1, ACCOUNTS + 1) for one in asked(account, PROMPTS, rng)]
    for some in more:
        listed += some
    return tables([row(**fields) for fields in listed])["features"]  # type: ignore[arg-type]


@pytest.fixture(scope="module")
def world(engine: Engine) -> dict[int, dict[str, object]]:
    rng = np.random.default_rng(5)
    again = asked(TWICE, PROMPTS, rng)
    features = crowd(
        1,
        asked(NARROW, 10, rng, topic=200)
        + [one | {"prompt_hash": -i} for i, one in enumerate(asked(NARROW, 30, rng), 1)],
        [one | {"meaning": abs(int(str(one["meaning"]))) & 0x5555555555555555} for one in asked(BROAD, PROMPTS, rng)],
        asked(THIN, 6, rng, topic_far=900)
        + [one | {"prompt_hash": -i} for i, one in enumerate(asked(THIN, 34, rng), 1)],
        again * 5,
        asked(FEW, LEAST_PROMPTS - 1, rng) * 3,
    )
    found = topics(engine, engine.from_arrow(features))
    assert found.schema == table("topics").schema
    return {one["account"]: one for one in found.to_pylist()}


def loudest(world: dict[int, dict[str, object]], name: str) -> int:
    return max(world, key=lambda account: float(str(world[account][name])))


def test_each_statistic_sees_what_it_is_for(world: dict[int, dict[str, object]]) -> None:
    assert loudest(world, "shift") == BROAD
    assert loudest(world, "spread") == NARROW
    assert loudest(world, "focus") == NARROW
    assert loudest(world, "novelty") == THIN


def test_a_narrow_account_is_told_with_the_topic_that_it_asks_about(world: dict[int, dict[str, object]]) -> None:
    one = world[NARROW]
    assert one["most"][0] == 200  # type: ignore[index]
    assert one["most_prompts"][0] == 10  # type: ignore[index]
    assert one["most_expected"][0] < 0.1  # type: ignore[index]


def test_a_prompt_counts_once_however_often_it_is_sent(world: dict[int, dict[str, object]]) -> None:
    assert world[TWICE]["prompts"] == PROMPTS


def test_too_few_different_prompts_give_no_row(world: dict[int, dict[str, object]]) -> None:
    assert FEW not in world
    assert len(world) == ACCOUNTS + 4


def test_too_few_accounts_say_nothing(engine: Engine) -> None:
    features = crowd(2)
    some = features.filter(pa.array([account < LEAST_ACCOUNTS for account in features.column("account").to_pylist()]))
    assert topics(engine, engine.from_arrow(some)).num_rows == 0


def test_order_and_numbers_of_accounts_make_no_difference(engine: Engine) -> None:
    features = crowd(3)
    whole = topics(engine, engine.from_arrow(features))
    backwards = features.take(np.arange(features.num_rows)[::-1])
    assert topics(engine, engine.from_arrow(backwards)).equals(whole)
    numbers = features.column("account").to_numpy()
    renamed = features.set_column(features.schema.get_field_index("account"), "account", pa.array(10_000 - numbers))
    other = topics(engine, engine.from_arrow(renamed)).to_pylist()[::-1]
    for before, after in zip(whole.to_pylist(), other, strict=True):
        for name in ("shift", "spread", "focus", "novelty"):
            assert after[name] == pytest.approx(before[name], rel=1e-9, abs=1e-12)


def test_a_large_account_weighs_no_more_than_another_in_what_is_usual(engine: Engine) -> None:
    rng = np.random.default_rng(6)
    few = topics(engine, engine.from_arrow(crowd(4, asked(NARROW, 40, rng, topic=7)))).to_pylist()
    many = topics(engine, engine.from_arrow(crowd(4, asked(NARROW, 2000, rng, topic=7)))).to_pylist()
    for before, after in zip(few[:ACCOUNTS], many[:ACCOUNTS], strict=True):
        assert after["spread"] == pytest.approx(before["spread"], rel=1e-9)


def test_ten_times_as_many_prompts_about_the_same_are_no_more_focused(engine: Engine) -> None:
    rng = np.random.default_rng(11)
    few = [one for topic in range(8) for one in asked(NARROW, 10, rng, topic=topic)]
    many = [one for topic in range(8) for one in asked(BROAD, 100, rng, topic=topic)]
    rows = crowd(12, [{**one, "prompt_hash": -i} for i, one in enumerate([*few, *many], 1)])
    found = {one["account"]: one for one in topics(engine, engine.from_arrow(rows)).to_pylist()}
    assert (found[NARROW]["prompts"], found[BROAD]["prompts"]) == (80, 800)
    assert found[BROAD]["focus"] == pytest.approx(found[NARROW]["focus"], rel=0.05)


def test_honest_accounts_of_any_size_lie_alike(engine: Engine) -> None:
    """One population, few prompts and many: neither half is louder than the other in its shift."""
    rng = np.random.default_rng(7)
    small = [one for account in range(1000, 1100) for one in asked(account, 25, rng)]
    large = [one for account in range(2000, 2100) for one in asked(account, 300, rng)]
    found = topics(engine, engine.from_arrow(crowd(8, small, large))).to_pylist()
    shift = {low: np.array([r["shift"] for r in found if low <= r["account"] < low + 100]) for low in (1000, 2000)}
    for values in shift.values():
        assert abs(values.mean()) < 3 * values.std() / 10, "without bias whatever the size"


def test_topics_are_put_into_words(engine: Engine) -> None:
    rng = np.random.default_rng(5)
    said = topics_in_words(topics(engine, engine.from_arrow(crowd(1, asked(NARROW, 40, rng, topic=200)))))
    assert said(NARROW).startswith(f"{meanings().names[200]} (40 of 40 prompts, 0.")
    assert said(12345) == ""


def test_statistics_are_what_a_plain_loop_makes_of_them(engine: Engine) -> None:
    features = crowd(9, asked(NARROW, 130, np.random.default_rng(10)), asked(THIN, 25, np.random.default_rng(11)))
    found = {one["account"]: one for one in topics(engine, engine.from_arrow(features)).to_pylist()}
    mine: dict[int, list[dict[str, int]]] = {}
    for one in features.to_pylist():
        mine.setdefault(one["account"], []).append(one)

    def bits(prompts: list[dict[str, int]]) -> np.ndarray:
        return np.array([[(one["meaning"] >> place) & 1 for place in range(64)] for one in prompts], dtype=float)

    def cells(prompts: list[dict[str, int]]) -> np.ndarray:
        return np.array([[one["topic"] == cell for cell in range(TOPICS)] for one in prompts], dtype=float)

    def apart(own: np.ndarray, others: list[np.ndarray]) -> np.ndarray:
        """Of each feature the unbiased squared distance: pairs within the account, pairs of other accounts, pairs between."""
        n, means = len(own), np.array([other.mean(axis=0) for other in others])
        within = (own.sum(axis=0) ** 2 - (own**2).sum(axis=0)) / (n * (n - 1))
        between = (means.sum(axis=0) ** 2 - (means**2).sum(axis=0)) / (len(means) * (len(means) - 1))
        return np.asarray(within + between - 2 * own.mean(axis=0) * means.mean(axis=0))

    everyone = {account: (bits(prompts), cells(prompts)) for account, prompts in mine.items()}
    for account in (1, 17, ACCOUNTS, NARROW, THIN):
        own, rest = everyone[account], [both for other, both in everyone.items() if other != account]
        prompts = len(own[0])
        shrunk = prompts / (prompts + 20)
        usual = (np.mean([c.mean(axis=0) for _, c in rest], axis=0) * len(rest) + 1 / TOPICS) / (len(rest) + 1)
        assert found[account]["shift"] == pytest.approx(apart(own[0], [b for b, _ in rest]).mean() * shrunk)
        spread = (apart(own[1], [c for _, c in rest]) / usual).mean() * shrunk
        assert found[account]["spread"] == pytest.approx(spread)
        scale = 64 / prompts if prompts > 64 else 1.0
        e = poisson_e(np.floor(own[1].sum(axis=0) * scale).astype(int), usual * prompts * scale)
        assert found[account]["focus"] == pytest.approx(np.log(e.mean()))
    beyond = dict.fromkeys(mine, 0)
    for column in ("topic_far", "topic_rest"):
        weighed = [(one[column], 1 / len(asked_of)) for asked_of in mine.values() for one in asked_of]
        limit = min(at for at, _ in weighed if sum(w for other, w in weighed if other > at) <= len(mine) / 100 + 1e-9)
        for account, asked_of in mine.items():
            beyond[account] += sum(one[column] > limit for one in asked_of)
    assert sum(beyond.values()) > ACCOUNTS * PROMPTS / 100
    for account, some in beyond.items():
        assert found[account]["novelty"] == pytest.approx((some / 2 + 0.2) / (len(mine[account]) + 20))


def test_accounts_taken_a_few_at_a_time_come_out_as_all_at_once(
    engine: Engine, monkeypatch: pytest.MonkeyPatch
) -> None:
    features = engine.from_arrow(crowd(13))
    whole = topics(engine, features).to_pylist()
    monkeypatch.setattr(import_module("stillwatch.signals.topics"), "_ROWS", 7)
    for at_once, some in zip(whole, topics(engine, features).to_pylist(), strict=True):
        for name in ("account", "prompts", "shift", "spread", "focus", "novelty"):
            assert some[name] == pytest.approx(at_once[name])


def test_among_few_accounts_one_that_is_far_out_moves_the_limit_of_the_tail(engine: Engine) -> None:
    """Of 20 accounts one asks nothing that is not far out: a fifth of its prompts lie beyond, and of 101 nearly all."""
    rng = np.random.default_rng(14)
    strange = [
        one | {"topic_far": 600 + place, "topic_rest": 600 + place} for place, one in enumerate(asked(THIN, 100, rng))
    ]
    shares = {}
    for others in (19, 100):
        listed = [one for account in range(1, others + 1) for one in asked(account, PROMPTS, rng)] + strange
        rows = topics(engine, engine.from_arrow(tables([row(**fields) for fields in listed])["features"]))  # type: ignore[arg-type]
        shares[others] = {one["account"]: one["novelty"] for one in rows.to_pylist()}[THIN]
    assert shares[19] == pytest.approx((20 + 0.2) / 120)
    assert shares[100] > 0.8
