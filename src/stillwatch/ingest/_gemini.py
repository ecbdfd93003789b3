"""Gemini generateContent bodies: request, response, joined stream. Both camelCase and snake_case names are understood."""

from __future__ import annotations

from typing import Any

from .clean import asked_count, asked_flag, asked_number, billed, label, mapping, sequence, text
from .exchange import Exchange
from .turns import Turn, call_text, joined_answers, lay_out, returned, sent, settle, sorted_tools

__all__ = ["answer", "bare_model", "join", "request", "response", "system_texts", "tool_names", "turn"]

_REFUSALS = frozenset(
    ("SAFETY", "PROHIBITED_CONTENT", "BLOCKLIST", "SPII", "IMAGE_SAFETY", "RECITATION", "MODEL_ARMOR")
)


def _either(body: dict[str, Any], camel: str, snake: str) -> Any:
    value = body.get(camel)
    return body.get(snake) if value is None else value


def _parts(content: Any, artifacts: list[str]) -> tuple[list[str], list[str], bool]:
    """(texts, thoughts, whether it carries a function's response)"""
    texts: list[str] = []
    calls: list[str] = []
    thoughts: list[str] = []
    answered = False
    if isinstance(content, dict):
        given = content.get("parts")
        parts = given if isinstance(given, list) else [given]
    else:
        parts = content if isinstance(content, list) else [content]
    for part in parts:
        if isinstance(part, str):
            texts.append(part)
        if not isinstance(part, dict):
            continue
        signature = _either(part, "thoughtSignature", "thought_signature")
        if isinstance(signature, str) and signature:
            artifacts.append(signature)
        value = part.get("text")
        if isinstance(value, str):
            if part.get("thought") is True:
                thoughts.append(value)
            else:
                texts.append(value)
        call = _either(part, "functionCall", "function_call")
        if isinstance(call, dict):
            calls.append(call_text(call.get("name"), call.get("args")))
        answered |= isinstance(_either(part, "functionResponse", "function_response"), dict)
    return texts or calls, thoughts, answered


def turn(content: Any, artifacts: list[str]) -> Turn:
    """One content as (role, text); thought signatures are collected."""
    texts, _, answered = _parts(content, artifacts)
    role = content.get("role") if isinstance(content, dict) else None
    if answered and not texts:
        return "tool", None
    return ("assistant" if role == "model" else "user"), "\n".join(texts) or None


def request(x: Exchange, body: dict[str, Any]) -> None:
    """Fill from a generateContent request body; the model usually stands in the path and is set by the caller."""
    x.model = x.model or bare_model(label(body.get("model")))
    config = mapping(_either(body, "generationConfig", "generation_config"))
    x.max_tokens = asked_count(_either(config, "maxOutputTokens", "max_output_tokens"))
    x.temperature = asked_number(config.get("temperature"))
    x.top_p = asked_number(_either(config, "topP", "top_p"))
    x.top_k = asked_count(_either(config, "topK", "top_k"))
    x.n = asked_count(_either(config, "candidateCount", "candidate_count"), limit=32_767)
    logprobs = _either(config, "responseLogprobs", "response_logprobs")
    x.logprobs = False if logprobs is None else asked_flag(logprobs)
    x.top_logprobs = asked_count(config.get("logprobs"), limit=32_767)
    x.tools = tool_names(body.get("tools"))
    artifacts: list[str] = []
    given = body.get("contents")
    contents = given if isinstance(given, list) else ([given] if isinstance(given, (dict, str)) else [])
    turns = [turn(content, artifacts) for content in contents]
    lay_out(x, turns, system=system_texts(_either(body, "systemInstruction", "system_instruction")))
    sent(x, artifacts)


def tool_names(tools: Any) -> str | None:
    """Names of the functions offered, or of the built-in tools."""
    names: list[Any] = []
    for tool in sequence(tools):
        if isinstance(tool, dict):
            declared = sequence(_either(tool, "functionDeclarations", "function_declarations"))
            names += [mapping(function).get("name") for function in declared] if declared else list(tool)
    return sorted_tools(names)


