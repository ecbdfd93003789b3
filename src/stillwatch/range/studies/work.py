"""Working off the worlds of a study one after another: progress is told, finished worlds are kept, an interrupted run goes on."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field

from stillwatch.range.recipe import Part
from stillwatch.range.studies.bench import Bench, Campaign, Detector
from stillwatch.range.studies.look import look_for_actors
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.seen import OURS, Seen

__all__ = ["ACTORS_ALONE", "Task", "Worked", "looking", "work_off"]

ACTORS_ALONE: Mapping[str, Detector] = {OURS: look_for_actors}
"""Our own detector of actors and nobody else."""


@dataclass(frozen=True, kw_only=True)
class Task:
    """One world to be built and looked at. `at` says where in the study it belongs; tasks of one place differ in their seed alone.

    `parts` are the lookalikes of the background, the demo's unless they are named. With `nightly` our detector looks every night, and what
    the campaign had obtained before action is told.
    """

    at: tuple[str | float, ...]
    seed: int
    campaign: Campaign | None = None
    parts: tuple[Part, ...] | None = None
    nightly: bool = False
    detectors: Mapping[str, Detector] = field(default_factory=lambda: ACTORS_ALONE)
    keep_background: bool = True

    @property
    def name(self) -> str:
        """A name that no other task of the study has."""
        return "-".join(
            f"{part:g}" if isinstance(part, float) else str(part) for part in (*self.at, f"seed{self.seed}")
        )


@dataclass(frozen=True, kw_only=True)
class Worked:
    """The finished worlds of a study by their place, and where prompts came from."""

    worlds: dict[tuple[str | float, ...], list[Seen]]
    prompts: str

    @property
    def all(self) -> list[Seen]:
        """Every world."""
        return [seen for place in self.worlds.values() for seen in place]


def looking(order: Order) -> tuple[Callable[[Task], Seen], str]:
    """Builds and looks at one world after another, where what is asked next hangs on what was seen; and where prompts came from."""
    bench = Bench(order)

    def look(task: Task) -> Seen:
        return bench.world(
            task.name,
            task.seed,
            task.detectors,
            campaign=task.campaign,
            parts=task.parts,
            keep_background=task.keep_background,
            nightly=task.nightly,
        )

    return look, bench.prompts


def work_off(order: Order, tasks: Sequence[Task]) -> Worked:
    """Build and look at every world that is not finished yet; tasks of one seed follow each other, so a background is opened once."""
    look, prompts = looking(order)
    worlds: dict[tuple[str | float, ...], list[Seen]] = {task.at: [] for task in tasks}
    order.tell("worlds", 0, len(tasks))
    for done, task in enumerate(sorted(tasks, key=lambda task: task.seed), 1):
        worlds[task.at].append(look(task))
        order.tell("worlds", done, len(tasks))
    return Worked(worlds=worlds, prompts=prompts)
