"""Judge the elicitation model on writers, sources, kinds and languages it never saw: `python bench/elicitation.py PART`.

    shipped     the model and the lexicon of the package on the test writers and the test fold of ordinary prompts
    kinds       for each kind a model that never saw it, on the test writers' texts of it
    languages   for each group of languages a model that never saw a request in them, on the test writers' texts in them
    systems     the model on the system texts of ordinary firms, where the package does not ask it, and on what their users write
    encoder     a head over a multilingual sentence encoder, as a second tier, on a sample of the same texts (`elicitation_encoder.py`)
    unmimic     unmimic 0.1.0 on a sample of the same texts (`elicitation_unmimic.py`)

The last two run in an environment of their own, whose interpreter `--python` names.

Each part is kept in docs/benchmarks/elicitation.json, and the page is written from all of them. Only counts leave this script, never a text.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import tempfile
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq
import scipy.sparse as sp
from elicitation_model import FLAG, Floats, fitted, learned, read, scored, shares, threshold
from elicitation_page import page
from elicitation_texts import ROOT, Texts, ordinary, written
from figures import Figures, bar, surroundings

from stillwatch.core.records import PRESSING, Technique
from stillwatch.range import Recipe, write_world
from stillwatch.range.splits import Fold
from stillwatch.text import asking, elicitation, words
from stillwatch.text.asking import KINDS, Level, ends, norms, sums, weights

OUT = ROOT / "docs" / "benchmarks"
SHARES = (0.014, 0.004, 0.0014, FLAG, 0.0001)
"""Shares of ordinary texts at which curves are given; 0.014 and 0.0004 are those unmimic's authors report."""
SAMPLE = 20_000
KIN = {
    "Spanish, Portuguese, French, Italian": ("es", "pt", "fr", "it"),
    "Russian, Ukrainian, Polish": ("ru", "uk", "pl"),
    "Chinese, Japanese, Korean": ("zh", "ja", "ko"),
    "Arabic, Persian, Hindi, Turkish": ("ar", "fa", "hi", "tr"),
    "German, Vietnamese, Indonesian, Thai, Swahili": ("de", "vi", "id", "th", "sw"),
}
Hits = npt.NDArray[np.bool_]


def share(hits: Hits) -> dict[str, Any]:
    """Hits among texts, with their interval."""
    return shares(hits.astype(np.float64), 0.5)


def by(values: npt.NDArray[Any], hits: Hits) -> dict[str, Any]:
    """Hits by value, in order of the value."""
    return {str(value): share(hits[values == value]) for value in np.unique(values).tolist()}


def drawn(texts: Texts, many: int, seed: int) -> Texts:
    """Some of the texts, at random."""
    chosen = np.zeros(len(texts.text), dtype=bool)
    chosen[np.random.default_rng(seed).permutation(len(chosen))[:many]] = True
    return texts.at(chosen)


def shipped(_: argparse.Namespace) -> Figures:
    """The package's own model and phrases, by writer, kind, language, near miss and source."""
    asked, usual = written("test"), ordinary(Fold.TEST)
    ours, theirs = told(asked), told(usual)
    wanted = asked.kind >= 0
    raw: dict[str, Any] = {"cpu_seconds": theirs["cpu"]}
    for name, hit in (
        ("flagged", lambda one: one["level"] >= Level.FLAGGED),
        ("blockable", lambda one: one["level"] >= Level.BLOCKABLE),
        ("lexicon", lambda one: one["phrases"] & PRESSING != 0),
        ("flagged or lexicon", lambda one: (one["level"] >= Level.FLAGGED) | (one["phrases"] & PRESSING != 0)),
    ):
        mine, other = hit(ours), hit(theirs)
        raw[name] = {
            "asked": share(mine[wanted]),
            "near misses": share(mine[~wanted]),
            "ordinary": share(other),
            "by kind": by(named(asked.kind[wanted]), mine[wanted]),
            "near misses by kind": by(named(asked.near[~wanted]), mine[~wanted]),
            "by language": by(asked.language[wanted], mine[wanted]),
            "by writer": by(asked.source[wanted], mine[wanted]),
            "ordinary by source": by(usual.source, other),
        }
    flagged = wanted & (ours["level"] >= Level.FLAGGED)
    column = np.array([1 << list(Technique).index(kind) for kind in KINDS])
    raw["right kind among the flagged"] = by(
        named(asked.kind[flagged]), (ours["bits"][flagged] & column[asked.kind[flagged]]) != 0
    )
    tasked = told(with_tasks(asked.at(wanted), usual))
    raw["with a task behind it"] = {
        name: {
            "all": share(tasked["level"] >= level),
            "by kind": by(named(asked.kind[wanted]), tasked["level"] >= level),
        }
        for name, level in (("flagged", Level.FLAGGED), ("blockable", Level.BLOCKABLE))
    }
    raw["curve"] = curve(ours["score"][wanted], ours["score"][~wanted], theirs["score"])
    return shipped_bars(raw), raw


