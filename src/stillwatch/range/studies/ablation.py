"""What each kind of link, each test and each innocent explanation is worth: the same worlds judged again without it."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from stillwatch import actors, signals
from stillwatch.core import Settings
from stillwatch.engine import DuckEngine
from stillwatch.range.names import Ints
from stillwatch.range.results import Bars, Cell, Column, Result, Section, Table, Unit, bar_of
from stillwatch.range.studies.bench import Detector
from stillwatch.range.studies.featured import NAMES
from stillwatch.range.studies.figures import OVER_WORLDS, false_accusations, world_table
from stillwatch.range.studies.heads import INNOCENT, PATTERNS
from stillwatch.range.studies.look import Blind, Group, Said
from stillwatch.range.studies.order import Order
from stillwatch.range.studies.recorded import recorded
from stillwatch.range.studies.seen import OURS
from stillwatch.range.studies.tally import catch, is_false
from stillwatch.range.studies.work import Task, Worked, work_off
from stillwatch.stats import clopper_pearson

__all__ = ["VARIANTS", "study"]

_WITHOUT = "without "
_MISSED = 9
"""How many of the things that are missed most stand in the first figure."""

VARIANTS: Mapping[str, str] = {
    **dict.fromkeys(actors.KINDS, "link"),
    **dict.fromkeys(actors.TESTS, "test"),
    **dict.fromkeys(actors.LOOKALIKES, "innocent explanation"),
}
"""Everything that is left out once, one at a time, and what it is."""


@dataclass(kw_only=True)
class _Judge:
    """Judges a world as often as it is asked to; what a pass over its logs gives is gathered once."""

    world: Sequence[Path] = ()
    engine: DuckEngine | None = None
    gathered: actors.Gathered | None = None

    def __call__(self, world: Blind, settings: Settings, without: frozenset[str]) -> tuple[actors.Judged, ...]:
        if self.gathered is None or self.engine is None or list(self.world) != list(world.features):
            self.close()
            self.engine, features, facts, releases = world.open(settings)
            artifacts = self.engine.keep(signals.register(self.engine, features))
            salt = NAMES.salt("actors")
            self.gathered = actors.gather(
                self.engine, features, facts, artifacts, releases, settings=settings, salt=salt
            )
            self.world = tuple(world.features)
        salt = NAMES.salt("actors")
        return actors.judged(self.engine, self.gathered, settings=settings, salt=salt, without=without).judged

    def close(self) -> None:
        """Give back what the world at hand holds."""
        if self.engine is not None:
            self.engine.close()
        self.engine, self.gathered = None, None


@dataclass(frozen=True, kw_only=True)
class _Without:
    """Our detector of actors, with things left out. Groups are the accounts that ties hold, before any is added or trimmed."""

    method: str
    without: frozenset[str] = frozenset()
    judge: _Judge = field(compare=False)

    def __call__(self, world: Blind, settings: Settings, cleared: Ints) -> Said:
        begun = time.process_time()
        groups = tuple(
            Group(
                accounts=one.group.accounts,
                decision=str(one.decision),
                score=one.e_value,
                found_by=one.found_by,
                reason=one.reason.split(":")[0][:80],
            )
            for one in self.judge(world, settings, self.without)
        )
        return Said(method=self.method, groups=groups, seconds=time.process_time() - begun)


def _detectors(judge: _Judge) -> dict[str, Detector]:
    whole: dict[str, Detector] = {OURS: _Without(method=OURS, judge=judge)}
    for name in VARIANTS:
        method = _WITHOUT + name
        whole[method] = _Without(method=method, without=frozenset([name]), judge=judge)
    return whole


def study(order: Order) -> Result:
    """Judge every pattern, and a world without any, with everything and without each thing."""
    judge = _Judge()
    detectors = _detectors(judge)
    tasks = [Task(at=(INNOCENT,), seed=seed, detectors=detectors) for seed in order.seeds]
    for name, pattern in PATTERNS.items():
        campaign = pattern.campaign(name, order)
        tasks += [Task(at=(name,), seed=seed, campaign=campaign, detectors=detectors) for seed in order.seeds]
    try:
        worked = work_off(order, tasks)
    finally:
        judge.close()
    rows = [_row(worked, method) for method in detectors]
    return recorded(
        order,
        title="Ablation: what each link, test and explanation is worth",
        question="What is lost, and who is accused, where one kind of link, one test or one innocent explanation is left out?",
        answer=_sentences(rows),
        sections=(
            Section(
                title="Without each of them",
                lead="The same worlds judged again, one thing left out at a time; no threshold is chosen anew.",
                figures=(_bars(rows), _table(rows)),
            ),
            Section(title="The innocent, with everything in use", figures=(false_accusations(worked.all),)),
            Section(title="The worlds", figures=(world_table(worked.all),)),
        ),
        worlds=worked.all,
        prompts=worked.prompts,
        limits=(
            f"{len(order.seeds)} worlds a pattern: a difference of one world is chance.",
            "What two of them both see is lost by leaving out neither: a thing without effect here may carry another that fails.",
            "Tests that only describe change a decision through the mark of a job queue and through innocent explanations alone.",
        ),
    )


@dataclass(frozen=True, kw_only=True, slots=True)
class _Worth:
    """What a method did over all worlds: operators found, their mean recall, false groups, worlds with any, whom it accused wrongly."""

    method: str
    found: frozenset[tuple[str, str]]
    operators: int
    recall: float
    false_groups: int
    worlds_hit: int
    accused: Counter[str]


def _row(worked: Worked, method: str) -> _Worth:
    caught = {(one.name, actor): catch(one, actor, method=method) for one in worked.all for actor in one.actors}
    clusters = [(one, cluster) for one in worked.all for cluster in one.by(method).clusters if cluster.accuses]
    false = [(one.name, cluster) for one, cluster in clusters if is_false(cluster)]
    accused: Counter[str] = Counter()
    for _, cluster in clusters:
        accused.update({who: n for who, n in cluster.members.items() if not who.startswith("actor/")})
    return _Worth(
        method=method,
        found=frozenset(place for place, one in caught.items() if one.found),
        operators=len(caught),
        recall=float(np.mean([one.recall for one in caught.values()])) if caught else 0.0,
        false_groups=len(false),
        worlds_hit=len({name for name, _ in false}),
        accused=accused,
    )


def _bars(rows: Sequence[_Worth]) -> Bars:
    """Operators found with everything in use, and without each of what is missed most."""
    whole, parts = rows[0], sorted(rows[1:], key=lambda one: len(one.found))
    return Bars(
        title="Operators found",
        bars=tuple(
            bar_of(
                "everything in use"
                if one is whole
                else f"without {one.method.removeprefix(_WITHOUT).replace('_', ' ')}",
                clopper_pearson(len(one.found), max(1, one.operators)),
                ours=True,
            )
            for one in (whole, *parts[:_MISSED])
        ),
        interval=OVER_WORLDS,
        prominent=True,
    )


def _table(rows: Sequence[_Worth]) -> Table:
    whole = rows[0]
    cells: list[tuple[Cell, ...]] = [
        (
            "everything in use" if one is whole else one.method.removeprefix(_WITHOUT).replace("_", " "),
            "" if one is whole else VARIANTS[one.method.removeprefix(_WITHOUT)],
            len(one.found),
            ", ".join(sorted({_pattern(place) for place in whole.found - one.found})) or "-",
            ", ".join(sorted({_pattern(place) for place in one.found - whole.found})) or "-",
            one.recall,
            one.false_groups,
            one.worlds_hit,
            one.accused.total(),
            ", ".join(f"{who.split('/')[-1].replace('_', ' ')} {n:,}" for who, n in one.accused.most_common(3)) or "-",
        )
        for one in rows
    ]
    return Table(
        title="What is lost and who is accused",
        columns=(
            Column(name="left out"),
            Column(name="what it is"),
            Column(name="operators found", unit=Unit.COUNT),
            Column(name="found no more"),
            Column(name="found besides"),
            Column(name="mean recall", unit=Unit.SHARE),
            Column(name="false groups", unit=Unit.COUNT),
            Column(name="worlds with any", unit=Unit.COUNT),
            Column(name="innocent accounts accused", unit=Unit.COUNT),
            Column(name="mostly"),
        ),
        rows=tuple(cells),
        caption=f"Of {whole.operators} operators. A false group is one put up for review that is mostly innocent; innocent accounts are "
        "counted in every group put up for review.",
    )


def _pattern(place: tuple[str, str]) -> str:
    """The pattern that a found operator was in, from the name of its world."""
    return place[0].rsplit("-seed", 1)[0]


def _sentences(rows: Sequence[_Worth]) -> tuple[str, ...]:
    whole, parts = rows[0], rows[1:]
    needed = [one for one in parts if len(one.found) < len(whole.found)]
    guards = [one for one in parts if one.false_groups > whole.false_groups]
    told = [
        f"With everything in use {len(whole.found)} of {whole.operators} operators were found, with {whole.false_groups} false groups."
    ]
    told.append(
        "Fewer are found without " + _listed((one.method, len(one.found) - len(whole.found)) for one in needed)
        if needed
        else "Leaving out any one thing loses no operator."
    )
    told.append(
        "More false groups without " + _listed((one.method, one.false_groups - whole.false_groups) for one in guards)
        if guards
        else "Leaving out any one thing accuses no further group."
    )
    return tuple(told)


def _listed(told: Iterable[tuple[str, int]]) -> str:
    return ", ".join(f"{name.removeprefix(_WITHOUT).replace('_', ' ')} ({by:+d})" for name, by in told) + "."
