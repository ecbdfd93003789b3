"""A run of the window protocol read back from its JSON, so that tables are made anew from stored cells and nothing is run again."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import msgspec

from stillwatch.range.peers.window_peer import Tail
from stillwatch.range.windows.results import Cell, PairRead, WindowsResult, averaged, label, summarise

__all__ = ["restored"]

_WINDOWS = 50


def restored(plain: Mapping[str, Any]) -> WindowsResult:
    """The run that `WindowsResult.to_dict` wrote, to the six digits that were kept; means are made anew.

    What a cell does not say follows from the run: its corpus and held-out queries from the pair and the pool's share, its nominal level
    from the run's and the tail.
    """
    pairs = msgspec.convert(plain["pairs"], tuple[PairRead, ...])
    fractions, share = tuple(plain["fractions"]), plain["pool_share"]
    of = {pair.name: pair for pair in pairs}
    cells = []
    for row in plain["cells"]["rows"]:
        told = dict(zip(plain["cells"]["columns"], row, strict=True))
        tail, pair = Tail(told["tail"]), of[told["pair"]]
        tpr, auc = ({label(one): told[f"{what} {label(one)}"] for one in fractions} for what in ("tpr", "auc"))
        average, accuracy = averaged(told["fpr"], tpr)
        cells.append(
            Cell(
                pair=pair.name,
                corpus=pair.corpus,
                seed=told["seed"],
                size=told["size"],
                peer=told["peer"],
                tail=tail,
                nominal=plain["fpr"] if tail is Tail.UPPER else 2 * plain["fpr"],
                windows=_WINDOWS,
                fpr=told["fpr"],
                tpr=tpr,
                auc=auc,
                average_tpr=average,
                balanced_accuracy=accuracy,
                held_out=pair.normal - int(pair.normal * share),
                benign_redrawn=told["benign_redrawn"],
                attacker_redrawn=told["attacker_redrawn"],
                null_overlaps=told["null_overlaps"],
            )
        )
    return WindowsResult(
        embedder=plain["embedder"],
        embedder_version=plain["embedder_version"],
        seeds=tuple(plain["seeds"]),
        sizes=tuple(plain["sizes"]),
        fractions=fractions,
        null_draws=plain["null_draws"],
        fpr=plain["fpr"],
        pool_share=share,
        pairs=pairs,
        missing=dict(plain["missing"]),
        cells=tuple(cells),
        summaries=summarise(cells),
        published_source=plain["published_source"],
        cpu_seconds=dict(plain["cpu_seconds"]),
    )
