"""Answers of Anthropic Messages, whole and as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mock_pieces import made_up, sse, text_of, words
from scenes import Scene, count_tokens

__all__ = ["AnthropicMessages"]


class AnthropicMessages:
    """POST /v1/messages."""

    def __init__(self, body: dict[str, Any], scene: Scene, number: int, created: int) -> None:
        self.body, self.scene = body, scene
        self.id = "msg_01" + made_up("claude", number, 22)
        system = text_of(body.get("system") or "")
        reads = count_tokens(system) + sum(count_tokens(text_of(m["content"])) + 4 for m in body["messages"])
        last = body["messages"][-1]["content"]
        tool_done = isinstance(last, list) and any(b.get("type") == "tool_result" for b in last)
        self.content: list[dict[str, Any]] = []
        thinks = 0
        if scene.reasoning and body.get("thinking"):
            thinks = count_tokens(scene.reasoning)
            signature = "EqQBCgIYAhIM" + made_up("sig", number, 64)
            self.content.append({"type": "thinking", "thinking": scene.reasoning, "signature": signature})
            if scene.stream:
                self.content.append({"type": "redacted_thinking", "data": "EroBCkYIARgC" + made_up("red", number, 64)})
        self.stop, self.details = "end_turn", None
        if scene.refuses:
            self.stop = "refusal"
            category = "reasoning_extraction" if "reasoning" in scene.ask else "general_harms"
            self.details = {"type": "refusal", "category": category, "explanation": None}
        elif scene.tool and not tool_done:
            self.stop = "tool_use"
            name, arguments = scene.tool
            self.content.append({"type": "text", "text": "I will read the gauge."})
            self.content.append(
                {"type": "tool_use", "id": "toolu_01" + made_up("toolu", number, 22), "name": name, "input": arguments}
            )
        else:
            self.content.append({"type": "text", "text": "Gauge 14 stands at 212 cm." if tool_done else scene.answer})
            self.stop = "max_tokens" if scene.name == "short_limit" else "end_turn"
        writes = (
            thinks + sum(count_tokens(b.get("text", "")) for b in self.content) + (18 if self.stop == "tool_use" else 0)
        )
        self.usage = {
            "input_tokens": reads,
            "cache_creation_input_tokens": 0,
            "cache_read_input_tokens": scene.cached,
            "cache_creation": {"ephemeral_5m_input_tokens": 0, "ephemeral_1h_input_tokens": 0},
            "output_tokens": writes,
            "service_tier": "standard",
        }
        if thinks:
            self.usage["output_tokens_details"] = {"thinking_tokens": thinks}

    def whole(self) -> dict[str, Any]:
        """The plain response."""
        out = {
            "id": self.id,
            "type": "message",
            "role": "assistant",
            "model": self.body["model"],
            "content": self.content,
        }
        return out | {
            "stop_reason": self.stop,
            "stop_sequence": None,
            "stop_details": self.details,
            "usage": self.usage,
        }

    def pieces(self) -> Iterator[str]:
        """The response as server-sent events."""

        def event(kind: str, **rest: Any) -> str:
            return sse({"type": kind, **rest}, kind)

        first = self.usage | {"output_tokens": 1}
        first.pop("output_tokens_details", None)
        message = self.whole() | {"content": [], "stop_reason": None, "stop_details": None, "usage": first}
        yield event("message_start", message=message)
        for i, block in enumerate(self.content):
            kind = block["type"]
            if kind == "text":
                yield event("content_block_start", index=i, content_block={"type": "text", "text": ""})
                if i == 0:
                    yield event("ping")
                for piece in words(block["text"]):
                    yield event("content_block_delta", index=i, delta={"type": "text_delta", "text": piece})
            elif kind == "thinking":
                yield event(
                    "content_block_start", index=i, content_block={"type": "thinking", "thinking": "", "signature": ""}
                )
                for piece in words(block["thinking"]):
                    yield event("content_block_delta", index=i, delta={"type": "thinking_delta", "thinking": piece})
                yield event(
                    "content_block_delta", index=i, delta={"type": "signature_delta", "signature": block["signature"]}
                )
            elif kind == "tool_use":
                yield event("content_block_start", index=i, content_block=block | {"input": {}})
                text = json.dumps(block["input"])
                for k in range(0, len(text), 9):
                    yield event(
                        "content_block_delta",
                        index=i,
                        delta={"type": "input_json_delta", "partial_json": text[k : k + 9]},
                    )
            else:
                yield event("content_block_start", index=i, content_block=block)
            yield event("content_block_stop", index=i)
        last = {"stop_reason": self.stop, "stop_sequence": None, "stop_details": self.details}
        usage = {"output_tokens": self.usage["output_tokens"]}
        if "output_tokens_details" in self.usage:
            usage["output_tokens_details"] = self.usage["output_tokens_details"]
        yield event("message_delta", delta=last, usage=usage)
        yield event("message_stop")
