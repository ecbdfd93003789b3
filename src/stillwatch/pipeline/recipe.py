"""What shapes a chunk's rows besides the log itself: when it changes, the chunk is done again and its rows are replaced."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from stillwatch.ingest import Chunk
from stillwatch.pipeline.stage import FEATURES_VERSION, Context

__all__ = ["Recipe", "outdated", "recipes"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Recipe:
    """How a chunk is read and featurised, as two fingerprints; `telemetry` is unknown where none was given."""

    reading: str
    telemetry: str | None

    def made(self, told: Mapping[str, Any]) -> bool:
        """Whether a chunk with these notes in the manifest was made like this.

        A scan that is given no telemetry keeps what an earlier one learnt from it, as it keeps account facts.
        """
        return told.get("reading") == self.reading and self.telemetry in (None, told.get("telemetry"))


def recipes(chunks: Iterable[Chunk], context: Context) -> dict[str, Recipe]:
    """The recipe of each chunk by its id. A column mapping counts by its content, for the logs that are read with it."""
    options = context.options
    common = {
        "features": FEATURES_VERSION,
        "default_account": options.default_account,
        "max_line_bytes": options.max_line_bytes,
        "max_document_bytes": options.max_document_bytes,
        "future_hours": context.future_hours,
        "scaffolds": [[one.name, one.marks.tolist()] for one in context.scaffolds],
    }
    plain = _fingerprint(common)
    mapped = plain
    if options.mapping is not None:
        mapped = _fingerprint({**common, "mapping": hashlib.blake2b(options.mapping.read_bytes()).hexdigest()})
    telemetry = None if context.telemetry is None else _fingerprint(sorted(context.telemetry))
    return {
        chunk.id: Recipe(reading=mapped if chunk.format == "columns" else plain, telemetry=telemetry)
        for chunk in chunks
    }


def outdated(done: Mapping[str, Mapping[str, Any]], made_by: Mapping[str, Recipe]) -> set[str]:
    """Chunks that are in, and that a plan would make otherwise: by another recipe, or by cutting the same file at other places."""
    files = {_file(chunk) for chunk in made_by}
    return {
        chunk
        for chunk, told in done.items()
        if (not made_by[chunk].made(told) if chunk in made_by else _file(chunk) in files)
    }


def _file(chunk: str) -> str:
    """The part of a chunk's id that names its file by content."""
    return chunk.partition(":")[0]


def _fingerprint(told: object) -> str:
    return hashlib.blake2b(json.dumps(told, sort_keys=True).encode(), digest_size=8).hexdigest()