def system_texts(content: Any) -> list[str]:
    """Texts of the system instruction."""
    return [] if content is None else _parts(content, [])[0]


def bare_model(model: str | None) -> str | None:
    return model.rpartition("models/")[2] if model else None


def response(x: Exchange, body: dict[str, Any], *, complete: bool = True) -> None:
    """Fill from a generateContent response body; settles the outcome."""
    x.request = label(_either(body, "responseId", "response_id")) or x.request
    if x.model is None:
        x.model = bare_model(label(_either(body, "modelVersion", "model_version")))
    counts = mapping(_either(body, "usageMetadata", "usage_metadata"))
    x.input_tokens = billed(_either(counts, "promptTokenCount", "prompt_token_count"), "usageMetadata.promptTokenCount")
    x.output_tokens = billed(
        _either(counts, "candidatesTokenCount", "candidates_token_count"), "usageMetadata.candidatesTokenCount"
    )
    x.reasoning_tokens = billed(
        _either(counts, "thoughtsTokenCount", "thoughts_token_count"), "usageMetadata.thoughtsTokenCount"
    )
    cached = _either(counts, "cachedContentTokenCount", "cached_content_token_count")
    x.cached_tokens = billed(cached, "usageMetadata.cachedContentTokenCount")
    blocked = text(_either(mapping(_either(body, "promptFeedback", "prompt_feedback")), "blockReason", "block_reason"))
    x.output, x.reasoning, artifacts, x.stop_reason, refusal = answer(body.get("candidates"))
    blocked = blocked or refusal
    returned(x, artifacts)
    if blocked:
        x.refusal_category = label(blocked)
        x.stop_reason = x.stop_reason or label(blocked)
    settle(x, error=bool(body.get("error")), refused=bool(blocked), cancelled=not complete)


def answer(candidates: Any) -> tuple[str | None, str | None, list[str], str | None, str | None]:
    """(output, reasoning, artifacts, stop reason, the reason that is a refusal) of a response's candidates."""
    answers: list[str] = []
    reasons: list[str] = []
    artifacts: list[str] = []
    stop = refusal = None
    for candidate in sequence(candidates):
        if not isinstance(candidate, dict):
            continue
        texts, thoughts, _ = _parts(candidate.get("content"), artifacts)
        answers.append("".join(texts))
        reasons += ["".join(thoughts)] if thoughts else []
        finish = label(_either(candidate, "finishReason", "finish_reason"))
        stop = stop or finish
        if finish in _REFUSALS:
            refusal = refusal or finish
    return joined_answers(answers), joined_answers(reasons), artifacts, stop, refusal


def join(events: list[dict[str, Any]]) -> tuple[dict[str, Any], bool]:
    """Put streamed responses together as one; returns it and whether every candidate reached its end."""
    whole: dict[str, Any] = {}
    candidates: dict[int, dict[str, Any]] = {}
    for event in events:
        whole.update({key: value for key, value in event.items() if key != "candidates" and value})
        for piece in sequence(event.get("candidates")):
            if not isinstance(piece, dict):
                continue
            index = asked_count(piece.get("index"), limit=1000) or 0
            held = candidates.setdefault(index, {"content": {"role": "model", "parts": []}})
            held["content"]["parts"] += sequence(mapping(piece.get("content")).get("parts"))
            finish = _either(piece, "finishReason", "finish_reason")
            if finish:
                held["finishReason"] = finish
    whole["candidates"] = [candidates[index] for index in sorted(candidates)]
    ended = all(held.get("finishReason") for held in candidates.values())
    blocked = bool(_either(whole, "promptFeedback", "prompt_feedback"))
    return whole, (ended and bool(candidates)) or blocked or bool(whole.get("error"))
