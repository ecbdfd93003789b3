"""R2. No prices, volumes, customers, capacity or plans: what rivals do not tell one another, in many languages and any spelling."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.closed import FIXED, is_closed
from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.rules.walk import leaves
from stillwatch.forum.rules.words_denied import denied, denied_key

__all__ = ["RULE"]

_MEND = "Take it out, or say it in other words"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """No field name and no text touches these topics."""
    for one in batch:
        if FIXED.get(str(one.get("id"))) == one:
            continue
        for path, name, value in leaves(one):
            if name == "(key)" and isinstance(value, str):
                if denied_key(value):
                    yield refusal(
                        "R2",
                        one,
                        path,
                        "the field's name speaks of what rivals do not tell one another",
                        _MEND,
                    )
            elif isinstance(value, str) and not is_closed(one, path, value):
                for topic in denied(value):
                    yield refusal("R2", one, path, f"the text speaks of {topic}", _MEND)


RULE = Rule(code="R2", title="Nothing that rivals do not tell one another", check=check, may_be_overridden=True)
