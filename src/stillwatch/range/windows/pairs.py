"""The pairs of benign and attacking queries of arXiv 2606.05725: where their texts lie, and how ours differ from the paper's.

A folder may hold the paper's own layout (`<pair>/normal/queries.jsonl`, `<pair>/attacker/queries.jsonl`, field `query`) or rebuilt
approximations (`<corpus>__normal.parquet`, `<name>__attacker.parquet`, column `text`). The paper's own come first.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.errors import Error

__all__ = ["PAIRS", "Found", "Missing", "Pair", "find_pairs", "read_texts"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Pair:
    """One pair under the paper's name, the benign corpus it shares with others, and what the rebuilt one differs in."""

    name: str
    corpus: str
    normal: tuple[str, ...] = ()
    attacker: str | None = None
    differs: str = ""


_SQUAD = (
    "20,000 of 87,599 benign items (sentence and question, lower-cased tokens), attacker texts rebuilt from WikiText-2"
)
_SST2 = "6,911 of 67,349 benign sentences, attacker texts rebuilt from WikiText-2"
_MEAEQ = "attacker sentences chosen by a static embedding instead of NLI"
_HATE = ("hate__normal", "hate_speech_posts")

PAIRS = (
    Pair(name="ME_BERT_boolq_random", corpus="boolq"),
    Pair(name="ME_BERT_boolq_wiki", corpus="boolq"),
    Pair(name="ME_BERT_mnli_random", corpus="mnli"),
    Pair(name="ME_BERT_mnli_wiki", corpus="mnli"),
    Pair(
        name="ME_BERT_squad_random",
        corpus="squad",
        normal=("squad__normal",),
        attacker="squad_random__attacker",
        differs=_SQUAD,
    ),
    Pair(
        name="ME_BERT_squad_wiki",
        corpus="squad",
        normal=("squad__normal",),
        attacker="squad_wiki__attacker",
        differs=_SQUAD,
    ),
    Pair(
        name="ME_BERT_sst2_random",
        corpus="sst2",
        normal=("sst2__normal",),
        attacker="sst2_random__attacker",
        differs=_SST2,
    ),
    Pair(
        name="ME_BERT_sst2_wiki", corpus="sst2", normal=("sst2__normal",), attacker="sst2_wiki__attacker", differs=_SST2
    ),
    Pair(
        name="Meaeq_AGNEWS",
        corpus="agnews",
        normal=("agnews__normal",),
        attacker="meaeq_agnews__attacker",
        differs=f"7,600 test items of 10,000 benign; {_MEAEQ}",
    ),
    Pair(
        name="Meaeq_HATESPEECH",
        corpus="hate",
        normal=_HATE,
        attacker="meaeq_hate__attacker",
        differs=f"the same benign data set; {_MEAEQ}",
    ),
    Pair(
        name="Meaeq_IMDB",
        corpus="imdb",
        normal=("imdb__normal",),
        attacker="meaeq_imdb__attacker",
        differs=f"1,998 other film reviews for 10,000 benign; {_MEAEQ}",
    ),
    Pair(
        name="Meaeq_SST-2",
        corpus="sst2",
        normal=("sst2__normal",),
        attacker="meaeq_sst2__attacker",
        differs=f"6,911 benign sentences for 10,000; {_MEAEQ}",
    ),
    Pair(
        name="Query_efficent_med",
        corpus="med",
        normal=("med__normal",),
        attacker="med__attacker",
        differs="other medical questions on both sides: 5,446 benign for 9,896, 1,500 attacking for 500",
    ),
    Pair(
        name="model_leeching",
        corpus="squad",
        normal=("squad__normal",),
        attacker="model_leeching__attacker",
        differs="the same kind of items, benign 20,000 for 10,062, under an extraction prompt of our own",
    ),
)
"""All fourteen; those without file names were never rebuilt and are read only in the paper's own layout."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Found:
    """A pair whose texts are at hand; `rebuilt` is false for the paper's own."""

    pair: Pair
    normal: Path
    attacker: Path
    rebuilt: bool

    @property
    def benign(self) -> str:
        """Names the benign texts: rebuilt pairs of one corpus share them, and so their split and whatever is fitted to it."""
        return self.pair.corpus if self.rebuilt else self.pair.name


