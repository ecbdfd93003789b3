"""Thoughts in Gemini's generateContent: parts marked as thought lose their text and keep their signature."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from stillwatch.gateway.hiding.tags import TagFilter, told
from stillwatch.policy import Hide

__all__ = ["GeminiHider"]

_LOGPROBS = ("logprobsResult", "avgLogprobs", "logprobs_result", "avg_logprobs")
_FINISH = ("finishReason", "finish_reason")


class GeminiHider:
    """Edits generateContent bodies in place: whole, event by event, or as the array in which a stream without events comes."""

    def __init__(self, how: Hide, *, logprobs: bool) -> None:
        self._how = how
        self._logprobs = logprobs
        self._tags: defaultdict[Any, TagFilter] = defaultdict(lambda: TagFilter(how))
        self._hidden: dict[Any, int] = {}

    def whole(self, data: Any) -> bool:
        """Edit a whole answer; whether it changed."""
        if isinstance(data, list):
            return sum(self._body(one, last=False) for one in data) > 0
        return self._body(data, last=True)

    def event(self, data: Any) -> tuple[list[Any], bool]:
        """Edit one event; returns events to put before it, and whether it changed."""
        return [], self._body(data, last=False)

    def _body(self, data: Any, *, last: bool) -> bool:
        candidates = data.get("candidates") if isinstance(data, dict) else None
        changed = False
        for candidate in candidates if isinstance(candidates, list) else ():
            if isinstance(candidate, dict):
                changed |= self._candidate(candidate, last=last)
        return changed

    def _candidate(self, candidate: dict[str, Any], *, last: bool) -> bool:
        changed = False
        if self._logprobs:
            for name in _LOGPROBS:
                changed |= candidate.pop(name, None) is not None
        if self._how is Hide.NOTHING:
            return changed
        index = candidate.get("index", 0)
        last = last or any(candidate.get(name) for name in _FINISH)
        content = candidate.get("content")
        parts = content.get("parts") if isinstance(content, dict) else None
        if isinstance(parts, list):
            changed |= self._parts(parts, index)
        if last:
            changed |= self._end(candidate, index)
        return changed

    def _parts(self, parts: list[Any], index: Any) -> bool:
        changed = False
        answered = False
        for part in parts:
            if not isinstance(part, dict):
                continue
            given = part.get("text")
            if part.get("thought") is True:
                if isinstance(given, str) and given:
                    self._hidden[index] = self._hidden.get(index, 0) + len(given)
                    part["text"] = ""
                    changed = True
                continue
            answered = True
            if isinstance(given, str):
                part["text"] = self._tags[index].feed(given)
                changed |= part["text"] != given
        if answered and self._how is Hide.SUMMARISE and index in self._hidden:
            parts.insert(0, {"text": told(self._hidden.pop(index)), "thought": True})
            changed = True
        return changed

    def _end(self, candidate: dict[str, Any], index: Any) -> bool:
        """What an answer still has to say at its end."""
        made: list[dict[str, Any]] = []
        if self._how is Hide.SUMMARISE and index in self._hidden:
            made.append({"text": told(self._hidden.pop(index)), "thought": True})
        if index in self._tags and (rest := self._tags.pop(index).finish()):
            made.append({"text": rest})
        if not made:
            return False
        content = candidate.get("content")
        if not isinstance(content, dict):
            content = candidate["content"] = {"role": "model"}
        parts = content.get("parts")
        content["parts"] = [*(parts if isinstance(parts, list) else []), *made]
        return True
