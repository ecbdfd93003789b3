"""Turns a row of numbers into the words of a request and its answer, already escaped for JSON."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Callable, Iterator
from typing import Any

import msgspec
import numpy as np

from stillwatch.range import places, seeds
from stillwatch.range.frames import escape
from stillwatch.range.ground import Reply
from stillwatch.range.names import Ints
from stillwatch.range.world import World

__all__ = ["Exchange", "Renderer"]

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
        sheet = world.sheet
        self._columns = sheet.columns
        self._message = message
        self._open: dict[int, tuple[str, int]] = {}
        self._followed = np.zeros(len(sheet), bool)
        self._followed[sheet.columns["before"][sheet.columns["before"] >= 0]] = True
        self._plain = [*world.desk.texts.to_pylist(), *sheet.texts]
        self._texts: list[str | None] = [None] * len(self._plain)
        self._frames = [
            [escape(part) if part not in ("{a}", "{b}") else part for part in _SLOT.split(frame)]
            for frame in sheet.names["frame"].to_pylist()
        ]
        self._tools, self._agents, self._people = (sheet.names[n].to_pylist() for n in ("tools", "agent", "end_user"))
        self._models = world.launched.models
        sentences = [escape(one) for one in world.desk.pack.shuffled(seeds.stream(world.recipe.seed, "prose"))]
        self._prose = "".join(sentences)
        self._starts = np.concatenate([[0], np.cumsum([len(s) for s in sentences])]).tolist()

    def render(self, rows: Ints) -> Iterator[Exchange]:
        """Render some rows, in their order."""
        columns: list[list[Any]] = [self._columns[name][rows].tolist() for name in _COLUMNS]
        followed, ips = self._followed[rows].tolist(), places.rendered(self._columns["ip"][rows])
        for (
            row, ip, goes_on, request_id, account, at, agent, model, text, frame, extra, tail, system, before, conversation, tools,
            end_user, kind, status, context, tokens_out, stream, temperature, limit, n,
        ) in zip(rows.tolist(), ips, followed, *columns, strict=True):  # fmt: skip
            prompt = self._prompt(text, frame, extra, tail)
            output = _ANSWERS[kind](self, request_id >> 8, 4 * tokens_out)
            history, turns = self._history(before) if before >= 0 else ("", 0)
            if goes_on:
                self._open[row] = self._add(history, turns, prompt, output)
            instructions = "" if system < 0 else self._text(system)
            offered = "" if tools < 0 else self._tools[tools]
            chars = len(instructions) + len(prompt) + len(offered) + len(history) - 33 * turns
            cut = 0 < limit <= tokens_out
            yield Exchange(
                row=row,
                account=account,
                at=at,
                ended=at + 180_000 + 14_000 * tokens_out + (request_id & 0xFFFFF) // 4,
                request_id=request_id,
                system=instructions,
                prompt=prompt,
                history=history,
                output=output,
                tools=offered,
                tokens_in=max(context, chars // 4 + 4 * (2 + turns)) if status == 200 else 0,
                tokens_out=limit if cut else tokens_out,
                status=status,
                stop="length" if cut else "stop",
                model=self._models[model],
                stream=stream,
                temperature=None if temperature != temperature else temperature,
                max_tokens=None if limit < 0 else limit,
                n=n,
                ip=ip,
                agent=self._agents[agent],
                end_user="" if end_user < 0 else self._people[end_user],
                conversation=conversation,
            )

    def _text(self, number: int) -> str:
        known = self._texts[number]
        if known is None:
            known = self._texts[number] = escape(self._plain[number])
        return known

    def _prompt(self, text: int, frame: int, extra: int, tail: int) -> str:
        said, more = self._text(text), "" if tail < 0 else self._text(tail)
        if frame < 0:
            return said + more
        other = "" if extra < 0 else self._text(extra)
        framed = [said if part == "{a}" else other if part == "{b}" else part for part in self._frames[frame]]
        return "".join([*framed, more])

    def _history(self, before: int) -> tuple[str, int]:
        """The turns up to the row `before` and their number."""
        known = self._open.pop(before, None)
        if known is None:  # its row was not rendered, or more than one turn follows it
            c = {
                name: int(self._columns[name][before])
                for name in ("before", "text", "frame", "extra", "tail", "reply", "tokens_out", "request")
            }
            older = self._history(c["before"]) if c["before"] >= 0 else ("", 0)
            said = _ANSWERS[c["reply"]](self, c["request"] >> 8, 4 * c["tokens_out"])
            known = self._add(*older, self._prompt(c["text"], c["frame"], c["extra"], c["tail"]), said)
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

    def prose(self, where: int, chars: int) -> str:
        """Sentences."""
        return self._slice(where, chars)

    def code(self, where: int, chars: int) -> str:
        """A code block and a remark."""
        return f"```python\\n{_code(where)}\\n```\\n{self._slice(where, max(40, chars - 200))}"

    def grade(self, where: int, chars: int) -> str:
        """A score with its reason: a JSON object when short, criteria and a total when long."""
        score = where % 5 + 1
        if chars < 180:
            reason = self._slice(where, 50)[:60].rpartition(" ")[0].replace('\\"', "'").replace("\\", "")
            return f'{{\\"score\\": {score}, \\"reason\\": \\"{reason}\\"}}'
        a, b, d = where % 11, where // 11 % 11, where // 121 % 11
        return f"{self._slice(where, chars - 40)}\\nSCORES: {a}/{b}/{d}/{score} TOTAL: {a + b + d + score}/40"

    def tagged(self, where: int, chars: int) -> str:
        """Reasoning within tags, then the result."""
        thought, result = self._slice(where, chars * 4 // 5), self._slice(where // 7, chars // 5)
        return f"<work>{thought}</work>\\n<result>{result}</result>"

    def steps(self, where: int, chars: int) -> str:
        """A way to a result, and the result."""
        return f"{self._slice(where, chars)}\\n\\nAnswer: {where % 500}"

    def action(self, where: int, chars: int) -> str:
        """What an agent says it does, and the command it runs."""
        return f"{self._slice(where, chars)}\\n[run_shell] {_COMMANDS[where % len(_COMMANDS)]}"


_ANSWERS: dict[int, Callable[[Renderer, int, int], str]] = {
    Reply.PROSE: Renderer.prose,
    Reply.CODE: Renderer.code,
    Reply.LABEL: lambda _, where, chars: _LABELS[where % len(_LABELS)],
    Reply.LETTER: lambda _, where, chars: "ABCD"[where % 4],
    Reply.GRADE: Renderer.grade,
    Reply.TAGGED: Renderer.tagged,
    Reply.STEPS: Renderer.steps,
    Reply.ACTION: Renderer.action,
    Reply.REFUSAL: lambda _, where, chars: _REFUSAL,
    Reply.NOTHING: lambda _, where, chars: "",
}
_COLUMNS = (
    "request", "account", "at", "agent", "model", "text", "frame", "extra", "tail", "system", "before", "conversation", "tools", "end_user",
    "reply", "status", "context", "tokens_out", "stream", "temperature", "max_tokens", "n",
)  # fmt: skip
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
