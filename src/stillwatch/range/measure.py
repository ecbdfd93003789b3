"""Compares findings with the sealed truth: which hidden actors were found, how purely, and who was accused wrongly."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pyarrow as pa

from stillwatch.range.metrics.harm import false_accusations
from stillwatch.range.metrics.known import known
from stillwatch.range.metrics.members import HiddenActor as Fared
from stillwatch.range.metrics.members import compare_members
from stillwatch.range.names import Ints
from stillwatch.range.truth import read_truth

__all__ = ["Comparison", "HiddenActor", "Wronged", "compare"]


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenActor:
    """One hidden actor and the reported actor that fits it best (largest overlap; unknown when none overlaps).

    `precision` is the share of the reported members that belong to it, `recall` the share of its accounts that were reported in any
    finding that is mostly its own; `found` says that the best fit has at least half of its accounts and is at least half its own; `pieces`
    counts the findings that are mostly its own; `accused` counts its accounts among the accused accounts.
    """

    name: str
    accounts: int
    found: bool
    best: str | None
    precision: float | None
    recall: float
    pieces: int
    accused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Wronged:
    """One class of innocent accounts: how many there are, are members of a reported actor, and were accused by themselves."""

    role: str
    group: str
    accounts: int
    in_actors: int
    accused: int


@dataclass(frozen=True, kw_only=True, slots=True)
class Comparison:
    """Findings against truth. `false_actors` are reported actors mostly made of innocent accounts, `unknown` accounts are in no world."""

    hidden: tuple[HiddenActor, ...]
    wronged: tuple[Wronged, ...]
    false_actors: tuple[str, ...]
    unknown: int

    def table(self) -> str:
        """The comparison as text for a terminal."""
        out = [
            f"{'hidden actor':<16}{'accounts':>9}{'found':>7}{'precision':>11}{'recall':>8}{'pieces':>8}{'accused':>9}"
        ]
        for actor in self.hidden:
            precision = "-" if actor.precision is None else f"{actor.precision:.3f}"
            out.append(
                f"{actor.name:<16}{actor.accounts:>9}{'yes' if actor.found else 'no':>7}{precision:>11}{actor.recall:>8.3f}"
                f"{actor.pieces:>8}{actor.accused:>9}"
            )
        out.append("")
        out.append(f"{'innocent class':<28}{'accounts':>9}{'in actors':>11}{'accused':>9}")
        out.extend(
            f"{row.role + ' / ' + row.group:<28}{row.accounts:>9}{row.in_actors:>11}{row.accused:>9}"
            for row in self.wronged
        )
        out.append("")
        out.append(f"reported actors that are mostly innocent: {len(self.false_actors)}")
        if self.unknown:
            out.append(f"accounts in findings that are in no truth: {self.unknown}")
        return "\n".join(out)


def compare(truth_dir: Path, actors: Mapping[str, Collection[str]], accused_accounts: Collection[str]) -> Comparison:
    """Compare reported actors (name to raw account ids) and accused accounts (raw ids) with the sealed truth in `truth_dir`.

    Raises:
        Error: if the folder holds no truth.
    """
    truth = read_truth(truth_dir)
    number = {account: k for k, account in enumerate(truth.role)}
    world = known(
        pa.table(
            {"account": list(number.values()), "role": list(truth.role.values()), "group": list(truth.group.values())}
        )
    )
    clusters = {name: _numbered(number, reported) for name, reported in actors.items()}
    accused = _numbered(number, accused_accounts)
    names = [name for name, own in clusters.items() if own.size]
    placed = [clusters[name] for name in names]
    found = compare_members(placed, world).actors
    owned = {names[k] for one in found for k in one.match.own}
    harm = {one.name: one for one in false_accusations(world, accused=accused, clusters=placed)}
    hidden = truth.groups("actor")
    return Comparison(
        hidden=tuple(_hidden(one, names, len(hidden[one.match.name].intersection(accused_accounts))) for one in found),
        wronged=tuple(
            Wronged(
                role=role,
                group=group,
                accounts=len(own),
                in_actors=harm[name].in_clusters,
                accused=harm[name].alone,
            )
            for role in ("lookalike", "benign")
            for group, own in truth.groups(role).items()
            for name in (group if role == "lookalike" else f"ordinary: {group}",)
        ),
        false_actors=tuple(name for name in actors if name not in owned),
        unknown=len(set(accused_accounts).union(*actors.values()) - number.keys()),
    )


def _numbered(number: Mapping[str, int], accounts: Collection[str]) -> Ints:
    return np.array(sorted(number[account] for account in set(accounts) if account in number), np.int64)


def _hidden(one: Fared, names: Sequence[str], accused: int) -> HiddenActor:
    fit = one.match
    return HiddenActor(
        name=fit.name,
        accounts=fit.accounts,
        found=fit.found,
        best=None if fit.best is None else names[fit.best],
        precision=None if fit.best is None else fit.best_precision,
        recall=one.recall,
        pieces=fit.pieces,
        accused=accused,
    )
