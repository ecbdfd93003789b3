"""Answers of OpenAI chat completions and Responses, whole and as server-sent events."""

from __future__ import annotations

import json
from collections.abc import Iterator
from typing import Any

from mock_pieces import made_up, sse, text_of, token_logprobs, words
from scenes import Scene, count_tokens

__all__ = ["OpenAIChat", "OpenAIResponses"]


class OpenAIChat:
    """POST /v1/chat/completions."""

    def __init__(self, body: dict[str, Any], scene: Scene, number: int, created: int) -> None:
        self.body, self.scene = body, scene
        self.id, self.created = "chatcmpl-" + made_up("chat", number), created
        asked = body["model"]
        self.model = asked + "-2025-04-14" if asked.startswith("gpt-4.1") else asked
        reads = sum(count_tokens(text_of(m.get("content"))) + 4 for m in body["messages"]) + scene.cached
        self.answers = [self._answer(k) for k in range(body.get("n") or 1)]
        thinks = count_tokens(scene.reasoning) if scene.reasoning and asked.startswith(("o", "gpt-5")) else 0
        writes = (
            sum(count_tokens(a) for a in self.answers) + thinks + (18 if scene.tool and not self._tool_done() else 0)
        )
        self.usage = {
            "prompt_tokens": reads,
            "completion_tokens": writes,
            "total_tokens": reads + writes,
            "prompt_tokens_details": {"cached_tokens": scene.cached, "audio_tokens": 0},
            "completion_tokens_details": {
                "reasoning_tokens": thinks,
                "audio_tokens": 0,
                "accepted_prediction_tokens": 0,
                "rejected_prediction_tokens": 0,
            },
        }
        self.limit_hit = scene.name == "short_limit"

    def _tool_done(self) -> bool:
        return any(m.get("role") == "tool" for m in self.body["messages"])

    def _answer(self, k: int) -> str:
        if self._tool_done():
            return "Gauge 14 stands at 212 cm."
        if self.scene.refuses:
            return self.scene.refuses
        if self.scene.tool:
            return ""
        return self.scene.answer if k == 0 else f"[{k + 1}] {self.scene.answer}"

    def _calls(self) -> list[dict[str, Any]] | None:
        if not self.scene.tool or self._tool_done():
            return None
        name, arguments = self.scene.tool
        return [
            {
                "id": "call_" + made_up("call", 1),
                "type": "function",
                "function": {"name": name, "arguments": json.dumps(arguments)},
            }
        ]

    def _finish(self) -> str:
        return "tool_calls" if self._calls() else "length" if self.limit_hit else "stop"

    def whole(self) -> dict[str, Any]:
        """The plain response."""
        choices = []
        for k, text in enumerate(self.answers):
            message: dict[str, Any] = {"role": "assistant", "content": text or None, "refusal": None, "annotations": []}
            if self.scene.refuses:
                message |= {"content": None, "refusal": text}
            if calls := self._calls():
                message["tool_calls"] = calls
            logprobs = None
            if self.body.get("logprobs"):
                logprobs = {"content": token_logprobs(text, self.body.get("top_logprobs", 0)), "refusal": None}
            choices.append({"index": k, "message": message, "logprobs": logprobs, "finish_reason": self._finish()})
        return {
            "id": self.id,
            "object": "chat.completion",
            "created": self.created,
            "model": self.model,
            "choices": choices,
            "usage": self.usage,
            "service_tier": "default",
            "system_fingerprint": "fp_3f58d112f7",
        }

    def _chunk(self, choices: list[dict[str, Any]], usage: dict[str, Any] | None) -> str:
        data: dict[str, Any] = {
            "id": self.id,
            "object": "chat.completion.chunk",
            "created": self.created,
            "model": self.model,
        }
        data |= {"service_tier": "default", "system_fingerprint": "fp_3f58d112f7", "choices": choices}
        if (self.body.get("stream_options") or {}).get("include_usage"):
            data["usage"] = usage
        return sse(data)

    def pieces(self) -> Iterator[str]:
        """The response as server-sent events."""

        def choice(k: int, delta: dict[str, Any], finish: str | None = None) -> list[dict[str, Any]]:
            return [{"index": k, "delta": delta, "logprobs": None, "finish_reason": finish}]

        for k in range(len(self.answers)):
            yield self._chunk(choice(k, {"role": "assistant", "content": "", "refusal": None}), None)
        if calls := self._calls():
            call = calls[0]
            text = call["function"]["arguments"]
            head = call | {"index": 0, "function": {"name": call["function"]["name"], "arguments": ""}}
            yield self._chunk(choice(0, {"tool_calls": [head]}), None)
            for i in range(0, len(text), 9):
                yield self._chunk(
                    choice(0, {"tool_calls": [{"index": 0, "function": {"arguments": text[i : i + 9]}}]}), None
                )
        key = "refusal" if self.scene.refuses else "content"
        parts = [words(a) for a in self.answers]
        for i in range(max(len(p) for p in parts)):
            for k, p in enumerate(parts):
                if i < len(p):
                    yield self._chunk(choice(k, {key: p[i]}), None)
        for k in range(len(self.answers)):
            yield self._chunk(choice(k, {}, self._finish()), None)
        if (self.body.get("stream_options") or {}).get("include_usage"):
            yield self._chunk([], self.usage)
        yield "data: [DONE]\n\n"


