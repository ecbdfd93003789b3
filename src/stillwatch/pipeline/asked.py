"""Whether an actor that others ask about is here, by own evidence alone: what an answer may be made of."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Collection

from stillwatch.actors import Verdict
from stillwatch.core import Settings
from stillwatch.engine import Workspace
from stillwatch.forum.asking import Looked
from stillwatch.forum.stix.ids import INDICATOR_EXTENSION
from stillwatch.pipeline.seek import seek

__all__ = ["seen_here"]

_OPEN = frozenset({Verdict.UNDECIDED, Verdict.TIED})


def seen_here(workspace: Workspace, settings: Settings, about: Collection[str], *, now: dt.datetime) -> Looked:
    """Look for the actor whom these indicators mark. Those that this house told itself are its own decided case.

    It is seen only where accounts are shown by their own conduct, now or in a finding for review; whoever is tied by a record or undecided
    stays open, and then nobody can say no. Nothing is written.
    """
    left = workspace.store.read("indicators_out", ["id", "revoked", "object"]).to_pylist()
    told = [json.loads(row["object"]) for row in left if row["id"] in about and not row["revoked"]]
    own = max((int(one["extensions"][INDICATOR_EXTENSION]["accounts_seen"]) for one in told), default=0)
    asked = frozenset(about) - {one["id"] for one in told}
    sought = seek(workspace, settings, now=now, only=asked)
    still_open = {one.account for lead in sought.leads for one in lead.found.reached if one.verdict in _OPEN}
    known = set(workspace.store.read("indicators_in", ["id"]).column("id").to_pylist())
    missed = (asked - known) | (asked & {name for name, _ in sought.not_used})
    return Looked(accounts=max(own, len(sought.shown | sought.met)), open=len(still_open), whole=not missed)
