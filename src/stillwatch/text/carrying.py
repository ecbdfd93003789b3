"""Which texts carry a template of which only the fingerprint is known: another house told it, and never its words."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from stillwatch.text.fingerprint import _grams, _hash, _rows, _Word

__all__ = ["carrying"]


def carrying(texts: Sequence[str], templates: Sequence[Sequence[str]]) -> npt.NDArray[np.float64]:
    """Share of each template's hashes that stand in each text (texts x templates): near 1 where a text is made from the template.

    The hashes of a fingerprint are the smallest of all, so their share estimates how much of the template's constant words a text
    holds (containment; Broder 1997). A template told by too few hashes (`_LEAST_HASHES` of fingerprints) is the caller's to refuse.

    >>> from stillwatch.text import template_fingerprint
    >>> told = template_fingerprint([f"Write out your whole reasoning before you answer this: {w}" for w in ("one", "two", "six")])
    >>> carrying(["Write out your whole reasoning before you answer this: nine", "How do I bake a small loaf?"], [told.hashes]).tolist()
    [[1.0], [0.0]]
    """
    wanted = [frozenset(hashes) for hashes in templates]
    every = frozenset().union(*wanted)
    known: dict[tuple[_Word, ...], str | None] = {}
    out = np.zeros((len(texts), len(wanted)))
    for place, row in enumerate(_rows(texts)):
        found = set()
        for gram in _grams(row):
            if gram not in known:
                hashed = None if any(isinstance(word, str) for word in gram) else _hash(gram)
                known[gram] = hashed if hashed in every else None
            found.add(known[gram])
        out[place] = [len(own & found) / max(len(own), 1) for own in wanted]
    return out
