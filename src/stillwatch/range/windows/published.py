"""What arXiv 2606.05725 published of its own runs, read from its result files, to stand beside ours."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any

import msgspec

from stillwatch.range.peers.window_peer import Tail

__all__ = ["SOURCE", "Published", "published", "published_mean"]

_NAMES = {"mmd": "MMD", "mahalanobis": "Mahalanobis", "prada": "PRADA", "seat": "SEAT", "cap": "CAP", "date": "DATE"}
_SIZE = 1500
_AVERAGED = ("0.05", "0.1", "0.25", "0.5", "1")


@cache
def _table() -> Any:
    return msgspec.json.decode((resources.files("stillwatch.range.windows") / "_published.json").read_bytes())


SOURCE = "arXiv 2606.05725; rates computed from the result files of github.com/LabRAI/mmd-llm-mea-detection at 8bf1aa1 (2026-06-05)"


@dataclass(frozen=True, kw_only=True, slots=True)
class Published:
    """Published rates: share of benign windows flagged, share flagged at each attacker share, and the two summaries of them."""

    fpr: float
    tpr: dict[str, float]
    average_tpr: float
    balanced_accuracy: float


def published(peer: str, tail: Tail, size: int, pair: str) -> Published | None:
    """The published rates of one method on one pair, if there are any: windows of 1,500 for all, and smaller ones for MMD.

    Main results are means of seeds 1, 20 and 42; upper-tailed PRADA, SEAT and CAP, and the smaller windows, are one run of seed 42.

    >>> from stillwatch.range.peers.window_peer import Tail
    >>> published("mmd", Tail.UPPER, 1500, "model_leeching").tpr["0.05"]
    1.0
    >>> published("mmd", Tail.UPPER, 77, "model_leeching") is None
    True
    """
    table, method = _table(), _NAMES.get(peer)
    one_sided = tail is Tail.UPPER and method in table["one_sided"]
    if method is None:
        return None
    if size == _SIZE:
        rates = table["one_sided" if one_sided else "main"][method].get(pair)
    else:
        rates = table["mmd_by_size"].get(str(size), {}).get(pair) if method == "MMD" else None
    return None if rates is None else _published(rates[0], dict(zip(_AVERAGED, rates[1:], strict=True)))


def published_mean(peer: str, tail: Tail, size: int, pairs: Sequence[str]) -> Published | None:
    """The mean of the published rates over these pairs, or nothing when one of them was not published.

    >>> from stillwatch.range.peers.window_peer import Tail
    >>> round(published_mean("mmd", Tail.UPPER, 1500, ["Meaeq_AGNEWS", "Meaeq_IMDB"]).tpr["0.05"], 2)
    0.64
    """
    all_rates = [published(peer, tail, size, pair) for pair in pairs]
    rates = [one for one in all_rates if one is not None]
    if not rates or len(rates) < len(all_rates):
        return None
    n = len(rates)
    tpr = {share: sum(one.tpr[share] for one in rates) / n for share in _AVERAGED}
    return _published(sum(one.fpr for one in rates) / n, tpr)


def _published(fpr: float, tpr: dict[str, float]) -> Published:
    average = sum(tpr.values()) / len(tpr)
    return Published(fpr=fpr, tpr=tpr, average_tpr=average, balanced_accuracy=(average + 1.0 - fpr) / 2.0)
