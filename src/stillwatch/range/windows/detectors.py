"""The window detectors that are run, by name. Importing this file declares them all; a new one is added to its imports.

Absent: DATE (Manolache et al. 2021, arXiv 2104.05591). It needs pretrained ELECTRA-small weights, which no package we found carries,
and up to 5,000 training steps a pair and seed, which is hours on a CPU. Its published figures stand in `published`.
"""

from __future__ import annotations

from collections.abc import Sequence

from stillwatch.core.errors import Error
from stillwatch.range.peers import cap, mahalanobis, mmd, prada, seat, spread, topics
from stillwatch.range.peers.window_peer import WINDOW_PEERS, WindowPeer

__all__ = ["ABSENT", "chosen"]

_DECLARED = (cap, mahalanobis, mmd, prada, seat, spread, topics)
"""The files that declare them."""

ABSENT = {"date": "needs pretrained ELECTRA-small weights and training on a GPU; only its published figures are shown"}
"""Methods of the paper that are not run, and why."""


def chosen(names: Sequence[str] | None = None) -> list[WindowPeer]:
    """The detectors of these names in their order, or all by name.

    Raises:
        Error: if there is none of a name.
    """
    for name in names or ():
        if name in ABSENT:
            raise Error(f"peers: {name} is not run: {ABSENT[name]}")
        if name not in WINDOW_PEERS:
            raise Error(f"peers: got {name}, expected among {', '.join(sorted(WINDOW_PEERS))}")
    return [WINDOW_PEERS[name] for name in (names if names is not None else sorted(WINDOW_PEERS))]
