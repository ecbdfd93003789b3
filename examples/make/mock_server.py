"""A mock of four model APIs that writes down every exchange as it went over the wire.

Speaks OpenAI chat completions and Responses, Anthropic Messages and Gemini generateContent, plain and as server-sent events. Answers come
from `scenes.py`; ids, times and token counts are counted, not random, so the same calls give the same captures.

    python mock_server.py --port 18080 --captures DIR

writes DIR/openai_chat.jsonl and so on. Listens on the loopback address only.
"""

from __future__ import annotations

import argparse
import base64
import contextlib
import hashlib
import json
import re
import threading
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

from scenes import CALLERS, Scene, answer_to, count_tokens

__all__ = ["MockServer", "serve"]

START = datetime(2026, 10, 5, 8, 0, 0, tzinfo=UTC)
UPSTREAM = {
    "openai_chat": "api.openai.com",
    "openai_responses": "api.openai.com",
    "anthropic_messages": "api.anthropic.com",
    "gemini_generate": "generativelanguage.googleapis.com",
}
UNKNOWN = Scene(name="unknown", caller="anchor", ask="", answer="I have nothing prepared for that question.")


def iso(moment: datetime) -> str:
    """Write a time as captures have it: ISO 8601 in UTC to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


SALT = [""]


def made_up(kind: str, number: int, length: int = 24) -> str:
    """Make an id that looks like a provider's, is the same in every run and differs between samples."""
    return hashlib.sha256(f"{SALT[0]}{kind}/{number}".encode()).hexdigest()[:length]


def redact(header: str, value: str) -> str:
    """Replace an API key by its last four characters, or by a digest where the provider's own pages do so."""
    if header == "authorization":
        return "Bearer sk-..." + value[-4:]
    if header == "x-api-key":
        return "sk-ant-..." + value[-4:]
    if header == "x-goog-api-key":
        return "sha256:" + hashlib.sha256(value.encode()).hexdigest()[:16]
    return value


def words(text: str) -> list[str]:
    """Cut an answer into the pieces in which it is streamed."""
    return re.findall(r"\s*\S{1,8}|\s+", text)


