"""What the page says of the window protocol: methods at each size, and each gap to a published figure with what explains it."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from figures import Figures, bar
from windows import FIRST, Variant, pieces, whole

from stillwatch.range.peers.window_peer import WINDOW_PEERS, Tail
from stillwatch.range.windows import Cell, Summary, WindowsResult
from stillwatch.range.windows.detectors import ABSENT
from stillwatch.range.windows.pairs import PAIRS
from stillwatch.range.windows.published import published
from stillwatch.range.windows.results import ENOUGH, shrunk
from stillwatch.range.windows.stored import restored

PROTOCOL = Variant()
ROOMY = Variant(pool_share=0.6)
"""A smaller pool leaves more held-out queries, so that most pairs have enough for windows of 1,500."""
WIDER, MEANING = Variant(embedder="hashed-words-256", pool_share=0.6), Variant(embedder="wordllama", pool_share=0.6)
LARGEST, FAIR = FIRST[0], 100
AT = ("0.05", "0.1")


def windows(
    data: Path | None, keep: Path, out: Path, *, seeds: Sequence[int], sizes: Sequence[int], ablate: bool
) -> Figures:
    """Run what is missing, or with `ablate` the variants that explain gaps, and tell what is there; without `data`, from stored cells."""
    stored = out / "range-windows.json"
    if data is None:
        told = json.loads(stored.read_text(encoding="utf-8"))
        runs = {name: restored(plain) for name, plain in told["runs"].items()}
    else:
        runs = _run(data, keep / "windows", seeds=seeds, sizes=sizes, ablate=ablate)
    _write(stored, runs)
    run = runs[PROTOCOL.name]
    there = {one.name for one in run.pairs}
    newer = list(_topics(out / "accounts-windows.json", run))
    raw = {
        "embedder": run.embedder,
        "source": run.published_source,
        "pairs": [
            {"name": one.name, "normal": one.normal, "attacker": one.attacker, "differs": one.differs}
            for one in run.pairs
        ],
        "unrun": sorted(set(WINDOW_PEERS) - {cell.peer for cell in run.cells} - {one["peer"] for one in newer}),
        "newer": sorted({one["peer"] for one in newer}),
        "absent": dict(ABSENT),
        "missing": [one.name for one in PAIRS if one.name not in there],
        "enough": {"times": ENOUGH, "flags": shrunk(ENOUGH, level=run.fpr), "twice": shrunk(2, level=run.fpr)},
        "short": {
            str(size): len({cell.pair for cell in run.cells if cell.size == size and not cell.enough})
            for size in run.sizes
        },
        "summaries": [*(_told(one) for one in run.summaries), *newer],
        "gaps": [_gap(one.name, runs) for one in run.pairs],
        "cpu_seconds": {name: sum(one.cpu_seconds.values()) for name, one in runs.items()},
    }
    return [*_bars(raw, run)], raw


def _run(
    data: Path, folder: Path, *, seeds: Sequence[int], sizes: Sequence[int], ablate: bool
) -> dict[str, WindowsResult]:
    if ablate:
        for variant in (ROOMY, WIDER, MEANING):
            pieces(data, folder, variant, seeds=seeds[-1:], sizes=FIRST[:1], peers=("mmd",))
    else:
        pieces(data, folder, PROTOCOL, seeds=seeds, sizes=sizes)
    return {
        variant.name: run
        for variant in (PROTOCOL, ROOMY, WIDER, MEANING)
        if (run := whole(folder, variant)) is not None
    }


def _bars(raw: dict[str, Any], run: WindowsResult) -> list[dict[str, Any]]:
    mmd = [one for one in raw["summaries"] if one["peer"] == "mmd" and one["size"] == LARGEST]
    bars = []
    for one in mmd:
        pairs = f"{one['pairs']} pairs" + ("" if one["over"] == "all" else " with queries enough")
        for share in AT:
            value, theirs = round(100 * one["tpr"][share], 1), round(100 * one["published"][share], 1)
            name = f"MMD as released, our embedder, {pairs}: windows of {LARGEST:,} with {float(share):.0%} attacking that are flagged (FPR {one['fpr']:.0%})"
            bars.append(bar(name, value, "%", f"{theirs} % published", None))
    cells = [cell for cell in run.cells if cell.peer == "mmd" and cell.enough]
    wrong = float(np.mean([cell.fpr for cell in cells]))
    bars.append(
        bar(
            "MMD as released: benign windows flagged, all sizes, pairs with queries enough",
            round(100 * wrong, 2),
            "%",
            "5 % nominal",
            wrong <= 0.05,
        )
    )
    return [*bars, *_of_every_method(raw)]


def _of_every_method(raw: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """Each method at the size at which every pair has queries enough, so that its rates measure it and no shortage."""
    for one in raw["summaries"]:
        if (one["size"], one["over"], one["tail"]) == (FAIR, "all", Tail.UPPER):
            name = f"{one['peer']}, {one['pairs']} pairs, {len(one['seeds'])} seeds: windows of {FAIR} with 10% attacking that are flagged (FPR {one['fpr']:.1%})"
            theirs = one["published"]
            limit = "-" if theirs is None else f"{100 * theirs['0.1']:.1f} % published"
            yield bar(name, round(100 * one["tpr"]["0.1"], 1), "%", limit, None)


def _told(one: Summary) -> dict[str, Any]:
    return {
        "peer": one.peer,
        "tail": str(one.tail),
        "size": one.size,
        "over": one.over,
        "seeds": list(one.seeds),
        "pairs": len(one.pairs),
        "corpora": one.corpora,
        "nominal": one.nominal,
        "fpr": round(one.fpr.value, 4),
        "tpr": {share: round(rate.value, 4) for share, rate in one.tpr.items()},
        "auc": {share: round(rate.value, 4) for share, rate in one.auc.items()},
        "span": {share: [round(rate.low, 3), round(rate.high, 3)] for share, rate in one.tpr.items()},
        "published": None
        if one.published is None
        else {share: round(rate, 4) for share, rate in one.published.tpr.items()},
    }


def _topics(path: Path, run: WindowsResult) -> Iterator[dict[str, Any]]:
    """Our topic statistics on the same pairs, pools, sizes and seeds, as `bench/topics.py` measured them; nothing where they differ."""
    if not path.exists():
        return
    whole = json.loads(path.read_text(encoding="utf-8"))
    told, levels = whole["protocol"], whole["protocol_levels"]
    same = (told["null_draws"], told["fpr"], told["pool_share"]) == (run.null_draws, run.fpr, run.pool_share)
    if not same or {one["name"] for one in told["pairs"]} != {one.name for one in run.pairs}:
        return
    rows = [dict(zip(levels["columns"], row, strict=True)) for row in levels["rows"]]
    corpora = len({one["corpus"] for one in told["pairs"]})
    for size in told["sizes"]:
        mine = [row for row in rows if row["size"] == size and row["nominal"] == run.fpr]
        yield {
            "peer": mine[0]["peer"],
            "tail": str(Tail.UPPER),
            "size": size,
            "over": "all",
            "seeds": sorted({row["seed"] for row in mine}),
            "pairs": len({row["pair"] for row in mine}),
            "corpora": corpora,
            "nominal": run.fpr,
            "fpr": round(float(np.mean([row["fpr"] for row in mine])), 4),
            "tpr": {share: round(float(np.mean([row["tpr"][share] for row in mine])), 4) for share in mine[0]["tpr"]},
            "published": None,
        }


def _gap(pair: str, runs: dict[str, WindowsResult]) -> dict[str, Any]:
    """One pair's MMD at the largest size under every variant, and at the smallest where pools are large enough for all."""
    theirs = published("mmd", Tail.UPPER, LARGEST, pair)
    told: dict[str, Any] = {
        "pair": pair,
        "published": None if theirs is None else {share: theirs.tpr[share] for share in AT},
        "runs": {},
    }
    for name, run in runs.items():
        cells = [cell for cell in run.cells if (cell.pair, cell.peer, cell.size) == (pair, "mmd", LARGEST)]
        if cells:
            told["runs"][name] = _mean(cells)
    matched = [
        cell
        for cell in runs[PROTOCOL.name].cells
        if (cell.pair, cell.peer, cell.size) == (pair, "mmd-matched", LARGEST)
    ]
    if matched:
        told["matched"] = _mean(matched)
    enough = [cell for cell in runs[PROTOCOL.name].cells if cell.pair == pair and cell.peer == "mmd" and cell.enough]
    told["largest_enough"] = max((cell.size for cell in enough), default=None)
    if told["largest_enough"] not in (None, LARGEST):
        size = told["largest_enough"]
        smaller = published("mmd", Tail.UPPER, size, pair)
        told["there"] = _mean([cell for cell in enough if cell.size == size])
        told["published_there"] = None if smaller is None else {share: smaller.tpr[share] for share in AT}
    return told


