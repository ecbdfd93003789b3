"""What a provider knows about its customers: sign-up, payment, mail domain and name shape, device, checks passed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import numpy as np

__all__ = [
    "DAY_OF_WORLD",
    "MAIL_SHAPES",
    "PUBLIC_MAIL",
    "PUBLIC_MAIL_SHARES",
    "cards",
    "created",
    "devices",
    "mailboxes",
    "pick",
    "stamp",
]

DAY_OF_WORLD = datetime(2026, 9, 15, tzinfo=UTC)
"""The day that the demo's logs are of, a Tuesday."""

PUBLIC_MAIL = (
    "gmail.com",
    "outlook.com",
    "yahoo.com",
    "icloud.com",
    "proton.me",
    "qq.com",
    "gmx.net",
    "mail.ru",
    "naver.com",
    "hey.com",
)
"""Mail providers where private people have their boxes."""
PUBLIC_MAIL_SHARES = (50, 16, 8, 8, 5, 4, 3, 2, 2, 2)
"""How many of a hundred have theirs there."""
MAIL_SHAPES = (
    "first.last",
    "firstlast",
    "firstlast99",
    "flast",
    "first99",
    "word_word",
    "word99",
    "first_last",
    "last.first",
)
"""How the name before the @ is put together."""


def pick(rng: np.random.Generator, size: int, **shares: float) -> list[str]:
    """Draw `size` names by their shares; `unknown` stands for empty text."""
    names = ["" if name == "unknown" else name for name in shares]
    weights = np.array(list(shares.values()))
    return [names[k] for k in rng.choice(len(names), size, p=weights / weights.sum()).tolist()]


def stamp(microseconds: int, *, days: int = 0) -> str:
    """A time of the world's day as ISO text."""
    return (DAY_OF_WORLD + timedelta(days=days, microseconds=int(microseconds))).isoformat(timespec="seconds")


def created(rng: np.random.Generator, size: int, *, median_days: float = 200.0, new: float = 0.01) -> list[str]:
    """When accounts were opened: log-normal ages, and a share `new` opened in the last two days before their first request."""
    age = np.minimum(rng.lognormal(np.log(median_days), 1.1, size), 1300.0)
    age = np.where(rng.random(size) < new, rng.uniform(0.05, 2.0, size), age)
    return [(DAY_OF_WORLD - timedelta(days=float(a))).isoformat(timespec="seconds") for a in age]


def mailboxes(rng: np.random.Generator, size: int) -> list[str]:
    """Registration patterns of private people: mail domain and shape of the name before the @."""
    domain = rng.choice(len(PUBLIC_MAIL), size, p=np.array(PUBLIC_MAIL_SHARES) / 100)
    shape = rng.integers(0, len(MAIL_SHAPES), size)
    return [f"{PUBLIC_MAIL[d]}|{MAIL_SHAPES[s]}" for d, s in zip(domain.tolist(), shape.tolist(), strict=True)]


def cards(rng: np.random.Generator, size: int, *, without: float = 0.0) -> list[str]:
    """Payment instruments, one an account; a share `without` has none."""
    tags = rng.integers(1 << 40, size=size)
    none = rng.random(size) < without
    return ["" if no else f"card_{tag:010x}" for tag, no in zip(tags.tolist(), none.tolist(), strict=True)]


def devices(rng: np.random.Generator, size: int, *, without: float = 0.3) -> list[str]:
    """Sign-up devices, one an account; a share `without` signed up without one being seen."""
    tags = rng.integers(1 << 48, size=size)
    none = rng.random(size) < without
    return ["" if no else f"dev_{tag:012x}" for tag, no in zip(tags.tolist(), none.tolist(), strict=True)]
