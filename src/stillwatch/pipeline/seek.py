"""Look again with what others told: accounts that this house could not see alone, each shown by its own conduct or not at all.

What others told is where the looking starts, and nothing else of it decides: an account is shown when its held-out exchanges do what
strangers' do not, under an error rate that covers everything that was told. Accounts that an own finding for review holds were shown
already: they are met again, and not tested again. Nothing is written and nobody's standing changes.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

from stillwatch.actors import Expanded, Verdict
from stillwatch.core import Decision, Settings
from stillwatch.engine import Workspace
from stillwatch.pipeline.clues import Clue, clues, gathered
from stillwatch.pipeline.expand import expand_seed

__all__ = ["Lead", "Sought", "seek"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Lead:
    """Clues that meet, and what they grew to here."""

    clue: Clue
    found: Expanded


@dataclass(frozen=True, kw_only=True)
class Sought:
    """What came of looking; `level` is the error rate over all leads."""

    leads: tuple[Lead, ...]
    level: float
    not_used: tuple[tuple[str, str], ...]

    @cached_property
    def shown(self) -> frozenset[int]:
        """Accounts that their own conduct shows and that no own finding for review holds."""
        return frozenset(
            one.account for lead in self.leads for one in lead.found.reached if one.verdict is Verdict.SHOWN
        )

    @cached_property
    def met(self) -> frozenset[int]:
        """Accounts of own findings for review to which what others told leads as well."""
        return frozenset(account for lead in self.leads for account in lead.found.held)


def seek(
    workspace: Workspace,
    settings: Settings,
    *,
    now: dt.datetime,
    level: float | None = None,
    only: Collection[str] | None = None,
) -> Sought:
    """Grow what others told to the accounts here that bear it out.

    The error rate is divided among the leads: the sum of their expected shares of wrong ones bounds that of all together.

    Args:
        level: expected share of wrong ones among all accounts shown; `actors.actor_fdr` of the settings by default.
        only: the indicators to look with, and no tags; everything by default.
    """
    whole = settings.actors.actor_fdr if level is None else level
    found, not_used = clues(workspace, now=now, only=only)
    together = gathered(found)
    held = _held(workspace)
    leads = tuple(
        Lead(clue=clue, found=expand_seed(workspace, clue.seed, settings, level=whole / len(together), held=held))
        for clue in together
    )
    return Sought(leads=leads, level=whole, not_used=tuple(not_used))


def _held(workspace: Workspace) -> frozenset[int]:
    """Members of the actors for review."""
    rows = workspace.store.read("actors", ["actor", "decision"]).to_pylist()
    for_review = {row["actor"] for row in rows if row["decision"] == Decision.REVIEW}
    members = workspace.store.read("actor_members", ["actor", "account"]).to_pylist()
    return frozenset(row["account"] for row in members if row["actor"] in for_review)
