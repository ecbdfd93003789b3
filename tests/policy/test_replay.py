"""A replay counts what would have become of past requests, and says what it cannot know."""

from __future__ import annotations

from typing import Any

import pyarrow as pa

from stillwatch.engine import table
from stillwatch.policy import NEEDS, replay

from .made import AT, gate, moment, row

RULES = """
[[rules]]
name = "budget"
when = 'proposed == "throttle"'
step = "throttle"
throttle = [{ tokens = 1000, reserve = 10, window = "1d" }, { concurrent = 1 }]
[[rules]]
name = "would-hide"
when = 'proposed == "throttle"'
match = { reasoning = true }
step = "hide_reasoning"
hide = "remove"
shadow = true
"""


def request(account: int | None, minute: int, **facts: Any) -> dict[str, Any]:
    return {**dict.fromkeys(NEEDS), "at": moment(AT + 60 * minute), "account": account, **facts}


def rows(*some: dict[str, Any]) -> list[pa.Table]:
    schema = pa.schema([table("features").schema.field(name) for name in NEEDS])
    return [pa.Table.from_pylist(list(some), schema=schema)]


def test_requests_are_counted_as_they_would_have_been_ruled() -> None:
    made = gate(RULES, row(5, proposed="throttle"))
    found = replay(
        made,
        rows(
            request(5, 0, input_tokens=300, output_tokens=300, reasoning_returned=True),
            request(6, 1, input_tokens=300, output_tokens=300),
            request(5, 2, input_tokens=300, output_tokens=300, reasoning_tokens=7),
            request(5, 3, input_tokens=1, output_tokens=1),
            request(None, 4),
        ),
    )
    assert set(found) == {5, 6}
    assert (found[5].requests, found[5].touched, found[5].refused) == (3, 3, 1)
    assert found[5].rules == {"budget": 3}
    assert found[5].refused_by == {"budget": 1}
    assert found[5].shadows == {"would-hide": 2}
    assert (found[6].touched, found[6].steps) == (0, {"allow": 1})


def test_requests_without_known_use_count_as_what_is_reserved_and_running_ones_are_not_known() -> None:
    made = gate(RULES, row(5, proposed="throttle"))
    found = replay(made, rows(*(request(5, 0) for _ in range(120))))
    assert found[5].refused == 20
