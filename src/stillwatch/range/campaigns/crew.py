"""The accounts of an operator: facts, addresses and programs as columns, hired from one infrastructure and settled when the plan is
sent."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Any

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range import addresses, clients, facts
from stillwatch.range.accounts import zones
from stillwatch.range.ground import ACCOUNT_FACTS, Ints

__all__ = ["PATHWAYS", "PROXIES", "Crew", "Infrastructure", "hire", "nobody"]

PROXIES = ("residential", "cloud", "pool", "mobile")
"""Residential: an address of its own for each account. Cloud: egress shared with strangers. Pool: few addresses for all. Mobile: carrier
NAT."""

PATHWAYS = ("api", "cloud", "aggregator", "seats", "stolen", "front")
"""Ways to the model: own API keys, a cloud's resale, an aggregator's keys, subscription seats, stolen keys of real customers, and the
operator's own product in between."""

_MAIL = ("mailnest.example", "inboxly.example", "quickpost.example", "drophere.example")


@dataclass(frozen=True, kw_only=True, slots=True)
class Infrastructure:
    """What an operator's accounts have in common, or not.

    Shares are of accounts, 0 to 1. `to_a_card` accounts pay with one shared card; `batch` accounts are opened within one minute of each
    other; `zone` is the hour offset by which the operator lives, None for accounts spread over the world; `young` is their median age in
    days; `pool` the number of addresses when `proxy` is "pool".
    """

    proxy: str = "residential"
    pathways: tuple[tuple[str, float], ...] = (("api", 1.0),)
    shared_payment: float = 0.0
    to_a_card: int = 6
    disposable_mail: float = 0.0
    one_device: float = 0.0
    batch: int = 1
    young: float = 60.0
    new: float = 0.03
    zone: int | None = None
    program: str = "sdk"
    plans: tuple[tuple[str, float], ...] = (("free", 0.4), ("plus", 0.3), ("payg", 0.3))
    signup: tuple[tuple[str, float], ...] = (("web", 0.9), ("startup", 0.04), ("research", 0.03), ("education", 0.03))
    pool: int = 8
    product: str = "chat"

    def __post_init__(self) -> None:
        if self.proxy not in PROXIES:
            raise Error(f"Infrastructure.proxy: got {self.proxy!r}, expected one of {', '.join(PROXIES)}")
        for name, _ in self.pathways:
            if name not in PATHWAYS:
                raise Error(f"Infrastructure.pathways: got {name!r}, expected some of {', '.join(PATHWAYS)}")
        for name in ("shared_payment", "disposable_mail", "one_device", "new"):
            share = getattr(self, name)
            if not 0.0 <= share <= 1.0:
                raise Error(f"Infrastructure.{name}: got {share}, expected a share from 0 to 1")


@dataclass(frozen=True, kw_only=True, slots=True)
class Crew:
    """Accounts as columns. `facts` are those of accounts.csv; `group` is the truth's label, `pathway` the way to the model.

    `victim` marks a genuine customer whose key was stolen: the account carries the campaign, its owner does not.
    """

    facts: dict[str, list[str]]
    group: list[str]
    pathway: list[str]
    ip: list[str]
    other_ip: list[str]
    agent: list[str]
    zone: Ints
    stream: Ints
    victim: Ints

    def __len__(self) -> int:
        return len(self.group)

    def take(self, chosen: Ints) -> Crew:
        """Some accounts, in the order given; an account may be taken more than once."""
        at = chosen.tolist()
        lists: dict[str, Any] = {
            name: [getattr(self, name)[k] for k in at] for name in ("group", "pathway", "ip", "other_ip", "agent")
        }
        arrays: dict[str, Any] = {name: getattr(self, name)[chosen] for name in ("zone", "stream", "victim")}
        return Crew(facts={name: [column[k] for k in at] for name, column in self.facts.items()}, **lists, **arrays)

    def join(self, other: Crew) -> Crew:
        """These accounts and then the other's."""
        lists: dict[str, Any] = {
            name: getattr(self, name) + getattr(other, name) for name in ("group", "pathway", "ip", "other_ip", "agent")
        }
        arrays: dict[str, Any] = {
            name: np.concatenate([getattr(self, name), getattr(other, name)]) for name in ("zone", "stream", "victim")
        }
        return Crew(facts={n: self.facts[n] + other.facts[n] for n in self.facts}, **lists, **arrays)

    def shared(self, fact: str) -> int:
        """How many accounts share a fact, such as `payment`, with another; an unknown fact is shared with nobody."""
        counts = Counter(value for value in self.facts[fact] if value)
        return sum(n for n in counts.values() if n > 1)


