"""Bedrock Converse bodies (Nova speaks the same in InvokeModel): request, response, joined stream."""

from __future__ import annotations

from typing import Any

from .clean import asked_count, asked_number, billed, label, mapping, sequence, text
from .exchange import Exchange
from .turns import Turn, call_text, lay_out, returned, sent, settle, sorted_tools

__all__ = ["REFUSALS", "answer", "join", "request", "response", "system_texts", "tool_names", "turn"]

REFUSALS = frozenset(("guardrail_intervened", "content_filtered", "refusal"))


def _blocks(content: Any, thoughts: list[str], artifacts: list[str]) -> tuple[list[str], bool]:
    """(texts, whether it carries a tool's result)"""
    texts: list[str] = []
    calls: list[str] = []
    answered = False
    for block in content if isinstance(content, list) else [{"text": content}]:
        if not isinstance(block, dict):
            continue
        value = block.get("text")
        if isinstance(value, str) and value:
            texts.append(value)
        call = block.get("toolUse")
        if isinstance(call, dict):
            calls.append(call_text(call.get("name"), call.get("input")))
        answered |= "toolResult" in block
        reasoning = mapping(block.get("reasoningContent"))
        if reasoning:
            said = mapping(reasoning.get("reasoningText")) or reasoning
            thought = text(said.get("text"))
            thoughts += [thought] if thought else []
            for mark in (said.get("signature"), reasoning.get("redactedContent")):
                artifacts += [mark] if isinstance(mark, str) and mark else []
    return texts or calls, answered


def turn(message: Any, artifacts: list[str]) -> Turn:
    """One message as (role, text); reasoning signatures are collected."""
    message = mapping(message)
    role = message.get("role")
    texts, answered = _blocks(message.get("content"), [], artifacts)
    if answered and not texts:
        return "tool", None
    return (role if isinstance(role, str) else "user"), "\n".join(texts) or None


def request(x: Exchange, body: dict[str, Any]) -> None:
    """Fill from a Converse request body."""
    config = mapping(body.get("inferenceConfig"))
    more = mapping(body.get("additionalModelRequestFields"))
    x.max_tokens = asked_count(config.get("maxTokens", config.get("max_new_tokens")))
    x.temperature = asked_number(config.get("temperature"))
    x.top_p = asked_number(config.get("topP"))
    top_k = config.get("topK")
    x.top_k = asked_count(more.get("top_k") if top_k is None else top_k)
    x.tools = tool_names(body.get("toolConfig"))
    artifacts: list[str] = []
    turns = [turn(message, artifacts) for message in sequence(body.get("messages"))]
    lay_out(x, turns, system=system_texts(body.get("system")))
    sent(x, artifacts)


def tool_names(config: Any) -> str | None:
    """Names of the tools offered."""
    tools = sequence(mapping(config).get("tools"))
    return sorted_tools(mapping(mapping(tool).get("toolSpec")).get("name") for tool in tools)


def system_texts(given: Any) -> list[str]:
    """Texts of the system blocks."""
    return _blocks(given, [], [])[0] if given is not None else []


def response(x: Exchange, body: dict[str, Any], *, complete: bool = True) -> None:
    """Fill from a Converse response body; settles the outcome."""
    counts = mapping(body.get("usage"))
    x.input_tokens = billed(counts.get("inputTokens"), "usage.inputTokens")
    x.output_tokens = billed(counts.get("outputTokens"), "usage.outputTokens")
    cached = counts.get("cacheReadInputTokens")
    x.cached_tokens = billed(
        cached if cached is not None else counts.get("cacheReadInputTokenCount"), "usage.cacheReadInputTokens"
    )
    x.output, x.reasoning, artifacts = answer(mapping(mapping(body.get("output")).get("message")).get("content"))
    returned(x, artifacts)
    x.stop_reason = label(body.get("stopReason"))
    refused = x.stop_reason in REFUSALS
    if refused:
        x.refusal_category = x.stop_reason
    settle(x, error=bool(body.get("error")), refused=refused, cancelled=not complete)


def answer(content: Any) -> tuple[str | None, str | None, list[str]]:
    """(output, reasoning, artifacts) of a response's content."""
    thoughts: list[str] = []
    artifacts: list[str] = []
    texts = _blocks(content, thoughts, artifacts)[0]
    return "\n".join(texts) or None, "\n".join(thoughts) or None, artifacts


def join(events: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Put stream events together as one response; returns it and whether it reached its end."""
    whole: dict[str, Any] = {}
    blocks: dict[int, dict[str, Any]] = {}
    for event in events:
        begun = mapping(event.get("contentBlockStart"))
        if begun:
            call = mapping(mapping(begun.get("start")).get("toolUse"))
            if call:
                blocks.setdefault(_index(begun), {})["toolUse"] = {"name": call.get("name"), "input": ""}
        piece = mapping(event.get("contentBlockDelta"))
        if piece:
            _add(blocks.setdefault(_index(piece), {}), mapping(piece.get("delta")))
        if "messageStop" in event:
            whole["stopReason"] = mapping(event["messageStop"]).get("stopReason") or "unknown"
        usage = mapping(mapping(event.get("metadata")).get("usage"))
        if usage:
            whole["usage"] = usage
    whole["output"] = {"message": {"content": [blocks[index] for index in sorted(blocks)]}}
    return whole, "stopReason" in whole


def _index(event: dict[str, Any]) -> int:
    return asked_count(event.get("contentBlockIndex"), limit=100_000) or 0


def _add(block: dict[str, Any], delta: dict[str, Any]) -> None:
    value = delta.get("text")
    if isinstance(value, str):
        block["text"] = str(block.get("text") or "") + value
    call = mapping(delta.get("toolUse")).get("input")
    if isinstance(call, str):
        held = block.setdefault("toolUse", {"name": None, "input": ""})
        held["input"] = str(held["input"]) + call
    reasoning = mapping(delta.get("reasoningContent"))
    if reasoning:
        held = block.setdefault("reasoningContent", {})
        for key in ("text", "signature", "redactedContent"):
            if isinstance(reasoning.get(key), str):
                held[key] = str(held.get(key) or "") + reasoning[key]
