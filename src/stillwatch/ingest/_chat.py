"""OpenAI chat-completions bodies (and the legacy completions that share their shape): request, response, joined stream."""

from __future__ import annotations

from typing import Any

from .clean import asked_count, asked_flag, asked_number, billed, label, mapping, sequence, text
from .exchange import Exchange
from .turns import call_text, joined_answers, lay_out, parts_text, returned, sent, settle, sorted_tools, split_thinking

__all__ = ["calls_text", "join", "message_turn", "request", "response", "sampling", "tool_names"]


_MARKED = frozenset(
    (
        "thinking_blocks",
        "reasoning_details",
        "reasoning_signature",
        "encrypted_content",
        "thought_signature",
        "provider_specific_fields",
    )
)


def sampling(x: Exchange, body: dict[str, Any]) -> None:
    """Set what was asked of the sampler, in the names that OpenAI and those who speak its dialect use.

    `x` is an exchange of which nothing of this is known yet. Most requests name two or three of these, so what is absent costs a look.
    """
    if "max_completion_tokens" in body:
        x.max_tokens = asked_count(body["max_completion_tokens"])
    if x.max_tokens is None and "max_tokens" in body:
        x.max_tokens = asked_count(body["max_tokens"])
    if "temperature" in body:
        x.temperature = asked_number(body["temperature"])
    if "top_p" in body:
        x.top_p = asked_number(body["top_p"])
    if "top_k" in body:
        x.top_k = asked_count(body["top_k"])
    if "n" in body:
        x.n = asked_count(body["n"], limit=32_767)
    logprobs = body.get("logprobs")
    if logprobs is None:
        x.logprobs = False
    elif isinstance(logprobs, bool):
        x.logprobs = logprobs
    else:
        legacy = asked_count(logprobs, limit=32_767)
        x.logprobs = None if legacy is None else True
        x.top_logprobs = legacy
    if x.top_logprobs is None and "top_logprobs" in body:
        x.top_logprobs = asked_count(body["top_logprobs"], limit=32_767)
    x.logit_bias = "logit_bias" in body and bool(mapping(body["logit_bias"]))
    stream = body.get("stream")
    x.stream = False if stream is None else asked_flag(stream)


def tool_names(tools: Any) -> str | None:
    """Names of tools offered in any of the dialects: `function.name`, `name`, or the type of a built-in one."""
    if not tools:
        return None
    names: list[Any] = []
    for tool in sequence(tools):
        if isinstance(tool, dict):
            function = tool.get("function")
            names.append(
                (function.get("name") if isinstance(function, dict) else None) or tool.get("name") or tool.get("type")
            )
        else:
            names.append(tool)
    return sorted_tools(names)


def message_turn(message: Any, artifacts: list[str]) -> tuple[str, str | None]:
    """One message as (role, text); one that only calls tools has the calls for its text. Reasoning signatures are collected."""
    if not isinstance(message, dict):
        return "user", message if isinstance(message, str) else None
    role = message.get("role")
    content = message.get("content")
    if type(content) is not str or not content:
        content = parts_text(content)
    if len(message) > 2 or content is None:
        if not _MARKED.isdisjoint(message):
            _collect_artifacts(message, artifacts)
        if not content and ("tool_calls" in message or "function_call" in message):
            content = calls_text(message.get("tool_calls"), message.get("function_call"))
    return (role if isinstance(role, str) else "user"), content


def calls_text(tool_calls: Any, function_call: Any) -> str | None:
    """The calls of a message as text, a line each, `function_call` being how they were once written; none is unknown."""
    found = []
    for call in sequence(tool_calls):
        function = mapping(mapping(call).get("function")) or mapping(mapping(call).get("custom"))
        found.append(call_text(function.get("name"), function.get("arguments", function.get("input"))))
    if isinstance(function_call, dict):
        found.append(call_text(function_call.get("name"), function_call.get("arguments")))
    return "\n".join(found) or None


def _collect_artifacts(message: dict[str, Any], artifacts: list[str]) -> None:
    for key in ("thinking_blocks", "reasoning_details"):
        for block in sequence(message.get(key)):
            if isinstance(block, dict):
                for name in ("signature", "data"):
                    value = block.get(name)
                    if isinstance(value, str) and value:
                        artifacts.append(value)
    for name in ("reasoning_signature", "encrypted_content", "thought_signature"):
        value = message.get(name)
        if isinstance(value, str) and value:
            artifacts.append(value)


def request(x: Exchange, body: dict[str, Any]) -> None:
    """Fill from a chat-completions or completions request body."""
    x.model = label(body.get("model"))
    x.end_user = label(body.get("safety_identifier")) or label(body.get("user"))
    sampling(x, body)
    if "tools" in body or "functions" in body:
        x.tools = tool_names(body.get("tools") or body.get("functions"))
    artifacts: list[str] = []
    messages = body.get("messages")
    if isinstance(messages, list):
        lay_out(x, [message_turn(message, artifacts) for message in messages])
    else:
        lay_out(x, [("user", parts_text(body.get("prompt")))] if body.get("prompt") is not None else [])
    sent(x, artifacts)


