"""Compares findings with the sealed truth: which hidden actors were found, how purely, and who was accused wrongly."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwatch.range.truth import read_truth

__all__ = ["Comparison", "HiddenActor", "Wronged", "compare"]

FOUND_RECALL = 0.5
FOUND_PRECISION = 0.5


@dataclass(frozen=True, kw_only=True, slots=True)
class HiddenActor:
    """One hidden actor and the reported actor that fits it best (largest overlap; unknown when none overlaps).

    `precision` is the share of the reported members that belong to it, `recall` the share of its accounts that were reported in any
    finding that
    is mostly its own; `found` says that the best fit has at least half of its accounts and is at least half its own; `pieces` counts
    the findings
    that are mostly its own; `accused` counts its accounts among the accused accounts.
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
    reported = {name: set(members) for name, members in actors.items()}
    accused = set(accused_accounts)
    everybody = set().union(*reported.values()) if reported else set()
    owner: dict[str, str | None] = {}
    hidden = truth.groups("actor")
    for name, members in reported.items():
        shares = {group: len(members & accounts) for group, accounts in hidden.items()}
        best = max(shares, key=lambda group: shares[group]) if shares else None
        owner[name] = best if best is not None and members and 2 * shares[best] > len(members) else None
    return Comparison(
        hidden=tuple(_hidden(group, accounts, reported, owner, accused) for group, accounts in hidden.items()),
        wronged=tuple(
            Wronged(
                role=role,
                group=group,
                accounts=len(accounts),
                in_actors=len(accounts & everybody),
                accused=len(accounts & accused),
            )
            for role in ("lookalike", "benign")
            for group, accounts in truth.groups(role).items()
        ),
        false_actors=tuple(name for name, of in owner.items() if of is None),
        unknown=len((everybody | accused) - truth.role.keys()),
    )


def _hidden(
    group: str, accounts: set[str], reported: dict[str, set[str]], owner: dict[str, str | None], accused: set[str]
) -> HiddenActor:
    overlaps = {name: len(members & accounts) for name, members in reported.items() if members & accounts}
    best = max(overlaps, key=lambda name: overlaps[name]) if overlaps else None
    own = [members for name, members in reported.items() if owner[name] == group]
    caught = set().union(*own) & accounts if own else set()
    precision = None if best is None else overlaps[best] / len(reported[best])
    found = (
        precision is not None
        and best is not None
        and precision >= FOUND_PRECISION
        and overlaps[best] >= FOUND_RECALL * len(accounts)
    )
    return HiddenActor(
        name=group,
        accounts=len(accounts),
        found=found,
        best=best,
        precision=precision,
        recall=len(caught) / len(accounts),
        pieces=len(own),
        accused=len(accounts & accused),
    )
