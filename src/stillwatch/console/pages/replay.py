"""What the policy would have done to past traffic, before it is put in force."""

from __future__ import annotations

from pathlib import Path

from starlette.responses import Response

from stillwatch.console.door import page
from stillwatch.console.visit import Visit
from stillwatch.core import Error
from stillwatch.pipeline import Replayed, replay_policy, standing_file
from stillwatch.policy import read_policy

__all__: list[str] = []

_MOST_REQUESTS = 2_000_000
"""Requests that are played while somebody waits for the page; more take the command line."""

_LISTED = 200


@page("replay")
def replay(visit: Visit) -> Response:
    """What would be played, and the button that plays it."""
    return _shown(visit, playing=False)


@page("play")
def play(visit: Visit) -> Response:
    """Who would have been touched, by product and by the innocent explanation that fits."""
    return _shown(visit, playing=True)


def _shown(visit: Visit, *, playing: bool) -> Response:
    workspace = visit.house.workspace
    own = workspace.root / "policy.toml"
    requests = workspace.store.manifest("features").rows
    short = _short(standing=standing_file(workspace).exists(), requests=requests)
    played, fault = None, None
    if playing and short is None:
        try:
            played = _played(visit, own if own.exists() else None)
        except Error as error:  # a policy of one's own may be at fault: its faults are what one came to read
            fault = str(error)
    return visit.page(
        "replay.html",
        title="Policy replay",
        policy=own.name if own.exists() else "the policy that ships with Stillwatch",
        requests=requests,
        short=short,
        fault=fault,
        played=played,
        shown=_LISTED,
    )


def _short(*, standing: bool, requests: int) -> str | None:
    """Why nothing can be played here."""
    if not standing:
        return "There is no standing yet: the next scan publishes one."
    if requests > _MOST_REQUESTS:
        return f"{requests:,} requests take longer than a page can wait: run stillwatch policy replay."
    return None


def _played(visit: Visit, own: Path | None) -> Replayed:
    return replay_policy(visit.house.workspace, read_policy(own))
