"""Decisions pushed into LiteLLM's own limits, so that they hold with nothing of ours in the path: what would change, and what was there.

Limits are only ever tightened. What a key had before is kept in its metadata under `stillwatch` and comes back when the decision ends;
what an operator changes by hand meanwhile counts as what was there.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from stillwatch.gateway.adapters.hosts import Hosts, Named
from stillwatch.gateway.adapters.wanted import Wanted, Wishes, rates_of
from stillwatch.ingest.litellm import payer

__all__ = ["FIELDS", "MARK", "Change", "Key", "changes"]

MARK = "stillwatch"
"""Where in a key's metadata it says what Stillwatch changed, and what was there before."""

FIELDS = ("rpm_limit", "tpm_limit", "max_parallel_requests")


class Key(msgspec.Struct, frozen=True, kw_only=True):
    """A key as LiteLLM lists it. `token` is its hash, which also names it in changes."""

    token: str
    user_id: str | None = None
    team_id: str | None = None
    org_id: str | None = None
    blocked: bool | None = None
    rpm_limit: int | None = None
    tpm_limit: int | None = None
    max_parallel_requests: int | None = None
    metadata: dict[str, Any] | None = None

    @property
    def kept(self) -> dict[str, Any]:
        """Its metadata, none where it has none."""
        return self.metadata or {}


@dataclass(frozen=True, kw_only=True, slots=True)
class Change:
    """What is to be changed of one key.

    `update` is the merge patch of its limits and metadata, `block` whether it is to be blocked or let go; none leaves that as it is.
    `lost` says what of the policy's limits LiteLLM cannot carry out.
    """

    token: str
    account: int
    what: str
    code: str
    appeal: str | None
    update: Mapping[str, Any]
    block: bool | None
    lost: tuple[str, ...] = ()


def changes(keys: Sequence[Key], wishes: Wishes, hosts: Hosts, *, at: float) -> list[Change]:
    """What would make LiteLLM's keys as the policy wants them at a time (seconds since 1970); nothing where all is as it should be."""
    accounts = [_account(key, hosts) for key in keys]
    wanted = {account: wishes.of(account, at) for account in set(accounts)}
    of_account = Counter(accounts)
    of_actor = Counter(one.actor for account in accounts if (one := wanted[account]) is not None)
    found = []
    for key, account in zip(keys, accounts, strict=True):
        one = wanted[account]
        if one is not None:
            found.append(
                _tightened(
                    key,
                    one,
                    keys=of_account[account],
                    actor_keys=of_actor[one.actor] if one.actor else of_account[account],
                )
            )
        elif MARK in key.kept:
            found.append(_let_go(key, account))
    return sorted(filter(None, found), key=lambda change: (change.what, change.token))


def _account(key: Key, hosts: Hosts) -> int:
    named = Named(account=payer(key.user_id, None), org=key.org_id or key.team_id, credential=key.token)
    return hosts.of(named).account


def _tightened(key: Key, one: Wanted, *, keys: int, actor_keys: int) -> Change | None:
    before, blocked_before = _before(key)
    rates, lost = rates_of(one.limits, keys=keys, actor_keys=actor_keys)
    limits = {name: _least(before[name], rates.get(name)) for name in FIELDS}
    mark = {
        "before": before | {"blocked": blocked_before},
        "set": {name: limits[name] for name in FIELDS if limits[name] != before[name]} | {"blocked": one.blocked},
        "code": one.code,
        "rule": one.rule,
        "appeal": one.appeal,
    }
    update: dict[str, Any] = {name: value for name, value in limits.items() if value != getattr(key, name)}
    if key.kept.get(MARK) != mark:
        update["metadata"] = {**key.kept, MARK: mark}
    should = one.blocked or blocked_before
    block = should if should != bool(key.blocked) else None
    if not update and block is None:
        return None
    what = "block" if one.blocked else "throttle"
    return Change(
        token=key.token,
        account=one.account,
        what=what,
        code=one.code,
        appeal=one.appeal,
        update=update,
        block=block,
        lost=lost,
    )


def _let_go(key: Key, account: int) -> Change:
    before, blocked_before = _before(key)
    update: dict[str, Any] = {name: before[name] for name in FIELDS if before[name] != getattr(key, name)}
    update["metadata"] = {name: value for name, value in key.kept.items() if name != MARK}
    block = blocked_before if blocked_before != bool(key.blocked) else None
    return Change(
        token=key.token, account=account, what="release", code="decision_ended", appeal=None, update=update, block=block
    )


def _before(key: Key) -> tuple[dict[str, int | None], bool]:
    """The limits that a key has but for ours, and whether it would be blocked but for us."""
    mark = key.kept.get(MARK)
    if not isinstance(mark, dict):
        return {name: getattr(key, name) for name in FIELDS}, bool(key.blocked)
    before, ours = mark.get("before", {}), mark.get("set", {})
    limits = {}
    for name in FIELDS:
        now = getattr(key, name)
        limits[name] = before.get(name) if name in ours and now == ours[name] else now
    # A key that we were about to block and that is not blocked was never blocked by us, or let go by hand.
    blocked = bool(before.get("blocked")) if ours.get("blocked") else bool(key.blocked)
    return limits, blocked


def _least(*limits: int | None) -> int | None:
    return min((limit for limit in limits if limit is not None), default=None)
