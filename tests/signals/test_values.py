"""Each query gives what a plain loop over the rows gives, on random logs with holes in them."""

from __future__ import annotations

import os
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator
from fractions import Fraction
from itertools import combinations, pairwise
from typing import Any

import numpy as np
import pytest

from stillwatch.core import PRESSING
from stillwatch.engine import Engine, open_engine
from stillwatch.signals import SIGNALS, Example, fact, launch, measure, row, tables

ENGINE = os.environ.get("STILLWATCH_ENGINE", "duckdb")
"""What queries run on: spark, where somebody asks for it."""

Row = dict[str, Any]
Reading = tuple[Fraction, int]

HOUR = 3_600_000_000


@pytest.fixture(scope="module")
def engine() -> Iterator[Engine]:
    with open_engine(ENGINE, None, memory_mb=1000) as made:
        yield made


def random_log(seed: int) -> tuple[list[Example], list[Example], list[Example]]:
    """Rows, facts and launches of a few accounts that collide often; about a fifth of the fields is unknown."""
    rng = np.random.default_rng(seed)

    def some(*choices: Any, unknown: float = 0.2) -> Any:
        return None if rng.random() < unknown else choices[int(rng.integers(len(choices)))]

    rows = [
        row(
            hours=int(rng.integers(0, 60)) / 2,
            account=some(1, 1, 2, 3, 4, 5, unknown=0.05),
            model=some("a", "b"),
            outcome=some("ok", "ok", "refused", "error", unknown=0.1),
            turns=some(1, 2),
            n=some(1, 1, 2, 3),
            temperature=some(0.0, 1.0, 1.0),
            prompt_hash=some(*range(-2, 6)),
            prompt_words=some(2, 7, 8, 30),
            prompt_skeleton=some(*range(8)),
            cell=some(*range(6)),
            ip=some(1, 2, 3),
            subnet=some(*range(8)),
            user_agent=some(1, 2),
            elicitation=some(*(0, 0, *(1 << bit for bit in range(12)))),
            logprobs=some(False, False, True),
            top_logprobs=some(0, 0, 2),
            client_claimed=some("desk-app"),
            scaffold=some("harness", unknown=0.5),
            system_hash=some(1, 2, 3),
            tools=some(1, 2),
            end_user=some(*range(9)),
            conversation=some(1, 2, 3),
            client_telemetry=some(False, True),
        )
        for _ in range(int(rng.integers(0, 150)))
    ]
    facts = [
        fact(
            account=account,
            created_hours=some(-48, -24, -1, 0, 0.5, 1, 4),
            entitlement=some(0, 5, 9),
            payment=some(1, 2),
            device=some(1, 2),
            registration=some(1, 2),
        )
        for account in range(1, 8)
        if rng.random() < 0.8
    ]
    return rows, facts, [launch("a", hours=4), launch("b", hours=5)][: int(rng.integers(0, 3))]


def micros(at: Any) -> int:
    return int(at.timestamp()) * 1_000_000


def share(hits: list[bool]) -> Reading | None:
    return (Fraction(sum(hits), len(hits)), len(hits)) if hits else None


def differing(values: list[Any]) -> Reading | None:
    known = Counter(v for v in values if v is not None)
    n = sum(known.values())
    pairs = sum(c * (c - 1) for c in known.values())
    return (1 - Fraction(pairs, n * (n - 1)), n) if n > 1 else None


def flat_hours(mine: list[Row], log: Any) -> Reading | None:
    hours = Counter(r["at"].hour for r in mine)
    n, pairs = len(mine), sum(c * (c - 1) for c in hours.values())
    return (Fraction(n * (n - 1), 24 * pairs), n) if pairs else None


def best_of_n(mine: list[Row], log: Any) -> Reading | None:
    answers: Counter[Any] = Counter()
    exchanges = 0
    for r in mine:
        if (
            r["prompt_hash"] is None
            or r["temperature"] == 0
            or (r["prompt_words"] is not None and r["prompt_words"] < 4)
        ):
            continue
        exchanges += 1
        answers[r["prompt_hash"], r["turns"]] += max(r["n"] or 1, 1)
    rest = sorted(answers.values())[:-1]
    n = min(sum(rest), exchanges)
    return (Fraction(sum(c for c in rest if c >= 4), sum(rest)), n) if rest else None


def volume(mine: list[Row], log: Any) -> Reading | None:
    entitled = log["fact"].get("entitlement")
    days = Counter(r["at"].date() for r in mine)
    return (Fraction(max(days.values()), entitled), len(mine)) if entitled else None


