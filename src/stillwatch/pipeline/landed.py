"""Sources that are no files: landed in the workspace before logs are read, released when all of it is in the tables."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

from stillwatch.engine import Workspace
from stillwatch.ingest import Chunk, Landing, Plan, Source, SourceAway

__all__ = ["FOLDER", "Landings", "land", "land_some", "landings", "release"]

FOLDER = "landing"


@dataclass(frozen=True, kw_only=True, slots=True)
class Landings:
    """What landed: the folders, what somebody should be told, and which sources did not answer."""

    landings: tuple[Landing, ...]
    notes: tuple[str, ...]
    away: tuple[str, ...]

    @property
    def folders(self) -> list[Path]:
        """Where it lies."""
        return [one.folder for one in self.landings]


def landings(workspace: Workspace, sources: Sequence[Source]) -> tuple[Landing, ...]:
    """A landing for each source."""
    return tuple(Landing(workspace.root / FOLDER, one) for one in sources)


def land(workspace: Workspace, sources: Sequence[Source]) -> Landings:
    """Land all that sources have now, for a scan.

    Raises:
        SourceAway: when one does not answer: a scan that leaves out what it was asked for would tell less than it says.
    """
    made = landings(workspace, sources)
    notes: list[str] = []
    for one in made:
        while True:
            landed = one.look()
            notes += landed.notes
            if not landed.files:
                break
    return Landings(landings=made, notes=tuple(notes), away=())


def land_some(made: Sequence[Landing]) -> Landings:
    """Land some of what sources have now, for a round of a watch; one that does not answer keeps none of the others waiting."""
    notes: list[str] = []
    away: list[str] = []
    for one in made:
        try:
            notes += one.look().notes
        except SourceAway as error:
            away.append(str(error))
    return Landings(landings=tuple(made), notes=tuple(notes), away=tuple(away))


def release(made: Sequence[Landing], planned: Plan, done: Collection[str]) -> int:
    """Remove what landed and is in the tables whole; how many files.

    Files whose records are joined over files stay: what they lack may come with the next delivery.
    """
    pieces: dict[str, list[Chunk]] = {}
    for chunk in planned.chunks:
        pieces.setdefault(chunk.path, []).append(chunk)

    def whole(path: Path) -> bool:
        mine = pieces.get(str(path), [])
        if not mine or any(chunk.files or chunk.id not in done for chunk in mine):
            return False
        return path.suffix != ".jsonl" or max(chunk.stop for chunk in mine) >= path.stat().st_size

    return sum(one.release(whole) for one in made)
