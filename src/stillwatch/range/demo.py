"""A day of traffic on disk: logs in three formats, the provider's facts, and the truth sealed apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillwatch.core.errors import Error
from stillwatch.range.campaigns import CAMPAIGNS
from stillwatch.range.desk import desk
from stillwatch.range.launches import launches, write_releases
from stillwatch.range.logs.write import account_names, write_accounts, write_logs
from stillwatch.range.lookalikes import LOOKALIKES
from stillwatch.range.pack import find_prompts
from stillwatch.range.parts import build_part
from stillwatch.range.places import carrier_pool
from stillwatch.range.recipe import LEAST_ACCOUNTS, Part, Recipe, Setting
from stillwatch.range.truth import seal_truth
from stillwatch.range.world import build_world

__all__ = ["DemoPaths", "demo_parts", "demo_recipe", "scale_of", "write_demo"]

FULL = 5000
"""Accounts from which on lookalikes and actors have their full size; in a smaller world they have `accounts / SMALL` of it."""

SMALL = 8000


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPaths:
    """Where a demo lies: the folder of logs, the two files of facts, and the folder with the sealed truth."""

    logs: Path
    accounts_file: Path
    releases_file: Path
    truth: Path


def scale_of(accounts: int) -> float:
    """How much of their full size lookalikes and campaigns have in a world of so many accounts."""
    return 1.0 if accounts >= FULL else accounts / SMALL


def demo_parts(scale: float, *, campaigns: bool = True) -> tuple[Part, ...]:
    """The ten lookalikes of the demo and, unless they are left out, its three hidden actors."""
    actors = [Part(role="actor", name=name, scale=scale) for name in CAMPAIGNS] if campaigns else []
    return (*actors, *(Part(role="lookalike", name=name, scale=scale) for name in LOOKALIKES))


def demo_recipe(
    *, seed: int, accounts: int, exchanges: int, campaigns: bool = True, prompts: Path | None = None
) -> Recipe:
    """The recipe of a day with exactly `accounts` accounts and `exchanges` exchanges, those of lookalikes and actors among them.

    Raises:
        Error: if the prompt pack is not found, or the numbers leave no room for ordinary customers.
    """
    parts = demo_parts(scale_of(accounts), campaigns=campaigns)
    setting = Setting(seed=seed, days=1, fold=None, carrier_pool=carrier_pool(accounts))
    on = desk(find_prompts(prompts).resolve())
    built = [build_part(setting, part, on, launches(seed, 1)) for part in parts]
    taken, sent = sum(len(one.roles) for one in built), sum(len(one.sheet) for one in built)
    people, room = accounts - taken, exchanges - sent
    if people < LEAST_ACCOUNTS or room < 2 * people:
        raise Error(
            f"accounts, exchanges: got {accounts} and {exchanges}; lookalikes and actors take {taken} and {sent}, "
            f"and what is left must be at least {LEAST_ACCOUNTS} ordinary accounts with two exchanges each"
        )
    return Recipe(seed=seed, accounts=people, exchanges=room, days=1, parts=parts, block=people)


def write_demo(
    out: Path, *, seed: int, accounts: int = 6000, exchanges: int = 220_000, prompts: Path | None = None
) -> DemoPaths:
    """Write the demo's day under `out`: `logs/`, `facts/` and, never under the logs, `truth/`.

    The same seed gives the same bytes. With 5,000 accounts or more, lookalikes and hidden actors have their full size (a fixed scaffold
    over 300 accounts, a harvest over 800 at four requests each, a grading job over 150); under that they shrink in proportion, for tests.

    Raises:
        Error: if the prompt pack is not found, or the numbers leave no room for ordinary customers.
    """
    recipe = demo_recipe(seed=seed, accounts=accounts, exchanges=exchanges, prompts=prompts)
    world = build_world(recipe, prompts=prompts)
    paths = DemoPaths(
        logs=out / "logs",
        accounts_file=out / "facts" / "accounts.csv",
        releases_file=out / "facts" / "releases.csv",
        truth=out / "truth",
    )
    names = account_names(world)
    write_logs(world, names, paths.logs)
    paths.accounts_file.parent.mkdir(parents=True, exist_ok=True)
    write_accounts(world.facts, names, paths.accounts_file)
    write_releases(world.launched, paths.releases_file)
    seal_truth(
        paths.truth,
        accounts=names.applied(world.truth),
        acts=names.applied(world.acts),
        world=world.summary(),
    )
    return paths
