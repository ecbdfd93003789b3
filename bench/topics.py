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
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.range.windows import WindowsResult, joined, run_windows
from stillwatch.range.windows.pairs import Found, find_pairs, read_texts

PEER = "ours-topics"
WORDS = 12
SIZES = {"plain": (100, 1500), "letters": (1500,)}
SEEDS = {"plain": (1, 20, 42), "letters": (42,)}
BENCHMARKS = Path(__file__).parents[1] / "docs" / "benchmarks"
_TEXT = """# Topic statistics on windows

Written by `bench/topics.py` from `accounts-windows.json`. The window protocol of arXiv 2606.05725 (`docs/benchmarks/range-windows.json`) on ten pairs
rebuilt from public sources, seeds 1, 20 and 42, 50 windows a cell, 1,000 null windows, threshold at their 95th percentile; the
method is `ours-topics` (`stillwatch.range.peers.topics`). Per cent of windows flagged, mean of seeds; letters only: seed 42.

Developed on the SST-2, AG News and hate speech pairs with seeds 7 and 8. All other pairs, and these seeds, were looked at once, for this page.

An honest 5 % level caps balanced accuracy at 97.5 %: a method that flags the nominal 5 % of benign windows and every other window reaches no
more. The mean here is {accuracy} queries. MMD as released flags far fewer than 5 % because its null does not match what it tests.

**The null is not exact.** A likely reason, not yet tested: benign texts are measured by three quarters of the pool, and these hold the mates that a null window is drawn with; a test
window's mates are never among them. Words that mates share are new together in a test window and not in a null window, so honest windows
spread more than the null says. Over all cells the rates of false positives are near the nominal 5 %, on medical questions far above it; with a pool
of a few hundred texts 7 of 16 honest windows were flagged (`tests/range/peers/test_topics_of_windows.py` holds that as an expected failure).
Read the power below beside each pair's own false-positive rate.

## Windows of 1,500, by the attacker's share

{large}

*Letters* are the first twelve words of each text, letters alone, in lower case: no length, no end, no punctuation; a dash where this was not measured.

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


def run(data: Path, parts: Path, corpora: Sequence[str] = ()) -> None:
    """Measure every corpus of the folder `data` that is not yet in `parts`."""
    parts.mkdir(parents=True, exist_ok=True)
    found, _ = find_pairs(data)
    for spelling, seeds in SEEDS.items():
        for corpus in dict.fromkeys(one.benign for one in found):
            kept = parts / f"{spelling}-{corpus}.json"
            if not kept.exists() and (not corpora or corpus in corpora):
                pairs = [one for one in found if one.benign == corpus]
                begun = time.process_time()
                with tempfile.TemporaryDirectory() as folder:
                    where = data if spelling == "plain" else _letters(pairs, Path(folder))
                    names = [one.pair.name for one in pairs]
                    part = run_windows(where, seeds=seeds, sizes=SIZES[spelling], peers=[PEER], pairs=names)
                kept.write_bytes(msgspec.json.encode(part))
                print(f"{spelling} {corpus}: {time.process_time() - begun:.0f} s of a core", flush=True)


def _letters(pairs: Sequence[Found], folder: Path) -> Path:
    """The first words of the texts of these pairs, letters and spaces alone, in files of the same names."""
    for path in {path for one in pairs for path in (one.normal, one.attacker)}:
        texts = [" ".join(_NOT_LETTERS.sub(" ", text).casefold().split()[:WORDS]) for text in read_texts(path)]
        pq.write_table(pa.table({"text": [text for text in texts if text]}), folder / f"{path.stem}.parquet")
    return folder


def read(parts: Path, spelling: str) -> WindowsResult | None:
    """All parts of one spelling, as one run, if any was measured."""
    files = sorted(parts.glob(f"{spelling}-*.json"))
    return None if not files else joined([msgspec.json.decode(file.read_bytes(), type=WindowsResult) for file in files])


def write(parts: Path) -> None:
    """Write what was measured to the JSON file and the page of the benchmark."""
    plain, letters = read(parts, "plain"), read(parts, "letters")
    if plain is None:
        raise SystemExit(f"{parts}: nothing was measured")
    told = {
        "form": "stillwatch.range.windows/1",
        "protocol": plain.to_dict(),
        "letters_only": letters and letters.to_dict(),
    }
    whole = msgspec.json.format(msgspec.json.encode(told), indent=1)
    (BENCHMARKS / "accounts-windows.json").write_bytes(whole + b"\n")
    (BENCHMARKS / "accounts-windows.md").write_text(_page(plain, letters), encoding="utf-8")


def _page(plain: WindowsResult, letters: WindowsResult | None) -> str:
    others = msgspec.json.decode((BENCHMARKS / "range-windows.json").read_bytes())["protocol"]["cells"]
    rows = [dict(zip(others["columns"], row, strict=True)) for row in others["rows"]]
    mine, bare = _cells(plain), _cells(letters) if letters else []
    large = [
        [
            pair,
            *_rates(mine, pair, 1500, ("0.05", "0.1", "1")),
            *_rates(bare, pair, 1500, ("0.05", "0.1")),
            *_rates(rows, pair, 1500, ("0.05", "0.1"), "mmd-matched"),
            *_rates(rows, pair, 1500, ("0.05", "0.1"), "mmd"),
        ]
        for pair in _pairs(plain)
    ]
    small = [
        [
            pair,
            *_rates(mine, pair, 100, ("0.25", "1")),
            *_rates(rows, pair, 100, ("0.25", "1"), "mmd-matched"),
            *_rates(rows, pair, 100, ("0.25", "1"), "mmd"),
        ]
        for pair in _pairs(plain)
    ]
    large_head = [
        "pair",
        "FPR",
        "5 %",
        "10 %",
        "pure",
        "letters: FPR",
        "5 %",
        "10 %",
        "MMD matched: FPR",
        "5 %",
        "10 %",
        "MMD as released: FPR",
        "5 %",
        "10 %",
    ]
    small_head = [
        "pair",
        "FPR",
        "25 %",
        "pure",
        "MMD matched: FPR",
        "25 %",
        "pure",
        "MMD as released: FPR",
        "25 %",
        "pure",
    ]
    return _TEXT.format(
        large=_table(large_head, [*large, _mean(large)]),
        small=_table(small_head, [*small, _mean(small)]),
        given_away="\n".join(f"- {names}: {why}" for names, why in _GIVEN_AWAY.items()),
        seconds=sum(plain.cpu_seconds.values()),
        accuracy=" and ".join(
            f"{one.balanced_accuracy.value:.1%} at {one.size:,}"
            for one in plain.summaries
            if one.over == "all" and one.balanced_accuracy is not None
        ),
    )


_Cells = list[dict[str, Any]]


def _cells(found: WindowsResult) -> _Cells:
    return [
        {"pair": c.pair, "size": c.size, "peer": c.peer, "fpr": c.fpr, **{f"tpr {s}": v for s, v in c.tpr.items()}}
        for c in found.cells
    ]


def _pairs(found: WindowsResult) -> list[str]:
    return [pair.name for pair in found.pairs]


def _rates(cells: _Cells, pair: str, size: int, shares: Sequence[str], peer: str = PEER) -> list[float | None]:
    """The mean over seeds of the false-positive rate and of the rate at each share, in per cent."""
    some = [one for one in cells if (one["pair"], one["size"], one["peer"]) == (pair, size, peer)]
    names = ["fpr", *(f"tpr {share}" for share in shares)]
    return [100.0 * sum(one[name] for one in some) / len(some) if some else None for name in names]


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
