"""OpenAI Responses bodies: request, response, joined stream."""

from __future__ import annotations

from typing import Any

from . import _chat
from .clean import asked_count, asked_flag, asked_number, label, mapping, sequence, text
from .exchange import Exchange
from .turns import Turn, call_text, lay_out, parts_text, parts_texts, returned, sent, settle

__all__ = ["CALLS", "join", "request", "response"]

CALLS = frozenset(("function_call", "custom_tool_call", "mcp_call"))
_FINAL = frozenset(("response.completed", "response.incomplete", "response.failed", "response.cancelled"))


def _item_turn(item: Any, artifacts: list[str]) -> Turn | None:
    if isinstance(item, str):
        return "user", item
    if not isinstance(item, dict):
        return None
    kind = item.get("type")
    if kind == "reasoning":
        encrypted = item.get("encrypted_content")
        if isinstance(encrypted, str) and encrypted:
            artifacts.append(encrypted)
        return None
    if isinstance(kind, str) and kind in CALLS:
        return "assistant", call_text(item.get("name"), item.get("arguments", item.get("input")))
    if isinstance(kind, str) and kind.endswith("_output"):
        return "tool", parts_text(item.get("output"))
    role = item.get("role")
    return (role if isinstance(role, str) else "user"), parts_text(item.get("content"))


def request(x: Exchange, body: dict[str, Any]) -> None:
    """Fill from a Responses request body."""
    x.model = label(body.get("model"))
    x.end_user = label(body.get("safety_identifier")) or label(body.get("user"))
    x.max_tokens = asked_count(body.get("max_output_tokens"))
    x.temperature = asked_number(body.get("temperature"))
    x.top_p = asked_number(body.get("top_p"))
    x.top_logprobs = asked_count(body.get("top_logprobs"), limit=32_767)
    x.logprobs = bool(x.top_logprobs) or "message.output_text.logprobs" in sequence(body.get("include"))
    stream = body.get("stream")
    x.stream = False if stream is None else asked_flag(stream)
    x.tools = _chat.tool_names(body.get("tools"))
    conversation = body.get("conversation")
    x.conversation = label(conversation.get("id") if isinstance(conversation, dict) else conversation) or x.conversation
    turns, artifacts = _asked(body.get("input"))
    lay_out(x, turns, system=parts_texts(body.get("instructions")))
    sent(x, artifacts)


def _asked(given: Any) -> tuple[list[Turn], list[str]]:
    """A request's input as turns, and the reasoning artifacts in it."""
    artifacts: list[str] = []
    items = given if isinstance(given, list) else ([given] if isinstance(given, str) else [])
    return [turn for item in items if (turn := _item_turn(item, artifacts)) is not None], artifacts


def response(x: Exchange, body: dict[str, Any], *, complete: bool = True) -> None:
    """Fill from a Responses response body; settles the outcome."""
    x.request = label(body.get("id")) or x.request
    if x.model is None:
        x.model = label(body.get("model"))
    if x.conversation is None:
        x.conversation = label(mapping(body.get("conversation")).get("id"))
    _chat.usage(x, body.get("usage"))
    x.output, x.reasoning, artifacts, refused = _answer(body.get("output"))
    returned(x, artifacts)
    status = body.get("status")
    why = text(mapping(body.get("incomplete_details")).get("reason"))
    x.stop_reason = label(why) or label(status)
    if why == "content_filter":
        refused = True
        x.refusal_category = "content_filter"
    settle(
        x,
        error=bool(body.get("error")) or status == "failed",
        refused=refused,
        cancelled=not complete or status == "cancelled" or status == "in_progress",
    )


def _answer(output: Any) -> tuple[str | None, str | None, list[str], bool]:
    """(output, reasoning, artifacts, whether it was refused) of a response's items."""
    answers: list[str] = []
    calls: list[str] = []
    thoughts: list[str] = []
    artifacts: list[str] = []
    refused = False
    for item in sequence(output):
        if not isinstance(item, dict):
            continue
        kind = item.get("type")
        if kind == "reasoning":
            _item_turn(item, artifacts)
            thoughts += [*parts_texts(item.get("summary")), *parts_texts(item.get("content"))]
        elif isinstance(kind, str) and kind in CALLS:
            calls.append(call_text(item.get("name"), item.get("arguments", item.get("input"))))
        elif kind == "message":
            for part in sequence(item.get("content")):
                refusal = part.get("refusal") if isinstance(part, dict) else None
                if isinstance(refusal, str):
                    refused = True
                    answers.append(refusal)
                else:
                    answers += parts_texts([part])
    return "\n".join(answers or calls) or None, "\n".join(thoughts) or None, artifacts, refused


def join(events: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Take the final response out of a stream, or rebuild what had arrived when it broke off."""
    whole: dict[str, Any] = {}
    done: list[Any] = []
    open_texts: dict[str, list[str]] = {}
    for event in events:
        kind = event.get("type")
        if isinstance(kind, str) and kind in _FINAL and isinstance(event.get("response"), dict):
            return event["response"], True
        if kind == "error":
            whole["error"] = event.get("error") or event
        elif kind == "response.output_item.done":
            done.append(event.get("item"))
            open_texts.pop(str(mapping(event.get("item")).get("id")), None)
        elif isinstance(kind, str) and kind.endswith(".delta") and isinstance(event.get("delta"), str):
            group = "reasoning" if "reasoning" in kind else ("call" if "arguments" in kind else "message")
            open_texts.setdefault(str(event.get("item_id")), [group]).append(event["delta"])
        elif isinstance(event.get("response"), dict):
            whole.update(event["response"])
    for group, *pieces in open_texts.values():
        joined = "".join(pieces)
        if group == "reasoning":
            done.append({"type": "reasoning", "summary": [{"type": "summary_text", "text": joined}]})
        elif group == "call":
            done.append({"type": "function_call", "arguments": joined})
        else:
            done.append({"type": "message", "content": [{"type": "output_text", "text": joined}]})
    whole["output"] = done
    whole.pop("status", None)
    return whole, bool(whole.get("error"))