@dataclass(frozen=True, kw_only=True, slots=True)
class Missing:
    """A pair that is left out, and why."""

    name: str
    reason: str


def find_pairs(data: Path, only: tuple[str, ...] | None = None) -> tuple[list[Found], list[Missing]]:
    """Which of the fourteen pairs (or of `only`) the folder `data` holds, in the order of the paper's table.

    Rebuilt files are looked for in `data`, in its folders `windows` and `prompts`, and in a folder `prompts` beside it.

    Raises:
        Error: if the folder does not exist, a name in `only` is unknown, or no pair is found at all.
    """
    if not data.is_dir():
        raise Error(f"{data}: no such folder; expected one that holds pairs such as squad__normal.parquet")
    known = {pair.name: pair for pair in PAIRS}
    unknown = [name for name in only or () if name not in known]
    if unknown:
        raise Error(f"pairs: got {', '.join(unknown)}, expected among {', '.join(known)}")
    found: list[Found] = []
    missing: list[Missing] = []
    for pair in PAIRS:
        if only is None or pair.name in only:
            one = _find(data, pair)
            if isinstance(one, Found):
                found.append(one)
            else:
                missing.append(one)
    if not found:
        raise Error(f"{data}: holds none of the pairs; {missing[0].name}: {missing[0].reason}")
    return found, missing


def _find(data: Path, pair: Pair) -> Found | Missing:
    own = [data / pair.name / side / "queries.jsonl" for side in ("normal", "attacker")]
    if all(path.is_file() for path in own):
        return Found(pair=pair, normal=own[0], attacker=own[1], rebuilt=False)
    if pair.attacker is None:
        return Missing(name=pair.name, reason=f"never rebuilt, and {pair.name}/normal/queries.jsonl is not there")
    normal, attacker = _file(data, pair.normal), _file(data, (pair.attacker,))
    if normal is None or attacker is None:
        absent = pair.normal[0] if normal is None else pair.attacker
        return Missing(name=pair.name, reason=f"{absent}.parquet is not there")
    return Found(pair=pair, normal=normal, attacker=attacker, rebuilt=True)


def _file(data: Path, names: tuple[str, ...]) -> Path | None:
    for folder in (data, data / "windows", data / "prompts", data.parent / "prompts"):
        for name in names:
            path = folder / f"{name}.parquet"
            if path.is_file():
                return path
    return None


def read_texts(path: Path) -> list[str]:
    """The texts of one file in their order, blank ones left out.

    Raises:
        Error: if the file cannot be read, has no texts, or has them in another column.
    """
    texts = _json_lines(path) if path.suffix == ".jsonl" else _parquet(path)
    kept = [text.strip() for text in texts if text and text.strip()]
    if not kept:
        raise Error(f"{path.name}: holds no texts")
    return kept


def _parquet(path: Path) -> list[str | None]:
    try:
        names = pq.read_schema(path).names
        if "text" not in names:
            raise Error(f"{path.name}: got columns {', '.join(names)}, expected a column text")
        texts: list[str | None] = pq.read_table(path, columns=["text"])["text"].cast(pa.string()).to_pylist()
    except (OSError, pa.ArrowException) as error:
        raise Error(f"{path.name}: cannot be read as Parquet ({type(error).__name__})") from error
    return texts


def _json_lines(path: Path) -> list[str | None]:
    texts: list[str | None] = []
    for number, line in enumerate(path.read_bytes().splitlines(), start=1):
        if not line.strip():
            continue
        try:
            row: Any = msgspec.json.decode(line)
        except msgspec.DecodeError as error:
            raise Error(f"{path.name}:{number}: is not JSON") from error
        text = row.get("query") if isinstance(row, dict) else None
        if text is not None and not isinstance(text, str):
            raise Error(f"{path.name}:{number}: query: got {type(text).__name__}, expected text")
        texts.append(text)
    return texts
