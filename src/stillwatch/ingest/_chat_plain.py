"""Chat-completions bodies in their plain shape: what `_chat` makes of them, without looking at every value's kind."""

from __future__ import annotations

from typing import Annotated, Any

import msgspec
from msgspec import UNSET, Meta

from ._chat import calls_text, tool_names
from .clean import label
from .exchange import Exchange
from .plain import NOT_PLAIN, Absent, Asked, Billed, Few, Number, Plain
from .turns import joined_answers, lay_out, parts_text, settle, split_thinking

__all__ = ["ChatRequest", "ChatResponse", "Message", "joined_stream", "request", "response", "turns"]


class Message(Plain):
    """A message without marks of reasoning."""

    role: str = "user"
    content: str | list[Any] | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: list[Any] | None = None
    function_call: dict[str, Any] | None = None
    thinking_blocks: Absent = UNSET
    reasoning_details: Absent = UNSET
    reasoning_signature: Absent = UNSET
    encrypted_content: Absent = UNSET
    thought_signature: Absent = UNSET


class ChatRequest(Plain):
    """A request with messages."""

    messages: list[Message]
    model: str | None = None
    user: str | None = None
    safety_identifier: str | None = None
    max_tokens: Asked = None
    max_completion_tokens: Asked = None
    temperature: Number = None
    top_p: Number = None
    top_k: Asked = None
    n: Few = None
    logprobs: bool | None = None
    top_logprobs: Few = None
    logit_bias: dict[str, Any] | None = None
    stream: bool | None = None
    tools: list[Any] | None = None
    functions: list[Any] | None = None


class _Details(Plain):
    reasoning_tokens: Billed = None
    cached_tokens: Billed = None


class _Usage(Plain):
    prompt_tokens: Billed = None
    completion_tokens: Billed = None
    completion_tokens_details: _Details | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens: Absent = UNSET
    output_tokens: Absent = UNSET
    input_tokens_details: Absent = UNSET
    output_tokens_details: Absent = UNSET


class _Choice(Plain):
    message: Message
    finish_reason: str | None = None


class ChatResponse(Plain):
    """An answer without an error."""

    choices: list[_Choice]
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    error: None = None


def turns(messages: list[Message]) -> list[tuple[str, str | None]]:
    """Messages as (role, text); one that only calls tools has the calls for its text."""
    return [
        (one.role, content if type(content := one.content) is str and content else _without_text(one))
        for one in messages
    ]


def _without_text(message: Message) -> str | None:
    return parts_text(message.content) or calls_text(message.tool_calls, message.function_call)


def request(x: Exchange, body: ChatRequest) -> None:
    """Fill from a request body."""
    x.model = label(body.model)
    x.end_user = label(body.safety_identifier) or label(body.user)
    x.max_tokens = body.max_tokens if body.max_completion_tokens is None else body.max_completion_tokens
    x.temperature = body.temperature
    x.top_p = body.top_p
    x.top_k = body.top_k
    x.n = body.n
    x.logprobs = bool(body.logprobs)
    x.top_logprobs = body.top_logprobs
    x.logit_bias = bool(body.logit_bias)
    x.stream = bool(body.stream)
    if body.tools or body.functions:
        x.tools = tool_names(body.tools or body.functions)
    lay_out(x, turns(body.messages))


def response(x: Exchange, body: ChatResponse, *, complete: bool = True) -> None:
    """Fill from a response body; settles the outcome."""
    x.request = label(body.id) or x.request
    if x.model is None:
        x.model = label(body.model)
    usage = body.usage
    if usage is not None:
        x.input_tokens = usage.prompt_tokens
        x.output_tokens = usage.completion_tokens
        if usage.completion_tokens_details is not None:
            x.reasoning_tokens = usage.completion_tokens_details.reasoning_tokens
        if usage.prompt_tokens_details is not None:
            x.cached_tokens = usage.prompt_tokens_details.cached_tokens
    answers: list[str] = []
    thoughts: list[str] = []
    refused = False
    for choice in body.choices:
        finish = choice.finish_reason
        if finish:
            x.stop_reason = x.stop_reason or label(finish)
            refused |= finish == "content_filter"
        message = choice.message
        refused |= bool(message.refusal)
        thought = message.reasoning_content or message.reasoning
        content = message.content
        answer = (content if type(content) is str and content else _without_text(message)) or ""
        if not thought and answer.startswith("<think>"):
            thought, answer = split_thinking(answer)
        if thought:
            thoughts.append(thought)
        answers.append(answer or message.refusal or "")
    x.output = joined_answers(answers)
    x.reasoning = joined_answers(thoughts)
    if refused and x.stop_reason == "content_filter":
        x.refusal_category = "content_filter"
    settle(x, refused=refused, cancelled=not complete)


class _Delta(Plain):
    content: str | None = None
    refusal: str | None = None
    reasoning_content: str | None = None
    reasoning: str | None = None
    tool_calls: Absent = UNSET
    thinking_blocks: Absent = UNSET
    reasoning_details: Absent = UNSET


class _Piece(Plain):
    delta: _Delta
    index: Annotated[int, Meta(ge=0, le=1000)] = 0
    finish_reason: str | None = None


class _Event(Plain):
    choices: list[_Piece] = msgspec.field(default_factory=list)
    id: str | None = None
    model: str | None = None
    usage: _Usage | None = None
    error: None = None


_NOTHING_USED = _Usage()
_events = msgspec.json.Decoder(list[_Event]).decode
_BETWEEN = "\n\ndata: "
_TEXTS = ("refusal", "reasoning_content", "reasoning")


def joined_stream(stream: str) -> tuple[ChatResponse, bool] | None:
    """A stream whose events only carry text on, as one response and whether every answer reached its end; `None` for any other.

    The events are decoded at once, as one list: no JSON text holds a line end, so what stands between events stands nowhere else.
    """
    if not stream.startswith("data: "):
        return None
    bare = stream.rstrip("\n").removesuffix(f"{_BETWEEN}[DONE]")
    if bare.count("\n") != 2 * bare.count(_BETWEEN):
        return None
    try:
        events = _events(f"[{bare[6:].replace(_BETWEEN, ',')}]")
    except NOT_PLAIN:
        return None
    if not events or not events[0].id:
        return None
    whole = ChatResponse(choices=[], id=events[0].id, model=events[0].model)
    texts: dict[int, list[str]] = {}
    held: dict[int, _Choice] = {}
    for event in events:
        if event.usage is not None:
            if event.usage == _NOTHING_USED:
                return None
            whole.usage = event.usage
        for piece in event.choices:
            index = piece.index
            choice = held.get(index)
            if choice is None:
                choice = held[index] = _Choice(message=Message(role="assistant"))
                texts[index] = []
            delta = piece.delta
            if delta.content:
                texts[index].append(delta.content)
            if piece.finish_reason:
                choice.finish_reason = piece.finish_reason
            for name in _TEXTS if delta.refusal or delta.reasoning_content or delta.reasoning else ():
                more = getattr(delta, name)
                if more:
                    setattr(choice.message, name, (getattr(choice.message, name) or "") + more)
    for index, choice in sorted(held.items()):
        choice.message.content = "".join(texts[index])
        whole.choices.append(choice)
    return whole, bool(held) and all(choice.finish_reason for choice in held.values())
