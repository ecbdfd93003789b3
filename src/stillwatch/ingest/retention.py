"""Whether an organisation's text may be kept: known words say so, and a word nobody knows means that it may not."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

from .clean import label

__all__ = ["UNKNOWN_WORD", "retention_class", "retention_classes", "retention_of"]

UNKNOWN_WORD = "exchanges whose retention is a word not known, taken as zero retention"
"""The note that counts what was taken for zero because nothing here knows the word."""

_STANDARD = frozenset(("standard", "default", "normal", "retain", "retained", "full", "regular"))
_ZERO = frozenset(("zero", "zdr", "none", "no-retention", "no", "off", "never", "not-retained", "do-not-retain"))
_DAYS = re.compile(r"(\d{1,6})-?(?:d|days?)?\Z", re.ASCII)


def retention_of(word: str) -> str | None:
    """`zero` or `standard` by a word or a number of days, `None` for a word that is not known.

    >>> retention_of("ZDR"), retention_of("30 days"), retention_of("0d"), retention_of("purple")
    ('zero', 'standard', 'zero', None)
    """
    bare = "-".join(re.split(r"[\s_-]+", word.strip().lower()))
    if bare in _STANDARD:
        return "standard"
    if bare in _ZERO or bare.startswith("zero-"):
        return "zero"
    days = _DAYS.match(bare)
    return None if days is None else "standard" if int(days[1]) else "zero"


def retention_class(value: Any, notes: Counter[str]) -> str:
    """How long text may be kept, `standard` where nothing is said; a word that is not known is `zero`, and counted in `notes`.

    Text kept by mistake cannot be taken back, while text not kept costs a finding: so what is not understood is not kept.
    """
    if value is None or value == "":
        return "standard"
    word = label(value)
    if word is None and isinstance(value, str):
        return "standard"
    known = None if word is None else retention_of(word)
    if known is None:
        notes[UNKNOWN_WORD] += 1
    return known or "zero"


def retention_classes(values: Sequence[str | None], notes: Counter[str]) -> list[str]:
    """What `retention_class` makes of each word."""
    if not any(values):
        return ["standard"] * len(values)
    return [retention_class(value, notes) for value in values]