def _mean(cells: Sequence[Cell]) -> dict[str, Any]:
    return {
        "seeds": sorted({cell.seed for cell in cells}),
        "enough": all(cell.enough for cell in cells),
        "redrawn": any(cell.benign_redrawn or cell.null_overlaps for cell in cells),
        "fpr": round(float(np.mean([cell.fpr for cell in cells])), 4),
        "tpr": {share: round(float(np.mean([cell.tpr[share] for cell in cells])), 4) for share in AT},
        "auc": {share: round(float(np.mean([cell.auc[share] for cell in cells])), 4) for share in AT},
    }


def _write(path: Path, runs: dict[str, WindowsResult]) -> None:
    """Every cell of every run, one a line."""
    lines = ["{", ' "form": "stillwatch.range.windows/2",', ' "runs": {']
    for place, (name, run) in enumerate(runs.items()):
        plain = run.to_dict()
        cells = plain.pop("cells")
        lines.append(f"  {json.dumps(name)}: {{")
        lines += [f"   {json.dumps(key)}: {_lines(value)}," for key, value in plain.items()]
        lines.append(f'   "cells": {{"columns": {json.dumps(cells["columns"])}, "rows": {_lines(cells["rows"])}}}')
        lines.append("  }" + ("," if place < len(runs) - 1 else ""))
    path.write_text("\n".join([*lines, " }", "}"]) + "\n", encoding="utf-8")


def _lines(value: Any) -> str:
    if isinstance(value, list) and value and isinstance(value[0], (dict, list)):
        return "[\n" + ",\n".join(f"    {json.dumps(one)}" for one in value) + "\n   ]"
    return json.dumps(value)
