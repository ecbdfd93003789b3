"""Topic statistics on the window protocol of arXiv 2606.05725: what they reach, and what is left when only letters are.

`python bench/topics.py run DATA PARTS` measures one corpus after another and keeps each in PARTS; `... write PARTS` joins what is there
into docs/benchmarks/accounts-windows.json and its page. Run it again to go on.

The second run reads the first twelve words of every text, letters alone and in lower case. Rebuilt pairs were put together from sources that
spell, tokenise and cut texts differently; what is found only in the first run may be an artefact of rebuilding and no finding.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pyarrow as pa
import pyarrow.parquet as pq
from figures import Figures, bar

from stillwatch.range.peers.window_peer import Tail, Threshold, calibrate
from stillwatch.range.windows import FRACTIONS, Cell, Scored, WindowsResult, joined, run_windows
from stillwatch.range.windows.pairs import Found, find_pairs, read_texts
from stillwatch.range.windows.protocol import rates
from stillwatch.range.windows.results import averaged

PEER = "ours-topics"
WORDS = 12
SIZES = {"plain": (100, 1500), "between": (200, 500, 1000), "letters": (1500,), "others": (100, 1500)}
SEEDS = {"plain": (1, 20, 42), "between": (1, 20, 42), "letters": (42,), "others": (42,)}
NOMINAL = (0.05, 0.01)
OTHERS = ("mmd", "mmd-matched")
BENCHMARKS = Path(__file__).parents[1] / "docs" / "benchmarks"
_TEXT = """# Topic statistics on windows

Written by `bench/topics.py` from `accounts-windows.json`. The window protocol of arXiv 2606.05725 (`docs/benchmarks/range-windows.json`) on ten pairs
rebuilt from public sources, 50 windows a cell, 1,000 null windows, threshold at their 95th percentile, or their 99th where *at 1 %* stands
above; the method is `ours-topics` (`stillwatch.range.peers.topics`). Per cent of windows flagged, mean of seeds 1, 20 and 42; letters only: seed 42.

MMD is compared at seed 42 on the same windows. In windows of 100 its threshold is the one that flags as many of the same honest windows as ours does at
its own threshold: no null of its own is needed. In windows of 1,500 it was too slow to be run again: areas under the curve, which need no
threshold, stand beside those of `docs/benchmarks/range-windows.json`.

Developed on the SST-2, AG News and hate speech pairs, first with seeds 7 and 8, this version with seeds 7 to 12 and checked on them with seeds 13 to 18. Here those
pairs stand with other seeds, so with other splits of the same texts: they are flattered. All other pairs, and seeds 1, 20 and 42, were looked at three times before
(for the first page, whose null was not exact; for the second; and when scores above all of 400 null windows had turned out to be ties) and once for
this version, which reads the table of meanings and weighs its kinds anew: `docs/decisions/2026-11-23-windows-read-the-table-of-meanings.md` says what was chosen
on what, the figures that stood here before, and how far the false positives of windows of 1,500 may be chance.
MMD here reads hashed words, as it did; with the table it is stronger ([on the developing pairs](static-table.md)).

An honest 5 % level caps balanced accuracy at 97.5 %: a method that flags the nominal 5 % of benign windows and every other window reaches no
more. At a nominal 1 % the cap is 99.5 %. The mean here: {accuracy}.

**What fell with the exact null, and why.** In the first version benign texts were measured by three quarters of the pool that held the mates they were drawn with; a test window's mates never were among
those, so honest windows looked stranger than null ones and were flagged too often. Now what teaches, what sets limits and what is drawn from are three parts of the pool.
The price is two thirds of what teaches and half of what a window is compared with, so thin mixtures are found less often: at 5 % of attacking texts
in windows of 1,500 the mean fell (`docs/decisions/2026-11-22-topics-of-windows.md` has both figures), at 10 % it did not. Where the rate of false positives of a
pair is far from nominal, three seeds are three splits: see the last note under the table.

## Windows of 1,500, by the attacker's share

{large}

*Letters* are the first twelve words of each text, letters alone, in lower case: no length, no end, no punctuation; one seed, so one split: its FPR of a pair is
near 0 or far above nominal. What this leaves is the finding; the rest rests on length, ends and spelling, which rebuilding changed.

{given_away}

Where a corpus holds back fewer than 1,500 benign texts (SST-2, film reviews, medical questions) windows repeat them, and windows of
one seed are nearly one window: the false-positive rate of a seed is then close to 0 or to 100 %, and only its mean over many splits is 5 %.

## Windows of 100

{small}

