"""What a policy would have done to the traffic of a workspace: whom it touches, by product type and by the innocent explanation that fits.

The standing of today is held against the traffic of the past, as if it had stood throughout: that is the most a policy would have touched.
"""

from __future__ import annotations

import datetime as dt
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core import handle
from stillwatch.engine import Store, Workspace
from stillwatch.pipeline.standing import standing_file
from stillwatch.pipeline.view_accounts import explained
from stillwatch.policy import NEEDS, NOT_REPLAYED, Gatekeeper, Policy, Step, Tally, read_standing, replay

__all__ = ["Crowd", "Replayed", "RuleDone", "TouchedAccount", "replay_policy"]

_UNKNOWN = "unknown"
_NONE = "none fits"


class Crowd(msgspec.Struct, frozen=True, kw_only=True):
    """What a group of accounts would have met: accounts and requests, those touched (a clamp or harder), and requests refused."""

    name: str
    accounts: int
    touched_accounts: int
    requests: int
    touched_requests: int
    refused_requests: int


class RuleDone(msgspec.Struct, frozen=True, kw_only=True):
    """What one rule would have done; a shadow rule does nothing, and its requests are those that it would have touched."""

    rule: str
    shadow: bool
    accounts: int
    requests: int
    refused: int


class TouchedAccount(msgspec.Struct, frozen=True, kw_only=True):
    """One account that would have been touched: the hardest step, and the rule that named most of it."""

    account: str
    product: str
    lookalike: str
    step: str
    rule: str
    requests: int
    touched: int
    refused: int


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """A replay. `first` and `last` are the days of the traffic; `lookalikes` counts only accounts touched."""

    form: str
    policy: str
    standing_serial: int
    standing_accounts: int
    first: str
    last: str
    total: Crowd
    steps: dict[str, int]
    rules: tuple[RuleDone, ...]
    products: tuple[Crowd, ...]
    lookalikes: tuple[Crowd, ...]
    accounts: tuple[TouchedAccount, ...]
    not_replayed: tuple[str, ...]


def replay_policy(workspace: Workspace, policy: Policy, *, days: int = 7) -> Replayed:
    """Play the last days of the logs through a policy, with the standing as it is today.

    Args:
        days: days up to the last one of the logs; 0 for all.
    """
    store = workspace.store
    standing = read_standing(standing_file(workspace))
    chosen = _days(store, days)
    tallies = replay(Gatekeeper(policy, standing), _traffic(store, chosen))
    touched = sorted(account for account, tally in tallies.items() if tally.touched)
    fitting = _lookalikes(store, touched)
    product = dict(zip(*store.read("account_facts", ["account", "product_type"]).to_pydict().values(), strict=True))
    hit = {account: tallies[account] for account in touched}
    steps: Counter[str] = sum((tally.steps for tally in tallies.values()), Counter())
    return Replayed(
        form="stillwatch.policy-replay/1",
        policy=policy.id,
        standing_serial=standing.serial,
        standing_accounts=standing.rows.num_rows,
        first=min(chosen, default=""),
        last=max(chosen, default=""),
        total=_crowd("all", tallies.values()),
        steps=dict(sorted(steps.items())),
        rules=_rules(policy, tallies),
        products=_crowds(tallies, lambda account: product.get(account) or _UNKNOWN),
        lookalikes=_crowds(hit, lambda account: fitting.get(account, _NONE)),
        accounts=tuple(_account(a, tallies[a], product.get(a) or _UNKNOWN, fitting.get(a, _NONE)) for a in touched),
        not_replayed=NOT_REPLAYED,
    )


def _days(store: Store, days: int) -> list[str]:
    """The days of the logs that are played, in order; parts without a day always."""
    there = sorted({path.parent.name for path in store.files("features")})
    dated = [day for day in there if day[:1].isdigit()]
    if not days or not dated:
        return there
    first = dt.date.fromisoformat(dated[-1]) - dt.timedelta(days - 1)
    return [day for day in there if day not in dated or day >= first.isoformat()]


def _traffic(store: Store, days: Sequence[str]) -> Iterator[pa.Table]:
    """The requests of each day in order of time."""
    for day in days:
        parts = [pq.ParquetFile(path).read(columns=list(NEEDS)) for path in store.files("features", days=[day])]
        yield pa.concat_tables(parts).sort_by("at")


def _lookalikes(store: Store, accounts: Sequence[int]) -> dict[int, str]:
    """The innocent explanation that fits each account best: its own, or that of the actor that it is part of."""
    fitting = {a["actor"]: a["lookalike"] for a in store.read("actors").to_pylist() if a["lookalike_fits"]}
    members = store.read("actor_members", ["actor", "account"]).to_pylist()
    shared = {row["account"]: fitting[row["actor"]] for row in members if row["actor"] in fitting}
    return {**{a: shared[a] for a in accounts if a in shared}, **explained(store, accounts)}


def _crowd(name: str, tallies: Any) -> Crowd:
    some = list(tallies)
    return Crowd(
        name=name,
        accounts=len(some),
        touched_accounts=sum(1 for one in some if one.touched),
        requests=sum(one.requests for one in some),
        touched_requests=sum(one.touched for one in some),
        refused_requests=sum(one.refused for one in some),
    )


def _crowds(tallies: Mapping[int, Tally], name: Callable[[int], str]) -> tuple[Crowd, ...]:
    groups: dict[str, list[Tally]] = {}
    for account, tally in tallies.items():
        groups.setdefault(name(account), []).append(tally)
    return tuple(_crowd(group, groups[group]) for group in sorted(groups))


def _rules(policy: Policy, tallies: Mapping[int, Tally]) -> tuple[RuleDone, ...]:
    """Every rule of the policy in its order, those that did nothing too, then what people's decisions did."""
    named = [(rule.name, rule.shadow) for rule in policy.rules]
    known = {name for name, _ in named}
    others = sorted({name for tally in tallies.values() for name in tally.rules} - known)
    out = []
    for name, shadow in (*named, *((other, False) for other in others)):
        counts = [(t.shadows if shadow else t.rules)[name] for t in tallies.values()]
        refused = sum(tally.refused_by[name] for tally in tallies.values())
        accounts = sum(1 for count in counts if count)
        out.append(RuleDone(rule=name, shadow=shadow, accounts=accounts, requests=sum(counts), refused=refused))
    return tuple(out)


def _account(account: int, tally: Tally, product: str, lookalike: str) -> TouchedAccount:
    hardest = max(tally.steps, key=lambda step: Step[step.upper()])
    return TouchedAccount(
        account=handle("account", account),
        product=product,
        lookalike=lookalike,
        step=hardest,
        rule=tally.rules.most_common(1)[0][0],
        requests=tally.requests,
        touched=tally.touched,
        refused=tally.refused,
    )
