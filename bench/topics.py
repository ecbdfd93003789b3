"""Topic statistics on the window protocol of arXiv 2606.05725: what they reach, and what is left when only letters are.

`python bench/topics.py run DATA PARTS` measures one corpus after another and keeps each in PARTS; `... write PARTS` joins what is there
into docs/benchmarks/accounts-windows.json and its page. Run it again to go on.

The second run reads every text with all but letters taken out and in lower case. Rebuilt pairs were put together from sources that spell
and tokenise differently; what is found only in the first run is an artefact of rebuilding and no finding.
"""

from __future__ import annotations

import re
import sys
import tempfile
import time
from collections.abc import Sequence
from pathlib import Path

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.range.windows import WindowsResult, joined, run_windows
from stillwatch.range.windows.pairs import Found, find_pairs, read_texts

PEER = "ours-topics"
SIZES = (100, 1500)
SEEDS = {"plain": (1, 20, 42), "letters": (42,)}
BENCHMARKS = Path(__file__).parents[1] / "docs" / "benchmarks"
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
                    part = run_windows(where, seeds=seeds, sizes=SIZES, peers=[PEER], pairs=names)
                kept.write_bytes(msgspec.json.encode(part))
                print(f"{spelling} {corpus}: {time.process_time() - begun:.0f} s of a core", flush=True)


def _letters(pairs: Sequence[Found], folder: Path) -> Path:
    """The texts of these pairs again, letters and spaces alone, in files of the same names."""
    for path in {path for one in pairs for path in (one.normal, one.attacker)}:
        texts = [_NOT_LETTERS.sub(" ", text).casefold().strip() for text in read_texts(path)]
        pq.write_table(pa.table({"text": [text for text in texts if text]}), folder / f"{path.stem}.parquet")
    return folder


def read(parts: Path, spelling: str) -> WindowsResult:
    """All parts of one spelling, as one run."""
    files = sorted(parts.glob(f"{spelling}-*.json"))
    return joined([msgspec.json.decode(file.read_bytes(), type=WindowsResult) for file in files])


if __name__ == "__main__":
    if sys.argv[1] == "run":
        run(Path(sys.argv[2]), Path(sys.argv[3]), sys.argv[4:])
