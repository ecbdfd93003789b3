"""Reasoning that a model writes into its answer between tags, taken out of text that comes in pieces of any size.

What might be the beginning of a tag is held back until the next piece decides; everything else leaves at once. The result does not
depend on where the text was cut.
"""

from __future__ import annotations

import re
import string
from collections.abc import Callable

from stillwatch.policy import Hide

__all__ = ["PAIRS", "TagFilter", "told", "without_tags"]

PAIRS = {
    "<think>": "</think>",
    "<thinking>": "</thinking>",
    "<thought>": "</thought>",
    "<reasoning>": "</reasoning>",
    "<seed:think>": "</seed:think>",
    "[think]": "[/think]",
    "<|begin_of_thought|>": "<|end_of_thought|>",
    "\u25c1think\u25b7": "\u25c1/think\u25b7",
}
"""Opening and closing tags of the models of today, in lower case; they are told in any case."""

_OPEN = re.compile("|".join(map(re.escape, PAIRS)), re.IGNORECASE | re.ASCII)
_CLOSE = {close: re.compile(re.escape(close), re.IGNORECASE | re.ASCII) for close in PAIRS.values()}
_LOWER = str.maketrans(string.ascii_uppercase, string.ascii_lowercase)
_LONGEST = max(map(len, (*PAIRS, *PAIRS.values()))) - 1
_OPENINGS = frozenset(tag[:end] for tag in PAIRS for end in range(1, len(tag)))
_CLOSINGS = {tag: frozenset(tag[:end] for end in range(1, len(tag))) for tag in PAIRS.values()}


def told(characters: int) -> str:
    """What stands in the place of reasoning that was withheld."""
    return f"[Reasoning withheld by the provider: {characters:,} characters]"


class TagFilter:
    """Filters one answer. With `Hide.SUMMARISE` a sentence stands where the reasoning stood, within the same tags.

    `heard` is told the reasoning that was taken out.
    """

    __slots__ = ("_close", "_heard", "_held", "_hidden", "_how", "_open")

    def __init__(self, how: Hide, *, heard: Callable[[str], object] | None = None) -> None:
        self._how = how
        self._heard = heard
        self._held = ""
        self._open = ""
        self._close: str | None = None
        self._hidden = 0

    @property
    def idle(self) -> bool:
        """Whether nothing is held back and no reasoning is open."""
        return not self._held and self._close is None

    def feed(self, piece: str) -> str:
        """What of the text so far may leave now."""
        if not self._held and self._close is None and not any(mark in piece for mark in "<[\u25c1"):
            return piece
        text, self._held = self._held + piece, ""
        passed: list[str] = []
        while text:
            text = self._inside(text, passed) if self._close is not None else self._outside(text, passed)
        return "".join(passed)

    def finish(self) -> str:
        """What was held back, at the end of the answer; reasoning that was never closed stays withheld."""
        if self._close is None:
            rest, self._held = self._held, ""
            return rest
        self._hidden += len(self._held)
        self._held = ""
        return self._closed()

    def _outside(self, text: str, passed: list[str]) -> str:
        found = _OPEN.search(text)
        if found is None:
            self._held = _beginning(text, _OPENINGS)
            passed.append(text[: len(text) - len(self._held)])
            return ""
        passed.append(text[: found.start()])
        self._open = found[0]
        self._close = PAIRS[found[0].translate(_LOWER)]
        return text[found.end() :]

    def _inside(self, text: str, passed: list[str]) -> str:
        close = self._close or ""
        found = _CLOSE[close].search(text)
        if found is None:
            self._held = _beginning(text, _CLOSINGS[close])
            self._take(text[: len(text) - len(self._held)])
            return ""
        self._take(text[: found.start()])
        passed.append(self._closed())
        return text[found.end() :]

    def _take(self, text: str) -> None:
        self._hidden += len(text)
        if self._heard is not None and text:
            self._heard(text)

    def _closed(self) -> str:
        hidden, self._hidden = self._hidden, 0
        close, self._close = self._close, None
        return f"{self._open}{told(hidden)}{close}" if self._how is Hide.SUMMARISE else ""


def _beginning(text: str, beginnings: frozenset[str]) -> str:
    """The longest end of a text that may be the beginning of a tag."""
    end = text[-_LONGEST:].translate(_LOWER)
    for start in range(len(end)):
        if end[start:] in beginnings:
            return text[len(text) - len(end) + start :]
    return ""


def without_tags(text: str, how: Hide) -> str:
    """A whole answer without the reasoning between tags.

    >>> without_tags("<think>two and two</think>Four.", Hide.REMOVE)
    'Four.'
    """
    one = TagFilter(how)
    return one.feed(text) + one.finish()
