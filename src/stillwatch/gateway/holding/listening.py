"""What an answer says: its visible text, what goes into tools among it, and its reasoning, event by event, in all four dialects."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

from stillwatch.gateway.hiding.tags import TagFilter
from stillwatch.policy import Hide

__all__ = ["Listener"]

_REASONING = frozenset(
    ("reasoning", "reasoning_content", "reasoning_text", "thinking", "thought", "reasoning_details", "thinking_blocks")
)
"""Fields that hold reasoning, as a text or as parts."""
_KINDS = frozenset(("thinking", "thinking_delta", "reasoning", "reasoning_text", "reasoning.text"))
"""Types of parts and events that are reasoning; summaries are what the provider shows."""
_TEXTS = frozenset(("content", "text", "delta", "refusal"))
_TOOLS = frozenset(("arguments", "partial_json", "args", "input"))
_PLACES = ("index", "output_index")


class Listener:
    """Hears one answer. What was heard since it was last asked is in `visible` and `reasoning`."""

    def __init__(self) -> None:
        self.visible: list[str] = []
        self.reasoning: list[str] = []
        self._tags: defaultdict[Any, TagFilter] = defaultdict(
            lambda: TagFilter(Hide.REMOVE, heard=self.reasoning.append)
        )
        self._deltas: set[bool] = set()

    def hear(self, data: Any) -> None:
        """Take in one event, or one whole answer.

        Responses say everything again at the end of a part, an item and the answer: once there were deltas, those alone count.
        """
        kind = data.get("type") if isinstance(data, dict) else None
        if not isinstance(kind, str) or not kind.startswith("response."):
            self._walk(data, None, inside=False)
            return
        inside = "reasoning" in kind and "summary" not in kind
        if kind.endswith(".delta"):
            self._deltas.add(inside)
            self._walk(data, None, inside=inside)
            return
        before = len(self.visible), len(self.reasoning)
        self._walk(data, None, inside=inside)
        if False in self._deltas:
            del self.visible[before[0] :]
        if True in self._deltas:
            del self.reasoning[before[1] :]

    def _walk(self, value: Any, place: Any, *, inside: bool) -> None:
        if isinstance(value, list):
            for one in value:
                self._walk(one, place, inside=inside)
            return
        if not isinstance(value, dict):
            return
        place = next((value[name] for name in _PLACES if isinstance(value.get(name), int)), place)
        kind = value.get("type")
        inside = inside or value.get("thought") is True or (isinstance(kind, str) and kind in _KINDS)
        for name, inner in value.items():
            if name in _TOOLS:
                self.visible += _leaves(inner)
            elif isinstance(inner, str):
                if not inner:
                    continue
                if name in _REASONING or (inside and name in _TEXTS):
                    self.reasoning.append(inner)
                elif name in _TEXTS:
                    self.visible.append(self._tags[place].feed(inner))
            elif isinstance(inner, (dict, list)):
                self._walk(inner, place, inside=inside or name in _REASONING)


def _leaves(value: Any) -> list[str]:
    """Every text within what a tool is called with; of texts that are JSON themselves, without its escapes."""
    if isinstance(value, str):
        return [value.replace("\\n", " ").replace("\\t", " ").replace('\\"', '"')] if value else []
    if isinstance(value, dict):
        return [text for inner in value.values() for text in _leaves(inner)]
    return [text for inner in value for text in _leaves(inner)] if isinstance(value, list) else []
