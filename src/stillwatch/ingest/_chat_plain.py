"""Chat-completions bodies in their plain shape, many at once: what `_chat` makes of each, without looking at every value's kind."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta

from ._chat import calls_text, tool_names
from ._folded import BETWEEN, folded
from .clean import label
from .exchanges import Exchanges, either, labels
from .plain import Absent, Asked, Billed, Few, Number, Plain, PlainBodies, streams
from .turns import Turn, joined_answers, lay_out_all, outcome, parts_text, split_thinking

__all__ = [
    "CHAT",
    "ChatParameters",
    "ChatRequest",
    "ChatResponse",
    "LoneRequest",
    "LoneResponse",
    "Message",
    "asked_for",
    "requests",
    "responses",
    "turns",
]


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


class ChatParameters(Plain):
    """How an answer is asked for."""

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


class ChatRequest(ChatParameters, kw_only=True):
    """A request with messages."""

    messages: list[Message]
    model: str | None = None


class LoneRequest(ChatRequest):
    """A request that tells by itself that it is in no other dialect, as `dialect_of_bodies` tells it."""

    contents: Absent = UNSET
    inferenceConfig: Absent = UNSET
    toolConfig: Absent = UNSET
    anthropic_version: Absent = UNSET
    input: Absent = UNSET
    previous_response_id: Absent = UNSET


class _Details(Plain):
    reasoning_tokens: Billed = None
    cached_tokens: Billed = None


class Usage(Plain):
    prompt_tokens: Billed = None
    completion_tokens: Billed = None
    completion_tokens_details: _Details | None = None
    prompt_tokens_details: _Details | None = None
    input_tokens: Absent = UNSET
    output_tokens: Absent = UNSET
    input_tokens_details: Absent = UNSET
    output_tokens_details: Absent = UNSET


_NO_DETAILS = _Details()
_NOTHING_USED = Usage()


class _Choice(Plain):
    message: Message
    finish_reason: str | None = None


class ChatResponse(Plain):
    """An answer without an error."""

    choices: list[_Choice]
    id: str | None = None
    model: str | None = None
    usage: Usage | None = None
    error: None = None


class LoneResponse(ChatResponse):
    """A response that tells by itself that it is in no other dialect."""

    candidates: Absent = UNSET
    usageMetadata: Absent = UNSET
    promptFeedback: Absent = UNSET
    stopReason: Absent = UNSET
    messageStart: Absent = UNSET
    type: Absent = UNSET
    object: Literal["chat.completion", "text_completion"] | None = None


def turns(messages: list[Message]) -> list[Turn]:
    """Messages as (role, text); one that only calls tools has the calls for its text."""
    return [
        (one.role, content if type(content := one.content) is str and content else _without_text(one))
        for one in messages
    ]


def _without_text(message: Message) -> str | None:
    return parts_text(message.content) or calls_text(message.tool_calls, message.function_call)


def requests(x: Exchanges, bodies: Sequence[ChatRequest]) -> None:
    """Fill from request bodies."""
    x.model = labels([body.model for body in bodies])
    x.end_user = either(labels([body.safety_identifier for body in bodies]), labels([body.user for body in bodies]))
    asked_for(x, bodies)
    x.tools = [tool_names(tools) if (tools := body.tools or body.functions) else None for body in bodies]
    lay_out_all(x, [turns(body.messages) for body in bodies])


def asked_for(x: Exchanges, bodies: Sequence[ChatParameters]) -> None:
    """Fill what was asked of the sampler, as `sampling` does for one."""
    x.max_tokens = either([body.max_completion_tokens for body in bodies], [body.max_tokens for body in bodies])
    x.temperature = [body.temperature for body in bodies]
    x.top_p = [body.top_p for body in bodies]
    x.top_k = [body.top_k for body in bodies]
    x.n = [body.n for body in bodies]
    x.logprobs = [bool(body.logprobs) for body in bodies]
    x.top_logprobs = [body.top_logprobs for body in bodies]
    x.logit_bias = [bool(body.logit_bias) for body in bodies]
    x.stream = [bool(body.stream) for body in bodies]


def used(x: Exchanges, usages: Sequence[Usage | None]) -> None:
    """Fill token counts."""
    counts = [_NOTHING_USED if usage is None else usage for usage in usages]
    x.input_tokens = [usage.prompt_tokens for usage in counts]
    x.output_tokens = [usage.completion_tokens for usage in counts]
    x.reasoning_tokens = [(usage.completion_tokens_details or _NO_DETAILS).reasoning_tokens for usage in counts]
    x.cached_tokens = [(usage.prompt_tokens_details or _NO_DETAILS).cached_tokens for usage in counts]


def responses(x: Exchanges, bodies: Sequence[ChatResponse], ended: Sequence[bool | None]) -> None:
    """Fill from response bodies; settles the outcomes."""
    x.request = either(labels([body.id for body in bodies]), x.request)
    x.model = either(x.model, labels([body.model for body in bodies]))
    used(x, [body.usage for body in bodies])
    x.output, x.reasoning, stops, refused = zip(*map(_answer, bodies), strict=True)
    x.stop_reason = labels(stops)
    streams(x, ended)
    x.refusal_category = [
        "content_filter" if no and stop == "content_filter" else None
        for no, stop in zip(refused, x.stop_reason, strict=True)
    ]
    x.outcome = [
        outcome(status, False, no, end is False) for status, no, end in zip(x.http_status, refused, ended, strict=True)
    ]


def _answer(body: ChatResponse) -> tuple[str | None, str | None, str | None, bool]:
    """(output, reasoning, stop reason as it is written, whether it was refused)"""
    answers: list[str] = []
    thoughts: list[str] = []
    stop = None
    refused = False
    for choice in body.choices:
        finish = choice.finish_reason
        if finish:
            stop = stop if label(stop) else finish
            refused |= finish == "content_filter"
        message = choice.message
        content = message.content
        answer = content if type(content) is str and content else _without_text(message) or ""
        thought = message.reasoning_content or message.reasoning
        if not thought and answer.startswith("<think>"):
            thought, answer = split_thinking(answer)
        if thought:
            thoughts.append(thought)
        if message.refusal:
            refused = True
            answer = answer or message.refusal
        answers.append(answer)
    if len(answers) == 1:
        return answers[0] or None, thoughts[0] if thoughts else None, stop, refused
    return joined_answers(answers), joined_answers(thoughts), stop, refused


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
    usage: Usage | None = None
    error: None = None


_decode_events = msgspec.json.Decoder(list[_Event]).decode


def joined_stream(stream: str) -> tuple[ChatResponse, bool] | None:
    """A stream whose events only carry text on, as one response and whether every answer reached its end; `None` for any other.

    The events are decoded at once, as one list: no JSON text holds a line end, so what stands between events stands nowhere else.
    """
    if not stream.startswith("data: "):
        return None
    events = _events(stream.rstrip("\n").removesuffix(f"{BETWEEN}[DONE]")[6:])
    if not events or not events[0].id:
        return None
    usages = [event.usage for event in events if event.usage is not None]
    if _NOTHING_USED in usages:
        return None
    pieces = [piece for event in events for piece in event.choices]
    indexes = sorted({piece.index for piece in pieces})
    apart = [pieces] if len(indexes) == 1 else [[piece for piece in pieces if piece.index == one] for one in indexes]
    choices = [_carried_on(own) for own in apart]
    usage = usages[-1] if usages else None
    whole = ChatResponse(choices=choices, id=events[0].id, model=events[0].model, usage=usage)
    return whole, bool(choices) and all(choice.finish_reason for choice in choices)


def _events(chunks: str) -> list[_Event]:
    """The events of a stream; a run of them that only carry on one text may be one event."""
    shorter = folded(chunks)
    if shorter is not None:
        chunks_left, place, text = shorter
        events = _apart(chunks_left)
        pieces = events[place].choices if events else []
        if len(pieces) == 1 and _carries_text(pieces[0].delta):
            pieces[0].delta.content = text
            return events
    return _apart(chunks)


def _apart(chunks: str) -> list[_Event]:
    return (
        _decode_events(f"[{chunks.replace(BETWEEN, ',')}]") if chunks.count("\n") == 2 * chunks.count(BETWEEN) else []
    )


def _carries_text(delta: _Delta) -> bool:
    return delta.content is not None and not (delta.refusal or delta.reasoning_content or delta.reasoning)


def _carried_on(pieces: list[_Piece]) -> _Choice:
    """The pieces of one answer as a whole."""
    deltas = [piece.delta for piece in pieces]
    ends = [piece.finish_reason for piece in pieces if piece.finish_reason]
    message = Message(role="assistant", content="".join([delta.content for delta in deltas if delta.content]))
    more = [delta for delta in deltas if delta.refusal or delta.reasoning_content or delta.reasoning]
    if more:
        message.refusal = "".join([delta.refusal or "" for delta in more])
        message.reasoning_content = "".join([delta.reasoning_content or "" for delta in more])
        message.reasoning = "".join([delta.reasoning or "" for delta in more])
    return _Choice(message=message, finish_reason=ends[-1] if ends else None)


CHAT = PlainBodies(
    request_type=ChatRequest,
    requests=requests,
    response_type=ChatResponse,
    responses=responses,
    joined=joined_stream,
)
"""Plain chat-completions bodies."""
