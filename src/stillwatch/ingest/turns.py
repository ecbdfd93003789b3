"""A conversation laid out for the contract: system text, last user turn, turns before it; and how an exchange's outcome is settled."""

from __future__ import annotations

import json
from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Any

import msgspec

from .exchange import Exchange
from .exchanges import Exchanges

__all__ = [
    "ANSWERS_APART",
    "TEXT_PARTS",
    "Turn",
    "as_json",
    "call_text",
    "joined_answers",
    "laid_out",
    "lay_out",
    "lay_out_all",
    "outcome",
    "parts_text",
    "parts_texts",
    "returned",
    "returned_all",
    "sent",
    "sent_all",
    "settle",
    "sorted_tools",
    "split_thinking",
]

Turn = tuple[str, str | None]
"""Who speaks and what is said."""

ANSWERS_APART = "\f"
"""What stands between several answers of one exchange."""

_encode = msgspec.json.Encoder().encode
_SYSTEM = frozenset(("system", "developer"))
TEXT_PARTS = frozenset(("text", "input_text", "output_text", "summary_text", "reasoning_text"))
"""What the parts of a message are called that hold text."""


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
                if isinstance(value, str) and (kind is None or (isinstance(kind, str) and kind in TEXT_PARTS)):
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


def lay_out(x: Exchange, turns: Sequence[Turn], *, system: Sequence[str] = ()) -> None:
    """Set `system`, `prompt`, `messages` and `turns` from (role, text) pairs in order, as `laid_out` finds them."""
    found, prompt, messages, x.turns = laid_out(turns, system)
    x.system = x.system if found is None else found
    x.prompt = prompt or x.prompt
    x.messages = messages or x.messages


def lay_out_all(x: Exchanges, turns: Sequence[Sequence[Turn]], systems: Sequence[Sequence[str]] | None = None) -> None:
    """Set the same of many exchanges."""
    found = map(laid_out, turns) if systems is None else map(laid_out, turns, systems)
    x.system, x.prompt, x.messages, x.turns = zip(*found, strict=True)


def laid_out(turns: Sequence[Turn], system: Sequence[str] = ()) -> tuple[str | None, str | None, str | None, int]:
    """System text, prompt, messages before it and the number of turns, from (role, text) pairs in order.

    The prompt is the last user turn that has text; the messages are what came before it as JSON. Turns after it (an agent's own
    tool calls and their results) count only.
    """
    if len(turns) == 1 and not system and turns[0][0] == "user" and turns[0][1]:
        return None, turns[0][1], None, 1
    systems = list(system)
    rest: list[Turn] = []
    for turn in turns:
        role, text = turn
        if role not in _SYSTEM:
            rest.append(turn)
        elif text:
            systems.append(text)
    prompt = None
    before = len(rest)
    while before:
        before -= 1
        role, text = rest[before]
        if role == "user" and text:
            prompt = text
            break
    else:
        before = len(rest)
    messages = as_json([{"role": role, "content": content} for role, content in rest[:before]]) if before else None
    return "\n".join(systems) if systems else None, prompt, messages, len(rest)


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


def sent_all(x: Exchanges, artifacts: Sequence[list[str]]) -> None:
    """Keep the reasoning signatures that each request carried, before those that the responses brought."""
    if any(artifacts):
        x.reasoning_artifacts = [found or None for found in artifacts]
        x.artifacts_returned = [[] if found else None for found in artifacts]


def returned_all(x: Exchanges, artifacts: Sequence[list[str]]) -> None:
    """Keep the reasoning signatures that each response brought."""
    if any(artifacts):
        x.reasoning_artifacts = [
            [*(held or ()), *found] or None for held, found in zip(x.reasoning_artifacts, artifacts, strict=True)
        ]
        x.artifacts_returned = [found or held for held, found in zip(x.artifacts_returned, artifacts, strict=True)]


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
    """Set the outcome."""
    x.outcome = outcome(x.http_status, error, refused, cancelled)


@lru_cache(maxsize=4096)
def outcome(status: int | None, error: bool, refused: bool, cancelled: bool) -> str:
    """How an exchange ended. An error outranks a refusal, which outranks an answer that broke off."""
    if status == 499:
        return "cancelled"
    if error or (status is not None and status >= 400):
        return "error"
    if refused:
        return "refused"
    return "cancelled" if cancelled else "ok"
