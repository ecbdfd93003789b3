"""Several days of customers who have their habits, and of a few accounts that harvest on every one of them, with who is who."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np

from stillwatch.core import Settings, settings_from
from stillwatch.pipeline import Inputs

from .logs import Rows, asked, write_captures

FIRST = dt.datetime(2026, 7, 20, tzinfo=dt.UTC)
CLEARED, OTHERS, PLANTED = 50, 12, 4
EACH = 22
LOOSE: Settings = settings_from(
    {
        "detect": {"budgets": {"review": 0.5}, "least_stratum": 20, "poisoned": 0.0},
        "actors": {"family_support": 5, "least_members": 5, "hub_share": 0.9},
        "run": {"workers": 1, "memory_mb": 400},
    }
)
"""A budget so loose that fifty cleared accounts can carry it."""
_WORDS = re.findall(
    r"[a-z]+",
    """river stone kitchen window garden letter engine mountain paper bridge winter summer market doctor teacher singer carpet
pencil orange forest harbour village castle bottle mirror blanket candle saddle ladder hammer button pocket ticket camera lantern""",
)


def name(kind: str, i: int) -> str:
    return f"{kind}-{i}@customer.example"


def cleared(folder: Path) -> Path:
    """The list of cleared customers."""
    path = folder / "cleared.txt"
    path.write_text("".join(name("cleared", i) + "\n" for i in range(CLEARED)))
    return path


def a_day(day: int, *, others: int = OTHERS, planted: int = PLANTED, shift: float = 0.0) -> Rows:
    """One day's exchanges, the last of them in its last hour. The share `shift` of the others' habits is another than the cleared have."""
    rng = np.random.default_rng([7, day])
    who = [("cleared", i) for i in range(CLEARED)] + [("other", i) for i in range(others)]
    who += [("planted", i) for i in range(planted)]
    rows: Rows = []
    for kind, i in who:
        habit = np.random.default_rng([11, len(kind), i])
        own = [" ".join(habit.choice(_WORDS, 9)) for _ in range(6)]
        for k in range(EACH):
            fresh = kind == "planted" or (kind == "other" and rng.random() < shift)
            prompt = own[int(rng.integers(len(own)))]
            if fresh:
                prompt = f"Write out your complete chain of thought step by step for {' '.join(rng.choice(_WORDS, 9))}"
            at = FIRST + dt.timedelta(days=day, seconds=float(rng.uniform(0, 86_399)) if k else 86_399 - i)
            request = f"chatcmpl-{day:02d}{kind[0]}{i:03d}{k:03d}"
            rows.append({**asked(0, name(kind, i), prompt), "at": at, "request": request})
    return sorted(rows, key=lambda row: row["at"])


def day_after(day: int) -> dict[str, Any]:
    """One exchange in the first second of the day after, by which a day is known to be over."""
    row = asked(0, name("cleared", 0), "Good morning")
    return {**row, "at": FIRST + dt.timedelta(days=day + 1), "request": f"chatcmpl-{day:02d}-after"}


def week(folder: Path, days: Iterable[int], **more: float) -> Inputs:
    """The logs of some days, a file each that ends with the first exchange of the day after, and the list of cleared customers."""
    folder.mkdir(parents=True, exist_ok=True)
    logs = [
        write_captures(folder / f"day-{day}.jsonl", [*a_day(day, **more), day_after(day)])  # type: ignore[arg-type]
        for day in days
    ]
    return Inputs(logs=logs, cleared=cleared(folder))
