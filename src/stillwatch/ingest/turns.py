"""A conversation laid out for the contract: system text, last user turn, turns before it; and how an exchange's outcome is settled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from .exchange import Exchange

__all__ = [
    "ANSWERS_APART",
    "as_json",
    "call_text",
    "joined_answers",
    "lay_out",
    "parts_text",
    "parts_texts",
    "returned",
    "sent",
    "settle",
    "sorted_tools",
    "split_thinking",
]

ANSWERS_APART = "\f"
"""What stands between several answers of one exchange."""

_encode = msgspec.json.Encoder().encode
_SYSTEM = frozenset(("system", "developer"))
_TEXT_PARTS = frozenset(("text", "input_text", "output_text", "summary_text", "reasoning_text"))


def parts_texts(content: Any) -> list[str]:
    """Take the texts out of message content: a text, a list of typed parts, or nothing. Pictures, files and tool results add none."""
    if isinstance(content, str):
        return [content] if content else []
    found: list[str] = []
    if isinstance(content, list):
        for part in content:
            if isinstance(part, str):
                found.append(part)
            elif isinstance(part, dict):
                kind = part.get("type")
                value = part.get("text")
                if isinstance(value, str) and (kind is None or (isinstance(kind, str) and kind in _TEXT_PARTS)):
                    found.append(value)
    return found


def parts_text(content: Any) -> str | None:
    """The texts of message content joined by line ends; none is unknown."""
    if isinstance(content, str):
        return content or None
    return "\n".join(parts_texts(content)) or None


def call_text(name: Any, arguments: Any) -> str:
    """Write a tool call as text: `name(arguments)`."""
    if not isinstance(arguments, str):
        arguments = "" if arguments is None else as_json(arguments)
    return f"{name if isinstance(name, str) else ''}({arguments})"


def as_json(value: Any) -> str:
    """Write a value as compact JSON, whatever its texts hold."""
    try:
        return _encode(value).decode()
    except (UnicodeEncodeError, msgspec.ValidationError, OverflowError, TypeError):
        return json.dumps(value, separators=(",", ":"), default=str)


def lay_out(x: Exchange, turns: Sequence[tuple[str, str | None]], *, system: Iterable[str] = ()) -> None:
    """Set `system`, `prompt`, `messages` and `turns` from (role, text) pairs in order.

    The prompt is the last user turn that has text; `messages` holds what came before it as JSON. Turns after it (an agent's own
    tool calls and their results) count in `turns` only.
    """
    systems = list(system)
    rest: list[tuple[str, str | None]] = []
    for turn in turns:
        if turn[0] not in _SYSTEM:
            rest.append(turn)
        elif turn[1]:
            systems.append(turn[1])
    if systems:
        x.system = "\n".join(systems)
    x.turns = last = len(rest)
    for index in range(len(rest) - 1, -1, -1):
        if rest[index][0] == "user" and rest[index][1]:
            last = index
            x.prompt = rest[index][1]
            break
    if last:
        x.messages = as_json([{"role": role, "content": content} for role, content in rest[:last]])


def sent(x: Exchange, artifacts: Sequence[str]) -> None:
    """Keep the reasoning signatures that a request carried."""
    if artifacts:
        x.reasoning_artifacts = [*(x.reasoning_artifacts or ()), *artifacts]
        x.artifacts_returned = x.artifacts_returned or []


def returned(x: Exchange, artifacts: Sequence[str]) -> None:
    """Keep the reasoning signatures that a response brought."""
    if artifacts:
        x.reasoning_artifacts = [*(x.reasoning_artifacts or ()), *artifacts]
        x.artifacts_returned = [*(x.artifacts_returned or ()), *artifacts]


def joined_answers(answers: Sequence[str]) -> str | None:
    """Several answers as one text; none is unknown."""
    return ANSWERS_APART.join(answers) if any(answers) else None


def split_thinking(answer: str) -> tuple[str | None, str]:
    """Split an answer that opens with `<think>...</think>` into (reasoning, answer proper)."""
    if answer.startswith("<think>"):
        thought, closed, rest = answer[7:].partition("</think>")
        if closed:
            return thought.strip() or None, rest.lstrip()
    return None, answer


def sorted_tools(names: Iterable[Any]) -> str | None:
    """Names of the offered tools, each once, sorted and joined by commas; none is unknown."""
    return ",".join(sorted({name for name in names if isinstance(name, str) and name})) or None


def settle(x: Exchange, *, error: bool = False, refused: bool = False, cancelled: bool = False) -> None:
    """Set the outcome. An error outranks a refusal, which outranks an answer that broke off."""
    status = x.http_status
    if status == 499:
        x.outcome = "cancelled"
    elif error or (status is not None and status >= 400):
        x.outcome = "error"
    elif refused:
        x.outcome = "refused"
    elif cancelled:
        x.outcome = "cancelled"
    else:
        x.outcome = "ok"
