"""Thinking in Anthropic's Messages: its text goes, its signature stays, so that the next turn and its tools still work."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from stillwatch.gateway.hiding.tags import TagFilter, told, without_tags
from stillwatch.policy import Hide

__all__ = ["MessagesHider"]


class MessagesHider:
    """Edits Messages bodies in place, whole or event by event. One object sees one answer."""

    def __init__(self, how: Hide, *, logprobs: bool) -> None:
        self._how = how
        self._tags: defaultdict[Any, TagFilter] = defaultdict(lambda: TagFilter(how))
        self._hidden: dict[Any, int] = {}
        del logprobs  # this dialect has none

    def whole(self, data: Any) -> bool:
        """Edit a whole answer; whether it changed."""
        content = data.get("content") if isinstance(data, dict) else None
        if self._how is Hide.NOTHING or not isinstance(content, list):
            return False
        return sum(self._block(block) for block in content if isinstance(block, dict)) > 0

    def _block(self, block: dict[str, Any]) -> bool:
        if block.get("type") == "thinking" and block.get("thinking"):
            length = len(block["thinking"]) if isinstance(block["thinking"], str) else 0
            block["thinking"] = told(length) if self._how is Hide.SUMMARISE else ""
            return True
        given = block.get("text")
        if block.get("type") == "text" and isinstance(given, str):
            block["text"] = without_tags(given, self._how)
            return bool(block["text"] != given)
        return False

    def event(self, data: Any) -> tuple[list[Any], bool]:
        """Edit one event; returns events to put before it, and whether it changed."""
        if self._how is Hide.NOTHING or not isinstance(data, dict):
            return [], False
        kind, index = data.get("type"), data.get("index")
        if kind == "content_block_delta" and isinstance(data.get("delta"), dict):
            return self._delta(data["delta"], index)
        if kind == "content_block_start" and isinstance(data.get("content_block"), dict):
            return [], self._start(data["content_block"], index)
        if kind == "content_block_stop":
            return self._end(index), False
        message = data.get("message")
        return [], isinstance(message, dict) and self.whole(message)

    def _start(self, block: dict[str, Any], index: Any) -> bool:
        if block.get("type") == "thinking" and isinstance(block.get("thinking"), str):
            return self._thinking(block, index)
        if block.get("type") == "text" and isinstance(block.get("text"), str):
            return self._text(block, index)
        return False

    def _delta(self, delta: dict[str, Any], index: Any) -> tuple[list[Any], bool]:
        if isinstance(delta.get("thinking"), str):
            return [], self._thinking(delta, index)
        if isinstance(delta.get("text"), str):
            return [], self._text(delta, index)
        return (self._end(index), False) if delta.get("type") == "signature_delta" else ([], False)

    def _thinking(self, holder: dict[str, Any], index: Any) -> bool:
        given = holder["thinking"]
        if given and self._how is Hide.SUMMARISE:
            self._hidden[index] = self._hidden.get(index, 0) + len(given)
        holder["thinking"] = ""
        return bool(given)

    def _text(self, holder: dict[str, Any], index: Any) -> bool:
        given = holder["text"]
        holder["text"] = self._tags[index].feed(given)
        return bool(holder["text"] != given)

    def _end(self, index: Any) -> list[Any]:
        """What a block still has to say before it ends or is signed."""
        made: list[dict[str, Any]] = []
        if index in self._hidden:
            made.append({"type": "thinking_delta", "thinking": told(self._hidden.pop(index))})
        if index in self._tags and (rest := self._tags.pop(index).finish()):
            made.append({"type": "text_delta", "text": rest})
        return [{"type": "content_block_delta", "index": index, "delta": delta} for delta in made]
