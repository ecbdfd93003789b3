"""Time the text kernels on one core: microseconds of CPU an exchange, by kernel, and beside a peer where it is installed.

    python bench/text.py [prompts.parquet]

Without a file (column `text`) it renders templates over random words. Prints JSON. scikit-learn's HashingVectorizer (word 1-2-grams)
is timed as a peer where it can be imported; it does the counting part of the projection only.
"""

from __future__ import annotations

import json
import sys
import time
import tracemalloc
from collections.abc import Callable

import numpy as np
import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from stillwatch.text import Projection, anchors, asking, cells, elicitation, prompt_hashes, skeletons, text_features
from stillwatch.text.normal import arrow, normal, portions
from stillwatch.text.words import of

ROWS, SIZE = 8192, 1024
SYSTEM = "You are an expert data analyst. Answer with care, cite your sources, and say so when you do not know."


def rendered() -> pa.Array:
    rng = np.random.default_rng(7)
    letters = np.array(list("etaoinshrdlucmfwypvbgk"))
    lengths = np.clip(rng.poisson(4.2, 20000), 1, 14)
    bag = np.array(["".join(rng.choice(letters, n)) for n in lengths])
    zipf = 1 / np.arange(1, len(bag) + 1)
    drawn = rng.choice(bag, size=(ROWS, 220), p=zipf / zipf.sum())
    return pa.array(
        [
            f'Question {i}: read "{" ".join(row[:3])}" and say why. {" ".join(row)}.'[:SIZE]
            for i, row in enumerate(drawn)
        ]
    )


def read(path: str) -> pa.Array:
    text = pq.read_table(path, columns=["text"])["text"].combine_chunks()
    text = pc.utf8_slice_codeunits(text.filter(pc.greater_equal(pc.utf8_length(text), SIZE)), 0, SIZE)
    return text.slice(0, ROWS)


def cpu(work: Callable[[], object], rows: int, repeats: int = 3) -> float:
    work()
    best = float("inf")
    for _ in range(repeats):
        began = time.process_time()
        work()
        best = min(best, time.process_time() - began)
    return round(best / rows * 1e6, 2)


def main() -> None:
    pa.set_cpu_count(1)
    prompt = read(sys.argv[1]) if len(sys.argv) > 1 else rendered()
    n = len(prompt)
    system, none = pa.array([SYSTEM] * n), pa.nulls(n, pa.string())
    texts = [normal(part) for part in portions(arrow(prompt))]
    read_words = [of(text) for text in texts]
    topics = Projection()
    result: dict[str, object] = {
        "rows": n,
        "bytes_a_row": round(sum(len(text.codes) for text in texts) / n),
        "words_a_row": round(sum(len(words.hash) for words in read_words) / n),
        "microseconds_of_cpu_an_exchange": {
            "all": cpu(lambda: text_features(prompt, system, none, none, salt=1), n),
            "normal": cpu(lambda: [normal(part) for part in portions(arrow(prompt))], n),
            "words": cpu(lambda: [of(text) for text in texts], n),
            "anchors": cpu(lambda: [anchors(words, salt=1) for words in read_words], n),
            "skeleton": cpu(lambda: [skeletons(words, salt=1) for words in read_words], n),
            "hash": cpu(lambda: [prompt_hashes(words, salt=1) for words in read_words], n),
            "projection (not part of all)": cpu(lambda: [topics.sums(words) for words in read_words], n),
            "cells": cpu(lambda: [cells(words) for words in read_words], n),
            "elicitation": cpu(lambda: [elicitation(words) for words in read_words], n),
            "asking": cpu(lambda: [asking(words) for words in read_words], n),
        },
    }
    tracemalloc.start()
    pool = pa.default_memory_pool()
    before = pool.bytes_allocated()
    text_features(prompt, system, none, none, salt=1)
    result["peak_megabytes"] = {
        "python_and_numpy": round(tracemalloc.get_traced_memory()[1] / 1e6, 1),
        "arrow_at_most": round(max(pool.max_memory() - before, 0) / 1e6, 1),
    }
    tracemalloc.stop()
    try:
        from sklearn.feature_extraction.text import HashingVectorizer
    except ImportError:
        result["peer"] = "scikit-learn is not installed"
    else:
        peer = HashingVectorizer(ngram_range=(1, 2), n_features=1 << 18)
        rows = prompt.to_pylist()
        result["peer"] = {"HashingVectorizer(ngram_range=(1, 2))": cpu(lambda: peer.transform(rows), n, 1)}
    print(json.dumps(result, indent=2))


if __name__ == "__main__":
    main()
