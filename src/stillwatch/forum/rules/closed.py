"""Which strings cannot hold words, because their form is closed: ids, times, digests, patterns read in full, known definitions."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from stillwatch.forum.stix.atlas import atlas_objects
from stillwatch.forum.stix.extension import extension_objects, publisher, tags_extension
from stillwatch.forum.stix.markings import fixed_markings
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.stix.tag_shapes import is_tag_text
from stillwatch.forum.words import Kind

__all__ = ["FIXED", "is_closed"]

FIXED = {
    one["id"]: one for one in (*extension_objects(), tags_extension(), publisher(), *fixed_markings(), *atlas_objects())
}
"""Definitions, the identity behind them, and techniques as ATLAS publishes them, by id: equal for every member."""

_CLOSED = re.compile(
    r"[a-z][a-z0-9-]{1,40}--[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"
    r"|\d{4}-\d\d-\d\d(?:T\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)?|[0-9a-f]{64}|[0-9a-f]{8}"
)
_ATLAS = re.compile(r"https://atlas\.mitre\.org/techniques/AML\.T\d{4}(?:\.\d{3})?|AML\.T\d{4}(?:\.\d{3})?")


def is_closed(one: Mapping[str, Any], path: str, value: str) -> bool:
    """Whether this string of an object has a closed form, so that no words can hide in it. User agents and names of models have none."""
    if is_tag_text(one, path) or _CLOSED.fullmatch(value) or FIXED.get(str(one.get("id"))) == one:
        return True
    if path == ".pattern":
        compared = read_pattern(value, str(one.get("pattern_type")))
        return compared is not None and compared.kind not in (Kind.USER_AGENT, Kind.MODEL)
    return path.startswith(".external_references") and _ATLAS.fullmatch(value) is not None