def text_of(content: Any) -> str:
    """Text of a message's content in any of the four shapes."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(p.get("text", "") for p in content if isinstance(p, dict) and not p.get("thought"))
    return ""


def sse(data: Any, event: str | None = None) -> str:
    """One server-sent event."""
    head = f"event: {event}\n" if event else ""
    body = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{head}data: {body}\n\n"


def token_logprobs(text: str, top: int) -> list[dict[str, Any]]:
    """Made-up log-probabilities for the pieces of a text."""
    out = []
    for i, piece in enumerate(words(text)):
        p = -0.01 * (i % 7 + 1)
        tops = [{"token": piece if k == 0 else f"alt{k}", "logprob": p - 1.5 * k, "bytes": None} for k in range(top)]
        out.append({"token": piece, "logprob": p, "bytes": list(piece.encode()), "top_logprobs": tops})
    return out


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


class GeminiGenerate:
    """POST /v1beta/models/MODEL:generateContent and :streamGenerateContent?alt=sse."""

    def __init__(self, body: dict[str, Any], scene: Scene, number: int, created: int, model: str) -> None:
        self.scene, self.model, self.id = scene, model, made_up("gemini", number, 22)
        self.created = datetime.fromtimestamp(created, UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        contents = body["contents"]
        system = text_of((body.get("systemInstruction") or {}).get("parts"))
        reads = count_tokens(system) + sum(count_tokens(text_of(c.get("parts"))) + 2 for c in contents)
        reads += scene.cached
        tool_done = any("functionResponse" in p for p in contents[-1]["parts"])
        config = body.get("generationConfig") or {}
        self.parts: list[dict[str, Any]] = []
        thinks = 0
        if scene.reasoning:
            thinks = count_tokens(scene.reasoning)
            thinking = config.get("thinkingConfig") or {}
            if thinking.get("includeThoughts") or thinking.get("include_thoughts"):
                self.parts.append({"text": scene.reasoning, "thought": True})
        signature = base64.b64encode(b"thought" + bytes.fromhex(made_up("thought", number, 64)) * 2).decode()
        self.finish, self.blocked = "STOP", False
        if scene.refuses:
            self.finish = "SAFETY"
        elif scene.tool and not tool_done:
            name, arguments = scene.tool
            self.parts.append({"functionCall": {"name": name, "args": arguments}, "thoughtSignature": signature})
        else:
            part: dict[str, Any] = {"text": "Gauge 14 stands at 212 cm." if tool_done else scene.answer}
            self.parts.append(part | {"thoughtSignature": signature} if scene.reasoning else part)
            self.finish = "MAX_TOKENS" if scene.name == "short_limit" else "STOP"
        writes = sum(count_tokens(p.get("text", "")) for p in self.parts if not p.get("thought")) + (
            12 if scene.tool and not tool_done else 0
        )
        self.usage: dict[str, Any] = {"promptTokenCount": reads}
        if writes:
            self.usage["candidatesTokenCount"] = writes * (config.get("candidateCount") or 1)
        if scene.cached:
            self.usage["cachedContentTokenCount"] = scene.cached
        if thinks:
            self.usage["thoughtsTokenCount"] = thinks
        self.usage["totalTokenCount"] = reads + self.usage.get("candidatesTokenCount", 0) + thinks
        self.usage["promptTokensDetails"] = [{"modality": "TEXT", "tokenCount": reads}]
        self.many = config.get("candidateCount") or 1
        self.logprobs = config.get("responseLogprobs")

    def _candidate(self, k: int, parts: list[dict[str, Any]], finish: str | None) -> dict[str, Any]:
        out: dict[str, Any] = {}
        if parts:
            out["content"] = {"parts": parts, "role": "model"}
        if finish:
            out["finishReason"] = finish
        out["index"] = k
        if finish == "SAFETY":
            out["safetyRatings"] = [
                {"category": "HARM_CATEGORY_DANGEROUS_CONTENT", "probability": "HIGH", "blocked": True}
            ]
        if self.logprobs and finish:
            chosen = [{"token": w, "logProbability": -0.02} for w in words(self.scene.answer)]
            out |= {"avgLogprobs": -0.02, "logprobsResult": {"chosenCandidates": chosen}}
        return out

    def _frame(self, candidates: list[dict[str, Any]]) -> dict[str, Any]:
        out = {"candidates": candidates, "usageMetadata": self.usage, "modelVersion": self.model}
        return out | {"createTime": self.created, "responseId": self.id}

    def whole(self) -> dict[str, Any]:
        """The plain response."""
        if self.scene.name == "extraction":
            blocked = {
                "promptFeedback": {"blockReason": "PROHIBITED_CONTENT"},
                "usageMetadata": {"promptTokenCount": self.usage["promptTokenCount"]},
            }
            return blocked | {"modelVersion": self.model, "createTime": self.created, "responseId": self.id}
        many = []
        for k in range(self.many):
            parts = [p | {"text": f"[{k + 1}] {p['text']}"} if k and "text" in p else p for p in self.parts]
            many.append(self._candidate(k, parts, self.finish))
        return self._frame(many)

    def pieces(self) -> Iterator[str]:
        """The response as server-sent events."""
        for part in self.parts:
            if "text" not in part:
                yield sse(self._frame([self._candidate(0, [part], None)]))
                continue
            cut = words(part["text"])
            for i in range(0, len(cut), 4):
                piece = {"text": "".join(cut[i : i + 4])}
                if part.get("thought"):
                    piece["thought"] = True
                yield sse(self._frame([self._candidate(0, [piece], None)]))
        last: list[dict[str, Any]] = [
            {"text": "", **({"thoughtSignature": p["thoughtSignature"]} if "thoughtSignature" in p else {})}
            for p in self.parts[-1:]
        ]
        yield sse(self._frame([self._candidate(0, [] if self.finish == "SAFETY" else last, self.finish)]))


def question(api: str, body: dict[str, Any]) -> str:
    """The last thing a person asked, from which the scene is found."""
    if api == "openai_responses":
        given = body["input"]
        if isinstance(given, str):
            return given
        turns = [i for i in given if i.get("role") == "user"]
    elif api == "gemini_generate":
        turns = [
            c for c in body["contents"] if c.get("role", "user") == "user" and any("text" in p for p in c["parts"])
        ]
        return text_of(turns[-1]["parts"]) if turns else ""
    else:
        turns = [m for m in body["messages"] if m["role"] == "user" and text_of(m["content"])]
    return text_of(turns[-1]["content"]) if turns else ""


def fault(api: str, status: int, request_id: str) -> dict[str, Any]:
    """An error body in the provider's shape."""
    if api.startswith("openai"):
        if status == 429:
            message = "Rate limit reached for requests per min (RPM): Limit 3, Used 3, Requested 1."
            return {"error": {"message": message, "type": "requests", "param": None, "code": "rate_limit_exceeded"}}
        message = "The server had an error while processing your request. Sorry about that!"
        return {"error": {"message": message, "type": "server_error", "param": None, "code": None}}
    if api == "anthropic_messages":
        kind, text = (
            ("rate_limit_error", "Number of requests has exceeded your rate limit.")
            if status == 429
            else ("api_error", "Internal server error")
        )
        return {"type": "error", "error": {"type": kind, "message": text}, "request_id": request_id}
    name, text = (
        ("RESOURCE_EXHAUSTED", "Resource has been exhausted (e.g. check quota).")
        if status == 429
        else ("INTERNAL", "An internal error has occurred.")
    )
    return {"error": {"code": status, "message": text, "status": name}}


