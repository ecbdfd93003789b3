"""Make the registry of known items from the pack: `python prompts/make_known_items.py`.

Takes the sources of public question sets that graded answers exist for, each once: near kin are one set (`SETS`). An item is left out when
it is shorter than 8 words, or when fewer than three of its 6-word shingles stand in no other item: then an earlier item, or a stock
phrase, holds it. What is kept of an item are the three shingles of smallest hash, as 28-bit numbers.
"""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path

import numpy as np
import pyarrow.parquet as pq

from stillwatch.text import words
from stillwatch.text.known_items import KEPT, fingerprints, packed

HERE = Path(__file__).parent
OUT = HERE.parent / "src" / "stillwatch" / "text" / "known_items.xz"

SETS = {
    "arithmetic_word_problems": ("arithmetic_word_problems",),
    "commonsenseqa": ("commonsenseqa",),
    "exercism": ("polyglot_exercism",),
    "gsm8k": ("gsm8k_train", "gsm8k_test"),
    "humaneval": ("humaneval",),
    "math": ("math_train_8k",),
    "mbpp": ("mbpp_plus",),
    "mmlu": ("mmlu",),
    "mt_bench": ("mt_bench",),
}

LEAST_WORDS = 8


def main() -> None:
    """Write the registry and say how many items each set has."""
    texts: list[str] = []
    number: list[int] = []
    for place, sources in enumerate(SETS.values()):
        for source in sources:
            rows = pq.read_table(HERE / f"{source}.parquet", columns=["text"]).column("text").to_pylist()
            texts += rows
            number += [place] * len(rows)
    read = words(texts)
    mark, row = fingerprints(read)
    # A copy of an item shares all its shingles: the first of equal texts is kept, so that its shingles count as its own.
    _, first = np.unique([read.hash[a:b].tobytes() for a, b in pairwise(read.offset)], return_index=True)
    kept = np.isin(row, first)
    pairs = np.unique(np.stack([row[kept], mark[kept].astype(np.int64)], axis=1), axis=0)
    _, where, times = np.unique(pairs[:, 1], return_inverse=True, return_counts=True)
    own = pairs[times[where] == 1]
    count = np.bincount(own[:, 0], minlength=read.rows)
    able = np.flatnonzero((count >= KEPT) & (read.counts >= LEAST_WORDS))
    begin = np.searchsorted(own[:, 0], able)
    marks = own[begin[:, None] + np.arange(KEPT), 1].astype(np.uint32)
    items = np.bincount(np.array(number)[able], minlength=len(SETS))
    OUT.write_bytes(packed(list(SETS), marks, items))
    for name, n, all_ in zip(SETS, items.tolist(), np.bincount(number).tolist(), strict=True):
        print(f"{name}: {n:,} of {all_:,} items")  # noqa: T201


if __name__ == "__main__":
    main()