Cost of it all: {seconds:.0f} seconds of a core.
"""
_GIVEN_AWAY = {
    "squad_random, squad_wiki": "what is asked at the end is made of words drawn at random, as in the attack; and the attacker sends whole paragraphs "
    "where the rebuilt benign items hold one sentence, which is an artefact of rebuilding.",
    "model_leeching": "the extraction prompt before every item, the same for all.",
    "sst2_random": "word salad, as in the attack.",
    "sst2_wiki and all MeaeQ pairs": "sentences of WikiText, whose rare words are missing, so neighbours stand together that never do in English: an artefact "
    "in part. The film reviews are also many times as long as the sentences sent against them.",
    "medical": "questions of one form and half the length, from another source than the benign ones.",
}
"""What tells the sides of a pair apart to somebody who reads them."""
_NOT_LETTERS = re.compile(r"[\W\d_]+")


class Level(msgspec.Struct, frozen=True, kw_only=True):
    """What one peer flags of one pair: at a nominal level by its own null or, without one, at some number of false positives."""

    pair: str
    size: int
    seed: int
    peer: str
    nominal: float | None
    fpr: float
    tpr: dict[str, float]


class Part(msgspec.Struct, frozen=True, kw_only=True):
    """All that was measured of one benign corpus in one spelling."""

    result: WindowsResult
    levels: list[Level]


def run(data: Path, parts: Path, runs: Sequence[str] = ()) -> None:
    """Measure every corpus of the folder `data` that is not yet in `parts`, in these runs or in all."""
    parts.mkdir(parents=True, exist_ok=True)
    found, _ = find_pairs(data)
    for run_of in runs or SEEDS:
        for corpus in dict.fromkeys(one.benign for one in found):
            kept = parts / f"{run_of}-{corpus}.json"
            if not kept.exists():
                pairs = [one for one in found if one.benign == corpus]
                begun, scored = time.process_time(), list[Scored]()
                with tempfile.TemporaryDirectory() as folder:
                    result = run_windows(
                        _letters(pairs, Path(folder)) if run_of == "letters" else data,
                        seeds=SEEDS[run_of],
                        sizes=SIZES[run_of],
                        peers=OTHERS if run_of == "others" else [PEER],
                        pairs=[one.pair.name for one in pairs],
                        seen=scored.append,
                    )
                kept.write_bytes(msgspec.json.encode(Part(result=result, levels=levels(scored))))
                print(f"{run_of} {corpus}: {time.process_time() - begun:.0f} s of a core", flush=True)


def levels(scored: Sequence[Scored]) -> list[Level]:
    """The rates of each peer at every nominal level by its own null; of others, at every number of false positives too."""
    found = []
    for one in scored:
        found += [_level(one, calibrate(one.null, Tail.UPPER, fpr=nominal), nominal) for nominal in NOMINAL]
        if one.peer != PEER:
            limits = np.unique(one.scores[0]).tolist()
            found += [
                _level(one, Threshold(tail=Tail.UPPER, low=None, high=limit, nominal=0.0), None) for limit in limits
            ]
    return found


def _level(one: Scored, threshold: Threshold, nominal: float | None) -> Level:
    fpr, tpr, _ = rates(one.scores, threshold, one.null, FRACTIONS)
    return Level(pair=one.pair, size=one.size, seed=one.seed, peer=one.peer, nominal=nominal, fpr=fpr, tpr=tpr)


def _letters(pairs: Sequence[Found], folder: Path) -> Path:
    """The first words of the texts of these pairs, letters and spaces alone, in files of the same names."""
    for path in {path for one in pairs for path in (one.normal, one.attacker)}:
        texts = [" ".join(_NOT_LETTERS.sub(" ", text).casefold().split()[:WORDS]) for text in read_texts(path)]
        pq.write_table(pa.table({"text": [text for text in texts if text]}), folder / f"{path.stem}.parquet")
    return folder


def read(parts: Path, *runs: str) -> tuple[WindowsResult, list[Level]] | None:
    """All parts of these runs, as one run, if any was measured."""
    paths = sorted(path for run_of in runs for path in parts.glob(f"{run_of}-*.json"))
    files = [msgspec.json.decode(path.read_bytes(), type=Part) for path in paths]
    return None if not files else (joined([one.result for one in files]), [row for one in files for row in one.levels])


def write(parts: Path) -> None:
    """Write what was measured to the JSON file and the page of the benchmark."""
    found = {
        "plain": read(parts, "plain", "between"),
        "letters": read(parts, "letters"),
        "others": read(parts, "others"),
    }
    plain = found["plain"]
    if plain is None:
        raise SystemExit(f"{parts}: nothing was measured")
    told: dict[str, Any] = {"form": "stillwatch.range.windows/1"}
    for run_of, name in (("plain", "protocol"), ("letters", "letters_only"), ("others", "others")):
        one = found[run_of]
        told[name] = one and one[0].to_dict()
        told[f"{name}_levels"] = one and _rows(one[1])
    whole = msgspec.json.encode(told)
    (BENCHMARKS / "accounts-windows.json").write_bytes(msgspec.json.format(whole, indent=1) + b"\n")
    levels_of = {run_of: one[1] if one else [] for run_of, one in found.items()}
    (BENCHMARKS / "accounts-windows.md").write_text(_page(plain[0], levels_of), encoding="utf-8")


def _rows(found: Sequence[Level]) -> dict[str, Any]:
    return {
        "columns": list(Level.__struct_fields__),
        "rows": [[getattr(one, name) for name in Level.__struct_fields__] for one in found],
    }


def _page(plain: WindowsResult, found: dict[str, list[Level]]) -> str:
    pairs, ours, letters = [pair.name for pair in plain.pairs], found["plain"], found["letters"]
    large = [
        [
            pair,
            *_rates(ours, pair, 1500, ("fpr", "0.05", "0.1", "1")),
            *_rates(ours, pair, 1500, ("fpr", "0.05", "0.1"), nominal=0.01),
            *_rates(letters, pair, 1500, ("fpr", "0.05", "0.1")),
            *_areas(plain, pair, 1500, ("0.05", "0.1")),
        ]
        for pair in pairs
    ]
    small = [
        [
            pair,
            *_rates(ours, pair, 100, ("fpr", "0.25", "1")),
            *_rates(ours, pair, 100, ("fpr", "0.25", "1"), nominal=0.01),
            *_rates(ours, pair, 100, ("fpr", "0.25", "1"), seeds=SEEDS["others"]),
            *_beside(found, pair, 100, ("0.25", "1"), "mmd-matched"),
            *_beside(found, pair, 100, ("0.25", "1"), "mmd"),
        ]
        for pair in pairs
    ]
    rates_large, rates_small = ["5 %", "10 %"], ["25 %", "pure"]
    large_head = ["pair", "FPR", *rates_large, "pure", "at 1 %: FPR", *rates_large, "letters: FPR", *rates_large]
    large_head += [
        f"AUC at {share}: {who}" for share in rates_large for who in ("ours", "MMD matched", "MMD as released")
    ]
    small_head = ["pair", "FPR", *rates_small, "at 1 %: FPR", *rates_small, "seed 42: FPR", *rates_small]
    small_head += ["MMD matched: 25 %", "pure", "MMD as released: 25 %", "pure"]
    return _TEXT.format(
        large=_table(large_head, [*large, _mean(large)]),
        small=_table(small_head, [*small, _mean(small)]),
        given_away="\n".join(f"- {names}: {why}" for names, why in _GIVEN_AWAY.items()),
        seconds=sum(plain.cpu_seconds.values()),
        accuracy="; ".join(
            f"{_accuracy(ours, size, nominal):.1%} at {size:,} queries and a nominal {nominal:.0%}"
            for size in SIZES["plain"]
            for nominal in NOMINAL
        ),
    )


def _areas(plain: WindowsResult, pair: str, size: int, shares: Sequence[str]) -> list[float | None]:
    """Areas under the curve in per cent at seed 42: ours, and the MMDs of docs/benchmarks/range-windows.json on the same windows."""
    table = msgspec.json.decode((BENCHMARKS / "range-windows.json").read_bytes())["runs"]["hashed-words-0.8"]["cells"]
    areas = {(one.peer, share): one.auc[share] for one in plain.cells for share in shares if _is(one, pair, size)}
    for row in table["rows"]:
        one = dict(zip(table["columns"], row, strict=True))
        if (one["pair"], one["size"], one["seed"]) == (pair, size, 42):
            areas.update({(one["peer"], share): one[f"auc {share}"] for share in shares})
    told = [areas.get((peer, share)) for share in shares for peer in (PEER, *reversed(OTHERS))]
    return [None if value is None else 100.0 * value for value in told]


def _is(cell: Cell, pair: str, size: int) -> bool:
    return (cell.pair, cell.size, cell.seed) == (pair, size, 42)


def _beside(
    found: dict[str, list[Level]], pair: str, size: int, shares: Sequence[str], peer: str
) -> list[float | None]:
    """What another peer flags at as many false positives of the same honest windows as ours has at its nominal 5 %."""
    (false,) = _rates(found["plain"], pair, size, ("fpr",), seeds=SEEDS["others"])
    same = [
        one
        for one in found["others"]
        if (one.pair, one.size, one.peer, one.nominal) == (pair, size, peer, None)
        and false is not None
        and 100.0 * one.fpr <= false + 1e-9
    ]
    best = max(same, key=lambda one: one.fpr, default=None)
    return [100.0 * best.tpr[share] if best else None for share in shares]


def windows() -> Figures:
    """What `write` wrote, beside the bars of the issue: means over the pairs, and our MMD on the same windows."""
    told = msgspec.json.decode((BENCHMARKS / "accounts-windows.json").read_bytes())
    plain = msgspec.json.decode(msgspec.json.encode(told["protocol"]))
    table = told["protocol_levels"]
    ours = [msgspec.convert(dict(zip(table["columns"], row, strict=True)), Level) for row in table["rows"]]
    pairs = [pair["name"] for pair in plain["pairs"]]

    def mean(size: int, share: str, among: Sequence[str] = pairs) -> float:
        return _mean([[pair, *_rates(ours, pair, size, (share,))] for pair in among])[1]

    wide, thin = (1500, "the ten rebuilt pairs, W = 1,500, nominal 5 %"), (100, "the same, W = 100")
    shares = [
        (*wide, "5 % attacking", "0.05", 85.0),
        (*wide, "10 % attacking", "0.1", 99.0),
        (*thin, "25 % attacking", "0.25", 95.0),
        (*thin, "pure", "1", 100.0),
    ]
    bars = [
        bar(
            f"{where}, {what}: windows flagged",
            round(mean(size, share), 1),
            "%",
            f">= {least:g}",
            mean(size, share) >= least,
        )
        for size, where, what, share, least in shares
    ]
    for nominal in NOMINAL:
        reached = 100 * _accuracy(ours, 1500, nominal)
        name = f"balanced accuracy, W = 1,500, nominal {nominal:.0%}: mean over shares from 5 % to all"
        bars.append(bar(name, round(reached, 1), "%", ">= 98", reached >= 98))
    hard = mean(1500, "0.1", ["ME_BERT_squad_wiki"])
    bars.append(bar("squad_wiki, W = 1,500, 10 % attacking: windows flagged", round(hard, 1), "%", ">= 90", hard >= 90))
    above = [_above(plain["cells"], pair) for pair in pairs]
    name = "pairs on which the area under the curve at 5 % attacking, W = 1,500, seed 42 is above that of both MMDs of ours"
    bars.append(bar(name, sum(above), f"of {len(pairs)}", "all", all(above)))
    return bars, {"pairs": len(pairs)}


def _above(cells: dict[str, Any], pair: str) -> bool:
    """Whether ours ranks windows with 5 % of attacking texts better than MMD does, as released and matched."""
    released = msgspec.json.decode((BENCHMARKS / "range-windows.json").read_bytes())["runs"]["hashed-words-0.8"][
        "cells"
    ]
    areas = {
        one["peer"]: one["auc 0.05"]
        for table in (released, cells)
        for row in table["rows"]
        if ((one := dict(zip(table["columns"], row, strict=True)))["pair"], one["size"], one["seed"])
        == (pair, 1500, 42)
    }
    return all(areas[PEER] > areas[peer] for peer in OTHERS)


def _accuracy(found: Sequence[Level], size: int, nominal: float) -> float:
    """The mean balanced accuracy of ours over pairs and seeds."""
    some = [averaged(o.fpr, o.tpr)[1] for o in found if (o.peer, o.size, o.nominal) == (PEER, size, nominal)]
    told = [value for value in some if value is not None]
    return sum(told) / len(told)


def _rates(
    found: Sequence[Level],
    pair: str,
    size: int,
    shares: Sequence[str],
    *,
    nominal: float = 0.05,
    seeds: Sequence[int] = SEEDS["plain"],
) -> list[float | None]:
    """Means of ours over seeds in per cent: of false positives, or of the windows flagged at a share."""
    some = [
        {"fpr": one.fpr, **one.tpr}
        for one in found
        if (one.pair, one.size, one.nominal) == (pair, size, nominal) and one.seed in seeds
    ]
    return [100.0 * sum(one[name] for one in some) / len(some) if some else None for name in shares]


def _mean(rows: Sequence[Sequence[Any]]) -> list[Any]:
    columns = [
        [value for value in column if value is not None] for column in zip(*(row[1:] for row in rows), strict=True)
    ]
    return ["**mean**", *(sum(column) / len(column) if column else None for column in columns)]


def _table(head: Sequence[str], rows: Sequence[Sequence[Any]]) -> str:
    told = [[one if isinstance(one, str) else "-" if one is None else f"{one:.0f}" for one in row] for row in rows]
    return "\n".join("| " + " | ".join(row) + " |" for row in [list(head), ["---"] * len(head), *told])


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
    else:
        write(Path(sys.argv[2]))