def hire(infrastructure: Infrastructure, rng: np.random.Generator, size: int, *, group: str) -> Crew:
    """Hire `size` new accounts of one infrastructure; each call hires others."""
    own = infrastructure
    cards = facts.cards(rng, size)
    pooled = facts.cards(rng, max(1, round(size * own.shared_payment / own.to_a_card)))
    paid, mail, device = (
        rng.random(size) < share for share in (own.shared_payment, own.disposable_mail, own.one_device)
    )
    which = rng.integers(0, len(pooled), size).tolist()
    boxes, domain = facts.mailboxes(rng, size), rng.integers(0, len(_MAIL), size).tolist()
    phones, machine = facts.devices(rng, size), f"dev_{int(rng.integers(1 << 48)):012x}"
    plan = facts.pick(rng, size, **dict(own.plans))
    pathway = _ways(own, rng, size)
    columns: dict[str, list[str]] = {
        "org": [f"org_{v:010x}" for v in rng.integers(1 << 40, size=size).tolist()],
        "created": _opened(own, rng, size),
        "plan": ["scale" if way in ("cloud", "aggregator") else "team" if way == "seats" else p
                 for p, way in zip(plan, pathway, strict=True)],
        "entitlement": [""] * size,
        "product_type": facts.pick(rng, size, **{own.product: 0.8, "unknown": 0.2}),
        "signup_path": [{"cloud": "marketplace", "aggregator": "reseller", "seats": "sales"}.get(way, s)
                        for s, way in zip(facts.pick(rng, size, **dict(own.signup)), pathway, strict=True)],
        "payment": [pooled[which[k]] if paid[k] else cards[k] for k in range(size)],
        "registration": [f"{_MAIL[domain[k]]}|word99" if mail[k] else boxes[k] for k in range(size)],
        "device": [machine if device[k] else phones[k] for k in range(size)],
        "declared_programme": [""] * size,
        "contract_region": facts.pick(rng, size, us=0.4, eu=0.2, apac=0.3, unknown=0.1),
        "verification": facts.pick(rng, size, none=0.2, email=0.5, phone=0.2, payment=0.1),
    }  # fmt: skip
    victim = np.array([way == "stolen" for way in pathway], bool)
    if victim.any():
        old = facts.created(rng, size, median_days=400.0, new=0.0)
        columns["created"] = [old[k] if victim[k] else columns["created"][k] for k in range(size)]
        columns["payment"] = [cards[k] if victim[k] else columns["payment"][k] for k in range(size)]
    zone = zones(rng, size) if own.zone is None else np.full(size, own.zone)
    few = addresses.cloud(rng, own.pool)
    return Crew(
        facts={name: columns[name] for name in ACCOUNT_FACTS},
        group=[group] * size,
        pathway=pathway,
        ip=_addresses(own, rng, size, few),
        other_ip=_addresses(own, rng, size, few),
        agent=clients.choose(rng, own.program, size),
        zone=zone.astype(np.int64),
        stream=(rng.random(size) < 0.4).astype(np.int64),
        victim=victim.astype(np.int64),
    )


def nobody() -> Crew:
    """A crew without accounts."""
    none = np.zeros(0, np.int64)
    return Crew(
        facts={name: [] for name in ACCOUNT_FACTS},
        group=[], pathway=[], ip=[], other_ip=[], agent=[], zone=none, stream=none, victim=none,
    )  # fmt: skip


def _ways(own: Infrastructure, rng: np.random.Generator, size: int) -> list[str]:
    """The way of each account: shares are met to one account, which accounts is left to chance."""
    share = np.array([share for _, share in own.pathways])
    edges = np.round(np.cumsum(share / share.sum()) * size).astype(int)
    place = np.searchsorted(edges, rng.permutation(size), side="right")
    return [own.pathways[k][0] for k in place.tolist()]


def _opened(own: Infrastructure, rng: np.random.Generator, size: int) -> list[str]:
    ages = facts.created(rng, size, median_days=own.young, new=own.new)
    if own.batch > 1:
        ages = [ages[k - k % own.batch] for k in range(size)]
    return ages


def _addresses(own: Infrastructure, rng: np.random.Generator, size: int, few: list[str]) -> list[str]:
    if own.proxy == "residential":
        return addresses.households(rng, size)
    if own.proxy == "mobile":
        return addresses.carrier(rng, size)
    if own.proxy == "cloud":
        return addresses.cloud(rng, size)
    return [few[k] for k in rng.integers(0, len(few), size).tolist()]
