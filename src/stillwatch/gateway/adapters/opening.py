"""What an adapter that lives in somebody else's server opens: policy, names and inbox, all named by the environment.

STILLWATCH_WORKSPACE is the workspace whose key names accounts and whose standing is read, STILLWATCH_POLICY the file of rules (without
it the policy that Stillwatch ships), STILLWATCH_ZERO_RETENTION a file of accounts and organisations whose text is never kept.
STILLWATCH_CAPTURE=off keeps nothing for the next scan; STILLWATCH_BESIDE is how many such servers share every limit.
"""

from __future__ import annotations

import logging
import os
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from pathlib import Path

from stillwatch.core.errors import Error
from stillwatch.engine import Workspace
from stillwatch.gateway.adapters.hosts import Hosts
from stillwatch.gateway.capture import Capture
from stillwatch.gateway.who import read_names
from stillwatch.policy import Gate, open_gate

__all__ = ["Opened", "follow", "opened"]

_log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True, slots=True)
class Opened:
    """What an adapter works with; `refresh` makes the gate follow its files, `capture` is none where nothing is kept."""

    gate: Gate
    refresh: Callable[[], object]
    who: Hosts
    capture: Capture | None


def opened(environment: Mapping[str, str] = os.environ) -> Opened:
    """Open what the environment names.

    Raises:
        Error: when policy or workspace cannot be used: the host does not start.
    """
    workspace = Workspace(Path(environment.get("STILLWATCH_WORKSPACE", "stillwatch-workspace")))
    policy, zero = environment.get("STILLWATCH_POLICY"), environment.get("STILLWATCH_ZERO_RETENTION")
    beside = environment.get("STILLWATCH_BESIDE", "1")
    if not beside.isdigit() or beside == "0":
        raise Error(f'STILLWATCH_BESIDE: got "{beside}", expected a whole number >= 1')
    watched = open_gate(
        Path(policy) if policy else None, workspace.root / "standing" / "standing.arrow", workers=int(beside)
    )
    kept = environment.get("STILLWATCH_CAPTURE", "on").lower() not in ("off", "0", "no", "false")
    return Opened(
        gate=watched.gate,
        refresh=watched.refresh,
        who=Hosts(workspace.names, zero=read_names(Path(zero)) if zero else frozenset()),
        capture=Capture(workspace.root / "inbox") if kept else None,
    )


def follow(refresh: Callable[[], object], *, every: float = 5.0) -> None:
    """Call `refresh` every few seconds from a thread of its own, which ends with the process."""

    def following() -> None:
        while True:
            time.sleep(every)
            try:
                refresh()
            except Exception:
                _log.exception("what the policy follows could not be read again")

    threading.Thread(target=following, name="stillwatch-follow", daemon=True).start()
