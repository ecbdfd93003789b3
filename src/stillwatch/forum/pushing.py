"""What may be pushed to a server: exactly what was decided and recorded here, read once more by the rules of today."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.cases import Desk
from stillwatch.cases.journal import Entry
from stillwatch.engine import Workspace
from stillwatch.forum.kept import left_before, passed_on
from stillwatch.forum.lint import lint
from stillwatch.forum.preview import spare_withdrawals
from stillwatch.forum.rules.closed import FIXED
from stillwatch.forum.rules.policy import Policy
from stillwatch.forum.rules.rule import Batch, Object, Refusal, outgoing, refusal

__all__ = ["against_pushing", "record_push"]


def against_pushing(
    workspace: Workspace, files: Sequence[Batch], policy: Policy, *, now: dt.datetime
) -> tuple[Refusal, ...]:
    """Everything against pushing the objects of some files: what did not leave by a decision, and what the rules say today.

    Each file is a batch, as it was when it was written. Of the day's quota only what is not among them has been used.
    """
    left = left_before(workspace)
    ids = {str(one.get("id")) for batch in files for one in batch}
    passed = passed_on(workspace, now.astimezone(dt.UTC).date(), besides=ids)
    against: list[Refusal] = []
    for batch in files:
        against += [found for one in batch for found in _not_recorded(one, left)]
        setting = outgoing(policy, now=now, before=left, passed_today=passed)
        against += spare_withdrawals(batch, lint(batch, setting)).refusals
        passed += len(batch)
    return tuple(dict.fromkeys(against))


def record_push(desk: Desk, digests: Sequence[str], *, to: str, by: str, ruled: bool) -> None:
    """Say in the journal which files are about to be pushed where; `ruled` is False where the rules were switched off."""
    desk.journal.begin()
    desk.journal.append(Entry(kind="forum.pushed", by=by, body={"to": to, "sha256": list(digests), "ruled": ruled}))


def _not_recorded(one: Object, left: dict[str, dict[str, Any]]) -> Iterator[Refusal]:
    """An object that is neither known to everybody nor exactly what left last."""
    made = str(one.get("id"))
    if FIXED.get(made) != one and left.get(made) != one:
        why = "is not what left last" if made in left else "has not left by a decision that is recorded here"
        yield refusal("R11", one, "", why, "Push files as stillwatch forum export, withdraw and say write them")
