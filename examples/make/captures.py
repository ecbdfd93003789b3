"""Make the capture samples with the providers' own SDKs: `python captures.py EXAMPLES_FOLDER`.

Plays `scenes.py` against the mock server in this process; the server writes the captures. Environment: requirements-sdk.txt.
"""

from __future__ import annotations

import contextlib
import json
import shutil
import sys
import tempfile
import urllib.request
from pathlib import Path
from typing import Any

import anthropic
import openai
from google import genai
from google.genai import errors, types
from mock_server import serve
from scenes import CALLERS, SCENES, Scene

PORT = 18080
TOOL = {
    "name": "read_gauge",
    "description": "Read a water gauge.",
    "parameters": {
        "type": "object",
        "properties": {"gauge": {"type": "integer"}, "unit": {"type": "string"}},
        "required": ["gauge"],
    },
}
SECOND_TOOL = {
    "name": "list_gauges",
    "description": "List all gauges.",
    "parameters": {"type": "object", "properties": {}},
}


def headers(caller: str) -> dict[str, str]:
    """What an edge in front of the proxy adds: the caller's address and, where it computes one, the TLS fingerprint."""
    who = CALLERS[caller]
    out = {"x-forwarded-for": who.ip}
    if who.ja4:
        out["x-ja4"] = who.ja4
    if who.user_agent:
        out["user-agent"] = who.user_agent
    return out


def consume(stream: Any, limit: int | None) -> None:
    """Read a stream to its end, or go away after `limit` events."""
    with contextlib.closing(stream):
        for i, _ in enumerate(stream, start=1):
            if limit is not None and i >= limit:
                return


def openai_client(caller: str) -> openai.OpenAI:
    """A client for one caller."""
    return openai.OpenAI(
        api_key=CALLERS[caller].key,
        base_url=f"http://127.0.0.1:{PORT}/v1",
        max_retries=0,
        default_headers=headers(caller),
    )


def chat_messages(scene: Scene) -> list[dict[str, Any]]:
    """The scene as chat-completions messages."""
    out: list[dict[str, Any]] = []
    if scene.system:
        out.append({"role": "developer" if scene.reasoning else "system", "content": scene.system})
    out += [{"role": role, "content": text} for role, text in scene.before]
    if scene.image:
        content: Any = [{"type": "text", "text": scene.ask}, {"type": "image_url", "image_url": {"url": scene.image}}]
    else:
        content = scene.ask
    return [*out, {"role": "user", "content": content}]


def chat(client: Any, scene: Scene, **more: Any) -> Any:
    """One chat completion; errors of the mock are expected."""
    model = "o4-mini" if scene.reasoning else "gpt-4.1-mini"
    settings = dict(scene.settings)
    if scene.reasoning:
        settings["max_completion_tokens"] = settings.pop("max_tokens")
    if scene.user:
        settings["user" if scene.name == "plain" else "safety_identifier"] = scene.user
    if scene.tool:
        settings["tools"] = [{"type": "function", "function": t} for t in (TOOL, SECOND_TOOL)]
    if scene.name == "reasons_stream":
        settings["stream_options"] = {"include_usage": True}
    call: dict[str, Any] = {"model": model, "messages": chat_messages(scene), **settings, **more}
    with contextlib.suppress(openai.APIStatusError):
        if scene.stream or more.get("stream"):
            consume(client.chat.completions.create(**call | {"stream": True}), scene.cut_after)
            return None
        return client.chat.completions.create(**call)
    return None


def openai_chat() -> None:
    """Chat completions: all scenes, then n and logprobs, a tool's answer, and streams with several answers and with a tool call."""
    scenes = {s.name: s for s in SCENES}
    for scene in SCENES:
        answer = chat(openai_client(scene.caller), scene)
        if scene.tool and answer is not None:
            call = answer.choices[0].message
            back = {"role": "tool", "tool_call_id": call.tool_calls[0].id, "content": '{"level": 212}'}
            turns = [*chat_messages(scene), call.model_dump(exclude_none=True), back]
            chat(openai_client(scene.caller), scene, messages=turns)
    client = openai_client("delta")
    chat(
        client, scenes["plain"], n=3, logprobs=True, top_logprobs=5, logit_bias={"1734": -100}, temperature=1.3, seed=7
    )
    usage = {"include_usage": True}
    chat(client, scenes["arabic"], stream=True, n=2, stream_options=usage, temperature=0.9)
    chat(client, scenes["tool"], stream=True, stream_options=usage)
    chat(client, scenes["refusal"], stream=True, stream_options=usage)