def usage(x: Exchange, usage: Any) -> None:
    """Fill token counts from a usage object in either of OpenAI's vocabularies."""
    if not isinstance(usage, dict):
        return
    given = usage.get("prompt_tokens")
    x.input_tokens = billed(given if given is not None else usage.get("input_tokens"), "usage.prompt_tokens")
    given = usage.get("completion_tokens")
    x.output_tokens = billed(given if given is not None else usage.get("output_tokens"), "usage.completion_tokens")
    details = usage.get("completion_tokens_details") or usage.get("output_tokens_details")
    if isinstance(details, dict):
        x.reasoning_tokens = billed(details.get("reasoning_tokens"), "usage.completion_tokens_details.reasoning_tokens")
    details = usage.get("prompt_tokens_details") or usage.get("input_tokens_details")
    if isinstance(details, dict):
        x.cached_tokens = billed(details.get("cached_tokens"), "usage.prompt_tokens_details.cached_tokens")


def response(x: Exchange, body: dict[str, Any], *, complete: bool = True) -> None:
    """Fill from a chat-completions response body; settles the outcome."""
    x.request = label(body.get("id")) or x.request
    if x.model is None:
        x.model = label(body.get("model"))
    error = body.get("error")
    usage(x, body.get("usage"))
    answers: list[str] = []
    thoughts: list[str] = []
    artifacts: list[str] = []
    refused = False
    for choice in sequence(body.get("choices")):
        if not isinstance(choice, dict):
            continue
        finish = choice.get("finish_reason")
        if isinstance(finish, str) and finish:
            x.stop_reason = x.stop_reason or label(finish)
            refused |= finish == "content_filter"
        message = choice.get("message")
        if not isinstance(message, dict):
            answers.append(text(choice.get("text")) or "")
            continue
        refusal = message.get("refusal")
        if isinstance(refusal, str) and refusal:
            refused = True
        thought = None
        if "reasoning_content" in message or "reasoning" in message:
            thought = text(message.get("reasoning_content")) or text(message.get("reasoning"))
        answer = message_turn(message, artifacts)[1] or ""
        if thought is None and answer.startswith("<think>"):
            thought, answer = split_thinking(answer)
        if thought:
            thoughts.append(thought)
        answers.append(answer or (refusal if isinstance(refusal, str) else ""))
    x.output = joined_answers(answers)
    x.reasoning = joined_answers(thoughts)
    returned(x, artifacts)
    if refused and x.stop_reason == "content_filter":
        x.refusal_category = "content_filter"
    if isinstance(error, dict) and error.get("code") in ("content_filter", "content_policy_violation"):
        x.refusal_category = "content_filter"
    settle(x, error=bool(error), refused=refused, cancelled=not complete)


def join(events: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Put stream chunks together as one response; returns it and whether every answer reached its end."""
    whole: dict[str, Any] = {}
    choices: dict[int, dict[str, Any]] = {}
    for event in events:
        given = event.get("choices")
        if (
            whole
            and type(given) is list
            and len(given) == 1
            and _KEPT.isdisjoint(event)
            and _more_text(choices, given[0])
        ):
            continue
        for key in _KEPT.intersection(event) if whole else ("id", "model", "usage", "error"):
            value = event.get(key)
            if value:
                whole[key] = value
        for piece in sequence(given):
            if isinstance(piece, dict):
                index = asked_count(piece.get("index"), limit=1000) or 0
                _add(choices.setdefault(index, {"texts": {}, "calls": {}, "blocks": []}), piece)
    whole["choices"] = [_closed(choices[index]) for index in sorted(choices)]
    complete = bool(choices) and all(choice.get("finish_reason") for choice in choices.values())
    return whole, complete or bool(whole.get("error"))


_KEPT = frozenset(("usage", "error"))


def _more_text(choices: dict[int, dict[str, Any]], piece: Any) -> bool:
    """Take a chunk that only carries on an answer already begun, as most chunks do; `False` when there is more to it."""
    if type(piece) is not dict or piece.get("finish_reason"):
        return False
    delta = piece.get("delta")
    if type(delta) is not dict or len(delta) != 1:
        return False
    content = delta.get("content")
    index = piece.get("index", 0)
    choice = choices.get(index) if type(index) is int else None
    if choice is None or type(content) is not str:
        return False
    held = choice["texts"].get("content")
    if held is None:
        return False
    held.append(content)
    return True


def _add(choice: dict[str, Any], piece: dict[str, Any]) -> None:
    finish = piece.get("finish_reason")
    if finish:
        choice["finish_reason"] = finish
    delta = piece.get("delta")
    texts = choice["texts"]
    if not isinstance(delta, dict):
        if isinstance(piece.get("text"), str):
            texts.setdefault("content", []).append(piece["text"])
        return
    for key in ("content", "refusal", "reasoning_content", "reasoning"):
        value = delta.get(key)
        if isinstance(value, str):
            texts.setdefault(key, []).append(value)
    for key in ("thinking_blocks", "reasoning_details"):
        choice["blocks"].extend(sequence(delta.get(key)))
    for call in sequence(delta.get("tool_calls")):
        if isinstance(call, dict):
            function = mapping(call.get("function"))
            index = asked_count(call.get("index"), limit=1000) or 0
            held = choice["calls"].setdefault(index, {"name": [], "arguments": []})
            for key in ("name", "arguments"):
                if isinstance(function.get(key), str):
                    held[key].append(function[key])


def _closed(choice: dict[str, Any]) -> dict[str, Any]:
    message: dict[str, Any] = {"role": "assistant", **{key: "".join(value) for key, value in choice["texts"].items()}}
    if choice["calls"]:
        message["tool_calls"] = [
            {"function": {"name": "".join(call["name"]), "arguments": "".join(call["arguments"])}}
            for _, call in sorted(choice["calls"].items())
        ]
    if choice["blocks"]:
        message["thinking_blocks"] = choice["blocks"]
    return {"message": message, "finish_reason": choice.get("finish_reason")}
