"""With what accounts were opened: mail address, telephone, card and device, as only the lab itself knows them.

Some people are customers of several labs and are called the same there; some honest people have a telephone number that was the
operator's. Addresses lie in reserved domains (RFC 2606) and numbers in ranges set aside for fiction.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.csv

from stillwatch.range.ground import Ints
from stillwatch.range.labs.operator import OPERATOR

__all__ = ["IDENTITIES", "Registrations", "identities", "write_identities"]

IDENTITIES = ("email", "phone", "card", "device")
"""Kinds of identifiers that labs have of their customers."""

_COMMON = 0.15
"""Share of honest customers who are customers of other labs as well."""

_PEOPLE = 4000


@dataclass(frozen=True, kw_only=True, slots=True)
class Registrations:
    """The operator's mail addresses and telephones, by the number of the registration."""

    emails: Sequence[str]
    phones: Sequence[str]

    @classmethod
    def bought(cls, size: int, rng: np.random.Generator) -> Registrations:
        """As many as are needed, from one seller: half the addresses at a throw-away provider."""
        tags = rng.integers(1 << 40, size=size).tolist()
        domain = np.where(rng.random(size) < 0.5, "mailnest.example", "inboxly.example").tolist()
        return cls(
            emails=[f"w{tag:010x}@{at}" for tag, at in zip(tags, domain, strict=True)],
            phones=_phones(rng, size, "+44770090"),
        )


def identities(
    facts: pa.Table,
    groups: Sequence[str],
    registration: Ints,
    bought: Registrations,
    *,
    recycled: int,
    rng: np.random.Generator,
) -> pa.Table:
    """A row an account: its name, then `IDENTITIES`; empty is unknown.

    Args:
        facts: what the provider knows of its accounts.
        groups: the truth's group of each, in the same order.
        registration: which of the operator's registrations each of its accounts has, in the order of its accounts.
        bought: these registrations.
        recycled: honest customers with a telephone number of the operator's.
        rng: for this lab.
    """
    size = len(groups)
    own = np.flatnonzero([group == OPERATOR for group in groups])
    honest = np.setdiff1d(np.arange(size), own)
    person = np.where(
        rng.random(size) < _COMMON, rng.integers(0, _PEOPLE // 20, size), rng.integers(_PEOPLE, 1 << 31, size)
    )
    email = [f"person.{number}@post.example" for number in person.tolist()]
    phone = [f"+1{200 + number % 700:03d}555{number // 7 % 10_000:04d}" for number in person.tolist()]
    for place, number in zip(own.tolist(), registration.tolist(), strict=True):
        email[place], phone[place] = bought.emails[number], bought.phones[number]
    for place in rng.choice(honest, recycled, replace=False).tolist():
        phone[place] = bought.phones[int(rng.integers(len(bought.phones)))]
    told = facts.to_pydict()
    return pa.table(
        {
            "account": told["account"],
            "email": email,
            "phone": phone,
            "card": [f"acquirer:{card}" if card else "" for card in told["payment"]],
            "device": [f"fp-signup:{device.removeprefix('dev_'):0>32}" if device else "" for device in told["device"]],
        }
    )


def write_identities(table: pa.Table, path: Path) -> None:
    """As a file that `stillwatch forum tags keep` reads."""
    pyarrow.csv.write_csv(table, path, pyarrow.csv.WriteOptions(quoting_style="needed"))


def _phones(rng: np.random.Generator, size: int, prefix: str) -> list[str]:
    return [f"{prefix}{number:04d}" for number in rng.choice(10_000, size, replace=False).tolist()]
