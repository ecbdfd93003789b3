"""Reasoning in chat completions: every field in which the servers of today return it, and tags within the answer."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from stillwatch.gateway.hiding.tags import TagFilter, told
from stillwatch.policy import Hide

__all__ = ["ChatHider"]

_TEXTS = ("reasoning", "reasoning_content", "reasoning_text", "thinking", "thought")
_DETAILS = ("reasoning_details", "thinking_blocks")
_NESTED = ("provider_specific_fields", "psf")
_HELD = frozenset((*_TEXTS, *_DETAILS, *_NESTED))
_TOKENS = ("prompt_logprobs", "token_ids", "prompt_token_ids")

_SPELLED = frozenset(_TOKENS)


class ChatHider:
    """Edits bodies of chat completions in place, whole or event by event. One object sees one answer."""

    def __init__(self, how: Hide, *, logprobs: bool) -> None:
        self._how = how
        self._logprobs = logprobs
        self._tags: defaultdict[Any, TagFilter] = defaultdict(lambda: TagFilter(how))
        self._hidden: dict[Any, tuple[str, int]] = {}

    def event(self, data: Any) -> tuple[list[Any], bool]:
        """Edit one event; returns events to put before it, and whether it changed."""
        return [], self._body(data, "delta")

    def whole(self, data: Any) -> bool:
        """Edit a whole answer, or a list of stored answers or messages; whether it changed."""
        changed = self._body(data, "message")
        stored = data.get("data") if isinstance(data, dict) else None
        for one in stored if isinstance(stored, list) else ():
            changed |= self._body(one, "message")
            if isinstance(one, dict) and "choices" not in one and self._how is not Hide.NOTHING:
                changed |= self._message(one, None, whole=True, last=True)
        return changed

    def _body(self, data: Any, name: str) -> bool:
        if not isinstance(data, dict):
            return False
        changed = self._tokens(data)
        choices = data.get("choices")
        for choice in choices if isinstance(choices, list) else ():
            if isinstance(choice, dict):
                changed |= self._choice(choice, name)
        return changed

    def _tokens(self, holder: dict[str, Any]) -> bool:
        changed = False
        if self._logprobs and holder.get("logprobs") is not None:
            holder["logprobs"] = None
            changed = True
        if (self._logprobs or self._how is not Hide.NOTHING) and not _SPELLED.isdisjoint(holder):
            for name in _TOKENS:
                if holder.get(name) is not None:
                    del holder[name]
                    changed = True
        return changed

    def _choice(self, choice: dict[str, Any], name: str) -> bool:
        changed = self._tokens(choice)
        if self._how is Hide.NOTHING:
            return changed
        index = choice.get("index")
        last = name == "message" or bool(choice.get("finish_reason"))
        for one in {name, "message", "delta"}:
            holder = choice.get(one)
            if isinstance(holder, dict):
                changed |= self._message(holder, index, whole=one == "message", last=last)
        if isinstance(choice.get("text"), str):
            changed |= self._text(choice, "text", index, last)
        elif last and choice.get(name) is None and not self._tags[index].idle:
            choice[name] = {"content": self._tags[index].finish()}
            changed = True
        return changed

    def _message(self, holder: dict[str, Any], index: Any, *, whole: bool, last: bool) -> bool:
        changed = self._withheld(holder, index, whole=whole)
        content = holder.get("content")
        if isinstance(content, list):
            for part in content:
                if isinstance(part, dict):
                    changed |= self._part(part, index)
            if last and (rest := self._tags[index].finish()):
                content.append({"type": "text", "text": rest})
                changed = True
        elif isinstance(content, str):
            changed |= self._text(holder, "content", index, last)
        elif last and (rest := self._tags[index].finish()):
            holder["content"] = rest
            changed = True
        answers = bool(content) or bool(holder.get("tool_calls"))
        if index in self._hidden and (answers or last) and not whole:
            field, hidden = self._hidden.pop(index)
            holder[field] = told(hidden)
            changed = True
        return changed

    def _text(self, holder: dict[str, Any], name: str, index: Any, last: bool) -> bool:
        given = holder[name]
        tags = self._tags[index]
        passed = tags.feed(given)
        if last:
            passed += tags.finish()
        holder[name] = passed
        return bool(passed != given)

    def _part(self, part: dict[str, Any], index: Any) -> bool:
        kind = part.get("type")
        if kind == "text" and isinstance(part.get("text"), str):
            return self._text(part, "text", index, last=False)
        if kind not in ("thinking", "reasoning"):
            return False
        changed = False
        for name in ("thinking", "reasoning", "text"):
            if part.get(name):
                part[name] = [] if isinstance(part[name], list) else ""
                changed = True
        return changed

    def _withheld(self, holder: dict[str, Any], index: Any, *, whole: bool) -> bool:
        changed = False
        if _HELD.isdisjoint(holder):
            return False
        for name in _TEXTS:
            value = holder.get(name)
            if not value:
                continue
            changed = True
            if self._how is Hide.SUMMARISE and isinstance(value, str):
                if whole:
                    holder[name] = told(len(value))
                    continue
                field, hidden = self._hidden.get(index, (name, 0))
                self._hidden[index] = (field, hidden + (len(value) if name == field else 0))
            del holder[name]
        for name in _DETAILS:
            items = holder.get(name)
            for item in items if isinstance(items, list) else ():
                changed |= isinstance(item, dict) and self._emptied(item)
        for name in _NESTED:
            nested = holder.get(name)
            if isinstance(nested, dict):
                changed |= self._withheld(nested, None, whole=True)
        return changed

    def _emptied(self, item: dict[str, Any]) -> bool:
        """Text out of one detail; what is encrypted or signed stays, for the next turn needs it."""
        names = ("text", "thinking") if self._how is Hide.SUMMARISE else ("text", "thinking", "summary")
        found = [name for name in names if item.get(name)]
        for name in found:
            item[name] = ""
        return bool(found)
