"""Where requests come from in a large world: addresses as numbers, rendered when a shard is written.

Every address is a function of the seed and of whose it is, so that shards written apart agree on who shares what. Blocks are those of
`addresses`: reserved by the IETF, one first octet a kind of place. What is shared, by assumption: a home by its household, an office NAT
by a company and those of its people who also have an account of their own, a campus NAT by a university, a mobile carrier's address by
about 300 subscribers, a cloud's egress and a VPN's exit by whoever is sent out there. Homes get a new address every three weeks.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

from stillwatch.range.odds import looked_up, zipf
from stillwatch.range.seeds import mixed

__all__ = ["KINDS", "asns", "carrier_pool", "codes", "rendered", "widened"]

Ints = NDArray[np.int64]

KINDS = ("home", "office", "campus", "carrier", "cloud", "vpn")
HOME, OFFICE, CAMPUS, CARRIER, CLOUD, VPN = range(6)
_SIX = 1 << 62
"""Marks the number of an IPv6 address; below it lie 16 bits of provider, 32 of site, 8 of host."""

_SUBSCRIBERS = 300
_PROVIDERS, _UNIVERSITIES, _CARRIERS, _CLOUDS, _VPNS = 60, 240, 6, 4, 12


def carrier_pool(accounts: int) -> int:
    """How many addresses each mobile carrier has in a world of so many accounts; never fewer than `addresses.carrier` uses."""
    return max(30, min(3840, accounts * 6 // 10 // _CARRIERS // _SUBSCRIBERS))


def codes(key: int, kind: Ints, holder: Ints, period: Ints, pool: int) -> Ints:
    """Addresses as numbers: `kind` in `KINDS`, `holder` who shares it, `period` a number that gives another address of the same place.

    `holder` is the household of a home, the company of an office or cloud account, the university of a campus, the subscriber of a carrier
    or VPN. A carrier and a provider stay with their holder; the address within changes with the period, but an office's never does.
    """
    who = mixed(key, kind, holder)
    now = mixed(key, kind, holder, period + 1)
    provider = looked_up(who, zipf(_PROVIDERS, 140), shift=3)
    six = (who >> np.uint64(50)) % np.uint64(10) < 3
    host = (now & np.uint64(0xFFFFFF)).astype(np.int64)
    four = (
        ((241 + provider // 20) << 24)
        | (((provider % 20) * 12 + (host >> 16) % 12) << 16)
        | (host & 0xFF00)
        | (1 + host % 254)
    )
    site = (who >> np.uint64(20) & np.uint64(0xFFFFFFFF)).astype(np.int64)
    home = np.where(six, _SIX | provider << 40 | site << 8 | host & 0xFF, four)
    office = (244 << 24) | (who >> np.uint64(16) & np.uint64(0xFFFFFF)).astype(np.int64)
    campus = (245 << 24) | (holder % _UNIVERSITIES) << 16 | (10 << 8) | (1 + (now % np.uint64(8)).astype(np.int64))
    carrier = _on_carrier(looked_up(who, zipf(_CARRIERS, 160), shift=3), now, pool)
    cloud_of = looked_up(who, zipf(_CLOUDS, 150), shift=3)
    exit_of = (who >> np.uint64(16)).astype(np.int64) & 0xFFFFFFF
    egress = (exit_of + period % 3 * 7919) % (128 * 254)
    cloud = (247 << 24) | cloud_of << 16 | egress // 254 << 8 | (1 + egress % 254)
    exit_now = (now % np.uint64(64)).astype(np.int64)
    vpn = (248 << 24) | looked_up(who, zipf(_VPNS, 120), shift=3) << 16 | (1 + exit_now)
    return np.choose(kind, [home, office, campus, carrier, cloud, vpn])


def _on_carrier(carrier: Ints, words: NDArray[np.uint64], pool: int) -> Ints:
    """An address of a carrier's pool: the first thirty are those that `addresses.carrier` draws from."""
    place = (words % np.uint64(pool)).astype(np.int64)
    found: Ints = (246 << 24) | carrier << 16 | (place // 15) << 8 | (10 + place % 15)
    return found


def widened(key: int, ips: Sequence[str], accounts: Ints, places: Ints, pool: int) -> Ints:
    """Addresses of a part built on `Ground`, as numbers: `places` index `ips`. Subscribers of a carrier get an address of its whole pool.

    Parts draw from thirty addresses a carrier; left there, their accounts would crowd together as no one else's do.
    """
    known = np.array([_parsed(ip) for ip in ips] or [0], np.int64)
    found = known[places]
    mobile = (found >> 24) == 246
    carrier = (found >> 16) & 255
    return np.where(mobile, _on_carrier(carrier, mixed(key, accounts, found), pool), found)


def _parsed(ip: str) -> int:
    if ":" in ip:
        groups = [int(group or "0", 16) for group in ip.replace("::", ":").split(":")]
        return _SIX | (groups[2] % 60) << 40 | (groups[2] << 16 | groups[3]) << 8 | groups[-1] & 0xFF
    a, b, c, d = (int(part) for part in ip.split("."))
    return a << 24 | b << 16 | c << 8 | d


def rendered(numbers: Ints) -> list[str]:
    """Addresses as text."""
    out = []
    for v in numbers.tolist():
        if v & _SIX:
            site = v >> 8 & 0xFFFFFFFF
            out.append(f"2001:db8:{site >> 16:x}:{site & 0xFFFF:x}::{v & 0xFF:x}")
        else:
            out.append(f"{v >> 24}.{v >> 16 & 255}.{v >> 8 & 255}.{v & 255}")
    return out


def asns(numbers: Ints) -> Ints:
    """The autonomous system of each address, in the range for private use (RFC 6996)."""
    first, second = numbers >> 24, (numbers >> 16) & 255
    home = np.where(numbers & _SIX, (numbers >> 40) & 0xFF, (first - 241) * 20 + second // 12)
    return np.select(
        [(numbers & _SIX > 0) | (first <= 243), first == 244, first == 245, first == 246, first == 247],
        [64512 + home, 64580 + second % 40, 64640 + second, 64900 + second, 64920 + second],
        64940 + second,
    )
