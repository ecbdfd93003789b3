"""Classrooms: cohorts signed up in one batch, behind the campus address, with the same homework or problems dealt out one by one."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import addresses, clients, facts
from stillwatch.range.ground import Ground, Reply, Traits
from stillwatch.range.rhythm import DAY, answer_lengths
from stillwatch.range.sizes import scaled

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Students of each cohort, problems a student gets, whether these are dealt out distinct, and whether the course is registered."""

    students: tuple[int, ...] = (62, 145, 118)
    problems: tuple[int, ...] = (6, 5, 4)
    distinct: tuple[bool, ...] = (False, False, True)
    declared: tuple[str, ...] = ("classroom", "", "classroom")
    group: str = "classroom"


_SCHOOLS = ("westmoor", "calder", "ostrava-tech")
_SETS = ("gsm8k_train", "mbpp_plus", "math_train_8k")
_OWN_WORDS = (
    "{a}", "{a}\n\nI got stuck, can you explain?", "help me with this one: {a}", "Exercise from class: {a} Please explain step by step.",
    "{a} how do I start", "can you check my approach for this problem? {a}", "Explain like I'm in first year: {a}", "homework:\n{a}",
    "{a}\nshow the steps please", "What formula do I need here? {a}",
)  # fmt: skip


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the cohorts and send their questions in and after a lesson."""
    frames = ground.frames.numbers(_OWN_WORDS)
    for k, students in enumerate(knobs.students):
        size = scaled(students, scale, least=6)
        pool = addresses.campus(rng)
        home = addresses.households(rng, size)
        signed = int(rng.integers(20, 120))
        minute = rng.uniform(8 * 3600, 9.5 * 3600, size) * 1e6
        zone = int(rng.choice([-6, -5, 0, 1, 2, 8]))
        traits = Traits(
            zone=np.full(size, zone),
            ips=[pool[i] for i in rng.integers(0, len(pool), size).tolist()],
            other_ips=home,
            agents=clients.choose(rng, "browser", size),
            other_agents=clients.choose(rng, "browser", size),
            roaming=0.35,
            stream=0.9,
            temperature=np.full(size, np.nan),
            max_tokens=np.full(size, -1),
        )
        columns: dict[str, list[str] | str] = {
            "org": f"org_{int(rng.integers(1 << 40)):010x}",
            "created": [facts.stamp(int(m), days=-signed) for m in minute.tolist()],
            "plan": "education",
            "product_type": "chat",
            "signup_path": "education",
            "registration": f"{_SCHOOLS[k % len(_SCHOOLS)]}.edu|first.last",
            "device": facts.devices(rng, size, without=0.1),
            "declared_programme": knobs.declared[k],
            "contract_region": "us" if zone < 0 else "eu",
            "verification": "email",
        }
        who = ground.settle(rng, size, role="lookalike", group=knobs.group, traits=traits, facts=columns)
        items = ground.shelf(_SETS[k % len(_SETS)], longest=900)
        each = knobs.problems[k]
        counts = np.full(size, each) if knobs.distinct[k] else rng.integers(max(1, each - 3), each + 2, size)
        owner = np.repeat(np.arange(size), counts)
        total = len(owner)
        if knobs.distinct[k]:
            text = rng.permutation(items)[:total] if total <= len(items) else rng.choice(items, total)
        else:
            text = rng.choice(items, each + 3, replace=False)[rng.integers(0, each + 3, total)]
        lesson = ((10 - zone) % 24) * 3_600_000_000
        evening = ((18 - zone) % 24) * 3_600_000_000
        at = np.where(
            rng.random(total) < 0.65, lesson + rng.uniform(0, 5.4e9, total), evening + rng.uniform(0, 1.4e10, total)
        )
        ground.send(
            rng,
            who[owner],
            at.astype(np.int64) % DAY,
            text=text,
            frame=frames[rng.integers(0, len(frames), total)],
            reply=Reply.CODE if k % len(_SETS) == 1 else Reply.STEPS,
            tokens_out=answer_lengths(rng, rng.integers(20, 200, total)),
        )
