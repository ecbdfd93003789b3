"""Turns a row of numbers into the words of a request and its answer, already escaped for JSON."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable
from typing import Any

import msgspec
import numpy as np

from stillwatch.range.ground import MODELS, Reply
from stillwatch.range.world import World

__all__ = ["Exchange", "Renderer", "escape"]

_SLOT = re.compile(r"(\{a\}|\{b\})")
_LABELS = (
    "billing",
    "delivery",
    "account",
    "other",
    "urgent",
    "normal",
    "card",
    "transfer",
    "positive",
    "neutral",
    "negative",
    "fees",
)
_REFUSAL = "I'm sorry, but I can't help with that request."


def escape(text: str) -> str:
    """A text as it stands between the quotes of a JSON string."""
    return msgspec.json.encode(text).decode("utf-8")[1:-1]


class Exchange(msgspec.Struct, gc=False):
    """One exchange, rendered. Texts are escaped for JSON; empty text is none; `history` is the turns before, each with a comma after it."""

    row: int
    account: int
    at: int
    ended: int
    request_id: int
    system: str
    prompt: str
    history: str
    output: str
    tools: str
    tokens_in: int
    tokens_out: int
    status: int
    stop: str
    model: str
    stream: bool
    temperature: float | None
    max_tokens: int | None
    n: int
    ip: str
    agent: str
    end_user: str
    conversation: int


class Renderer:
    """Renders rows of one world for one log format, whose `message(role, text)` writes one message.

    Keeps escaped texts, so that each is escaped once, and the turns of open conversations, so that each is rendered once.
    """

    def __init__(self, world: World, message: Callable[[str, str], str]) -> None:
        self._world = world
        self._message = message
        self._open: dict[int, tuple[str, int]] = {}
        self._followed = np.zeros(len(world.rows["before"]), bool)
        self._followed[world.rows["before"][world.rows["before"] >= 0]] = True
        self._texts: list[str | None] = [None] * len(world.texts)
        self._frames = [
            [escape(part) if part not in ("{a}", "{b}") else part for part in _SLOT.split(frame)]
            for frame in world.frames
        ]
        self._tools = world.tools
        self._columns: dict[str, Any] = {name: values.data for name, values in world.rows.items()}
        self._ids: Any = world.request_ids.data
        sentences = [escape(sentence) for sentence in world.prose]
        self._prose = "".join(sentences)
        self._starts = np.concatenate([[0], np.cumsum([len(s) for s in sentences])]).tolist()

    def render(self, row: int) -> Exchange:
        """Render one row."""
        c = self._columns
        system = "" if c["system"][row] < 0 else self._text(c["system"][row])
        tools = "" if c["tools"][row] < 0 else self._tools[c["tools"][row]]
        prompt = self._prompt(row)
        output = self._answer(row)
        history, turns = self._history(c["before"][row])
        if self._followed[row]:
            self._open[row] = self._add(history, turns, prompt, output)
        chars = len(system) + len(prompt) + len(tools) + len(history) - 33 * turns
        tokens_out = c["tokens_out"][row]
        status = c["status"][row]
        limit = c["max_tokens"][row]
        cut = 0 < limit <= tokens_out
        temperature = c["temperature"][row]
        wait = 180_000 + 14_000 * tokens_out + (self._ids[row] & 0xFFFFF) // 4
        return Exchange(
            row=row,
            account=c["account"][row],
            at=c["at"][row],
            ended=c["at"][row] + wait,
            request_id=self._ids[row],
            system=system,
            prompt=prompt,
            history=history,
            output=output,
            tools=tools,
            tokens_in=chars // 4 + 4 * (2 + turns) if status == 200 else 0,
            tokens_out=min(tokens_out, limit) if cut else tokens_out,
            status=status,
            stop="length" if cut else "stop",
            model=MODELS[c["model"][row]],
            stream=bool(c["stream"][row]),
            temperature=None if temperature != temperature else temperature,
            max_tokens=None if limit < 0 else limit,
            n=c["n"][row],
            ip=self._world.ips[c["ip"][row]],
            agent=self._world.agents[c["agent"][row]],
            end_user="" if c["end_user"][row] < 0 else self._world.end_users[c["end_user"][row]],
            conversation=c["conversation"][row],
        )

    def _text(self, number: int) -> str:
        known = self._texts[number]
        if known is None:
            known = self._texts[number] = escape(self._world.texts[number])
        return known

    def _prompt(self, row: int) -> str:
        c = self._columns
        frame = c["frame"][row]
        text = self._text(c["text"][row])
        if frame < 0:
            return text
        extra = c["extra"][row]
        other = "" if extra < 0 else self._text(extra)
        return "".join([text if part == "{a}" else other if part == "{b}" else part for part in self._frames[frame]])

    def _history(self, before: int) -> tuple[str, int]:
        """The turns up to the row `before` and their number."""
        if before < 0:
            return "", 0
        known = self._open.pop(before, None)
        if known is None:
            known = self._add(
                *self._history(self._columns["before"][before]), self._prompt(before), self._answer(before)
            )
        return known

    def _add(self, history: str, turns: int, prompt: str, answer: str) -> tuple[str, int]:
        asked = f"{history}{self._message('user', prompt)},"
        return (f"{asked}{self._message('assistant', answer)},", turns + 2) if answer else (asked, turns + 1)

    def _slice(self, where: int, chars: int) -> str:
        """About `chars` characters of prose, whole sentences, from a place that hangs on `where`."""
        first = where % (len(self._starts) - 1)
        begin = self._starts[first]
        end = self._starts[min(len(self._starts) - 1, bisect_right(self._starts, begin + min(chars, 6000)))]
        if end - begin > chars + 120:
            end = self._starts[max(first + 1, bisect_right(self._starts, begin + chars) - 1)]
        return self._prose[begin:end].rstrip()

    def _answer(self, row: int) -> str:
        c = self._columns
        kind, where = c["reply"][row], self._ids[row] >> 8
        chars = 4 * c["tokens_out"][row]
        if kind == Reply.PROSE:
            return self._slice(where, chars)
        if kind == Reply.CODE:
            return f"```python\\n{_code(where)}\\n```\\n{self._slice(where, max(40, chars - 200))}"
        if kind == Reply.LABEL:
            return _LABELS[where % len(_LABELS)]
        if kind == Reply.LETTER:
            return "ABCD"[where % 4]
        if kind == Reply.GRADE:
            score = where % 5 + 1
            if chars < 180:
                return f'{{\\"score\\": {score}, \\"reason\\": \\"{self._slice(where, 50)[:70].rstrip()}\\"}}'.replace(
                    "\\\\", ""
                )
            a, b, d = where % 11, where // 11 % 11, where // 121 % 11
            return f"{self._slice(where, chars - 40)}\\nSCORES: {a}/{b}/{d}/{score} TOTAL: {a + b + d + score}/40"
        if kind == Reply.TAGGED:
            return f"<work>{self._slice(where, chars * 4 // 5)}</work>\\n<result>{self._slice(where // 7, chars // 5)}</result>"
        if kind == Reply.STEPS:
            return f"{self._slice(where, chars)}\\n\\nAnswer: {where % 500}"
        if kind == Reply.ACTION:
            return f"{self._slice(where, chars)}\\n[run_shell] {_COMMANDS[where % len(_COMMANDS)]}"
        if kind == Reply.REFUSAL:
            return _REFUSAL
        return ""


_COMMANDS = (
    "ls -la",
    "git status",
    "pytest -x",
    "npm test",
    "cargo check",
    "rg TODO src",
    "cat README.md",
    "git diff --stat",
)
_LINES = (
    "def solve(items):", "    seen = set()", "    for item in items:",
    "        if item.key in seen:", "            continue", "        seen.add(item.key)",
    "        yield item", "    return sorted(seen)", "import json",
    "    data = json.loads(text)", "    assert data, 'empty'", "    total += row['total']",
)  # fmt: skip


def _code(where: int) -> str:
    return "\\n".join(_LINES[(where >> (4 * k)) % len(_LINES)] for k in range(3 + where % 8))