def openai_responses() -> None:
    """Responses: strings and items, instructions, reasoning items with encrypted content sent back, a tool, streams."""
    scenes = {s.name: s for s in SCENES}

    def call(scene: Scene, caller: str | None = None, **more: Any) -> Any:
        settings = dict(scene.settings)
        if "max_tokens" in settings:
            settings["max_output_tokens"] = settings.pop("max_tokens")
        if scene.system:
            settings["instructions"] = scene.system
        content: Any = scene.ask
        if scene.image:
            content = [
                {"type": "input_text", "text": scene.ask},
                {"type": "input_image", "image_url": scene.image, "detail": "auto"},
            ]
        plain = not scene.before and not scene.image
        items: Any = (
            scene.ask
            if plain
            else [*({"role": r, "content": t} for r, t in scene.before), {"role": "user", "content": content}]
        )
        if scene.reasoning:
            settings |= {
                "reasoning": {"effort": "high", "summary": "auto"},
                "include": ["reasoning.encrypted_content"],
                "store": False,
            }
        if scene.tool:
            settings["tools"] = [{"type": "function", "strict": False, **t} for t in (TOOL, SECOND_TOOL)]
        if scene.user:
            settings["safety_identifier"] = scene.user
        call_: dict[str, Any] = {"model": "gpt-5" if scene.reasoning else "gpt-4.1", "input": items, **settings, **more}
        with contextlib.suppress(openai.APIStatusError):
            client = openai_client(caller or scene.caller)
            if scene.stream or more.get("stream"):
                consume(client.responses.create(**call_ | {"stream": True}), scene.cut_after)
                return None
            return client.responses.create(**call_)
        return None

    first = None
    for scene in SCENES:
        answer = call(scene)
        if scene.name == "reasons":
            first = answer
        if scene.tool and answer is not None:
            turn = answer.output[0].model_dump(exclude_none=True)
            back = {"type": "function_call_output", "call_id": turn["call_id"], "output": '{"level": 212}'}
            call(scene, input=[{"role": "user", "content": scene.ask}, turn, back])
    if first is not None:
        kept = [item.model_dump(exclude_none=True) for item in first.output]
        asked = {"role": "user", "content": scenes["reasons"].ask}
        call(
            scenes["plain"],
            "delta",
            model="gpt-5",
            input=[asked, *kept, {"role": "user", "content": scenes["plain"].ask}],
            store=False,
        )
        call(scenes["plain"], "anchor", previous_response_id=first.id, metadata={"project": "bakery"})
    call(scenes["tool"], stream=True)
    call(scenes["refusal"], stream=True)


def anthropic_messages() -> None:
    """Messages: system as text and as blocks, thinking with signatures sent back, tools, streams, refusals with their category."""
    scenes = {s.name: s for s in SCENES}

    def call(scene: Scene, caller: str | None = None, **more: Any) -> Any:
        who = caller or scene.caller
        client = anthropic.Anthropic(
            api_key=CALLERS[who].key, base_url=f"http://127.0.0.1:{PORT}", max_retries=0, default_headers=headers(who)
        )
        settings = {"max_tokens": 1024, **scene.settings}
        if scene.system:
            settings["system"] = (
                [{"type": "text", "text": scene.system, "cache_control": {"type": "ephemeral"}}]
                if scene.stream
                else scene.system
            )
        if scene.user:
            settings["metadata"] = {"user_id": scene.user}
        if scene.reasoning:
            settings |= {"max_tokens": 4096, "thinking": {"type": "enabled", "budget_tokens": 1500}}
        if scene.tool:
            settings["tools"] = [
                {"name": t["name"], "description": t["description"], "input_schema": t["parameters"]}
                for t in (TOOL, SECOND_TOOL)
            ]
        content: Any = scene.ask
        if scene.image:
            content = [
                {"type": "image", "source": {"type": "url", "url": scene.image}},
                {"type": "text", "text": scene.ask},
            ]
        turns = [*({"role": r, "content": t} for r, t in scene.before), {"role": "user", "content": content}]
        call_: dict[str, Any] = {"model": "claude-haiku-4-5", "messages": turns, **settings, **more}
        extra = {k: call_.pop(k) for k in ("temperature", "top_p", "top_k") if k in call_}
        if extra:
            call_["extra_body"] = extra
        with contextlib.suppress(anthropic.APIStatusError):
            if scene.stream or more.get("stream"):
                consume(client.messages.create(**call_ | {"stream": True}), 4 if scene.cut_after else None)
                return None
            return client.messages.create(**call_)
        return None

    for scene in SCENES:
        answer = call(scene)
        if answer is None or scene.name not in {"tool", "reasons"}:
            continue
        turns = [
            {"role": "user", "content": scene.ask},
            {"role": "assistant", "content": [b.model_dump(exclude_none=True) for b in answer.content]},
        ]
        if scene.tool:
            used = next(b for b in answer.content if b.type == "tool_use")
            result = {"type": "tool_result", "tool_use_id": used.id, "content": '{"level": 212}'}
            call(scene, messages=[*turns, {"role": "user", "content": [result]}])
        else:
            call(
                scene,
                messages=[*turns, {"role": "user", "content": scenes["plain"].ask}],
                thinking={"type": "enabled", "budget_tokens": 1500},
            )
    call(scenes["plain"], "delta", top_k=40, temperature=0.9)
    call(scenes["tool"], stream=True)
    call(scenes["refusal"], stream=True)
    without_sdk(scenes["arabic"])


