"""R3. Nothing of anybody's own in any text: no mail, telephone, card, address, key or handle, whatever it hides in."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.closed import FIXED, is_closed
from stillwatch.forum.rules.personal import personal
from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.rules.walk import leaves

__all__ = ["RULE"]

_MEND = "Take it out. Identifiers travel only as blinded tags; addresses only as a subnet in a pattern"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """No string, no number and no field name holds something personal."""
    for one in batch:
        if FIXED.get(str(one.get("id"))) == one:
            continue
        for path, _, value in leaves(one):
            text = str(value) if isinstance(value, int | float) and not isinstance(value, bool) else value
            if isinstance(text, str) and not is_closed(one, path, text):
                for what in personal(text):
                    yield refusal("R3", one, path, f"holds what looks like {what}", _MEND)


RULE = Rule(code="R3", title="Nothing personal", check=check)
