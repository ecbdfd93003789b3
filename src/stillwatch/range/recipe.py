"""What a large world is made of: its size, its days and its parts, and how it is cut into shards."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass

from stillwatch.core.errors import Error
from stillwatch.range.places import carrier_pool
from stillwatch.range.splits import Fold

__all__ = ["LEAST_ACCOUNTS", "MOST", "Part", "Recipe", "Setting", "Shard"]

VERSION = 3
"""Raised when the same recipe gives another content."""

MOST = 2_000_000
"""Requests that a campaign sends at most unless it is told otherwise."""

_ROWS = 400_000
_MOST_DAYS = 400

LEAST_ACCOUNTS = 20
"""Ordinary customers of the smallest world."""


@dataclass(frozen=True, kw_only=True, slots=True, order=True)
class Part:
    """One lookalike or campaign in a world; several instances of one name differ in every draw.

    `scale` shrinks its accounts in proportion. A campaign of a profile sends at most `most` requests (it keeps accounts and rates and runs
    for fewer hours), and evades by `moves`: names of `evasion.moves.KNOBS`, each with its value.
    """

    role: str
    name: str
    instance: int = 0
    scale: float = 1.0
    most: int = MOST
    moves: tuple[tuple[str, float], ...] = ()

    def faults(self) -> list[str]:
        """What no world can do with it, a sentence each."""
        found = []
        if self.instance < 0:
            found.append(f"{self.name}.instance: got {self.instance}, expected a whole number >= 0")
        if not 0.0 < self.scale <= 1.0:
            found.append(f"{self.name}.scale: got {self.scale}, expected above 0 and up to 1")
        if self.most < 1:
            found.append(f"{self.name}.most: got {self.most}, expected at least one request")
        return found


@dataclass(frozen=True, kw_only=True, slots=True)
class Setting:
    """What a part must know of the world that it is built for; worlds of one setting differ in their ordinary customers alone.

    `carrier_pool` is how many addresses each mobile carrier has there.
    """

    seed: int
    days: int
    fold: Fold | None
    carrier_pool: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Shard:
    """A block of accounts by a block of days: the smallest thing that is written, and a pure function of recipe and number."""

    number: int
    block: int
    first_day: int
    days: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """A world to be written. The same recipe gives the same content hash on every machine.

    `accounts` and `exchanges` count ordinary customers, exactly; `parts` come on top. `days` from Tuesday 15 September 2026 on.
    `history` writes the earlier turns of each conversation out again, as chat logs have them; without it there is their number.
    `fold` keeps everybody to the prompts of one fold (`splits`); without it all are asked. `prompt_bytes` brings prompts to about that mean
    length by words of no meaning behind them, for measuring speed.

    Raises:
        Error: for sizes that make no sense, naming each.
    """

    seed: int
    accounts: int
    exchanges: int
    days: int = 28
    parts: tuple[Part, ...] = ()
    history: bool = False
    fold: Fold | None = None
    prompt_bytes: int | None = None
    block: int = 10_000

    def __post_init__(self) -> None:
        faults = []
        if self.seed < 0:
            faults.append(f"seed: got {self.seed}, expected a whole number >= 0")
        if self.accounts < LEAST_ACCOUNTS:
            faults.append(f"accounts: got {self.accounts}, expected at least {LEAST_ACCOUNTS}")
        if not 1 <= self.days <= _MOST_DAYS:
            faults.append(f"days: got {self.days}, expected 1 to {_MOST_DAYS}")
        if self.exchanges < 2 * self.accounts:
            faults.append(f"exchanges: got {self.exchanges}, expected at least two an account ({2 * self.accounts})")
        if self.exchanges > 3000 * self.days * self.accounts:
            faults.append(f"exchanges: got {self.exchanges}, expected at most 3000 a day and account")
        if self.block < LEAST_ACCOUNTS:
            faults.append(f"block: got {self.block}, expected at least {LEAST_ACCOUNTS} accounts")
        if len({(p.role, p.name, p.instance) for p in self.parts}) < len(self.parts):
            faults.append("parts: the same role, name and instance twice")
        faults += [f"parts.{fault}" for part in self.parts for fault in part.faults()]
        if self.prompt_bytes is not None and self.prompt_bytes < 1:
            faults.append(f"prompt_bytes: got {self.prompt_bytes}, expected at least 1")
        if faults:
            raise Error("\n".join(faults))

    @property
    def setting(self) -> Setting:
        """What its parts must know."""
        return Setting(seed=self.seed, days=self.days, fold=self.fold, carrier_pool=carrier_pool(self.accounts))

    @property
    def blocks(self) -> int:
        """How many blocks of accounts there are."""
        return -(-self.accounts // self.block)

    @property
    def span(self) -> int:
        """Days of a shard: as many as keep it near 400,000 exchanges."""
        cuts = -(-self.exchanges // (self.blocks * _ROWS))
        return max(1, -(-self.days // min(cuts, self.days)))

    def share(self, total: int, block: int) -> int:
        """The part of `total` that falls to one block; the parts sum to it."""
        return total * (block + 1) // self.blocks - total * block // self.blocks

    def first_account(self, block: int) -> int:
        """The number of the block's first account in the whole world."""
        return self.accounts * block // self.blocks

    def shards(self) -> Iterator[Shard]:
        """Every shard in order: the days of a block side by side."""
        number = 0
        for block in range(self.blocks):
            for first in range(0, self.days, self.span):
                yield Shard(number=number, block=block, first_day=first, days=min(self.span, self.days - first))
                number += 1

    def parts_of(self, block: int) -> tuple[Part, ...]:
        """The parts that are written with a block: dealt out in their order."""
        return tuple(part for k, part in enumerate(sorted(self.parts)) if k % self.blocks == block)

    def as_json(self) -> str:
        """The recipe as text, with the version of the generator."""
        return json.dumps({"version": VERSION, **asdict(self)}, sort_keys=True)

    def fingerprint(self) -> str:
        """A hash of the recipe: shards of another recipe are never taken for this one's."""
        return hashlib.blake2b(self.as_json().encode("utf-8"), digest_size=16).hexdigest()
