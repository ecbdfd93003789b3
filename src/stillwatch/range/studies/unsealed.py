"""The truth, opened after detectors have spoken: who was who, and what of that the groups and scores they gave out hold."""

from __future__ import annotations

from collections import Counter
from collections.abc import Collection, Mapping, Sequence

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.range.names import Ints
from stillwatch.range.studies.featured import NAMES, Featured
from stillwatch.range.studies.look import Said
from stillwatch.range.studies.seen import Cluster, Looked

__all__ = ["RATES", "cleared_accounts", "held_against", "requests_of", "unseal"]

_TOLD = ("account", "at", "prompt_hash", "outcome", "output_tokens")

RATES = (1e-2, 1e-3, 1e-4)
"""False-positive rates at which the power of scores is told."""


def unseal(parts: Sequence[Featured]) -> dict[int, str]:
    """`role/group` of every account by its pseudonym."""
    out: dict[int, str] = {}
    for part in parts:
        truth = part.truth()
        raws = list(truth.role)
        for raw, name in zip(raws, NAMES.names("account", raws), strict=True):
            if name is not None:
                out[name] = f"{truth.role[raw]}/{truth.group[raw]}"
    return out


def requests_of(world: Featured, group: str) -> pa.Table:
    """Every request of one hidden actor with its purpose, in the columns that `metrics.cost.before_action` reads."""
    acts = world.acts()
    acts = acts.filter(pc.equal(acts["group"], group))
    ids = pa.array(NAMES.names("exchange", acts["request_id"].to_pylist()), pa.int64())
    purposes = pa.table({"exchange_id": ids, "purpose": acts["purpose"]})
    rows = [pq.read_table(file, columns=["exchange_id", *_TOLD]) for file in world.files]
    return (
        pa.concat_tables(rows)
        .join(purposes, "exchange_id", join_type="inner")
        .sort_by([("at", "ascending"), ("exchange_id", "ascending")])
    )


def cleared_accounts(who: Mapping[int, str]) -> Ints:
    """Half of the innocent accounts, lookalikes among them, as an analyst's cleared set: even pseudonyms."""
    innocent = [name for name, of in who.items() if not of.startswith("actor/") and name % 2 == 0]
    return np.sort(np.array(innocent, np.int64))


def held_against(said: Said, who: Mapping[int, str], cleared: Collection[int]) -> Looked:
    """What a method said, with its groups counted by the truth.

    Cleared accounts do not count among the single accounts that it accused: it was told that they are innocent. A group keeps them, for
    whoever puts a group up for review accuses all its members, and without them every group would look purer than it is.
    """
    return Looked(
        method=said.method,
        clusters=tuple(
            Cluster(
                decision=group.decision,
                score=group.score,
                members=_counted(group.accounts, who),
                found_by=group.found_by,
                reason=group.reason,
                counted=group.counted,
            )
            for group in said.groups
        ),
        accused=_counted(said.accused[~np.isin(said.accused, np.fromiter(cleared, np.int64))], who),
        tested=said.tested,
        ranks={} if said.scores is None else _power(said, who, cleared),
        refused=said.refused,
        seconds=round(said.seconds, 3),
    )


def _counted(accounts: Ints, who: Mapping[int, str]) -> dict[str, int]:
    return dict(sorted(Counter(who.get(int(account), "unknown/unknown") for account in accounts).items()))


def _power(said: Said, who: Mapping[int, str], cleared: Collection[int]) -> dict[str, tuple[int, int]]:
    """At each false-positive rate among innocent accounts that are not cleared: campaign accounts beyond the threshold, of how many.

    The threshold is the innocent score that at most that share of them exceeds; ties with it are not beyond it. A rate that not even one
    innocent account may fill is left out.
    """
    assert said.scores is not None  # noqa: S101 - the caller has seen to it
    account, score = said.scores
    spared = np.isin(account, np.fromiter(cleared, np.int64))
    guilty = np.array([who.get(int(a), "").startswith("actor/") for a in account])
    score = np.nan_to_num(score, nan=-np.inf)
    innocent = -np.sort(-score[~guilty & ~spared])
    out: dict[str, tuple[int, int]] = {}
    for rate in RATES:
        allowed = int(np.floor(rate * innocent.size))
        if allowed >= 1 and allowed < innocent.size:
            out[f"{rate:g}"] = (int((score[guilty] > innocent[allowed]).sum()), int(guilty.sum()))
    return out
