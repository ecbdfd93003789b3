"""What an answer cost, where its provider says it: in the `usage` of the whole answer, or of the last events of a stream.

The caller has a say in much of an answer: Responses repeat its metadata and schemas, tools are called with arguments that it can dictate.
So the answer is read as JSON, and only a `usage` at its place counts. An answer too long to be kept is searched at its end instead, and
of several counts there the largest is taken: whatever a caller slips in can only cost it more.
"""

from __future__ import annotations

import contextlib
import re

import msgspec

from stillwatch.gateway.tee import Tee
from stillwatch.policy import Used

__all__ = ["used_in"]

_EVENTS = 8
"""Events at the end of a stream that are looked at."""
_HEAD = 4096
_USAGE = re.compile(rb'"usage(?:Metadata)?"\s*:\s*(\{[^{}]*(?:\{[^{}]*\}[^{}]*){0,8}\})')
_MOST = 10**12
_NONE = msgspec.Raw(b"")


class _Details(msgspec.Struct):
    reasoning_tokens: int | None = None
    thinking_tokens: int | None = None


class _Usage(msgspec.Struct):
    """As the four dialects name what they count."""

    prompt_tokens: int | None = None
    input_tokens: int | None = None
    promptTokenCount: int | None = None  # noqa: N815
    completion_tokens: int | None = None
    output_tokens: int | None = None
    candidatesTokenCount: int | None = None  # noqa: N815
    reasoning_tokens: int | None = None
    thinking_tokens: int | None = None
    thoughtsTokenCount: int | None = None  # noqa: N815
    completion_tokens_details: _Details | None = None
    output_tokens_details: _Details | None = None


class _Answer(msgspec.Struct):
    usage: _Usage | None = None
    usageMetadata: _Usage | None = None  # noqa: N815
    response: msgspec.Raw = _NONE
    message: msgspec.Raw = _NONE


_answer = msgspec.json.Decoder(_Answer).decode
_answers = msgspec.json.Decoder(list[_Answer]).decode
_usage = msgspec.json.Decoder(_Usage).decode
_UNSAID = (msgspec.DecodeError, UnicodeError, RecursionError)


class _Counts:
    """The largest of each count so far; unknown until one is seen."""

    __slots__ = ("input", "output", "reasoning")

    def __init__(self) -> None:
        self.input: int | None = None
        self.output: int | None = None
        self.reasoning: int | None = None

    def read(self, answer: _Answer) -> None:
        """Take the `usage` of an answer or an event in, or of the answer within an event."""
        if answer.usage is not None:
            self.add(answer.usage)
        if answer.usageMetadata is not None:
            self.add(answer.usageMetadata)
        for raw in (answer.response, answer.message):
            if raw is not _NONE:
                with contextlib.suppress(*_UNSAID):
                    self.read(_answer(raw))

    def add(self, said: _Usage) -> None:
        """Take one `usage` in."""
        for count in (said.prompt_tokens, said.input_tokens, said.promptTokenCount):
            if count is not None:
                self.input = _larger(self.input, count)
        for count in (said.completion_tokens, said.output_tokens, said.candidatesTokenCount):
            if count is not None:
                self.output = _larger(self.output, count)
        for count in (said.reasoning_tokens, said.thinking_tokens, said.thoughtsTokenCount):
            if count is not None:
                self.reasoning = _larger(self.reasoning, count)
        for details in (said.completion_tokens_details, said.output_tokens_details):
            if details is not None:
                for count in (details.reasoning_tokens, details.thinking_tokens):
                    if count is not None:
                        self.reasoning = _larger(self.reasoning, count)


def _larger(known: int | None, count: int) -> int | None:
    return min(count, _MOST) if count >= 0 and (known is None or count > known) else known


def used_in(tee: Tee, *, at: float, finished: bool) -> Used:
    """Read usage from what was kept of an answer; unknown where it does not say it.

    A stream that ends without usage, as when a client leaves early, counts one token an event: less than it cost, but not nothing, so that
    leaving early does not make the budget endless.
    """
    counts = _Counts()
    body = tee.body()
    if not tee.cut and b'"usage' in body:
        (_read_stream if tee.stream else _read_whole)(body, counts)
    if tee.cut:
        for found in _USAGE.finditer(tee.tail()):
            _search(found[1], counts)
    if counts.output is None and tee.stream:
        counts.output = tee.events
    if counts.input is None and tee.stream and (begun := _USAGE.search(body[:_HEAD])) is not None:
        first = _Counts()
        _search(begun[1], first)
        counts.input = first.input
    return Used(
        at=at,
        input_tokens=counts.input,
        output_tokens=counts.output,
        reasoning_tokens=counts.reasoning,
        finished=finished,
    )


def _search(found: bytes, counts: _Counts) -> None:
    with contextlib.suppress(*_UNSAID):
        counts.add(_usage(found))


def _read_whole(body: bytes, counts: _Counts) -> None:
    try:
        if body[:1] != b"{" and body.lstrip()[:1] == b"[":
            for one in _answers(body):
                counts.read(one)
        else:
            counts.read(_answer(body))
    except _UNSAID:
        return


def _read_stream(body: bytes, counts: _Counts) -> None:
    """The last events; within JSON there is no line end, so what looks like the beginning of an event after one is one."""
    end = len(body)
    for _ in range(_EVENTS):
        begun = body.rfind(b"\ndata:", 0, end) + 1
        line = body[begun:end].partition(b"\n")[0]
        if line.startswith(b"data:") and b'"usage' in line:
            with contextlib.suppress(*_UNSAID):
                counts.read(_answer(line[5:]))
        if not begun:
            return
        end = begun - 1
