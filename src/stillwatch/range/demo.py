"""A day of traffic on disk: logs in three formats, the provider's facts, and the truth sealed apart."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from stillwatch.range.logs.write import write_accounts, write_logs, write_releases
from stillwatch.range.truth import seal_truth
from stillwatch.range.world import build_world

__all__ = ["DemoPaths", "write_demo"]


@dataclass(frozen=True, kw_only=True, slots=True)
class DemoPaths:
    """Where a demo lies: the folder of logs, the two files of facts, and the folder with the sealed truth."""

    logs: Path
    accounts_file: Path
    releases_file: Path
    truth: Path


def write_demo(
    out: Path, *, seed: int, accounts: int = 6000, exchanges: int = 220_000, prompts: Path | None = None
) -> DemoPaths:
    """Write the demo's day under `out`: `logs/`, `facts/` and, never under the logs, `truth/`.

    The same seed gives the same bytes. With 5,000 accounts or more, lookalikes and hidden actors have their full size (a fixed
    scaffold over 300
    accounts, a harvest over 800 at four requests each, a grading job over 150); under that they shrink in proportion, for tests.

    Raises:
        Error: if the prompt pack is not found, or the numbers leave no room for ordinary customers.
    """
    world = build_world(seed=seed, accounts=accounts, exchanges=exchanges, prompts=prompts)
    paths = DemoPaths(
        logs=out / "logs",
        accounts_file=out / "facts" / "accounts.csv",
        releases_file=out / "facts" / "releases.csv",
        truth=out / "truth",
    )
    write_logs(world, paths.logs)
    paths.accounts_file.parent.mkdir(parents=True, exist_ok=True)
    write_accounts(world, paths.accounts_file)
    write_releases(paths.releases_file)
    seal_truth(paths.truth, accounts=world.accounts, world=world.summary())
    return paths