class MockServer(ThreadingHTTPServer):
    """The server with its counted clock and its capture files."""

    daemon_threads = True

    def __init__(self, port: int, captures: Path | None) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.captures = captures
        self.counts: dict[str, int] = {}
        self.written: dict[str, int] = {}
        self.writing = threading.Lock()

    def next_number(self, api: str) -> int:
        """Count the calls of one API from 1."""
        self.counts[api] = self.counts.get(api, 0) + 1
        return self.counts[api]

    def settle(self, api: str) -> None:
        """Wait until every counted call of one API is written down: an answer reaches its caller before its capture reaches the file."""
        for _ in range(500):
            if self.written.get(api, 0) == self.counts.get(api, 0):
                return
            time.sleep(0.02)
        raise TimeoutError(f"{api}: {self.written.get(api, 0)} captures of {self.counts.get(api, 0)} calls")

    def record(self, api: str, capture: dict[str, Any]) -> None:
        """Append one capture to the API's file."""
        if self.captures is None:
            return
        with self.writing, (self.captures / f"{api}.jsonl").open("a", encoding="utf-8") as out:
            out.write(json.dumps(capture, ensure_ascii=False) + "\n")
            out.flush()
            self.written[api] = self.written.get(api, 0) + 1


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server: MockServer

    def log_message(self, format: str, *args: Any) -> None:  # noqa: A002
        """Say nothing."""

    def _api(self) -> str | None:
        path = self.path.split("?")[0]
        if path.endswith("/chat/completions"):
            return "openai_chat"
        if path.endswith("/responses"):
            return "openai_responses"
        if path.endswith("/messages"):
            return "anthropic_messages"
        if "enerateContent" in path:
            return "gemini_generate"
        return None

    def do_POST(self) -> None:
        """Answer one call and write it down."""
        raw = self.rfile.read(int(self.headers.get("content-length", 0)))
        api = self._api()
        if api is None:
            self._send(404, b"{}", {})
            return
        if self.server.captures is not None:
            self.server.settle(api)
        number = self.server.next_number(api)
        body = json.loads(raw)
        scene = answer_to(question(api, body)) or UNKNOWN
        started = START + timedelta(seconds=37 * number, milliseconds=(number * 211) % 1000)
        request_id = {"o": "req_" + made_up(api, number, 32), "a": "req_011" + made_up(api, number, 20)}.get(api[0], "")
        headers = {"content-type": "application/json", "date": started.strftime("%a, %d %b %Y %H:%M:%S GMT")}
        if api.startswith("openai"):
            headers |= {
                "x-request-id": request_id,
                "openai-organization": self._org(),
                "openai-processing-ms": str(300 + number),
                "openai-version": "2020-10-01",
            }
        elif api == "anthropic_messages":
            headers |= {"request-id": request_id, "anthropic-organization-id": self._org()}
        status = scene.status
        if status != 200:
            if status == 429:
                headers["retry-after"] = "20"
            out = fault(api, status, request_id)
            self._send(status, json.dumps(out).encode(), headers)
            self._record(api, number, started, 0.2, raw, body, status, headers, out)
            return
        created = int(started.timestamp())
        if api == "openai_chat":
            reply: Any = OpenAIChat(body, scene, number, created)
        elif api == "openai_responses":
            reply = OpenAIResponses(body, scene, number, created)
        elif api == "anthropic_messages":
            reply = AnthropicMessages(body, scene, number, created)
        else:
            reply = GeminiGenerate(body, scene, number, created, self.path.split("/")[-1].split(":")[0])
        if body.get("stream") or "stream" in self.path.split("/")[-1]:
            headers["content-type"] = "text/event-stream; charset=utf-8"
            cut_after = 3 if scene.cut_after and api == "gemini_generate" else scene.cut_after
            sent = self._stream(list(reply.pieces()), headers, cut_after)
            if scene.cut_after and api == "anthropic_messages":
                sent[-1] = sent[-1][:41]
            kept: Any = sent if number % 2 else "".join(sent)
            self._record(api, number, started, 0.3 + 0.02 * len(sent), raw, body, 200, headers, kept)
            return
        out = reply.whole()
        text = json.dumps(out, ensure_ascii=False)
        self._send(200, text.encode(), headers)
        self._record(
            api, number, started, 0.4 + 0.002 * len(text), raw, body, 200, headers, text if number % 5 == 0 else out
        )

    def _org(self) -> str:
        given = self.headers.get("authorization") or self.headers.get("x-api-key") or ""
        return next((c.org for c in CALLERS.values() if given.endswith(c.key)), "org-unknown")

    def _send(self, status: int, data: bytes, headers: dict[str, str]) -> None:
        self.send_response_only(status)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("content-length", str(len(data)))
        self.end_headers()
        self.wfile.write(data)

    def _stream(self, pieces: list[str], headers: dict[str, str], cut_after: int | None) -> list[str]:
        """Send events; where the caller is to go away half-way, wait until it has."""
        self.close_connection = True
        self.send_response_only(200)
        for key, value in headers.items():
            self.send_header(key, value)
        self.send_header("connection", "close")
        self.end_headers()
        pieces = pieces if cut_after is None else pieces[:cut_after]
        with contextlib.suppress(OSError):
            for piece in pieces:
                self.wfile.write(piece.encode())
                self.wfile.flush()
            if cut_after is not None:
                self.connection.settimeout(10)
                self.connection.recv(1)
        return pieces

    def _record(
        self,
        api: str,
        number: int,
        started: datetime,
        took: float,
        raw: bytes,
        body: Any,
        status: int,
        headers: dict[str, str],
        out: Any,
    ) -> None:
        sent = {k.lower(): v for k, v in self.headers.items()}
        client: dict[str, Any] = {"ip": sent.pop("x-forwarded-for", "127.0.0.1"), "user_agent": sent.get("user-agent")}
        if "x-ja4" in sent:
            client["ja4"] = sent.pop("x-ja4")
        sent["host"] = UPSTREAM[api]
        for name in ("authorization", "x-api-key", "x-goog-api-key"):
            if name in sent:
                sent[name] = redact(name, sent[name])
        request = {
            "method": "POST",
            "path": self.path,
            "headers": sent,
            "body": raw.decode() if number % 4 == 0 else body,
        }
        capture = {
            "started_at": iso(started),
            "ended_at": iso(started + timedelta(seconds=round(took, 3))),
            "client": client,
        }
        self.server.record(
            api, capture | {"request": request, "response": {"status": status, "headers": headers, "body": out}}
        )


def serve(port: int, captures: Path | None, salt: str = "") -> MockServer:
    """Start the server in a thread of this process."""
    SALT[0] = salt
    server = MockServer(port, captures)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def main() -> None:
    """Run until interrupted."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--port", type=int, default=18080)
    parser.add_argument("--captures", type=Path, default=None)
    given = parser.parse_args()
    if given.captures:
        given.captures.mkdir(parents=True, exist_ok=True)
    MockServer(given.port, given.captures).serve_forever()


if __name__ == "__main__":
    main()