def without_sdk(scene: Scene) -> None:
    """One call by hand with `x-api-key`, which older SDKs and scripts send where this one sends `authorization`."""
    who = CALLERS["delta"]
    body = {"model": "claude-haiku-4-5", "max_tokens": 512, "messages": [{"role": "user", "content": scene.ask}]}
    sent = {
        "x-api-key": who.key,
        "anthropic-version": "2023-06-01",
        "content-type": "application/json",
        "x-forwarded-for": who.ip,
    }
    sent["user-agent"] = "curl/8.9.1"
    call = urllib.request.Request(f"http://127.0.0.1:{PORT}/v1/messages", json.dumps(body).encode(), sent)
    with urllib.request.urlopen(call) as answer:
        answer.read()


def gemini_generate() -> None:
    """generateContent: system instruction, thought parts with signatures, several candidates, tools, safety stops, streams."""
    scenes = {s.name: s for s in SCENES}

    def call(scene: Scene, caller: str | None = None, contents: Any = None, stream: bool = False, **more: Any) -> Any:
        who = caller or scene.caller
        options = types.HttpOptions(base_url=f"http://127.0.0.1:{PORT}", headers=headers(who))
        client = genai.Client(api_key=CALLERS[who].key, http_options=options)
        settings = dict(scene.settings)
        if "max_tokens" in settings:
            settings["max_output_tokens"] = settings.pop("max_tokens")
        if scene.system:
            settings["system_instruction"] = scene.system
        if scene.reasoning:
            settings["thinking_config"] = types.ThinkingConfig(include_thoughts=True, thinking_budget=1024)
        if scene.tool:
            settings["tools"] = [types.Tool(function_declarations=[TOOL, SECOND_TOOL])]
        settings |= more
        if contents is None:
            contents = [
                types.Content(role="model" if r == "assistant" else "user", parts=[types.Part(text=t)])
                for r, t in scene.before
            ]
            parts = [types.Part(text=scene.ask)]
            if scene.image:
                parts.append(types.Part.from_uri(file_uri=scene.image, mime_type="image/jpeg"))
            contents.append(types.Content(role="user", parts=parts))
        model = "gemini-2.5-pro" if scene.reasoning else "gemini-2.5-flash"
        config = types.GenerateContentConfig(**settings)
        with contextlib.suppress(errors.APIError):
            if scene.stream or stream:
                stream_ = client.models.generate_content_stream(model=model, contents=contents, config=config)
                consume(stream_, 2 if scene.cut_after else None)
                return None
            return client.models.generate_content(model=model, contents=contents, config=config)
        return None

    for scene in SCENES:
        answer = call(scene)
        if answer is None or scene.name not in {"tool", "reasons"}:
            continue
        asked = types.Content(role="user", parts=[types.Part(text=scene.ask)])
        if scene.tool:
            back = types.Content(
                role="user", parts=[types.Part.from_function_response(name="read_gauge", response={"level": 212})]
            )
            call(scene, contents=[asked, answer.candidates[0].content, back])
        else:
            more = types.Content(role="user", parts=[types.Part(text=scenes["plain"].ask)])
            call(scenes["plain"], "delta", contents=[asked, answer.candidates[0].content, more])
    call(scenes["plain"], "delta", candidate_count=2, top_k=20, response_logprobs=True, logprobs=3, seed=11)
    call(scenes["tool"], stream=True)


def main() -> None:
    """Write EXAMPLES_FOLDER/<format>/captures.jsonl for the four formats."""
    target = Path(sys.argv[1])
    with tempfile.TemporaryDirectory() as folder:
        server = serve(PORT, Path(folder))
        for make in (openai_chat, openai_responses, anthropic_messages, gemini_generate):
            make()
            name = make.__name__
            server.settle(name)
            (target / name).mkdir(exist_ok=True)
            shutil.copy(Path(folder) / f"{name}.jsonl", target / name / "captures.jsonl")
        server.shutdown()


if __name__ == "__main__":
    main()