def shipped_bars(raw: dict[str, Any]) -> list[dict[str, Any]]:
    """The issue's row for elicitation, for unseen writers."""
    flagged, block, usual = (
        raw[a][b]["share"] for a, b in (("flagged", "asked"), ("blockable", "asked"), ("flagged", "ordinary"))
    )
    return [
        bar("flagged, unseen writers", round(100 * flagged, 1), "%", ">= 95 (unmimic reports 92.1 of unseen types, 1.4 % of ordinary flagged)", flagged >= 0.95),
        bar("at block level, unseen writers", round(100 * block, 1), "%", ">= 70 (unmimic reports 37.5 at 0.04 % of ordinary blocked)", block >= 0.7),
        bar("flagged, unseen writers, an ordinary prompt of 200 to 1,500 characters behind each", _percent(raw, "flagged"), "%", "no bar", None),
        bar("at block level, the same", _percent(raw, "blockable"), "%", "no bar", None),
        bar("ordinary prompts flagged, unseen sources", round(100 * usual, 3), "%", "<= 0.04", usual <= FLAG),
        bar("ordinary prompts at block level", round(100 * raw["blockable"]["ordinary"]["share"], 4), "%", "<= 0.04", raw["blockable"]["ordinary"]["share"] <= FLAG),
    ]  # fmt: skip


def _percent(raw: dict[str, Any], level: str) -> float:
    """Share of the requests with a task behind them at a level, in per cent."""
    return round(100 * raw["with a task behind it"][level]["all"]["share"], 1)


def with_tasks(asked: Texts, usual: Texts) -> Texts:
    """Requests as operators send them: each with an ordinary prompt behind it as the task."""
    tasks = [text for text in usual.text.tolist() if 200 <= len(text) <= 1500]
    dealt = np.random.default_rng(3).integers(0, len(tasks), len(asked.text)).tolist()
    joined = [f"{text}\n\n{tasks[place]}" for text, place in zip(asked.text.tolist(), dealt, strict=True)]
    return replace(asked, text=np.array(joined, dtype=object))


def told(texts: Texts) -> dict[str, Any]:
    """What the package says of each text, and the CPU seconds of the model and of the phrases."""
    model = weights()
    parts: list[tuple[Any, ...]] = []
    cpu = {"texts": len(texts.text), "asking": 0.0, "elicitation": 0.0}
    for low in range(0, len(texts.text), 8192):
        found = words(texts.text[low : low + 8192].tolist())
        began = time.process_time()
        level, bits = asking(found)
        between = time.process_time()
        phrases = elicitation(found)
        cpu["asking"] += between - began
        cpu["elicitation"] += time.process_time() - between
        cut, row = ends(found)
        first, total, _, _ = sums(cut, model)
        score = np.full(found.rows, -np.inf)
        np.maximum.at(score, row, first / norms(total))
        parts.append((level, bits, phrases, score))
    level, bits, phrases, score = (np.concatenate(column) for column in zip(*parts, strict=True))
    return {"level": level, "bits": bits, "phrases": phrases, "score": score, "cpu": cpu}


def named(kinds: npt.NDArray[np.int64]) -> npt.NDArray[np.str_]:
    """Kinds by name."""
    return np.array([kind.value for kind in KINDS])[kinds]


def curve(asked: Floats, near: Floats, usual: Floats) -> list[dict[str, Any]]:
    """Shares caught where a threshold lets through exactly so many of the ordinary test prompts: the model's power whatever its threshold."""
    at = [(part, threshold(usual, part)) for part in SHARES]
    return [{"ordinary": part, "asked": shares(asked, level), "near misses": shares(near, level)} for part, level in at]


