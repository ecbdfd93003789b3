"""The prompt pack: real prompts of public corpora, which every world is written with."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import ClassVar

import numpy as np
import pyarrow.parquet as pq
from numpy.typing import NDArray

from stillwatch.core.errors import Error
from stillwatch.range.names import Names
from stillwatch.range.remarks import remarks
from stillwatch.range.seeds import stream

__all__ = ["Deck", "Pack", "Source", "find_prompts", "read_pack"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Source:
    """The prompts of one source, in the order of its file; `answers` is empty text where the source has none."""

    texts: list[str]
    langs: list[str]
    ids: list[str]
    answers: list[str]
    conversations: list[str]


@dataclass(frozen=True, kw_only=True)
class Pack:
    """Prompts by source; sources are read when they are first asked for. `one_fold` says that all of them are of one fold (`folds`)."""

    one_fold: ClassVar[bool] = False
    folder: Path
    _read: dict[str, Source] = field(default_factory=dict)
    _names: list[Names] = field(default_factory=list)
    _chosen: dict[tuple[tuple[str, ...], str | None, int, int], list[str]] = field(default_factory=dict)
    kept_sets: dict[tuple[str, ...], frozenset[str]] = field(default_factory=dict)
    """Texts of some sources as sets, for whoever must tell them from others."""

    def source(self, name: str) -> Source:
        """Return one source.

        Raises:
            Error: if the pack has no file of that name.
        """
        known = self._read.get(name)
        if known is None:
            path = self.folder / f"{name}.parquet"
            if not path.is_file():
                raise Error(f"{path.name}: not in the prompt pack; rebuild the pack with prompts/make.py --from DIR")
            table = pq.read_table(path)
            columns = {
                c: ["" if v is None else v for v in table[c].to_pylist()]
                for c in ("text", "lang", "id", "output", "conversation")
            }
            known = Source(
                texts=columns["text"],
                langs=columns["lang"],
                ids=columns["id"],
                answers=columns["output"],
                conversations=columns["conversation"],
            )
            self._read[name] = known
        return known

    def available(self) -> list[str]:
        """Names of the sources that the pack holds, in alphabetical order."""
        return sorted(path.stem for path in self.folder.glob("*.parquet"))

    def texts(self, *names: str, lang: str | None = None, longest: int = 6000, shortest: int = 0) -> list[str]:
        """Texts of several sources, one after the other, optionally of one language and within lengths in characters."""
        wanted = (names, lang, longest, shortest)
        if wanted not in self._chosen:
            self._chosen[wanted] = [
                text
                for name in names
                for text, of in zip(self.source(name).texts, self.source(name).langs, strict=True)
                if (lang is None or of == lang) and shortest <= len(text) <= longest
            ]
        return self._chosen[wanted]

    def sentences(self) -> list[str]:
        """Sentences of the English passages: what the model's prose answers are made of (their sense is not simulated)."""
        wanted = (("sentences",), "en", 0, 0)
        if wanted not in self._chosen:
            found: dict[str, None] = {}
            for text in self.passages("rag_qa", lang="en") + self.passages("summarise"):
                for sentence in text.replace("\n", " ").split(". "):
                    cut = sentence.strip().rstrip(".")
                    if 30 < len(cut) < 260 and cut.isascii():
                        found[cut + ". "] = None
            self._chosen[wanted] = list(found)
        return self._chosen[wanted]

    def shuffled(self, rng: np.random.Generator, *, most: int = 9000) -> list[str]:
        """Those sentences in random order, at most so many."""
        sentences = self.sentences()
        return [sentences[k] for k in rng.permutation(len(sentences))[:most].tolist()]

    def follow_ups(self) -> list[str]:
        """What people say next in a conversation."""
        wanted = (("follow-ups",), None, 0, 0)
        if wanted not in self._chosen:
            self._chosen[wanted] = remarks(stream(0, "pack", "remarks"), self.sentences())
        return self._chosen[wanted]

    def names(self) -> Names:
        """All texts and passages of the pack by number; a copy that the caller may add to."""
        if not self._names:
            self._names.append(Names())
            self._names[0].lengths(self._names[0].numbers(self.everything()))
        return self._names[0].copy()

    def everything(self) -> list[str]:
        """All texts and passages of the pack, sources in alphabetical order."""
        texts = [text for name in self.available() for text in self.source(name).texts]
        return texts + [text for part in ("rag_qa", "summarise") for text in self.passages(part)]

    def passages(self, part: str, *, longest: int = 2200, lang: str | None = None) -> list[str]:
        """Passages of the source benign_pipelines without its instruction line: from the first blank line to the question."""
        wanted = ((part,), lang, longest, 40)
        if wanted not in self._chosen:
            source = self.source("benign_pipelines")
            found: dict[str, None] = {}
            for text, name, of in zip(source.texts, source.ids, source.langs, strict=True):
                if name.startswith(f"{part}/") and (lang is None or of == lang):
                    body = text.split("\n\n", 1)[-1].removeprefix("Context:\n").split("\n\nQuestion:")[0]
                    if 40 < len(body) <= longest:
                        found[body] = None
            self._chosen[wanted] = list(found)
        return self._chosen[wanted]


class Deck:
    """Draws numbers 0..size-1 without repeating one until all were drawn; then shuffles again."""

    def __init__(self, size: int, rng: np.random.Generator) -> None:
        self._size, self._rng, self._at = size, rng, 0
        self._cards = rng.permutation(size)

    def draw(self, count: int) -> NDArray[np.int64]:
        """The next `count` numbers."""
        parts: list[NDArray[np.int64]] = []
        while count > 0:
            if self._at == self._size:
                self._cards, self._at = self._rng.permutation(self._size), 0
            part = self._cards[self._at : self._at + count]
            parts.append(part)
            self._at += len(part)
            count -= len(part)
        return np.concatenate(parts) if parts else np.zeros(0, np.int64)


def find_prompts(prompts: Path | None = None) -> Path:
    """Find the folder of the prompt pack: the one given, or `prompts/` of the repository this code runs from.

    Raises:
        Error: if there is none. The wheel does not carry the pack.
    """
    folder = prompts if prompts is not None else Path(__file__).resolve().parents[3] / "prompts"
    if not folder.is_dir() or not any(folder.glob("*.parquet")):
        raise Error(
            "prompts: no prompt pack there. The pack is in the repository's folder prompts/ and not in the wheel: "
            "run from a clone, or pass the folder of a pack"
        )
    return folder


def read_pack(prompts: Path | None = None) -> Pack:
    """Open the prompt pack; the same folder is read once in a process."""
    return _pack(find_prompts(prompts).resolve())


@cache
def _pack(folder: Path) -> Pack:
    return Pack(folder=folder)
