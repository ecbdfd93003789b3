"""Langfuse's generations in their plain shape, many at once: what `langfuse.read` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Literal, NamedTuple

import msgspec
from msgspec import UNSET, UnsetType

from ._chat_plain import ChatParameters, Message, asked_for, turns
from .clean import Reading, label
from .exchanges import Exchanges, either, labels, texts
from .plain import NOT_PLAIN, Absent, Billed, Plain, PlainLine, PlainLines, When
from .turns import lay_out_all, outcome

__all__ = ["PLAIN"]


class _Parameters(ChatParameters, kw_only=True):
    """What an answer was asked for with, as far as it was told."""

    logprobs: bool | UnsetType = UNSET  # type: ignore[assignment]
    stream: bool | UnsetType = UNSET  # type: ignore[assignment]


class _Metadata(Plain):
    org: str | None = None
    organization: str | None = None
    end_user: str | None = None
    ip: str | None = None
    client_ip: str | None = None
    user_agent: str | None = None


class _Usage(Plain):
    input: Billed = None
    output: Billed = None
    reasoning_tokens: Billed = None
    input_cached_tokens: Billed = None
    prompt_tokens: Absent = UNSET
    promptTokens: Absent = UNSET
    input_tokens: Absent = UNSET
    completion_tokens: Absent = UNSET
    completionTokens: Absent = UNSET
    output_tokens: Absent = UNSET
    output_reasoning_tokens: Absent = UNSET
    output_reasoning: Absent = UNSET
    reasoning: Absent = UNSET
    cache_read_input_tokens: Absent = UNSET
    input_cache_read: Absent = UNSET
    cached_tokens: Absent = UNSET


class _Said(Message, kw_only=True):
    """A message that is in no dialect of its own, as `dialect_of_bodies` tells it."""

    finish_reason: str | None = None
    thinking: Absent = UNSET
    candidates: Absent = UNSET
    usageMetadata: Absent = UNSET
    promptFeedback: Absent = UNSET
    stopReason: Absent = UNSET
    messageStart: Absent = UNSET
    choices: Absent = UNSET
    type: Absent = UNSET
    object: Absent = UNSET


class _Line(PlainLine, kw_only=True):
    type: Literal["GENERATION"]
    start_time: When
    input: str | list[Message]
    output: str | _Said
    usage_details: _Usage
    trace: None = None
    model_parameters: str = ""
    modelParameters: None = None
    provided_model_name: str | None = None
    model: str | None = None
    metadata: _Metadata | None = None
    user_id: str | None = None
    userId: str | None = None
    session_id: str | None = None
    sessionId: str | None = None
    id: str | None = None
    level: str | None = None
    tool_definitions: dict[str, Any] | None = None
    toolDefinitions: None = None
    tool_call_names: list[Any] | None = None
    toolCallNames: None = None
    prompt_tokens: Absent = UNSET
    promptTokens: Absent = UNSET
    completion_tokens: Absent = UNSET
    completionTokens: Absent = UNSET


class _Call(NamedTuple):
    """A generation whose texts of JSON are opened."""

    line: _Line
    parameters: _Parameters
    asked: list[Message] | str
    answer: _Said | str


_parameters = msgspec.json.Decoder(_Parameters).decode
_messages = msgspec.json.Decoder(list[Message]).decode
_said = msgspec.json.Decoder(_Said).decode


def _opened(line: _Line) -> tuple[_Call] | None:
    parameters, asked, answer = line.model_parameters, line.input, line.output
    if line.tool_definitions or line.tool_call_names or line.usage_details.input is None or not asked or not answer:
        return None
    if '"' not in parameters or parameters[0] != "{":
        return None
    try:
        if type(asked) is str and asked[0] in "[{":
            asked = _messages(asked)
        if type(answer) is str and answer[0] in "[{":
            answer = _said(answer)
        return (_Call(line, _parameters(parameters), asked, answer),) if asked else None
    except NOT_PLAIN:
        return None


def _read(calls: Sequence[_Call], _reading: Reading) -> Exchanges:
    x = Exchanges(len(calls))
    lines = [call.line for call in calls]
    x.pathway = ["gateway"] * x.count
    parameters = [call.parameters for call in calls]
    asked_for(x, parameters)
    x.logprobs = [None if one.logprobs is UNSET else one.logprobs for one in parameters]
    x.stream = [None if one.stream is UNSET else one.stream for one in parameters]
    x.logit_bias = [True if biased else None for biased in x.logit_bias]
    x.model = labels(either([line.provided_model_name for line in lines], [line.model for line in lines]))
    x.account = labels(either([line.user_id for line in lines], [line.userId for line in lines]))
    x.conversation = labels(either([line.session_id for line in lines], [line.sessionId for line in lines]))
    x.request = labels([line.id for line in lines])
    metadata = [line.metadata or _NOTHING for line in lines]
    x.org = either(labels([one.org for one in metadata]), labels([one.organization for one in metadata]))
    x.end_user = labels([one.end_user for one in metadata])
    x.ip = texts([one.ip or one.client_ip for one in metadata])
    x.user_agent = texts([one.user_agent for one in metadata])
    lay_out_all(x, [[("user", call.asked)] if isinstance(call.asked, str) else turns(call.asked) for call in calls])
    usages = [line.usage_details for line in lines]
    x.input_tokens = [one.input for one in usages]
    x.output_tokens = [one.output for one in usages]
    x.reasoning_tokens = [one.reasoning_tokens for one in usages]
    x.cached_tokens = [one.input_cached_tokens for one in usages]
    x.output, x.reasoning, x.stop_reason, refused = zip(*[_answer(call.answer) for call in calls], strict=True)
    x.outcome = [
        outcome(None, str(line.level).upper() == "ERROR", no, False) for line, no in zip(lines, refused, strict=True)
    ]
    return x


def _answer(said: _Said | str) -> tuple[str | None, str | None, str | None, bool]:
    """(output, reasoning, stop reason, whether it was refused)"""
    if isinstance(said, str):
        return said, None, None, False
    stop = label(said.finish_reason)
    output = turns([said])[0][1] or said.refusal
    return (
        output or None,
        said.reasoning_content or said.reasoning or None,
        stop,
        bool(said.refusal) or stop in _REFUSED,
    )


_NOTHING = _Metadata()
_REFUSED = ("content_filter", "refusal")

PLAIN: PlainLines[_Line, _Call] = PlainLines(
    _Line, opened=_opened, at=lambda call: call.line.start_time, field="start_time", read=_read
)
"""How plain lines are read."""
