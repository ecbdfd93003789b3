"""What an answer cost, read from the few hundred bytes in which providers say it.

The text of an answer cannot pose as its usage: within JSON texts the quotation marks of a key are escaped.
"""

from __future__ import annotations

import re

from stillwatch.policy import Used

__all__ = ["HEAD", "TAIL", "used_in"]

HEAD, TAIL = 4096, 4096
"""Bytes of an answer's beginning and end in which usage is looked for."""

_WINDOW = 800
_INPUT = re.compile(rb'"(?:prompt_tokens|input_tokens|promptTokenCount)"\s*:\s*(\d{1,12})')
_OUTPUT = re.compile(rb'"(?:completion_tokens|output_tokens|candidatesTokenCount)"\s*:\s*(\d{1,12})')
_REASONING = re.compile(rb'"(?:reasoning_tokens|thinking_tokens|thoughtsTokenCount)"\s*:\s*(\d{1,12})')


def used_in(head: bytes, tail: bytes, *, at: float, finished: bool, events: int | None = None) -> Used:
    """Read usage from an answer's first and last bytes; unknown where neither says it.

    A stream that ends without usage, as when a client leaves early, counts one token an event (`events`): less than it cost, but not
    nothing, so that leaving early does not make the budget endless.
    """
    at_end = tail.rfind(b'"usage')
    end = tail[at_end : at_end + _WINDOW] if at_end >= 0 else b""
    begun = head.find(b'"usage') if head else -1
    start = head[begun : begun + _WINDOW] if begun >= 0 else b""
    output = _number(_OUTPUT, end)
    if output is None and events is not None:
        output = events
    return Used(
        at=at,
        input_tokens=_number(_INPUT, end) or _number(_INPUT, start),
        output_tokens=output if output is not None else _number(_OUTPUT, start),
        reasoning_tokens=_number(_REASONING, end),
        finished=finished,
    )


def _number(pattern: re.Pattern[bytes], window: bytes) -> int | None:
    found = pattern.search(window) if window else None
    return int(found[1]) if found else None
