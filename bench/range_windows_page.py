"""The window protocol on the page of the range: every method, and each gap to a published figure with its evidence."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chart import Line, Panel, chart

LARGEST = 1500
AT = ("0.05", "0.1")
_SHARES = ((0.02, "2 %"), (0.05, "5 %"), (0.1, "10 %"), (0.25, "25 %"), (1.0, "100 %"))


def windows(raw: dict[str, Any]) -> Iterator[str]:
    """Methods by size, then pair by pair."""
    yield from (
        "",
        "## The window protocol of arXiv 2606.05725",
        "",
        "![windows flagged against the share that attacks](range-windows.svg)",
        "",
    )
    yield (
        f"Ten of the paper's fourteen pairs, all rebuilt approximations (the paper published no queries); embedder {raw['embedder']}, which knows words and no meaning. Missing: {', '.join(raw['missing'])}. "
        f"Published: {raw['source']}. Means over pairs and seeds; every cell is in [range-windows.json](range-windows.json). `python bench/range.py windows --data DIR`, and `--ablate` for the variants; without `--data` the tables are made once more from the cells that are stored."
    )
    yield from (
        "",
        "| window | method | tail | pairs | seeds | FPR | TPR at 2 % | 5 % | 10 % | 25 % | 100 % | published 5 % | 10 % |",
        "|---|---|---|---|---|---|---|---|---|---|---|---|---|",
    )
    for one in sorted(
        raw["summaries"], key=lambda one: (-one["size"], one["over"] != "enough", one["peer"], one["tail"])
    ):
        if _shown(one, raw):
            rates = " | ".join(f"{one['tpr'][share]:.0%}" for share in ("0.02", *AT, "0.25", "1"))
            theirs = " | ".join("-" if one["published"] is None else f"{one['published'][share]:.0%}" for share in AT)
            none = raw["short"][str(one["size"])] == one["pairs"]
            over = (
                f"{one['pairs']}{', none with enough' if none else ''}"
                if one["over"] == "all"
                else f"{one['pairs']} with enough"
            )
            yield f"| {one['size']:,} | {one['peer']} | {one['tail']} | {over} | {len(one['seeds'])} | {one['fpr']:.1%} | {rates} | {theirs} |"
    yield from (
        "",
        (
            f"*With enough*: pairs that hold out {raw['enough']['times']} times a window's queries or more. Windows of W queries drawn from H spread by the square root of 1 - W/H of what fresh ones would: of windows drawn from twice as many queries "
            f"an exact 5 % level flags {raw['enough']['twice']:.1%}, and {raw['enough']['times']} is the smallest whole multiple at which it flags half of what it should ({raw['enough']['flags']:.1%}). Over other pairs rates measure the shortage, not the method: "
            "benign windows are nearly the same one, and a pair's false positives are near 0 or near 100 % by luck. Two-sided thresholds flag 10 % of null windows, upper ones 5 %. Read the FPR first."
        ),
    )
    yield from _not_there(raw)
    yield from _gaps(raw)


def _not_there(raw: dict[str, Any]) -> Iterator[str]:
    """Methods that the table lacks, and why."""
    told = [f"{name} {why}" for name, why in raw.get("absent", {}).items()]
    told += [
        f"{name} is newer than these cells and was not run on them (`python bench/range.py windows --data DIR`; what it reaches on the same pairs is in [accounts-windows.md](accounts-windows.md))"
        for name in raw.get("unrun", ())
    ]
    for name in raw.get("newer", ()):
        yield ""
        yield (
            f"*{name}*, ours, is newer than the other cells: it was run by `bench/topics.py` on the same pairs, pools, sizes and seeds, and its cells are in [accounts-windows.json](accounts-windows.json). It was "
            "developed on the pairs of SST-2, AG News and hate speech, with other seeds, so there it is flattered; [accounts-windows.md](accounts-windows.md) says how often the other pairs were looked at, and what its figures rest on."
        )
    if told:
        yield from ("", f"Not in the table: {'; '.join(told)}.")


def _shown(one: dict[str, Any], raw: dict[str, Any]) -> bool:
    """At each size the pairs with enough, where there is such a line; all pairs elsewhere, and for MMD at the published size."""
    split = any(
        (o["peer"], o["tail"], o["size"], o["over"]) == (one["peer"], one["tail"], one["size"], "enough")
        for o in raw["summaries"]
    )
    return one["over"] == "enough" or not split or (one["peer"] == "mmd" and one["size"] == LARGEST)


def _gaps(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "### Each gap of MMD to its published figure", "")
    yield "Flagged windows of 1,500 at 5 and 10 % attacking, in per cent (false positives in brackets where not 0; *alike*: fewer held-out queries than are enough; void: fewer than a window). Variants use 60 % of benign queries as the pool, so that more are held out; seed 42."
    yield from (
        "",
        "| pair | published | ours | ours, pool 60 % | 256 numbers | with meaning (wordllama) | AUC of ours | what explains it |",
        "|---|---|---|---|---|---|---|---|",
    )
    for one in raw["gaps"]:
        runs, theirs = one["runs"], one["published"]
        cells = [
            _rates(runs.get(name))
            for name in ("hashed-words-0.8", "hashed-words-0.6", "hashed-words-256-0.6", "wordllama-0.6")
        ]
        own = runs["hashed-words-0.8"]
        auc = f"{own['auc']['0.05']:.2f}, {own['auc']['0.1']:.2f}"
        yield f"| {one['pair']} | {theirs['0.05']:.0%}, {theirs['0.1']:.0%} | {' | '.join(cells)} | {auc} | {_why(one, raw)} |"
    yield ""
    yield from _summed(raw)


def _rates(one: dict[str, Any] | None) -> str:
    if one is None:
        return "-"
    if one["redrawn"]:
        return f"void ({one['fpr']:.0%})"
    wrong = f" ({one['fpr']:.0%})" if one["fpr"] else ""
    return f"{one['tpr']['0.05']:.0%}, {one['tpr']['0.1']:.0%}{wrong}{'' if one['enough'] else ' *alike*'}"


def _why(one: dict[str, Any], raw: dict[str, Any]) -> str:
    """The evidence in words, from the figures of this pair alone."""
    runs, theirs, told = one["runs"], one["published"]["0.1"], []
    own = runs["hashed-words-0.8"]
    pair = next(pair for pair in raw["pairs"] if pair["name"] == one["pair"])
    held_out = pair["normal"] - int(pair["normal"] * 0.8)
    if own["redrawn"]:
        told.append(
            f"{held_out:,} held-out benign queries for windows of {LARGEST:,}: windows repeat queries, which the null does not, so all are flagged or none"
        )
    elif not own["enough"]:
        told.append(f"{held_out:,} held-out queries: two benign windows share {LARGEST / held_out:.0%} of theirs")
    if own["enough"] and own["tpr"]["0.1"] >= theirs - 0.1:
        return "no gap; " + pair["differs"]
    meaning = runs.get("wordllama-0.6")
    base = own if own["enough"] else runs.get("hashed-words-0.6")
    if meaning is not None and meaning["enough"]:
        reached = meaning["tpr"]["0.1"]
        if base is not None and base["enough"] and reached - base["tpr"]["0.1"] > 0.1:
            told.append(
                f"the embedder: {base['tpr']['0.1']:.0%} to {reached:.0%} at 10 % with one that knows meaning, {theirs:.0%} published"
            )
        elif base is not None and base["enough"] and base["tpr"]["0.1"] >= theirs - 0.1:
            told.append(f"with more held-out queries ours reaches {base['tpr']['0.1']:.0%} at 10 % as well")
        elif reached >= theirs - 0.1:
            told.append(f"the embedder: {reached:.0%} at 10 % with one that knows meaning, {theirs:.0%} published")
        if reached < theirs - 0.1:
            told.append(
                f"{100 * (theirs - reached):.0f} points are left to the paper's embedder (bge-small) and the rebuilt sides"
            )
    elif one.get("there"):
        size = one["largest_enough"]
        beside = one["published_there"]
        said = "" if beside is None else f", {beside['0.05']:.0%} and {beside['0.1']:.0%} published there"
        told.append(
            f"at windows of {size:,}, the largest with enough: {one['there']['tpr']['0.05']:.0%} and {one['there']['tpr']['0.1']:.0%}{said}"
        )
    return "; ".join([*told, pair["differs"]])


def _summed(raw: dict[str, Any]) -> Iterator[str]:
    for name, what in (
        ("hashed-words-0.8", "our embedder, the protocol's pool"),
        ("hashed-words-0.6", "our embedder, pool 60 %"),
        ("hashed-words-256-0.6", "256 numbers, pool 60 %"),
        ("wordllama-0.6", "an embedder that knows meaning, pool 60 %"),
    ):
        rows = [
            (one["published"], one["runs"][name])
            for one in raw["gaps"]
            if name in one["runs"] and one["runs"][name]["enough"]
        ]
        if rows:
            here = [100 * sum(run["tpr"][share] for _, run in rows) / len(rows) for share in AT]
            there = [100 * sum(theirs[share] for theirs, _ in rows) / len(rows) for share in AT]
            yield f"- {what}: {here[0]:.1f} and {here[1]:.1f} % over the {len(rows)} pairs with enough, published {there[0]:.1f} and {there[1]:.1f} %."


def window_plot(raw: dict[str, Any]) -> str:
    """Share of windows flagged along the attacker's share, at the largest and the smallest window, pairs with enough."""
    panels = []
    for size in (LARGEST, 100):
        mine = [
            one
            for one in raw["summaries"]
            if one["size"] == size and one["tail"] == "upper" and one["over"] == _over(raw, size)
        ]
        lines = [
            Line(name=one["peer"], points=[(float(x), y) for x, y in one["tpr"].items()], dots=True) for one in mine
        ]
        lines += [
            Line(name="mmd as published", points=[(float(x), y) for x, y in one["published"].items()], dashed=True)
            for one in mine
            if one["peer"] == "mmd" and one["published"]
        ]
        pairs = max((one["pairs"] for one in mine), default=0)
        if lines:
            panels.append(
                Panel(
                    title=f"Windows of {size:,}, {pairs} pairs",
                    x="share of the window that attacks",
                    y="windows flagged",
                    x_log=True,
                    x_ticks=_SHARES,
                    top=1.0,
                    level=0.05,
                    lines=lines,
                )
            )
    return chart(panels, columns=2, width=420, height=320)


def _over(raw: dict[str, Any], size: int) -> str:
    return "enough" if any(one["size"] == size and one["over"] == "enough" for one in raw["summaries"]) else "all"
