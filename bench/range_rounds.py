"""Every study of the page at a size that an hour can bear, round after round: each round adds worlds to all of them, and nothing is done twice."""

from __future__ import annotations

import argparse
import sys
import time
from collections.abc import Callable
from copy import copy
from dataclasses import dataclass

from figures import Figures
from range_studies import study

__all__ = ["ROUNDS", "Round", "rounds"]


@dataclass(frozen=True, kw_only=True)
class Round:
    """The worlds that a round adds to one study, and how many are enough."""

    preset: str
    accounts: int
    exchanges: int
    days: int
    worlds: int
    enough: int


ROUNDS = (
    Round(preset="null", accounts=1500, exchanges=22_500, days=2, worlds=10, enough=200),
    Round(preset="actors", accounts=2000, exchanges=30_000, days=2, worlds=1, enough=20),
    Round(preset="campaigns", accounts=1500, exchanges=33_750, days=3, worlds=1, enough=20),
    Round(preset="accounts", accounts=3000, exchanges=60_000, days=2, worlds=1, enough=20),
    Round(preset="lookalikes", accounts=1500, exchanges=22_500, days=2, worlds=1, enough=20),
    Round(preset="evasion", accounts=1500, exchanges=22_500, days=2, worlds=1, enough=20),
    Round(preset="leave-one-campaign-out", accounts=1500, exchanges=33_750, days=3, worlds=1, enough=20),
    Round(preset="leave-one-lookalike-out", accounts=1500, exchanges=22_500, days=2, worlds=1, enough=20),
)
"""Sizes of the page, smaller than the presets' own. The leave-one-out studies look at the worlds of their siblings and cost next to nothing."""


class _Over(Exception):
    """The time is up; what was finished is kept."""


def rounds(chosen: argparse.Namespace, put: Callable[[str, Figures], None]) -> None:
    """Go through all studies, then through all with more worlds, until the time is up or all have enough; `put` writes each on the page."""
    end = time.monotonic() + 60 * chosen.minutes
    last = max(-(-one.enough // one.worlds) for one in ROUNDS)
    for number in range(1, last + 1):
        for one in ROUNDS:
            if (number - 1) * one.worlds >= one.enough:
                continue
            asked = copy(chosen)
            asked.preset, asked.accounts, asked.exchanges, asked.days = (
                one.preset,
                one.accounts,
                one.exchanges,
                one.days,
            )
            asked.worlds = min(number * one.worlds, one.enough)
            asked.unmimic_python = chosen.unmimic_python if one.preset == "accounts" else None
            print(f"round {number}: {one.preset}, {asked.worlds} worlds", file=sys.stderr, flush=True)
            try:
                figures = study(asked, tell=_until(end))
            except _Over:
                print("the time is up; the same command goes on from here", file=sys.stderr, flush=True)
                return
            put(f"study {one.preset}", figures)


def _until(end: float) -> Callable[[str, int, int], None]:
    def tell(stage: str, done: int, total: int) -> None:
        print(f"{stage}: {done} of {total}", file=sys.stderr, flush=True)
        if time.monotonic() > end and done < total:
            raise _Over

    return tell
