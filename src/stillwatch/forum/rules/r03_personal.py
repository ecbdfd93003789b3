"""R3. Nothing of anybody's own in any text: no mail, telephone, card, address, key or handle; what cannot be read in full does not pass."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.closed import FIXED, is_closed
from stillwatch.forum.rules.personal import personal
from stillwatch.forum.rules.readings import unread
from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.rules.walk import TOO_DEEP, leaves

__all__ = ["RULE"]

_MEND = "Take it out. Identifiers travel only as blinded tags; addresses only as a subnet in a pattern"
_PLAINLY = "Write it shorter and plainly: what no rule can read does not pass"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """No string, no number and no field name holds something personal."""
    for one in batch:
        if FIXED.get(str(one.get("id"))) == one:
            continue
        for path, name, value in leaves(one):
            if name == TOO_DEEP:
                yield refusal("R3", one, path, "lies too deep to be read", _PLAINLY)
            text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
            if isinstance(text, str) and not is_closed(one, path, text):
                if unread(text):
                    yield refusal("R3", one, path, "is too long or too coded to be read", _PLAINLY)
                for what in personal(text):
                    yield refusal("R3", one, path, f"holds what looks like {what}", _MEND)


RULE = Rule(code="R3", title="Nothing personal", check=check)
