"""System texts of public harnesses, known by their shingles: what thousands of strangers share says nothing about any of them.

`scaffolds.toml` holds for each text its name, project, licence and the hashes of its shingles, none of its words. The hashes carry
no key: the texts are public, and anybody can add one (`bench/scaffolds.py` made the file; it says how).
"""

from __future__ import annotations

import base64
import re
import tomllib
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
import numpy.typing as npt
import pyarrow as pa

from stillwatch.core.errors import Fault, SettingsError
from stillwatch.text._mixing import Bits, Places
from stillwatch.text.shingles import WIDTH, shingles
from stillwatch.text.words import Words, words

__all__ = ["Scaffold", "known_scaffolds", "marks_of", "read_scaffolds", "residual"]

_LEAST = 20
"""Shingles that must be found."""

_SHARE = 0.5
"""Share of a scaffold's shingles that must be found: versions differ, and parts of most are optional."""

_SLOT = re.compile(r"\{\{.*?\}\}|\{%.*?%\}|\{#.*?#\}", re.DOTALL)

Marks = npt.NDArray[np.uint32]


@dataclass(frozen=True, kw_only=True, eq=False)
class Scaffold:
    """One public text: its name, whose it is, under which licence, and its marks (sorted, distinct 32-bit hashes of shingles)."""

    name: str
    project: str
    licence: str
    marks: Marks

    @property
    def enough(self) -> int:
        """Marks that tell it."""
        return max(_LEAST, int(np.ceil(_SHARE * self.marks.size)))


def marks_of(template: str) -> Marks:
    """Marks of a scaffold's text; what stands in `{{ }}` and `{% %}` is a slot, and no shingle reaches over one.

    >>> text = "You are a careful agent. Work on {{ task }} and report each step that you take."
    >>> len(marks_of(text))
    4
    """
    pieces = words([piece for piece in _SLOT.split(template) if piece.strip()])
    value, offset = shingles(pieces.hash, pieces.offset)
    whole = np.repeat(pieces.counts >= WIDTH, np.diff(offset))
    return np.unique(_mark(value[whole]))


@cache
def known_scaffolds() -> tuple[Scaffold, ...]:
    """The scaffolds that come with Stillwatch."""
    return read_scaffolds((files(__package__) / "scaffolds.toml").read_text("utf-8"))


def read_scaffolds(document: str) -> tuple[Scaffold, ...]:
    """Scaffolds from TOML: a [[scaffold]] has a name, and either its text or the marks of one.

    >>> [one] = read_scaffolds('[[scaffold]]\\nname = "ours"\\ntext = "You are a careful agent and report each step that you take."')
    >>> one.name, one.marks.size
    ('ours', 7)

    Raises:
        SettingsError: with every fault of the document.
    """
    try:
        given = tomllib.loads(document).get("scaffold", [])
    except tomllib.TOMLDecodeError as error:
        raise SettingsError([Fault(path="scaffolds", message=f"not TOML: {error}")]) from error
    if not isinstance(given, list):
        raise SettingsError([Fault(path="scaffold", message="got one table, expected [[scaffold]]")])
    faults = [
        Fault(path=f"scaffold[{place}]", message="expected a name, and text or marks")
        for place, one in enumerate(given)
        if not isinstance(one.get("name"), str) or not isinstance(one.get("text", one.get("marks")), str)
    ]
    if faults:
        raise SettingsError(faults)
    return tuple(
        Scaffold(
            name=one["name"],
            project=one.get("project", ""),
            licence=one.get("licence", ""),
            marks=marks_of(one["text"]) if "text" in one else _decoded(one["marks"]),
        )
        for one in given
    )


def _decoded(marks: str) -> Marks:
    return np.frombuffer(base64.b64decode(marks), dtype="<u4").astype(np.uint32)


def residual(told: Words, known: Sequence[Scaffold]) -> tuple[pa.Array, Words]:
    """Which scaffold each text holds (null: none), and the words that are left when it is taken out.

    A scaffold is told where half of its shingles stand in the text, and at least 20. Only words inside its shingles are taken out, so
    what an operator wrote before, between or after it stays. Several scaffolds in one text are all taken out; the one with most
    shingles there gives the name.
    """
    value, offset = shingles(told.hash, told.offset)
    marks = _mark(value)
    every = _among(marks, np.unique(np.concatenate([np.zeros(0, np.uint32), *(one.marks for one in known)])))
    if np.bincount(np.repeat(np.arange(told.rows), np.diff(offset))[every], minlength=1).max() < _LEAST:
        return pa.nulls(told.rows, pa.string()), told
    name, most = np.zeros(told.rows, dtype=np.int64), np.zeros(told.rows, dtype=np.int64)
    taken = np.zeros(len(marks), dtype=bool)
    for place, one in enumerate(known):
        hit = _among(marks, one.marks)
        sums = np.concatenate([[0], np.cumsum(hit)])
        found = sums[offset[1:]] - sums[offset[:-1]]
        there = found >= one.enough
        taken |= hit & np.repeat(there, np.diff(offset))
        better = there & (found > most)
        name[better], most[better] = place, found[better]
    names = pa.array([one.name for one in known], pa.string()).take(pa.array(name, mask=most == 0))
    return names, _without(told, taken, offset) if taken.any() else told


def _mark(value: Bits) -> Marks:
    return (value >> np.uint64(32)).astype(np.uint32)


def _among(marks: Marks, known: Marks) -> npt.NDArray[np.bool_]:
    if not known.size:
        return np.zeros(marks.size, dtype=bool)
    place = np.minimum(np.searchsorted(known, marks), known.size - 1)
    return np.asarray(known[place] == marks)


def _without(told: Words, taken: npt.NDArray[np.bool_], offset: Places) -> Words:
    """The words outside the shingles that are taken."""
    row = np.repeat(np.arange(told.rows), np.diff(offset))
    first = (told.offset[row] + np.arange(len(taken)) - offset[row])[taken]
    edges = np.zeros(len(told.hash) + 1, dtype=np.int64)
    np.add.at(edges, first, 1)
    np.add.at(edges, np.minimum(first + WIDTH, len(told.hash)), -1)
    keep = np.cumsum(edges[:-1]) == 0
    ends = np.concatenate([[0], np.cumsum(keep)])
    return Words(
        hash=told.hash[keep],
        stem=told.stem[keep],
        kind=told.kind[keep],
        length=told.length[keep],
        offset=ends[told.offset],
        known=told.known,
    )
