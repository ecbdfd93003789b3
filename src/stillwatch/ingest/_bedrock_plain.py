"""Bedrock's records of Converse calls in their plain shape, many at once: what `bedrock_invocation.read` makes of each."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Literal

from . import _converse_plain
from ._converse_plain import ConverseRequest, ConverseResponse
from .clean import Reading
from .exchanges import Exchanges, either, labels
from .plain import Billed, Plain, PlainLine, PlainLines, When

__all__ = ["PLAIN"]


class _Identity(Plain):
    arn: str | None = None


class _Metadata(Plain):
    end_user: str | None = None
    user_id: str | None = None
    user: str | None = None
    session_id: str | None = None
    conversation_id: str | None = None


class _Input(Plain):
    inputBodyJson: ConverseRequest
    inputTokenCount: Billed = None
    cacheReadInputTokenCount: Billed = None


class _Output(Plain):
    outputBodyJson: ConverseResponse
    outputTokenCount: Billed = None


class _Line(PlainLine, kw_only=True):
    schemaType: str
    timestamp: When
    operation: Literal["Converse"]
    input: _Input
    output: _Output
    accountId: str | None = None
    modelId: str | None = None
    requestId: str | None = None
    identity: _Identity | None = None
    requestMetadata: _Metadata | None = None
    errorCode: None = None


_NOBODY = _Identity()
_NOTHING = _Metadata()


def _read(lines: Sequence[_Line], reading: Reading) -> Exchanges:
    x = Exchanges(len(lines))
    x.pathway = ["bedrock"] * x.count
    x.account = labels([line.accountId for line in lines])
    x.credential = labels([(line.identity or _NOBODY).arn for line in lines])
    metadata = [line.requestMetadata or _NOTHING for line in lines]
    users = either(labels([one.end_user for one in metadata]), labels([one.user_id for one in metadata]))
    x.end_user = either(users, labels([one.user for one in metadata]))
    sessions = labels([one.session_id for one in metadata])
    x.conversation = either(sessions, labels([one.conversation_id for one in metadata]))
    x.model = labels([line.modelId for line in lines])
    _converse_plain.requests(x, [line.input.inputBodyJson for line in lines])
    _converse_plain.responses(x, [line.output.outputBodyJson for line in lines])
    x.stream = [False] * x.count
    x.request = labels([line.requestId for line in lines])
    x.input_tokens = either([line.input.inputTokenCount for line in lines], x.input_tokens)
    x.output_tokens = either([line.output.outputTokenCount for line in lines], x.output_tokens)
    x.cached_tokens = either([line.input.cacheReadInputTokenCount for line in lines], x.cached_tokens)
    return x


def _one(line: _Line) -> tuple[_Line]:
    return (line,)


PLAIN: PlainLines[_Line, _Line] = PlainLines(
    _Line, opened=_one, at=lambda line: line.timestamp, field="timestamp", read=_read
)
"""How plain lines are read."""
