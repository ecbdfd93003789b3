"""How a stream ends that must not go on: as the dialect itself ends an answer that was stopped, so that every SDK reads it to its end."""

from __future__ import annotations

from typing import Any

import msgspec

from stillwatch.policy import Dialect

__all__ = ["Ending"]

_encode = msgspec.json.encode
_WHY = "The rest of this answer is withheld by the provider."


class Ending:
    """Remembers of a stream what its end must repeat: ids, the model, open blocks, the number of the last event."""

    __slots__ = ("_answer", "_dialect", "_number", "_open", "_places")

    def __init__(self, dialect: Dialect) -> None:
        self._dialect = dialect
        self._answer: dict[str, Any] = {}
        self._open: list[Any] = []
        self._places: list[Any] = []
        self._number = -1

    def saw(self, data: Any) -> None:
        """Take note of one event that has left or is about to."""
        if not isinstance(data, dict):
            return
        if self._dialect is Dialect.CHAT:
            self._note(data, ("id", "object", "created", "model", "system_fingerprint"))
            self._chosen(data.get("choices"), "index")
        elif self._dialect is Dialect.GEMINI:
            self._note(data, ("responseId", "modelVersion"))
            self._chosen(data.get("candidates"), "index")
        elif self._dialect is Dialect.MESSAGES:
            kind, index = data.get("type"), data.get("index")
            if kind == "content_block_start":
                self._open.append(index)
            elif kind == "content_block_stop" and index in self._open:
                self._open.remove(index)
        else:
            number, answer = data.get("sequence_number"), data.get("response")
            self._number = number if isinstance(number, int) else self._number
            if not self._answer and isinstance(answer, dict):
                self._answer = answer

    def _note(self, data: dict[str, Any], names: tuple[str, ...]) -> None:
        if not self._answer:
            self._answer = {name: data[name] for name in names if name in data}

    def _chosen(self, choices: Any, name: str) -> None:
        for one in choices if isinstance(choices, list) else ():
            index = one.get(name, 0) if isinstance(one, dict) else 0
            if index not in self._places and len(self._places) < 128:
                self._places.append(index)

    def made(self) -> bytes:
        """The last events of the stream."""
        return {
            Dialect.CHAT: self._chat,
            Dialect.RESPONSES: self._responses,
            Dialect.MESSAGES: self._messages,
            Dialect.GEMINI: self._gemini,
        }[self._dialect]()

    def _chat(self) -> bytes:
        ends = [{"index": place, "delta": {}, "finish_reason": "content_filter"} for place in self._places or [0]]
        return _event({"object": "chat.completion.chunk", **self._answer, "choices": ends}) + b"data: [DONE]\n\n"

    def _responses(self) -> bytes:
        answer = {**self._answer, "status": "incomplete", "incomplete_details": {"reason": "content_filter"}}
        kind = "response.incomplete"
        return _event({"type": kind, "sequence_number": self._number + 1, "response": answer}, kind)

    def _messages(self) -> bytes:
        ends = [{"type": "content_block_stop", "index": index} for index in self._open]
        stop = {"stop_reason": "refusal", "stop_sequence": None}
        ends += [{"type": "message_delta", "delta": stop, "usage": {"output_tokens": 0}}, {"type": "message_stop"}]
        return b"".join(_event(one, one["type"]) for one in ends)

    def _gemini(self) -> bytes:
        ends = [
            {"index": place, "content": {"role": "model", "parts": []}, "finishReason": "OTHER", "finishMessage": _WHY}
            for place in self._places or [0]
        ]
        return _event({**self._answer, "candidates": ends})


def _event(data: Any, name: Any = None) -> bytes:
    named = b"" if name is None else b"event: " + str(name).encode() + b"\n"
    return named + b"data: " + _encode(data) + b"\n\n"
