"""Made-up traffic for benchmarks: prompts of 1 KB, and captures of it in the dialects of the model APIs."""

from __future__ import annotations

import base64
import json
import time
from typing import Any

import numpy as np

KEY = b"benchmark key, not a secret one!"
START = 1_760_000_000
WORDS = """
the of and to in is that for it as was with be by on not he his but at are this have from or had an they which one you were all her she
there would their we him been has when who will no more if out so up said what its about than into them can only other time new
""".split()  # noqa: SIM905 - a list of sixty words would be a page


class World:
    """Prompts of about 1 KB, answers of about 1 KB, accounts of unequal activity."""

    def __init__(self, rows: int) -> None:
        self.rng = np.random.default_rng(7)
        self.rows = rows
        self.accounts = max(2, rows // 50)
        self.texts = [" ".join(self.rng.choice(WORDS, 205)) for _ in range(2000)]

    def prompt(self, i: int) -> str:
        """Prompt of row `i`: 1 KB, unique."""
        return f"{i} {self.texts[i * 7 % 2000]}"

    def answer(self, i: int) -> str:
        """Answer of row `i`."""
        return self.texts[(i * 13 + 5) % 2000]

    def account(self, i: int) -> str:
        """Account of row `i`."""
        return f"acct-{(i * i) % self.accounts:06d}"

    def ip(self, i: int) -> str:
        """Address of row `i`."""
        a = (i * i) % self.accounts
        return f"203.{a >> 16 & 255}.{a >> 8 & 255}.{a & 255}"

    def agent(self, i: int) -> str:
        """User agent of row `i`."""
        return f"OpenAI/Python 1.{(i * i) % 40}.0"


def iso(i: int) -> str:
    """Time of row `i` as ISO 8601."""
    return time.strftime("%Y-%m-%dT%H:%M:%S", time.gmtime(START + i // 4)) + f".{i % 1000:03d}Z"


def chat_request(w: World, i: int) -> dict[str, Any]:
    """A chat-completions request."""
    messages = [{"role": "system", "content": "You are helpful."}, {"role": "user", "content": w.prompt(i)}]
    return {"model": "gpt-4.1-mini", "messages": messages, "temperature": 0.7, "max_tokens": 500, "user": f"u-{i % 97}"}


def chat_response(w: World, i: int) -> dict[str, Any]:
    """A chat-completions response."""
    message = {"role": "assistant", "content": w.answer(i), "refusal": None}
    usage = {
        "prompt_tokens": 250,
        "completion_tokens": 230,
        "total_tokens": 480,
        "prompt_tokens_details": {"cached_tokens": 0},
        "completion_tokens_details": {"reasoning_tokens": 0},
    }
    return {
        "id": f"chatcmpl-{i:020d}",
        "object": "chat.completion",
        "created": START + i // 4,
        "model": "gpt-4.1-mini-2025-04-14",
        "choices": [{"index": 0, "message": message, "finish_reason": "stop", "logprobs": None}],
        "usage": usage,
    }


def envelope(w: World, i: int, path: str, request: Any, response: Any) -> dict[str, Any]:
    """A capture."""
    headers = {
        "authorization": f"Bearer sk-...{w.account(i)[-6:]}",
        "content-type": "application/json",
        "user-agent": w.agent(i),
    }
    return {
        "started_at": iso(i),
        "ended_at": iso(i + 4),
        "client": {"ip": w.ip(i), "user_agent": w.agent(i)},
        "request": {"method": "POST", "path": path, "headers": headers, "body": request},
        "response": {"status": 200, "headers": {"x-request-id": f"req_{i}"}, "body": response},
    }


def openai_chat(w: World, i: int) -> dict[str, Any]:
    """Capture, plain."""
    return envelope(w, i, "/v1/chat/completions", chat_request(w, i), chat_response(w, i))


def openai_chat_stream(w: World, i: int) -> dict[str, Any]:
    """Capture of a stream of 40 events."""
    text = w.answer(i)
    step = len(text) // 40 + 1
    events = [
        {
            "id": f"chatcmpl-{i:020d}",
            "model": "gpt-4.1-mini",
            "choices": [{"index": 0, "delta": {"content": text[k : k + step]}}],
        }
        for k in range(0, len(text), step)
    ]
    events.append({"id": f"chatcmpl-{i:020d}", "choices": [{"index": 0, "delta": {}, "finish_reason": "stop"}]})
    sse = "".join(f"data: {json.dumps(event)}\n\n" for event in events) + "data: [DONE]\n\n"
    return envelope(w, i, "/v1/chat/completions", {**chat_request(w, i), "stream": True}, sse)


def openai_responses(w: World, i: int) -> dict[str, Any]:
    """Responses capture."""
    request = {
        "model": "o4-mini",
        "instructions": "Be brief.",
        "input": [{"role": "user", "content": w.prompt(i)}],
        "max_output_tokens": 900,
    }
    output = [
        {
            "type": "reasoning",
            "id": "rs_1",
            "summary": [{"type": "summary_text", "text": "Thought."}],
            "encrypted_content": f"gAAAA{i}" * 9,
        },
        {"type": "message", "role": "assistant", "content": [{"type": "output_text", "text": w.answer(i)}]},
    ]
    usage = {"input_tokens": 250, "output_tokens": 300, "output_tokens_details": {"reasoning_tokens": 64}}
    return envelope(
        w,
        i,
        "/v1/responses",
        request,
        {"id": f"resp_{i:020d}", "object": "response", "status": "completed", "output": output, "usage": usage},
    )


def anthropic_messages(w: World, i: int) -> dict[str, Any]:
    """Messages capture."""
    request = {
        "model": "claude-sonnet-4",
        "system": "Be brief.",
        "messages": [{"role": "user", "content": w.prompt(i)}],
        "max_tokens": 900,
    }
    content = [
        {"type": "thinking", "thinking": "Thought.", "signature": f"EqQB{i}" * 9},
        {"type": "text", "text": w.answer(i)},
    ]
    usage = {"input_tokens": 250, "output_tokens": 300, "cache_read_input_tokens": 0}
    return envelope(
        w,
        i,
        "/v1/messages",
        request,
        {"id": f"msg_{i:020d}", "type": "message", "content": content, "stop_reason": "end_turn", "usage": usage},
    )


def gemini_generate(w: World, i: int) -> dict[str, Any]:
    """generateContent capture."""
    request = {
        "contents": [{"role": "user", "parts": [{"text": w.prompt(i)}]}],
        "generationConfig": {"temperature": 0.3},
    }
    candidate = {
        "content": {"role": "model", "parts": [{"text": w.answer(i), "thoughtSignature": f"CiQB{i}" * 9}]},
        "finishReason": "STOP",
    }
    response = {
        "responseId": f"r{i:020d}",
        "candidates": [candidate],
        "usageMetadata": {"promptTokenCount": 250, "candidatesTokenCount": 230},
    }
    return envelope(w, i, "/v1beta/models/gemini-2.5-pro:generateContent", request, response)


def har(w: World, i: int) -> dict[str, Any]:
    """HAR entry, one a line."""
    body = base64.b64encode(json.dumps(chat_response(w, i)).encode()).decode()
    return {
        "startedDateTime": iso(i),
        "time": 900,
        "request": {
            "method": "POST",
            "url": "https://api.example/v1/chat/completions",
            "headers": [{"name": "Authorization", "value": f"Bearer sk-...{w.account(i)[-6:]}"}],
            "postData": {"text": json.dumps(chat_request(w, i))},
        },
        "response": {"status": 200, "headers": [], "content": {"text": body, "encoding": "base64"}},
    }
