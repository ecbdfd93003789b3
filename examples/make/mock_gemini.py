"""Answers of Gemini generateContent, whole and as server-sent events."""

from __future__ import annotations

import base64
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

from mock_pieces import made_up, sse, text_of, words
from scenes import Scene, count_tokens

__all__ = ["GeminiGenerate"]


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
