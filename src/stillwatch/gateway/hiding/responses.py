"""Reasoning in OpenAI's Responses: items and events of reasoning lose their text and keep what is encrypted."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from stillwatch.gateway.hiding.tags import TagFilter, told, without_tags
from stillwatch.policy import Hide

__all__ = ["ResponsesHider"]


class ResponsesHider:
    """Edits Responses bodies in place, whole or event by event. A summary made by the provider stays under `Hide.SUMMARISE`."""

    def __init__(self, how: Hide, *, logprobs: bool) -> None:
        self._how = how
        self._logprobs = logprobs
        self._tags: defaultdict[Any, TagFilter] = defaultdict(lambda: TagFilter(how))

    def whole(self, data: Any) -> bool:
        """Edit a whole answer, a list of items or one of them, as stored conversations are read; whether it changed."""
        if not isinstance(data, dict):
            return False
        changed = self._item(data)
        for name in ("output", "data"):
            items = data.get(name)
            for item in items if isinstance(items, list) else ():
                changed |= isinstance(item, dict) and self._item(item)
        return changed

    def event(self, data: Any) -> tuple[list[Any], bool]:
        """Edit one event; returns events to put before it, and whether it changed."""
        if not isinstance(data, dict):
            return [], False
        kind = data.get("type")
        kind = kind if isinstance(kind, str) else ""
        changed = self._without_logprobs(data)
        if kind.startswith("response.output_text."):
            before, more = self._text(data, kind)
            return before, changed | more
        if "reasoning" in kind and self._hides(summary="summary" in kind):
            changed |= self._emptied(data, final=kind.endswith(".done"))
        for name, edit in (("part", self._part), ("item", self._item), ("response", self.whole)):
            value = data.get(name)
            if isinstance(value, dict):
                changed |= edit(value)
        return [], changed

    def _hides(self, *, summary: bool) -> bool:
        return self._how is Hide.REMOVE or (self._how is Hide.SUMMARISE and not summary)

    def _without_logprobs(self, holder: dict[str, Any]) -> bool:
        if self._logprobs and holder.get("logprobs"):
            holder["logprobs"] = []
            return True
        return False

    def _text(self, data: dict[str, Any], kind: str) -> tuple[list[Any], bool]:
        if self._how is Hide.NOTHING:
            return [], False
        key = (data.get("output_index"), data.get("content_index"))
        given = data.get("delta")
        if kind.endswith(".delta") and isinstance(given, str):
            data["delta"] = self._tags[key].feed(given)
            return [], data["delta"] != given
        rest = self._tags.pop(key).finish() if key in self._tags else ""
        before = []
        if rest:
            kept = {name: value for name, value in data.items() if name not in ("type", "text", "logprobs")}
            before = [{"type": "response.output_text.delta", **kept, "delta": rest}]
        return before, self._untagged(data)

    def _untagged(self, holder: dict[str, Any]) -> bool:
        given = holder.get("text")
        if self._how is Hide.NOTHING or not isinstance(given, str):
            return False
        holder["text"] = without_tags(given, self._how)
        return bool(holder["text"] != given)

    def _emptied(self, holder: dict[str, Any], *, final: bool) -> bool:
        changed = False
        for name in ("delta", "text"):
            given = holder.get(name)
            if isinstance(given, str) and given:
                holder[name] = told(len(given)) if final and self._how is Hide.SUMMARISE else ""
                changed = True
        return changed

    def _part(self, part: dict[str, Any]) -> bool:
        kind = part.get("type")
        changed = self._without_logprobs(part)
        if kind == "output_text":
            return self._untagged(part) | changed
        if kind in ("reasoning_text", "summary_text") and self._hides(summary=kind == "summary_text"):
            changed |= self._emptied(part, final=True)
        return changed

    def _item(self, item: dict[str, Any]) -> bool:
        changed = False
        if item.get("type") == "reasoning" and self._how is Hide.REMOVE and item.get("summary"):
            item["summary"] = []
            changed = True
        if item.get("type") in ("reasoning", "message"):
            content = item.get("content")
            for part in content if isinstance(content, list) else ():
                changed |= isinstance(part, dict) and self._part(part)
        return changed
