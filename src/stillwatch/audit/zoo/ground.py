"""What all models of the zoo stand on: texts cut into rows of tokens, some for training and some that only prompts come from."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import pyarrow.parquet as pq

from stillwatch.core import Error

__all__ = ["PROMPT", "ROW", "Ground", "lay", "learn_tokens", "texts_of", "tokens_of"]

ROW, PROMPT = 40, 8
"""Tokens of a row, and how many of these are the prompt that a response goes on from."""

HELD_OUT = 5
"""One text of so many is kept for prompts alone."""

_SHARDS = (".parquet", ".txt")

Rows = npt.NDArray[np.int64]


@dataclass(frozen=True, kw_only=True, slots=True)
class Ground:
    """Rows of human text for training, the text that each comes from, and rows whose first tokens are prompts: no model reads those."""

    rows: Rows
    text: npt.NDArray[np.int64]
    prompts: Rows
    sha256: str

    def share(self, seed: int, share: float = 0.6) -> npt.NDArray[np.int64]:
        """The places of the rows of a random share of the texts: two shares of 60 % overlap as two corpora of the web do."""
        kept = np.random.default_rng(seed).random(int(self.text.max()) + 1) < share
        return np.flatnonzero(kept[self.text])


def texts_of(folder: Path, *, characters: int = 30_000_000) -> list[str]:
    """The texts of a folder, as many characters at most, in equal parts by file where they are too many.

    Parquet files give their column `text` (and `output`, behind it, where there is one), text files their paragraphs.

    Raises:
        Error: no such files, or too little in them.
    """
    files = sorted(one for one in folder.iterdir() if one.suffix in _SHARDS) if folder.is_dir() else []
    found: list[str] = []
    each = characters // max(1, len(files))
    for file in files:
        used = 0
        for text in dict.fromkeys(_read(file)):
            if used + len(text) > each:
                break
            if len(text) >= 100 and text.isascii():
                found.append(text)
                used += len(text)
    if len(found) < 20:
        raise Error(
            f"{folder}: too little text for a zoo; name a folder of .parquet files with a column 'text', or .txt files"
        )
    return found


def _read(file: Path) -> Iterator[str]:
    if file.suffix == ".txt":
        yield from (one.strip() for one in file.read_text(errors="replace").split("\n\n"))
        return
    names = [one for one in ("text", "output") if one in pq.read_schema(file).names]
    if "text" in names:
        table = pq.read_table(file, columns=names).to_pylist()
        yield from (" ".join(one[name] for name in names if one[name]) for one in table)


def learn_tokens(texts: Iterable[str], size: int) -> str:
    """A byte-level BPE of so many tokens, as JSON."""
    from tokenizers import Tokenizer, decoders, models, pre_tokenizers, trainers

    made = Tokenizer(models.BPE())
    made.pre_tokenizer = pre_tokenizers.ByteLevel(add_prefix_space=False)
    made.decoder = decoders.ByteLevel()
    trainer = trainers.BpeTrainer(
        vocab_size=size, initial_alphabet=pre_tokenizers.ByteLevel.alphabet(), show_progress=False
    )
    made.train_from_iterator(islice(texts, 4_000), trainer)
    return str(made.to_str())


def tokens_of(known: str) -> Any:
    """The tokenizer of a JSON: `encode`, `decode`."""
    from tokenizers import Tokenizer

    return Tokenizer.from_str(known)


def lay(texts: list[str], tokens: Any, seed: int, *, least: int = 4_000) -> Ground:
    """Rows of `ROW` tokens of each text; every fifth text's rows are kept for prompts, none of which begins like another.

    Raises:
        Error: too few rows.
    """
    rng = np.random.default_rng(seed)
    held_out = rng.permutation(len(texts)) % HELD_OUT == 0
    rows: list[list[int]] = []
    text: list[int] = []
    prompts: dict[tuple[int, ...], list[int]] = {}
    for at, one in enumerate(tokens.encode_batch(texts)):
        for first in range(0, len(one.ids) - ROW + 1, ROW):
            row = one.ids[first : first + ROW]
            if held_out[at]:
                prompts.setdefault(tuple(row[:PROMPT]), row)
            else:
                rows.append(row)
                text.append(at)
    if min(len(rows), len(prompts)) < least:
        raise Error(f"corpus: {len(rows)} rows and {len(prompts)} prompts, a zoo of this size takes {least} of each")
    kept = np.array(list(prompts.values()), dtype=np.int64)
    digest = hashlib.sha256("\0".join(texts).encode()).hexdigest()
    return Ground(
        rows=np.array(rows, dtype=np.int64),
        text=np.array(text),
        prompts=kept[rng.permutation(len(kept))],
        sha256=digest,
    )