def full_speed_start(mine: list[Row], log: Any) -> Reading | None:
    if log["fact"].get("created") is None:
        return None
    first = min(micros(r["at"]) for r in mine)
    if not -HOUR <= first - micros(log["fact"]["created"]) <= 24 * HOUR:
        return None
    hours = Counter((micros(r["at"]) - first) // HOUR for r in mine)
    return (Fraction(hours[0], max(hours.values())), len(mine)) if len(hours) >= 3 else None


def young_and_busy(mine: list[Row], log: Any) -> Reading | None:
    if log["fact"].get("created") is None:
        return None
    hours = Counter(micros(r["at"]) // HOUR for r in mine)
    heavy = min(h for h, c in hours.items() if 2 * c >= max(hours.values()))
    return Fraction(24, 24 + max(0, heavy - micros(log["fact"]["created"]) // HOUR)), len(mine)


def template_share(mine: list[Row], log: Any) -> Reading | None:
    def long(r: Row) -> bool:
        return r["prompt_skeleton"] is not None and (r["prompt_words"] or 0) >= 8

    senders = defaultdict(set)
    for r in log["rows"]:
        if long(r):
            senders[r["prompt_skeleton"]].add(r["account"])
    return share([len(senders[r["prompt_skeleton"]]) >= 3 for r in mine if long(r)])


def shared_subnet(mine: list[Row], log: Any) -> Reading | None:
    crowd = defaultdict(set)
    for r in log["rows"]:
        crowd[r["subnet"]].add(r["account"])
    others = [len(crowd[r["subnet"]]) - 1 for r in mine if r["subnet"] is not None]
    return (Fraction(sum(others), len(others)), len(others)) if others else None


def shared(column: str) -> Callable[[list[Row], Any], Reading | None]:
    def count(mine: list[Row], log: Any) -> Reading | None:
        thing = log["fact"].get(column)
        return None if thing is None else (Fraction(sum(f[column] == thing for f in log["facts"]) - 1), 1)

    return count


def release_pivot(mine: list[Row], log: Any) -> Reading | None:
    moved: list[bool] = []
    for one in log["launches"]:
        since = [(micros(r["at"]) - micros(one["at"]), r["model"]) for r in mine if r["model"] is not None]
        if sum(-168 * HOUR <= s < 0 for s, _ in since) >= 5:
            moved += [m == one["model"] for s, m in since if 0 <= s < 24 * HOUR]
    return share(moved)


def refusals_then_focus(mine: list[Row], log: Any) -> Reading | None:
    known = [r for r in mine if r["prompt_skeleton"] is not None and r["outcome"] in ("ok", "refused")]
    known.sort(key=lambda r: (r["at"], r["exchange_id"]))
    refused = [r["outcome"] == "refused" for r in known]
    n = len(known)
    if not any(refused):
        return (Fraction(0), n) if n else None
    if n < 4:
        return None
    half = n // 2
    fall = Fraction(sum(refused[:half]), half) - Fraction(sum(refused[half:]), n - half)
    alike = differing([r["prompt_skeleton"] for r in known[half:]])
    assert alike is not None
    return max(fall, Fraction(0)) * (1 - alike[0]), n


def known(column: str, test: Callable[[Any], bool]) -> Callable[[list[Row], Any], Reading | None]:
    return lambda mine, log: share([test(r[column]) for r in mine if r[column] is not None])


def prompt_breadth(mine: list[Row], log: Any) -> Reading | None:
    asked = [r["prompt_hash"] for r in mine if r["prompt_hash"] is not None]
    return (Fraction(len(set(asked)), len(asked)), len(asked)) if asked else None


def logprob_harvest(mine: list[Row], log: Any) -> Reading | None:
    said = [r for r in mine if r["logprobs"] is not None or r["top_logprobs"] is not None]
    return share([bool(r["logprobs"]) or (r["top_logprobs"] or 0) > 0 for r in said])


def missing_telemetry(mine: list[Row], log: Any) -> Reading | None:
    said = [r for r in mine if r["client_claimed"] is not None and r["client_telemetry"] is not None]
    return share([not r["client_telemetry"] for r in said])


def borrowed_harness(mine: list[Row], log: Any) -> Reading | None:
    said = [r for r in mine if r["scaffold"] is not None and r["client_telemetry"] is not None]
    return share([not r["client_telemetry"] for r in said])


def at_the_limit(mine: list[Row], log: Any) -> Reading | None:
    entitled = log["fact"].get("entitlement")
    days = Counter(r["at"].date() for r in mine)
    return share([c >= Fraction(4, 5) * entitled for c in days.values()]) if entitled else None


def even_pace(mine: list[Row], log: Any) -> Reading | None:
    times = sorted(micros(r["at"]) for r in mine)
    gaps = [later - earlier for earlier, later in pairwise(times)]
    return share([max(pair) <= 2 * min(pair) for pair in pairwise(gaps) if min(pair) > 0])


def hidden_users(mine: list[Row], log: Any) -> Reading | None:
    seen = Counter(r["end_user"] for r in mine if r["end_user"] is not None)
    once, twice = (sum(c == times for c in seen.values()) for times in (1, 2))
    return (len(seen) + Fraction(once * (once - 1), 2 * (twice + 1)), sum(seen.values())) if seen else None


def parallel_conversations(mine: list[Row], log: Any) -> Reading | None:
    said = [(micros(r["at"]) // HOUR, r["conversation"]) for r in mine if r["conversation"] is not None]
    together = [one[1] != other[1] for one, other in combinations(said, 2) if one[0] == other[0]]
    return (Fraction(sum(together), len(together)), len(said)) if together else None


def strongest_part(mine: list[Row], log: Any) -> Reading | None:
    parts = defaultdict(list)
    for r in mine:
        if r["elicitation"] is not None:
            parts[r["system_hash"], r["tools"]].append(bool(r["elicitation"] & PRESSING))
    sizes = sum(map(len, parts.values()))
    return (max(Fraction(sum(hits), len(hits) + 8) for hits in parts.values()), sizes) if parts else None


def technique_search(mine: list[Row], log: Any) -> Reading | None:
    asked = [r for r in mine if r["elicitation"] and r["outcome"] in ("ok", "refused")]
    asked.sort(key=lambda r: (r["at"], r["exchange_id"]))
    half = len(asked) // 2
    if half < 2:
        return None
    refused, various = [], []
    for part in (asked[:half], asked[half:]):
        refused.append(Fraction(sum(r["outcome"] == "refused" for r in part), len(part)))
        spread = differing([r["elicitation"] for r in part])
        assert spread is not None
        various.append(spread[0])
    return max(refused[0] - refused[1], Fraction(0)) * max(various[0] - various[1], Fraction(0)), len(asked)


PLAIN: dict[str, Callable[[list[Row], Any], Reading | None]] = {
    "at_the_limit": at_the_limit,
    "best_of_n": best_of_n,
    "borrowed_harness": borrowed_harness,
    "cell_breadth": lambda mine, log: differing([r["cell"] for r in mine]),
    "data_making": known("elicitation", lambda bits: bool(bits & 0b011000000000)),
    "even_pace": even_pace,
    "flat_hours": flat_hours,
    "full_speed_start": full_speed_start,
    "grading": known("elicitation", lambda bits: bool(bits & 0b000110000000)),
    "hidden_users": hidden_users,
    "identity_fanout": lambda mine, log: differing([r["system_hash"] for r in mine]),
    "ip_fanout": lambda mine, log: differing([r["ip"] for r in mine]),
    "logprob_harvest": logprob_harvest,
    "missing_telemetry": missing_telemetry,
    "parallel_conversations": parallel_conversations,
    "prompt_breadth": prompt_breadth,
    "reasoning_elicitation": known("elicitation", lambda bits: bool(bits & 0b100001111111)),
    "refusals_then_focus": refusals_then_focus,
    "release_pivot": release_pivot,
    "shared_device": shared("device"),
    "shared_payment": shared("payment"),
    "shared_registration": shared("registration"),
    "shared_subnet": shared_subnet,
    "single_turn": known("turns", lambda turns: turns <= 1),
    "strongest_part": strongest_part,
    "technique_search": technique_search,
    "template_share": template_share,
    "user_agent_fanout": lambda mine, log: differing([r["user_agent"] for r in mine]),
    "volume": volume,
    "young_and_busy": young_and_busy,
}


OF_REGISTERS = {"artifact_replay", "rewritten_context", "signup"} | {
    f"topic_{one}" for one in ("focus", "novelty", "shift", "spread")
}
"""Signals that read what a register worked out; its own tests have their loops."""


def test_every_signal_has_a_plain_loop() -> None:
    assert set(PLAIN) | OF_REGISTERS == set(SIGNALS)


@pytest.mark.parametrize("seed", range(12))
def test_queries_and_plain_loops_agree(engine: Engine, seed: int) -> None:
    rows, facts, launches = random_log(seed)
    given_tables = tables([*rows, *facts, *launches])
    relations = [engine.from_arrow(given_tables[name]) for name in ("features", "account_facts", "releases")]
    found = measure(engine, *relations)
    log_rows = [r for r in given_tables["features"].to_pylist() if r["account"] is not None]
    log_facts = given_tables["account_facts"].to_pylist()
    accounts = sorted({r["account"] for r in log_rows})
    for name, plain in PLAIN.items():
        got = {r["account"]: (r["value"], r["n"]) for r in found[name].to_pylist() if r["value"] is not None}
        expected = {}
        for account in accounts:
            log = {
                "rows": log_rows,
                "facts": log_facts,
                "fact": next((f for f in log_facts if f["account"] == account), {}),
                "launches": given_tables["releases"].to_pylist(),
            }
            reading = plain([r for r in log_rows if r["account"] == account], log)
            if reading is not None:
                expected[account] = (pytest.approx(float(reading[0]), rel=1e-12, abs=1e-15), reading[1])
        assert got == expected, name
