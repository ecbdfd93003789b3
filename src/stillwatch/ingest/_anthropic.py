"""Anthropic Messages bodies: request, response, joined stream."""

from __future__ import annotations

from typing import Any

from . import _chat
from .clean import asked_count, asked_flag, asked_number, billed, label, mapping, sequence, text
from .exchange import Exchange
from .turns import Turn, call_text, joined_answers, lay_out, parts_text, parts_texts, returned, sent, settle

__all__ = ["answer", "join", "request", "response", "turn"]


def _artifact(block: dict[str, Any], artifacts: list[str]) -> None:
    value = block.get("signature") if block.get("type") == "thinking" else block.get("data")
    if isinstance(value, str) and value:
        artifacts.append(value)


def turn(message: Any, artifacts: list[str]) -> Turn:
    """One message as (role, text); reasoning signatures are collected."""
    message = mapping(message)
    role = message.get("role")
    role = role if isinstance(role, str) else "user"
    content = message.get("content")
    if not isinstance(content, list):
        return role, parts_text(content)
    texts: list[str] = []
    calls: list[str] = []
    results: list[str] = []
    for block in content:
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        if kind == "text" and isinstance(block.get("text"), str):
            texts.append(block["text"])
        elif kind in ("thinking", "redacted_thinking"):
            _artifact(block, artifacts)
        elif kind == "tool_use":
            calls.append(call_text(block.get("name"), block.get("input")))
        elif kind == "tool_result":
            results += parts_texts(block.get("content"))
    texts = texts or calls
    if not texts and any(isinstance(block, dict) and block.get("type") == "tool_result" for block in content):
        return "tool", "\n".join(results) or None
    return role, "\n".join(texts) or None


def request(x: Exchange, body: dict[str, Any]) -> None:
    """Fill from a Messages request body."""
    x.model = label(body.get("model")) or x.model
    user = label(mapping(body.get("metadata")).get("user_id"))
    if user is not None:
        x.end_user = user
        _, marked, session = user.partition("_session_")
        if marked:
            x.conversation = session
    x.max_tokens = asked_count(body.get("max_tokens"))
    x.temperature = asked_number(body.get("temperature"))
    x.top_p = asked_number(body.get("top_p"))
    x.top_k = asked_count(body.get("top_k"))
    stream = body.get("stream")
    x.stream = False if stream is None else asked_flag(stream)
    x.tools = _chat.tool_names(body.get("tools"))
    artifacts: list[str] = []
    turns = [turn(message, artifacts) for message in sequence(body.get("messages"))]
    lay_out(x, turns, system=parts_texts(body.get("system")))
    sent(x, artifacts)


def usage(x: Exchange, usage: dict[str, Any]) -> None:
    """Fill token counts; input includes what was written to and read from the cache, as it does with other providers."""
    fresh = billed(usage.get("input_tokens"), "usage.input_tokens")
    x.cached_tokens = billed(usage.get("cache_read_input_tokens"), "usage.cache_read_input_tokens")
    written = billed(usage.get("cache_creation_input_tokens"), "usage.cache_creation_input_tokens")
    if fresh is not None:
        x.input_tokens = fresh + (x.cached_tokens or 0) + (written or 0)
    x.output_tokens = billed(usage.get("output_tokens"), "usage.output_tokens")
    details = mapping(usage.get("output_tokens_details"))
    x.reasoning_tokens = billed(
        details.get("thinking_tokens", details.get("reasoning_tokens")), "usage.output_tokens_details"
    )


def response(x: Exchange, body: dict[str, Any], *, complete: bool = True) -> None:
    """Fill from a Messages response body; settles the outcome."""
    error = body.get("error")
    failed = bool(error) or body.get("type") == "error"
    x.request = label(body.get("id")) or x.request or label(body.get("request_id"))
    if x.model is None:
        x.model = label(body.get("model"))
    usage(x, mapping(body.get("usage")))
    x.output, x.reasoning, artifacts = answer(body.get("content"))
    returned(x, artifacts)
    x.stop_reason = label(body.get("stop_reason"))
    details = mapping(body.get("stop_details"))
    refused = x.stop_reason == "refusal"
    if refused:
        x.refusal_category = label(details.get("category"))
    settle(x, error=failed, refused=refused, cancelled=not complete)


def answer(content: Any) -> tuple[str | None, str | None, list[str]]:
    """(output, reasoning, artifacts) of a response's content."""
    answers: list[str] = []
    calls: list[str] = []
    thoughts: list[str] = []
    artifacts: list[str] = []
    for block in sequence(content):
        if not isinstance(block, dict):
            continue
        kind = block.get("type")
        if kind == "text":
            answers.append(text(block.get("text")) or "")
        elif kind == "thinking":
            thoughts.append(text(block.get("thinking")) or "")
            _artifact(block, artifacts)
        elif kind == "redacted_thinking":
            _artifact(block, artifacts)
        elif kind == "tool_use":
            calls.append(call_text(block.get("name"), block.get("input")))
    return "\n".join(answers) or "\n".join(calls) or None, joined_answers(["\n".join(thoughts)]), artifacts


def join(events: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Put stream events together as one message; returns it and whether it reached its end."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    pieces: dict[tuple[int, str], list[str]] = {}
    complete = False
    counts: dict[str, Any] = {}
    for event in events:
        kind = event.get("type")
        if kind == "message_start":
            whole = {**mapping(event.get("message"))}
            counts.update(mapping(whole.get("usage")))
        elif kind == "content_block_start":
            blocks[_index(event)] = {**mapping(event.get("content_block"))}
        elif kind == "content_block_delta":
            delta = mapping(event.get("delta"))
            for key in ("text", "thinking", "signature", "partial_json"):
                value = delta.get(key)
                if isinstance(value, str):
                    pieces.setdefault((_index(event), key), []).append(value)
        elif kind == "message_delta":
            whole.update({key: value for key, value in mapping(event.get("delta")).items() if value is not None})
            counts.update({key: value for key, value in mapping(event.get("usage")).items() if value is not None})
        elif kind == "message_stop":
            complete = True
        elif kind == "error":
            whole["error"] = event.get("error") or True
            complete = True
    for (index, key), values in pieces.items():
        block = blocks.setdefault(index, {"type": "thinking" if key in ("thinking", "signature") else "text"})
        joined = "".join(values)
        if key == "partial_json":
            block["input"] = joined
        else:
            begun = block.get(key)
            block[key] = (begun if isinstance(begun, str) else "") + joined
    whole["content"] = [blocks[index] for index in sorted(blocks)]
    whole["usage"] = counts
    return whole, complete


def _index(event: dict[str, Any]) -> int:
    return asked_count(event.get("index"), limit=100_000) or 0