def without(leave: dict[str, Callable[[Texts], Hits]]) -> dict[str, Any]:
    """For each named group of texts: a model that never saw a request of it, on the test writers' requests of it."""
    asked, judged = read(written("train")), read(written("test"))
    usual, strange = read(drawn(ordinary(Fold.DEVELOP), SAMPLE, 1)), read(drawn(ordinary(Fold.TEST), SAMPLE, 2))
    out: dict[str, Any] = {}
    every: dict[float, list[int]] = {part: [0, 0] for part in SHARES[:-1]}
    for name, group in leave.items():
        model = learned(asked.at(~group(asked.texts)), usual)
        wanted = judged.texts.kind >= 0
        ours, theirs = scored(model, judged.at(group(judged.texts) & wanted)), scored(model, strange)
        out[name] = {}
        for part in every:
            found = shares(ours, threshold(theirs, part))
            out[name][str(part)] = found
            every[part][0] += found["hits"]
            every[part][1] += found["n"]
    out["all"] = {str(part): {"hits": h, "n": n, "share": h / n} for part, (h, n) in every.items()}
    return out


def kinds(_: argparse.Namespace) -> Figures:
    """Leave one kind out."""

    def of(kind: int) -> Callable[[Texts], Hits]:
        return lambda texts: (texts.kind == kind) | (texts.near == kind)

    raw = without({kind.value: of(place) for place, kind in enumerate(KINDS)})
    return unseen_bars(raw, "unseen kinds"), raw


def languages(_: argparse.Namespace) -> Figures:
    """Leave a group of languages out."""

    def of(group: tuple[str, ...]) -> Callable[[Texts], Hits]:
        return lambda texts: np.isin(texts.language, group)

    raw = without({name: of(group) for name, group in KIN.items()})
    return unseen_bars(raw, "unseen languages"), raw


def unseen_bars(raw: dict[str, Any], what: str) -> list[dict[str, Any]]:
    """The issue's row for elicitation, for what a model never saw: flagged where 0.04 % of the ordinary test prompts are."""
    strict, loose = raw["all"][str(FLAG)]["share"], raw["all"]["0.014"]["share"]
    return [
        bar(f"flagged, {what}, at 0.04 % of ordinary", round(100 * strict, 1), "%", ">= 95", strict >= 0.95),
        bar(
            f"flagged, {what}, at 1.4 % of ordinary",
            round(100 * loose, 1),
            "%",
            "no bar (unmimic reports 92.1 there)",
            None,
        ),
    ]


def systems(_: argparse.Namespace) -> Figures:
    """The model on ordinary traffic of the range, made by nobody who wrote requests: system texts, which it never learnt, and prompts."""
    texts: dict[str, set[str]] = {"system": set(), "prompt": set()}
    for seed in (71, 72, 73):
        with tempfile.TemporaryDirectory() as made:
            write_world(Path(made) / "world", Recipe(seed=seed, accounts=3000, exchanges=60_000, days=1))
            logs = pq.ParquetDataset(Path(made) / "world" / "logs").read(list(texts))
            for column, distinct in texts.items():
                distinct.update(logs[column].drop_null().unique().to_pylist())
    raw: dict[str, Any] = {}
    for column, distinct in texts.items():
        level, _bits = asking(words(sorted(distinct)))
        raw[f"{column} texts"] = {
            "flagged": share(level >= Level.FLAGGED),
            "blockable": share(level >= Level.BLOCKABLE),
        }
    found = raw["system texts"]["flagged"]["share"]
    return [
        bar(
            "ordinary system texts that the model would flag (it is not asked)",
            round(100 * found, 1),
            "%",
            "no bar",
            None,
        )
    ], raw


