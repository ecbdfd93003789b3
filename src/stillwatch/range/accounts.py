"""Who holds the accounts: private people and companies, each with facts, addresses and programs that fit."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from stillwatch.range import addresses, clients, facts
from stillwatch.range.ground import Ground, Ints, Traits

__all__ = ["Companies", "companies", "people", "zones"]

_ZONES = (-8, -7, -6, -5, -3, 0, 1, 2, 3, 5, 7, 8, 9, 10)
_SHARES = (0.1, 0.04, 0.08, 0.14, 0.06, 0.09, 0.15, 0.08, 0.04, 0.08, 0.04, 0.05, 0.04, 0.01)


def zones(rng: np.random.Generator, size: int) -> Ints:
    """Time zones of `size` customers, in hours east of UTC."""
    drawn: Ints = rng.choice(_ZONES, size, p=_SHARES)
    return drawn


def people(
    ground: Ground,
    rng: np.random.Generator,
    size: int,
    *,
    product: str,
    group: str,
    role: str = "benign",
    program: str = "sdk",
    plans: dict[str, float] | None = None,
    stream: float = 0.7,
    household: float = 0.08,
    **override: str | list[str],
) -> Ints:
    """Settle private people: at home behind their own address, some on a mobile carrier, a few sharing a household or a VPN on a cloud.

    A share `household` lives two to an address and, half of these, pays with one card. Facts can be overridden by name.
    """
    home = addresses.households(rng, size)
    cards = facts.cards(rng, size, without=0.15)
    for k in np.flatnonzero(rng.random(size) < household).tolist():
        if k:
            home[k] = home[k - 1]
            if rng.random() < 0.5:
                cards[k] = cards[k - 1]
    mobile, vpn = addresses.carrier(rng, size), addresses.cloud(rng, size)
    where = rng.random(size)
    away = [vpn[k] if where[k] < 0.08 else mobile[k] if where[k] < 0.7 else home[k] for k in range(size)]
    main = [mobile[k] if where[k] > 0.93 else home[k] for k in range(size)]
    plan = facts.pick(rng, size, **(plans or {"free": 0.25, "plus": 0.35, "payg": 0.4}))
    columns: dict[str, str | list[str]] = {
        "created": facts.created(rng, size),
        "plan": plan,
        "product_type": facts.pick(rng, size, **{product: 0.85, "unknown": 0.15}),
        "signup_path": facts.pick(rng, size, web=0.9, startup=0.03, research=0.02, unknown=0.05),
        "payment": ["" if p == "free" else card for p, card in zip(plan, cards, strict=True)],
        "registration": facts.mailboxes(rng, size),
        "device": facts.devices(rng, size),
        "contract_region": facts.pick(rng, size, us=0.4, eu=0.3, apac=0.2, unknown=0.1),
        "verification": facts.pick(rng, size, none=0.1, email=0.4, phone=0.3, payment=0.2),
    }
    columns.update(override)
    by_hand = program in {"browser", "extension"}
    traits = Traits(
        zone=zones(rng, size),
        ips=main,
        agents=clients.choose(rng, program, size),
        other_ips=away,
        other_agents=clients.choose(rng, program, size),
        stream=stream,
        temperature=np.full(size, np.nan) if by_hand else None,
        max_tokens=np.full(size, -1) if by_hand else None,
    )
    return ground.settle(rng, size, role=role, group=group, traits=traits, facts=columns)


@dataclass(frozen=True, kw_only=True, slots=True)
class Companies:
    """Accounts of companies: `accounts` are their numbers and `company` says which company, from 0, each belongs to."""

    accounts: Ints
    company: Ints
    names: list[str]


def companies(
    ground: Ground,
    rng: np.random.Generator,
    keys: Ints,
    *,
    product: str,
    group: str,
    names: list[str],
    role: str = "benign",
    program: str = "sdk",
    in_cloud: float = 0.6,
    stream: float = 0.3,
    plans: dict[str, float] | None = None,
    **override: str,
) -> Companies:
    """Settle companies with `keys` accounts each: one organisation, one card, one mail domain, one office or a few cloud addresses."""
    company = np.repeat(np.arange(len(keys)), keys)
    size = len(company)
    tags = [f"{v:010x}" for v in rng.integers(1 << 40, size=len(keys)).tolist()]
    offices = [addresses.office(rng) for _ in range(len(keys))]
    egress = addresses.cloud(rng, 2 * size)
    cloudy = rng.random(len(keys)) < in_cloud
    zone = zones(rng, len(keys))
    plan = facts.pick(rng, len(keys), **(plans or {"payg": 0.4, "team": 0.4, "scale": 0.2}))
    age = facts.created(rng, len(keys), median_days=300.0)
    path = facts.pick(rng, len(keys), web=0.5, sales=0.3, startup=0.15, unknown=0.05)
    region = facts.pick(rng, len(keys), us=0.45, eu=0.35, apac=0.15, unknown=0.05)
    of = company.tolist()
    columns: dict[str, str | list[str]] = {
        "org": [f"org_{tags[c]}" for c in of],
        "created": [age[c] for c in of],
        "plan": [plan[c] for c in of],
        "product_type": facts.pick(rng, size, **{product: 0.8, "unknown": 0.2}),
        "signup_path": [path[c] for c in of],
        "payment": [f"card_{tags[c]}" for c in of],
        "registration": [f"{names[c].lower().replace(' ', '')}.com|first.last" for c in of],
        "device": facts.devices(rng, size, without=0.5),
        "contract_region": [region[c] for c in of],
        "verification": facts.pick(rng, size, payment=0.5, organisation=0.4, email=0.1),
    }
    columns.update(override)
    agents = clients.choose(rng, program, len(keys))
    traits = Traits(
        zone=zone[company],
        ips=[egress[k] if cloudy[c] else offices[c] for k, c in enumerate(of)],
        agents=[agents[c] for c in of],
        other_ips=[egress[size + k] if cloudy[c] else offices[c] for k, c in enumerate(of)],
        other_agents=[agents[c] for c in of],
        roaming=0.4,
        stream=stream,
        temperature=rng.choice([np.nan, 0.0, 0.2, 0.7], len(keys), p=(0.3, 0.3, 0.2, 0.2))[company],
        max_tokens=rng.choice([-1, 256, 512, 1024, 4096], len(keys), p=(0.3, 0.1, 0.2, 0.2, 0.2))[company],
        model=rng.choice(2, len(keys), p=(0.6, 0.4))[company],
    )
    numbers = ground.settle(rng, size, role=role, group=group, traits=traits, facts=columns)
    return Companies(accounts=numbers, company=company, names=names)
