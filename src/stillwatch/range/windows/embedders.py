"""Texts to vectors for the window protocol. The paper's own (bge-small-en-v1.5) is in no package; these stand in for it, by name."""

from __future__ import annotations

import importlib
import importlib.metadata
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Protocol

import numpy as np

from stillwatch.core.errors import Error
from stillwatch.range.peers.window_peer import Vectors
from stillwatch.text import Meanings, Projection, meaning_vectors, words

__all__ = ["EMBEDDERS", "HashedWords", "Meaning", "Static", "WindowEmbedder", "embedder"]


class WindowEmbedder(Protocol):
    """Turns texts into vectors of length 1; name and version stand beside every figure that rests on it."""

    @property
    def name(self) -> str:
        """What it is called."""

    @property
    def version(self) -> str:
        """Changes whenever a vector would."""

    def embed(self, texts: Sequence[str]) -> Vectors:
        """One row a text, float32, of length 1 or all zero."""


class HashedWords:
    """Ours: the signed sparse projection of hashed words and word pairs that the product uses. It knows no meaning."""

    def __init__(self, dim: int = 64) -> None:
        self._projection = Projection(dim)
        self.name = f"hashed-words-{dim}"
        self.version = self._projection.version

    def embed(self, texts: Sequence[str]) -> Vectors:
        return self._projection.embed(words(list(texts)))


class Meaning:
    """Ours: the table of words and pieces of words in several languages that the product reads topics with."""

    name, version = "static-table-64", "1"

    def __init__(self, by: Meanings | None = None) -> None:
        self._by = by

    def embed(self, texts: Sequence[str]) -> Vectors:
        return meaning_vectors(list(texts), self._by)


class Static:
    """Static token vectors of the package `wordllama` (256 dimensions), if it is installed: rough meaning, English mostly."""

    name = "wordllama-256"

    def __init__(self) -> None:
        module = _package("wordllama", self.name)
        self.version = importlib.metadata.version("wordllama")
        folder = Path(str(module.__file__)).parent
        self._model: Any = module.WordLlama.load(cache_dir=folder, disable_download=True)

    def embed(self, texts: Sequence[str]) -> Vectors:
        rows = np.concatenate([np.asarray(self._model.embed([text]), dtype=np.float32) for text in texts])
        return _unit(rows)


EMBEDDERS: dict[str, Callable[[], WindowEmbedder]] = {
    "hashed-words": HashedWords,
    "hashed-words-256": lambda: HashedWords(256),
    "static-table": Meaning,
    "wordllama": Static,
}
"""Embedders by the name that the command line takes."""


def embedder(name: str = "hashed-words") -> WindowEmbedder:
    """The embedder of this name, ready.

    Raises:
        Error: if there is none of this name, or its package is not installed.
    """
    if name not in EMBEDDERS:
        raise Error(f"embedder: got {name}, expected one of {', '.join(EMBEDDERS)}")
    return EMBEDDERS[name]()


def _package(package: str, name: str) -> Any:
    try:
        return importlib.import_module(package)
    except ImportError as error:
        raise Error(
            f"{name}: needs the package {package}, which is not installed; choose hashed-words or install it"
        ) from error


def _unit(rows: Vectors) -> Vectors:
    length = np.sqrt(np.einsum("ij,ij->i", rows, rows))
    unit: Vectors = (rows / np.maximum(length, np.float32(1e-12))[:, None]).astype(np.float32)
    unit[length < 1e-12] = 0.0
    return unit
