"""Runs inside unmimic's own environment: its input guard over prompts in a folder. Knows nothing of Stillwatch.

`task.json` says what to do. `pieces` writes every text that the guard would embed to `pieces.json`; `verdicts` runs the guard on
`prompts.json` and writes `verdicts.json`, one [action, score] a prompt. Where the task brings `vectors.npy` (one row a piece), they
stand in for the sentence model; else the model named in the task, or unmimic's own, is loaded without touching a network.
"""

from __future__ import annotations

import importlib
import json
import os
import sys
from pathlib import Path
from typing import Any

__all__ = ["main"]


def main(folder: Path) -> None:
    """Do the task in `folder`."""
    os.environ["HF_HUB_OFFLINE"] = "1"
    task = json.loads((folder / "task.json").read_text(encoding="utf-8"))
    guard = importlib.import_module("unmimic.guards.input.extraction")
    corpus = importlib.import_module("unmimic.corpus")
    bundled = importlib.import_module("unmimic.resources").bundled
    families = corpus.load_families(bundled("attacks/public"))
    normal = task["normal"] + corpus.load_prompts(bundled("benign/hard_negatives.yaml"))
    prompts = json.loads((folder / "prompts.json").read_text(encoding="utf-8"))
    if task["do"] == "pieces":
        told = [example for family in families for example in family.examples]
        told += [piece for prompt in (*normal, *prompts) for piece in guard.chunks(prompt)]
        (folder / "pieces.json").write_text(json.dumps(list(dict.fromkeys(told))), encoding="utf-8")
        return
    _encode_with(guard, folder, task)
    made = guard.ExtractionGuard(families=families, benign=normal, cache_dir=folder / "cache")
    context = importlib.import_module("unmimic.plugins").Context(account_id="")
    verdicts = [made.check({"messages": [{"role": "user", "content": prompt}]}, context) for prompt in prompts]
    told = [[one.action, one.score] for one in verdicts]
    (folder / "verdicts.json").write_text(json.dumps(told), encoding="utf-8")


def _encode_with(guard: Any, folder: Path, task: dict[str, Any]) -> None:
    if (folder / "vectors.npy").is_file():
        numpy = importlib.import_module("numpy")
        pieces = json.loads((folder / "pieces.json").read_text(encoding="utf-8"))
        rows = numpy.load(folder / "vectors.npy")
        place = {piece: row for row, piece in enumerate(pieces)}
        guard.embed = lambda texts: rows[[place[text] for text in texts]]
        guard.embed_cached = lambda texts, cache: guard.embed(texts)
    elif task["model"]:
        embeddings = importlib.import_module("unmimic.embeddings")
        guard.embed = lambda texts: embeddings.embed(texts, task["model"])
        guard.embed_cached = lambda texts, cache: embeddings.embed_cached(texts, cache, task["model"])


if __name__ == "__main__":
    main(Path(sys.argv[1]))
