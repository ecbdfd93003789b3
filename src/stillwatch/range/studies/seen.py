"""What was seen in one finished world, as one small JSON: enough for every figure, and for going on after an interruption."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from pathlib import Path

import msgspec

from stillwatch.core import Decision
from stillwatch.engine import durable_write
from stillwatch.range.results import WorldUsed

__all__ = ["OURS", "OURS_ACCOUNTS", "Cluster", "Kept", "Looked", "Seen"]

OURS = "stillwatch_actors"
"""The name of our own detector of actors among its peers."""

OURS_ACCOUNTS = "stillwatch_accounts"
"""The name of our own weighing of single accounts among its peers."""


class Cluster(msgspec.Struct, frozen=True, kw_only=True):
    """One group of accounts that a method gave out: its score, what was decided, and its members by `role/group` of the truth."""

    decision: str
    score: float | None
    members: dict[str, int]
    found_by: tuple[str, ...] = ()
    reason: str = ""
    counted: tuple[str, ...] = ()
    """Tests that counted for it."""

    @property
    def size(self) -> int:
        """Accounts in it."""
        return sum(self.members.values())

    @property
    def accuses(self) -> bool:
        """Whether it was put up for review."""
        return self.decision == Decision.REVIEW


class Looked(msgspec.Struct, frozen=True, kw_only=True):
    """What one method said of one world: its groups, and single accounts it put up for review by `role/group`, `tested` among how many.

    `ranks` has, by false-positive rate, the campaign's accounts beyond the threshold and all of them; `refused` why a method could not do
    this world.
    """

    method: str
    clusters: tuple[Cluster, ...] = ()
    accused: dict[str, int] = {}
    tested: int | None = None
    ranks: dict[str, tuple[int, int]] = {}
    refused: str = ""
    seconds: float = 0.0


class Seen(msgspec.Struct, frozen=True, kw_only=True):
    """One finished world: what was in it, by truth, and what each method said.

    `dial` says where the attacker's knobs stood; `groups` counts accounts by `role/group`; `sent` counts the campaign's exchanges,
    `told` is what is true of it (harvest requests, useful answers, cost); `content` is the hash of background and campaign.
    """

    name: str
    recipe: str
    seed: int
    accounts: int
    exchanges: int
    content: str
    dial: dict[str, float | str]
    groups: dict[str, int]
    sent: int
    told: dict[str, float | None]
    looked: tuple[Looked, ...]
    cpu_seconds: float
    finished: str

    def by(self, method: str = OURS) -> Looked:
        """What one method said."""
        return next(one for one in self.looked if one.method == method)

    @property
    def actors(self) -> tuple[str, ...]:
        """Groups of the truth that one operator runs."""
        return tuple(group.removeprefix("actor/") for group in self.groups if group.startswith("actor/"))

    @property
    def used(self) -> WorldUsed:
        """For the provenance of a result."""
        return WorldUsed(
            name=self.name, seed=self.seed, accounts=self.accounts, exchanges=self.exchanges, content=self.content
        )


class Kept:
    """The finished worlds of a run, one file each. A world of another recipe (other knobs, other code) counts as not done."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def get(self, name: str, recipe: str) -> Seen | None:
        """A finished world, if it was made by this recipe."""
        try:
            seen = msgspec.json.decode(self._path(name).read_bytes(), type=Seen)
        except (FileNotFoundError, msgspec.DecodeError):
            return None
        return seen if seen.name == name and seen.recipe == recipe else None

    def put(self, seen: Seen) -> None:
        """Keep a finished world; on the disk when this returns."""
        self._folder.mkdir(parents=True, exist_ok=True)
        durable_write(self._path(seen.name), msgspec.json.format(msgspec.json.encode(seen), indent=1) + b"\n")

    def _path(self, name: str) -> Path:
        plain = "".join(letter if letter.isalnum() or letter in "-_." else "-" for letter in name)[:80]
        return self._folder / f"{plain}-{hashlib.blake2b(name.encode(), digest_size=4).hexdigest()}.json"

    def __iter__(self) -> Iterator[Path]:
        return iter(sorted(self._folder.glob("*.json")))
