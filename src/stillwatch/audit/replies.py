"""Requests and replies of OpenAI-compatible interfaces: chats, completions, and the log-probabilities that completions may echo."""

from __future__ import annotations

import math
from typing import Any

import msgspec

from stillwatch.audit.suspect import Chances
from stillwatch.audit.wanted import Kind, Wanted
from stillwatch.core import Error

__all__ = ["Interface", "Unreadable", "read_reply", "request_for", "spent_tokens"]


class Unreadable(Exception):
    """A reply that does not say what was asked; told without its text."""


class Interface(msgspec.Struct, frozen=True, kw_only=True):
    """How a suspect is spoken to; part of every request, so that a reply under other settings is another reply.

    `chat`: by turns, which gives answers alone; else by completions, which may also echo log-probabilities. `template` puts a prompt into
    the words of a completion, at `{prompt}`. `top` is how many next tokens the server tells the chances of.
    """

    model: str
    chat: bool = True
    system: str | None = None
    template: str = "{prompt}"
    max_tokens: int = 256
    temperature: float = 0.0
    seed: int | None = None
    top: int = 20

    def checked(self) -> Interface:
        """The same.

        Raises:
            Error: settings that cannot be used.
        """
        if "{prompt}" not in self.template:
            raise Error("template: expected {prompt} in it")
        if self.max_tokens < 1 or self.top < 1 or not 0.0 <= self.temperature <= 2.0:
            raise Error("max tokens, top: expected one or more; temperature: between 0 and 2")
        if self.system is not None and not self.chat:
            raise Error("system: a completion has none; write it into the template")
        return self


class _Logs(msgspec.Struct):
    tokens: list[str] = []
    token_logprobs: list[float | None] = []
    text_offset: list[int] = []
    top_logprobs: list[dict[str, float] | None] | None = None


class _Message(msgspec.Struct):
    content: str | None = None


class _Choice(msgspec.Struct):
    text: str | None = None
    logprobs: _Logs | None = None


class _Reply(msgspec.Struct):
    choices: list[_Choice]


class _ChatChoice(msgspec.Struct):
    message: _Message


class _ChatReply(msgspec.Struct):
    choices: list[_ChatChoice]


class _Usage(msgspec.Struct):
    total_tokens: int = 0


class _Counted(msgspec.Struct):
    usage: _Usage | None = None


def request_for(one: Wanted, interface: Interface) -> tuple[str, dict[str, Any]]:
    """The path and the body of a request.

    >>> request_for(Wanted(kind=Kind.ANSWER, prompt="Hi"), Interface(model="m"))[1]["messages"]
    [{'role': 'user', 'content': 'Hi'}]

    Raises:
        Error: likelihoods are asked of a chat.
    """
    told: dict[str, Any] = {"model": interface.model, "temperature": interface.temperature}
    if interface.seed is not None:
        told["seed"] = interface.seed
    if one.kind is Kind.ANSWER:
        told["max_tokens"] = interface.max_tokens
        if interface.chat:
            first = [] if interface.system is None else [{"role": "system", "content": interface.system}]
            return "/chat/completions", {**told, "messages": [*first, {"role": "user", "content": one.prompt}]}
        return "/completions", {**told, "prompt": _put(one.prompt, interface)}
    if interface.chat:
        raise Error("likelihoods: a chat does not tell those of given text; ask by completions")
    top = 1 if one.kind is Kind.LIKELIHOOD else interface.top
    whole = f"{_before(one, interface)}{one.text}" if one.kind is Kind.LIKELIHOOD else one.prompt
    return "/completions", {**told, "prompt": whole, "max_tokens": 1, "echo": True, "logprobs": top}


def read_reply(one: Wanted, body: str, interface: Interface) -> str | float | Chances:
    """What a reply says to what was asked.

    Raises:
        Unreadable: it says something else.
    """
    try:
        if one.kind is Kind.ANSWER and interface.chat:
            chat = msgspec.json.decode(body, type=_ChatReply)
            return chat.choices[0].message.content or ""
        choice = msgspec.json.decode(body, type=_Reply).choices[0]
    except (msgspec.DecodeError, IndexError):
        raise Unreadable("a reply that is none of an OpenAI-compatible interface") from None
    if one.kind is Kind.ANSWER:
        if choice.text is None:
            raise Unreadable("a completion without text")
        return choice.text
    logs = choice.logprobs
    if logs is None or not logs.tokens or len({len(logs.tokens), len(logs.token_logprobs), len(logs.text_offset)}) != 1:
        raise Unreadable("no log-probabilities of given text; its server does not echo them")
    if one.kind is Kind.LIKELIHOOD:
        return _mean(one, logs, interface)
    return _next_words(one.prompt, logs)


def spent_tokens(body: str) -> int:
    """The tokens that the server says it counted; 0 where it says nothing."""
    try:
        usage = msgspec.json.decode(body, type=_Counted).usage
    except msgspec.DecodeError:
        return 0
    return 0 if usage is None else max(0, usage.total_tokens)


def _put(prompt: str, interface: Interface) -> str:
    return interface.template.replace("{prompt}", prompt)


def _before(one: Wanted, interface: Interface) -> str:
    """What stands before a text whose likelihood is asked; nothing where it is asked by itself."""
    return _put(one.prompt, interface) if one.prompt else ""


def _mean(one: Wanted, logs: _Logs, interface: Interface) -> float:
    """The mean over the tokens that reach into the text; offsets count characters."""
    begins = len(_before(one, interface))
    ends = begins + len(one.text or "")
    found = [
        log
        for token, log, at in zip(logs.tokens, logs.token_logprobs, logs.text_offset, strict=True)
        if log is not None and at < ends and at + max(1, len(token)) > begins
    ]
    if not found or not all(math.isfinite(log) for log in found):
        raise Unreadable("no log-probabilities of given text; its server does not echo them")
    return min(0.0, sum(found) / len(found))


def _next_words(text: str, logs: _Logs) -> dict[tuple[str, str], float]:
    """By (word before, next word), the chance of tokens that begin a word, summed over the places of the text where one may begin."""
    found: dict[tuple[str, str], float] = {}
    for at, told in zip(logs.text_offset, logs.top_logprobs or [], strict=False):
        before = text[:at]
        if not told or at > len(text) or not before.strip():
            continue
        word, spaced = before.split()[-1].casefold(), before[-1:].isspace()
        for token, log in told.items():
            parts = token.casefold().split()
            if len(parts) == 1 and (spaced or token[:1].isspace()):
                found[word, parts[0]] = found.get((word, parts[0]), 0.0) + math.exp(min(0.0, log))
    return found
