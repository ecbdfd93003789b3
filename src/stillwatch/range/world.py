"""A day of traffic with known truth, as columns of numbers that the writers render."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range.benign import ordinary
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.ground import Ground
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.pack import Pack, read_pack
from stillwatch.range.rhythm import Clock
from stillwatch.range.seeds import stream

__all__ = ["FULL", "World", "build_world", "digest"]

FULL = 5000
"""Accounts from which on lookalikes and actors have their full size; in a smaller world they have `accounts / SMALL` of it."""

SMALL = 8000


@dataclass(frozen=True, kw_only=True)
class World:
    """A finished world. `rows` are in no order of time; `order` lists them by time and `repeats` marks those that a client sent twice."""

    seed: int
    accounts: dict[str, list[str]]
    formats: NDArray[np.int64]
    zones: NDArray[np.int64]
    rows: dict[str, NDArray[Any]]
    order: NDArray[np.int64]
    repeats: NDArray[np.bool_]
    request_ids: NDArray[np.uint64]
    texts: list[str]
    frames: list[str]
    ips: list[str]
    agents: list[str]
    end_users: list[str]
    tools: list[str]
    prose: list[str]

    def __len__(self) -> int:
        return len(self.order)

    def summary(self) -> dict[str, object]:
        """Numbers of accounts and exchanges by group, for the sealed truth."""
        exchanges = np.bincount(self.rows["account"], minlength=len(self.formats))
        counts: dict[str, dict[str, int]] = {}
        for role, group, n in zip(self.accounts["role"], self.accounts["group"], exchanges.tolist(), strict=True):
            entry = counts.setdefault(f"{role}/{group}", {"accounts": 0, "exchanges": 0})
            entry["accounts"] += 1
            entry["exchanges"] += n
        return {
            "seed": self.seed,
            "accounts": len(self.formats),
            "exchanges": len(self),
            "repeated_lines": int(self.repeats.sum()),
            "groups": dict(sorted(counts.items())),
        }


def build_world(
    *,
    seed: int,
    accounts: int,
    exchanges: int,
    prompts: Path | Pack | None = None,
    campaigns: bool = True,
) -> World:
    """Build the world `seed` with exactly `accounts` accounts and `exchanges` exchanges; without `campaigns`, an innocent one.

    Raises:
        Error: if there is no prompt pack, or the numbers leave no room for ordinary customers.
    """
    scale = 1.0 if accounts >= FULL else accounts / SMALL
    clock = Clock(stream(seed, "clock"))
    pack = prompts if isinstance(prompts, Pack) else read_pack(prompts)
    ground = Ground(pack=pack, clock=clock, texts=pack.names())
    for name, campaign in CAMPAIGNS.items() if campaigns else ():
        campaign(ground, stream(seed, "campaign", name), scale)
    for name, lookalike in LOOKALIKES.items():
        lookalike(ground, stream(seed, "lookalike", name), scale)
    people, room = accounts - ground.settled, exchanges - ground.sent
    if people < 20 or room < 2 * people:
        raise Error(
            f"accounts, exchanges: got {accounts} and {exchanges}; lookalikes and actors take {ground.settled} and {ground.sent}, "
            "and what is left must be at least 20 ordinary accounts with two exchanges each"
        )
    ordinary(ground, stream(seed, "ordinary"), people, room)
    return _finish(ground, seed)


def _finish(ground: Ground, seed: int) -> World:
    rows = {name: np.concatenate(parts) for name, parts in ground.rows.items()}
    size = len(rows["at"])
    rng = stream(seed, "requests")
    talks = stream(seed, "conversations").integers(0, 1 << 62, ground.conversations)
    rows["conversation"] = talks[rows["conversation"]]
    order = np.argsort(rows["at"], kind="stable")
    return World(
        seed=seed,
        accounts=ground.accounts,
        formats=ground.trait("format"),
        zones=ground.trait("zone"),
        rows=rows,
        order=order,
        repeats=rng.random(size) < 0.003,
        request_ids=rng.integers(0, 1 << 63, size, dtype=np.uint64),
        texts=ground.texts.all,
        frames=ground.frames.all,
        ips=ground.ips.all,
        agents=ground.agents.all,
        end_users=ground.end_users.all,
        tools=ground.tools.all,
        prose=ground.pack.shuffled(stream(seed, "prose")),
    )


def digest(world: World) -> str:
    """A hash of everything in the world, for checking that the same seed gives the same world."""
    out = hashlib.blake2b(digest_size=16)
    for name in sorted(world.rows):
        out.update(name.encode("utf-8"))
        out.update(np.ascontiguousarray(world.rows[name]).tobytes())
    for texts in (world.texts, world.frames, world.ips, world.agents, world.tools, world.accounts["account"]):
        out.update("\x1f".join(texts).encode("utf-8"))
    return out.hexdigest()
