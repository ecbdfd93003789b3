"""What detection costs an attacker: what he got before anybody acted, how long that took, and how much dearer the same harvest became."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.compute as pc

from stillwatch.core.records import Estimate
from stillwatch.range.purpose import HARVESTED
from stillwatch.stats import bootstrap

__all__ = ["Prices", "Spent", "Yield", "before_action", "cost_multiplier", "spent", "yield_over_campaigns"]

Ints = npt.NDArray[np.int64]

_NEVER = np.iinfo(np.int64).max


@dataclass(frozen=True, kw_only=True, slots=True)
class Yield:
    """One campaign up to the moments at which its accounts were acted on.

    Attributes:
        obtained: distinct prompts that were answered before their account was acted on; where purposes are known, harvested ones alone.
        wanted: distinct prompts that were answered if nobody had acted, likewise.
        share: `obtained` over `wanted`; 1 when nobody acted, NaN for a campaign without answers.
        detected_us: microseconds from the campaign's first exchange to the first action; unknown when there was none.
        detected_after: exchanges of the whole campaign before the first action; all of them when there was none.
        accounts: accounts of the campaign that sent something.
        acted_on: share of them that were ever acted on.
        exchanges: exchanges sent before action.
        tokens: output tokens obtained before action, where counted.
    """

    obtained: int
    wanted: int
    share: float
    detected_us: int | None
    detected_after: int
    accounts: int
    acted_on: float
    exchanges: int
    tokens: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Prices:
    """What an attacker pays, in any one currency: for an account (identity, card, address) and for a thousand tokens out, and in."""

    account: float = 5.0
    thousand_out: float = 0.01
    exchange: float = 0.0


@dataclass(frozen=True, kw_only=True, slots=True)
class Spent:
    """Money and what it bought: distinct answers."""

    money: float
    obtained: int

    @property
    def each(self) -> float:
        """Price of a distinct answer; infinite when nothing was obtained."""
        return self.money / self.obtained if self.obtained else math.inf


def before_action(rows: pa.Table, acted: dict[int, int]) -> Yield:
    """What a campaign obtained.

    Args:
        rows: its exchanges: `account`, `at` (time or microseconds), `prompt_hash`, and where known `outcome`, `output_tokens` and
            `purpose`: cover, probes and the requests of bystanders are no yield.
        acted: for each account that was acted on, when, in microseconds. An exchange at that very moment is no longer answered.
    """
    account = rows.column("account").to_numpy()
    at = _micros(rows.column("at"))
    answered = _answered(rows)
    prompt = rows.column("prompt_hash")
    known = np.asarray(pc.is_valid(prompt).to_numpy())
    hashes = pc.fill_null(prompt, 0).to_numpy()
    accounts, place = np.unique(account, return_inverse=True)
    until = np.array([acted.get(int(one), _NEVER) for one in accounts], np.int64)
    free = at < until[place]
    yields = answered & known & _harvested(rows)
    obtained, wanted = np.unique(hashes[free & yields]).size, np.unique(hashes[yields]).size
    first_action = int(until.min()) if until.size else _NEVER
    detected = first_action < _NEVER and at.size > 0
    tokens = (
        int(pc.fill_null(rows.column("output_tokens"), 0).to_numpy()[free & answered].sum())
        if "output_tokens" in rows.column_names
        else 0
    )
    return Yield(
        obtained=obtained,
        wanted=wanted,
        share=obtained / wanted if wanted else math.nan,
        detected_us=max(0, first_action - int(at.min())) if detected else None,
        detected_after=int((at < first_action).sum()),
        accounts=accounts.size,
        acted_on=float((until < _NEVER).mean()) if accounts.size else math.nan,
        exchanges=int(free.sum()),
        tokens=tokens,
    )


def spent(result: Yield, prices: Prices) -> Spent:
    """What a campaign paid for what it obtained: every account, and every exchange that was served."""
    money = (
        prices.account * result.accounts
        + prices.thousand_out * result.tokens / 1000
        + prices.exchange * result.exchanges
    )
    return Spent(money=money, obtained=result.obtained)


def cost_multiplier(watched: Spent, unwatched: Spent) -> float:
    """How many times dearer a distinct answer is under watch than for the same attacker's cheapest way without.

    The unwatched side is the plain campaign: no evasion, nobody acts. What evasion costs is in it (more accounts, duplicates, camouflage),
    and so is what action takes away. Precedent: SEAT (Zhang and others, AISec 2021) reports 3.8 to 16. Infinite when nothing is obtained
    under watch, NaN when nothing was to be had.

    >>> cost_multiplier(Spent(money=100, obtained=10), Spent(money=100, obtained=50))
    5.0
    """
    if not unwatched.obtained or unwatched.each == 0:
        return math.nan
    return watched.each / unwatched.each


def yield_over_campaigns(obtained: Sequence[float], *, rng: np.random.Generator, level: float = 0.95) -> Estimate:
    """Median share obtained before action over campaigns, with an interval from drawing whole campaigns again; NaN does not count."""
    shares = np.array([share for share in obtained if not math.isnan(share)])
    if not shares.size:
        return Estimate(value=math.nan, low=0.0, high=1.0, n=0, method="bootstrap of campaigns", level=level)
    if shares.size == 1:
        return Estimate(value=float(shares[0]), low=0.0, high=1.0, n=1, method="bootstrap of campaigns", level=level)
    return bootstrap(shares, lambda drawn: float(np.median(drawn)), rng=rng, level=level)


def _answered(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Exchanges that gave something away; one of unknown outcome counts as answered."""
    if "outcome" not in rows.column_names:
        return np.ones(rows.num_rows, np.bool_)
    return np.asarray(
        pc.equal(pc.fill_null(rows.column("outcome"), "ok"), "ok").to_numpy(zero_copy_only=False), np.bool_
    )


def _harvested(rows: pa.Table) -> npt.NDArray[np.bool_]:
    """Exchanges that were sent for their answer; all where nothing is said of purposes."""
    if "purpose" not in rows.column_names:
        return np.ones(rows.num_rows, np.bool_)
    wanted = pa.array([purpose.name.lower() for purpose in HARVESTED])
    return np.asarray(pc.is_in(rows.column("purpose"), value_set=wanted).to_numpy(), np.bool_)


def _micros(column: pa.ChunkedArray) -> Ints:
    if pa.types.is_timestamp(column.type):
        column = column.cast(pa.timestamp("us", tz=column.type.tz)).cast(pa.int64())
    return np.asarray(column.to_numpy(), np.int64)
