"""The texts that the elicitation model learns from and is judged on: written requests, and ordinary prompts by source."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import numpy.typing as npt
import pyarrow as pa
import pyarrow.parquet as pq

from stillwatch.core.records import Technique
from stillwatch.range.splits import KIN, Fold
from stillwatch.text._mixing import Bits, Places
from stillwatch.text.asking import KINDS, ends, features_of
from stillwatch.text.normal import arrow, normal, portions
from stillwatch.text.words import Words, of

ROOT = Path(__file__).resolve().parent.parent
WRITERS = {
    "train": ("ada", "bea", "carl", "dora", "ines", "kai", "lena"),
    "test": ("emil", "fay", "gus", "hana", "jan", "mira"),
}
KIND_OF = {
    **{technique.value: place for place, technique in enumerate(KINDS)},
    "language_pinned": KINDS.index(Technique.THINKING_LANGUAGE),
    "autograding": KINDS.index(Technique.RUBRIC_GRADING),
}
"""A writer's word for a kind, as the model's column."""


@dataclass(frozen=True, kw_only=True)
class Texts:
    """Texts with what is known of them: source (a writer, or a set of prompts), language, kind asked for (-1: none), and whether it is a
    near miss of a kind (`near`, -1: no)."""

    text: npt.NDArray[np.object_]
    source: npt.NDArray[np.str_]
    language: npt.NDArray[np.str_]
    kind: Places
    near: Places

    def at(self, which: npt.NDArray[np.bool_]) -> Texts:
        """Some of the texts."""
        return Texts(**{name: getattr(self, name)[which] for name in self.__dataclass_fields__})


def written(side: str) -> Texts:
    """What the writers of one side wrote."""
    tables = [(one, pq.read_table(ROOT / "prompts" / "elicitation" / side / f"{one}.parquet")) for one in WRITERS[side]]
    rows = [{**row, "source": writer} for writer, table in tables for row in table.to_pylist()]
    kind = np.array([KIND_OF[row["kind"]] for row in rows])
    near = np.array([row["near"] for row in rows])
    return Texts(
        text=np.array([row["text"] for row in rows], dtype=object),
        source=np.array([row["source"] for row in rows]),
        language=np.array([row["language"] for row in rows]),
        kind=np.where(near, -1, kind),
        near=np.where(near, kind, -1),
    )


def ordinary(fold: Fold) -> Texts:
    """Ordinary prompts of one fold of the range's split, each text once."""
    seen: dict[str, tuple[str, str]] = {}
    for source in (source for kin in KIN if kin.fold is fold for source in kin.sources):
        name, _, part = source.partition("/")
        for row in pq.read_table(ROOT / "prompts" / f"{name}.parquet", columns=["id", "text", "lang"]).to_pylist():
            if row["id"].startswith(part):
                seen.setdefault(row["text"], (source, row["lang"] or "unknown"))
    none = np.full(len(seen), -1)
    return Texts(
        text=np.array(list(seen), dtype=object),
        source=np.array([source for source, _ in seen.values()]),
        language=np.array([language for _, language in seen.values()]),
        kind=none,
        near=none,
    )


def features(texts: Texts) -> tuple[Bits, Places]:
    """Features of all texts and the text of each one, as `asking` reads them."""
    return _gathered(texts, lambda found: (*features_of(found), np.arange(found.rows)))[:2]


def features_of_ends(texts: Texts) -> tuple[Bits, Places, Places]:
    """Features of the ends of all texts, the end of each one, and the text of each end."""

    def cut(found: Words) -> tuple[Bits, Places, Places]:
        parts, row = ends(found)
        return (*features_of(parts), row)

    return _gathered(texts, cut)


def _gathered(texts: Texts, read: Callable[[Words], tuple[Bits, Places, Places]]) -> tuple[Bits, Places, Places]:
    """What `read` makes of the texts, portion by portion: features, the part of each one, the text of each part."""
    keys: list[Bits] = []
    rows: list[Places] = []
    owners: list[Places] = []
    parts = done = 0
    for portion in portions(arrow(pa.array(texts.text.tolist(), type=pa.large_string()))):
        key, row, owner = read(of(normal(portion)))
        keys.append(key)
        rows.append(row + parts)
        owners.append(owner + done)
        parts += len(owner)
        done += len(portion)
    return np.concatenate(keys), np.concatenate(rows), np.concatenate(owners)
