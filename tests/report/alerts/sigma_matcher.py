"""As much of Sigma's matching as our rules use, by its specification (2.0): what a rule says of one event of a log.

Source: the Sigma rules specification (SigmaHQ, public domain). Values compare without case; a list means any of them; a field that holds
a list matches when any of its elements does; `gte` compares numbers, `re` searches; a condition joins selections with and, or, not.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

__all__ = ["matches"]


def matches(rule: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    """Whether a rule fires on an event.

    Raises:
        ValueError: when the rule uses what this matcher does not know.
    """
    detection = dict(rule["detection"])
    condition = str(detection.pop("condition"))
    found = {name: _selected(selection, event) for name, selection in detection.items()}
    return _said(condition.split(), found)


def _said(words: list[str], found: Mapping[str, bool]) -> bool:
    if "or" in words:
        place = words.index("or")
        return _said(words[:place], found) or _said(words[place + 1 :], found)
    if "and" in words:
        place = words.index("and")
        return _said(words[:place], found) and _said(words[place + 1 :], found)
    if words[0] == "not":
        return not _said(words[1:], found)
    if len(words) != 1 or words[0] not in found:
        raise ValueError(f"condition: {' '.join(words)}")
    return found[words[0]]


def _selected(selection: Mapping[str, Any], event: Mapping[str, Any]) -> bool:
    return all(_field(name, wanted, event) for name, wanted in selection.items())


def _field(name: str, wanted: Any, event: Mapping[str, Any]) -> bool:
    field, _, modifier = name.partition("|")
    held = event.get(field)
    values = held if isinstance(held, list) else [held]
    asked = wanted if isinstance(wanted, list) else [wanted]
    return any(_one(modifier, one, value) for one in asked for value in values)


def _one(modifier: str, wanted: Any, value: Any) -> bool:
    if value is None:
        return wanted is None
    if modifier == "":
        return str(value).casefold() == str(wanted).casefold()
    if modifier == "gte":
        return float(value) >= float(wanted)
    if modifier == "re":
        return re.search(str(wanted), str(value)) is not None
    raise ValueError(f"modifier: {modifier}")