def encoder(options: argparse.Namespace) -> Figures:
    """A head over sentence vectors, alone and beside our model, each at half the share where both flag; and on unseen languages."""
    asked, usual = written("train"), drawn(ordinary(Fold.DEVELOP), options.normal, 6)
    judged, strange = drawn(written("test"), options.sample, 3), drawn(ordinary(Fold.TEST), 3 * options.sample, 4)
    sets = (asked, usual, judged, strange)
    ends = np.cumsum([len(one.text) for one in sets])[:-1]
    with tempfile.TemporaryDirectory() as made:
        task = Path(made) / "texts.json"
        task.write_text(json.dumps([text for one in sets for text in one.text.tolist()]))
        guest = str(Path(__file__).with_name("elicitation_encoder.py"))
        subprocess.run([options.python, guest, str(task), options.cache or made], check=True)
        vectors = np.split(np.load(task.with_name("vectors.npy")).astype(np.float64), ends)
    known = asked.kind >= 0

    def head(learnt: Hits) -> tuple[Floats, Floats]:
        x = sp.csr_matrix(np.concatenate([vectors[0][learnt], vectors[1]]))
        found = fitted(x, np.append(known[learnt], np.zeros(len(vectors[1]), dtype=bool)), 1.0)
        return vectors[2] @ found[:-1], vectors[3] @ found[:-1]

    ours, theirs = head(np.ones(len(known), dtype=bool))
    words_ours, words_theirs = told(judged)["score"], told(strange)["score"]
    wanted = judged.kind >= 0
    raw: dict[str, Any] = {
        "ordinary learnt": len(usual.text),
        "ordinary judged": len(strange.text),
        "alone": {},
        "words alone": {},
        "either": {},
        "unseen languages": {},
    }
    for part in SHARES[:2]:
        raw["alone"][str(part)] = share((ours >= threshold(theirs, part))[wanted])
        raw["words alone"][str(part)] = share((words_ours >= threshold(words_theirs, part))[wanted])
        either = (ours >= threshold(theirs, part / 2)) | (words_ours >= threshold(words_theirs, part / 2))
        raw["either"][str(part)] = share(either[wanted])
    for name, group in KIN.items():
        ours, theirs = head(~np.isin(asked.language, group))
        mine = wanted & np.isin(judged.language, group)
        raw["unseen languages"][name] = {
            str(part): share((ours >= threshold(theirs, part))[mine]) for part in SHARES[:2]
        }
    return [], raw


def unmimic(options: argparse.Namespace) -> Figures:
    """unmimic's guard as shipped, on vectors of another encoder (its own is on a model hub), and our model on the same texts."""
    asked, usual = drawn(written("test"), options.sample, 3), drawn(ordinary(Fold.TEST), options.sample, 4)
    normal = drawn(ordinary(Fold.DEVELOP), options.normal, 5).text.tolist()
    with tempfile.TemporaryDirectory() as made:
        task = Path(made) / "task.json"
        task.write_text(json.dumps({"normal": normal, "prompts": [*asked.text.tolist(), *usual.text.tolist()]}))
        subprocess.run([options.python, str(Path(__file__).with_name("elicitation_unmimic.py")), str(task)], check=True)
        action = np.array(json.loads(task.with_name("verdicts.json").read_text()))
    level = np.concatenate([told(asked)["level"], told(usual)["level"]])
    wanted = np.append(asked.kind >= 0, np.zeros(len(usual.text), dtype=bool))
    near = np.append(asked.near >= 0, np.zeros(len(usual.text), dtype=bool))
    raw: dict[str, Any] = {"normal prompts learnt": len(normal)}
    for name, flagged, blocked in (
        ("unmimic", action != "allow", action == "block"),
        ("ours", level >= Level.FLAGGED, level >= Level.BLOCKABLE),
    ):
        raw[name] = {
            f"{what} {how}": share(hits[which])
            for what, which in (("asked", wanted), ("near misses", near), ("ordinary", ~wanted & ~near))
            for how, hits in (("flagged", flagged), ("blocked", blocked))
        }
        raw[name]["flagged by kind"] = by(named(asked.kind[asked.kind >= 0]), flagged[wanted])
    return [], raw


PARTS = {
    "shipped": shipped,
    "kinds": kinds,
    "languages": languages,
    "systems": systems,
    "encoder": encoder,
    "unmimic": unmimic,
}


def main() -> None:
    """Measure one part and write the page from all that were measured."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", choices=list(PARTS))
    parser.add_argument("--python", default="python")
    parser.add_argument("--sample", type=int, default=600)
    parser.add_argument("--cache", default="")
    parser.add_argument("--normal", type=int, default=3000)
    options = parser.parse_args()
    bars, raw = PARTS[options.part](options)
    path = OUT / "elicitation.json"
    old = json.loads(path.read_text()) if path.exists() else {"bars": [], "raw": {}}
    old["bars"] = [b for b in old["bars"] if b["part"] != options.part] + [{**b, "part": options.part} for b in bars]
    old["raw"][options.part] = raw
    old |= surroundings()
    path.write_text(json.dumps(old, indent=1) + "\n")
    (OUT / "elicitation.md").write_text(page(old))


if __name__ == "__main__":
    main()