class OpenAIResponses:
    """POST /v1/responses."""

    def __init__(self, body: dict[str, Any], scene: Scene, number: int, created: int) -> None:
        self.body, self.scene, self.created, self.number = body, scene, created, number
        self.id = "resp_" + made_up("resp", number, 48)
        given = body["input"]
        items = [{"role": "user", "content": given}] if isinstance(given, str) else given
        tool_done = any(i.get("type") == "function_call_output" for i in items)
        reads = count_tokens(body.get("instructions") or "") + sum(
            count_tokens(text_of(i.get("content"))) + 4 for i in items
        )
        reads += scene.cached
        self.output: list[dict[str, Any]] = []
        thinks = 0
        if scene.reasoning:
            thinks = count_tokens(scene.reasoning)
            item: dict[str, Any] = {"id": "rs_" + made_up("rs", number, 48), "type": "reasoning", "summary": []}
            if (body.get("reasoning") or {}).get("summary"):
                item["summary"] = [{"type": "summary_text", "text": scene.reasoning}]
            if "reasoning.encrypted_content" in (body.get("include") or []):
                item["encrypted_content"] = "gAAAAAB" + made_up("enc", number, 64) * 2
            self.output.append(item)
        writes = thinks
        if scene.tool and not tool_done:
            name, arguments = scene.tool
            call = {"id": "fc_" + made_up("fc", number, 48), "type": "function_call", "status": "completed"}
            self.output.append(
                call | {"call_id": "call_" + made_up("call", 2), "name": name, "arguments": json.dumps(arguments)}
            )
            writes += 18
        else:
            part: dict[str, Any] = {"type": "output_text", "annotations": [], "logprobs": []}
            text = "Gauge 14 stands at 212 cm." if tool_done else scene.answer
            part = {"type": "refusal", "refusal": scene.refuses} if scene.refuses else part | {"text": text}
            writes += count_tokens(scene.refuses or text)
            status = "incomplete" if scene.name == "short_limit" else "completed"
            message = {
                "id": "msg_" + made_up("msg", number, 48),
                "type": "message",
                "status": status,
                "role": "assistant",
            }
            self.output.append(message | {"content": [part]})
        self.usage = {
            "input_tokens": reads,
            "input_tokens_details": {"cached_tokens": scene.cached, "cache_write_tokens": 0},
            "output_tokens": writes,
            "output_tokens_details": {"reasoning_tokens": thinks},
            "total_tokens": reads + writes,
        }

    def _frame(self, status: str) -> dict[str, Any]:
        body = self.body
        done = status != "in_progress"
        return {
            "id": self.id,
            "object": "response",
            "created_at": self.created,
            "status": status,
            "error": None,
            "incomplete_details": {"reason": "max_output_tokens"} if status == "incomplete" else None,
            "instructions": body.get("instructions"),
            "max_output_tokens": body.get("max_output_tokens"),
            "model": body["model"],
            "output": self.output if done else [],
            "parallel_tool_calls": True,
            "previous_response_id": body.get("previous_response_id"),
            "reasoning": {
                "effort": (body.get("reasoning") or {}).get("effort"),
                "summary": (body.get("reasoning") or {}).get("summary"),
            },
            "safety_identifier": body.get("safety_identifier"),
            "service_tier": "default",
            "store": body.get("store", True),
            "temperature": body.get("temperature", 1.0),
            "text": {"format": {"type": "text"}},
            "tool_choice": "auto",
            "tools": body.get("tools", []),
            "top_p": body.get("top_p", 1.0),
            "truncation": "disabled",
            "usage": self.usage if done else None,
            "user": None,
            "metadata": body.get("metadata", {}),
        }

    def _status(self) -> str:
        return "incomplete" if self.scene.name == "short_limit" else "completed"

    def whole(self) -> dict[str, Any]:
        """The plain response."""
        return self._frame(self._status())

    def pieces(self) -> Iterator[str]:
        """The response as server-sent events."""
        count = 0

        def event(kind: str, **rest: Any) -> str:
            nonlocal count
            out = sse({"type": kind, "sequence_number": count, **rest}, kind)
            count += 1
            return out

        yield event("response.created", response=self._frame("in_progress"))
        yield event("response.in_progress", response=self._frame("in_progress"))
        for place, item in enumerate(self.output):
            where = {"item_id": item["id"], "output_index": place}
            if item["type"] == "reasoning":
                yield event("response.output_item.added", output_index=place, item=item | {"summary": []})
                for k, summary in enumerate(item["summary"]):
                    empty = {"type": "summary_text", "text": ""}
                    yield event("response.reasoning_summary_part.added", **where, summary_index=k, part=empty)
                    for piece in words(summary["text"]):
                        yield event("response.reasoning_summary_text.delta", **where, summary_index=k, delta=piece)
                    yield event("response.reasoning_summary_text.done", **where, summary_index=k, text=summary["text"])
                    yield event("response.reasoning_summary_part.done", **where, summary_index=k, part=summary)
            elif item["type"] == "function_call":
                yield event(
                    "response.output_item.added",
                    output_index=place,
                    item=item | {"status": "in_progress", "arguments": ""},
                )
                for i in range(0, len(item["arguments"]), 9):
                    yield event("response.function_call_arguments.delta", **where, delta=item["arguments"][i : i + 9])
                yield event("response.function_call_arguments.done", **where, arguments=item["arguments"])
            else:
                yield event(
                    "response.output_item.added",
                    output_index=place,
                    item=item | {"status": "in_progress", "content": []},
                )
                for k, part in enumerate(item["content"]):
                    key = "refusal" if part["type"] == "refusal" else "output_text"
                    field = "refusal" if key == "refusal" else "text"
                    yield event("response.content_part.added", **where, content_index=k, part=part | {field: ""})
                    for piece in words(part[field]):
                        yield event(f"response.{key}.delta", **where, content_index=k, delta=piece)
                    yield event(f"response.{key}.done", **where, content_index=k, **{field: part[field]})
                    yield event("response.content_part.done", **where, content_index=k, part=part)
            yield event("response.output_item.done", output_index=place, item=item)
        yield event(f"response.{self._status()}", response=self._frame(self._status()))
