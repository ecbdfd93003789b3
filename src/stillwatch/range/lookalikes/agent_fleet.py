# ruff: noqa: E501 - texts stand on one line each
"""An agent fleet: thousands of independent developers behind one public harness, all with its system prompt and tools, each with own tasks."""

from __future__ import annotations

import json
from dataclasses import dataclass

import numpy as np

from stillwatch.range import accounts, words
from stillwatch.range.ground import Ground, Reply
from stillwatch.range.pack import Deck
from stillwatch.range.rhythm import answer_lengths, turns
from stillwatch.range.sizes import scaled
from stillwatch.range.talking import heavy_tailed

__all__ = ["Knobs", "build"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Knobs:
    """Accounts, median requests a day, and share that still runs the previous version of the harness."""

    accounts: int = 2100
    median: float = 7.0
    spread: float = 1.0
    previous: float = 0.25
    group: str = "agent_fleet"


_PROMPT = """You are OpenCrew, an open-source coding agent that runs in the terminal of the developer who started you. Version {v}.

# How to work
Work in small steps. Before you change a file, read it. After you change a file, run the tests that cover it, if there are any.
Keep going until the task is done; stop and ask only when a decision is the developer's to take, such as deleting data, force-pushing or spending money.
Prefer the tools to guessing: list the folder before you assume a layout, search before you assume that a function is missing.
Never print secrets that you come across. Never run a command that needs elevated rights without asking first.
Commit only when you are asked to. Commit messages have one line in the imperative and a body that says why.

# How to answer
Your text is shown in a terminal with a fixed-width font. Use short paragraphs. Use Markdown sparingly; code goes in fenced blocks.
Name files by path and line, such as src/main.rs:42, so that the developer can jump there. Do not repeat the whole file when a part is enough.
When you finish, say in one or two sentences what changed and what you could not check. Do not praise the question.

# Rules for edits
Keep the style of the file. Do not reformat lines that you do not change. Do not add a dependency when the standard library does.
New code has tests when the project has tests. Do not remove a failing test to make the run green; say that it fails and why.
If an edit does not apply, read the file again instead of trying the same edit a second time.

# Environment
You may be in a container without network. The working folder is the root of a repository unless the developer says otherwise.
Output of commands longer than 200 lines is cut in the middle. Long-running commands are stopped after two minutes; start servers in the background.
"""
_NEWER = """
# Plans
For tasks of more than three steps write a plan first with the plan tool, and tick its steps off as you go. Leave the plan out for small tasks.
"""


def _tool(name: str, description: str, **parameters: str) -> dict[str, object]:
    properties = {key: {"type": "string", "description": text} for key, text in parameters.items()}
    schema = {"type": "object", "properties": properties, "required": list(parameters)[:1]}
    return {"type": "function", "function": {"name": name, "description": description, "parameters": schema}}


_TOOLS = [
    _tool(
        "run_shell",
        "Run a command in the working folder and return its output.",
        command="command line",
        timeout="seconds, at most 120",
    ),
    _tool(
        "read_file",
        "Read a file, or some lines of it.",
        path="path from the root of the repository",
        lines="range such as 10-40",
    ),
    _tool(
        "edit_file",
        "Replace one exact passage of a file.",
        path="path",
        old="passage as it stands",
        new="passage to put there",
    ),
    _tool("write_file", "Write a new file.", path="path", text="its content"),
    _tool("search", "Search the repository for a regular expression.", pattern="expression", folder="where to search"),
    _tool("fetch_page", "Read a web page as text.", url="address"),
]
_PLAN = _tool("plan", "Write or tick the plan.", steps="one step a line")

_RESULTS = (
    "[run_shell] exit 0\n{n} passed, {k} skipped in {t}s", "[run_shell] exit 1\nFAILED tests/test_{w}.py::test_{v}_{w} - AssertionError: {n} != {k}",
    "[edit_file] ok: src/{w}.py, 1 passage replaced at line {n}", "[search] {k} matches\nsrc/{w}.py:{n}: def {v}_{w}(\nsrc/api/{w}.py:{k}: {v}_{w}(",
    "[read_file] src/{w}.py lines 1-{n}\nimport os\nfrom .{v} import {w}\n\nLIMIT = {k}", "[run_shell] exit 0\nOn branch feature/{v}-{w}\nnothing to commit",
    "[write_file] ok: tests/test_{w}.py, {n} lines", "[run_shell] exit 2\nerror: unexpected argument '--{v}' found at {w}:{n}",
)  # fmt: skip
_WORDS = (
    "orders",
    "billing",
    "parser",
    "cache",
    "session",
    "layout",
    "worker",
    "router",
    "schema",
    "upload",
    "search",
    "metrics",
    "theme",
    "quota",
    "mailer",
)
_VERBS = ("load", "merge", "render", "sync", "retry", "close", "index", "flush", "open", "check")


def _results(rng: np.random.Generator, size: int) -> list[str]:
    draws = rng.integers(0, 1 << 30, (size, 5)).tolist()
    return [
        _RESULTS[a % len(_RESULTS)].format(
            n=1 + b % 400,
            k=b % 37,
            t=round(0.1 + c % 900 / 10, 1),
            w=_WORDS[d % len(_WORDS)],
            v=_VERBS[e % len(_VERBS)],
        )
        for a, b, c, d, e in draws
    ]


def build(ground: Ground, rng: np.random.Generator, scale: float, knobs: Knobs = Knobs()) -> None:
    """Settle the harness's users and send their sessions: own task first, then what the tools answered."""
    size = scaled(knobs.accounts, scale, least=5)
    who = accounts.people(
        ground,
        rng,
        size,
        product="coding",
        group=knobs.group,
        role="lookalike",
        program="harness",
        stream=1.0,
        plans={"plus": 0.5, "payg": 0.4, "team": 0.1},
    )
    counts = heavy_tailed(rng, size, median=knobs.median, spread=knobs.spread, most=400)
    cut = turns(
        rng,
        ground.clock,
        counts,
        zone=ground.trait("zone")[who],
        profile="office",
        mean_turns=5.0,
        most_turns=10,
        pause=25.0,
    )
    total = len(cut.owner)
    tasks = ground.texts.numbers(
        words.code_tasks(rng, max(40, total // 4))
        + ground.pack.texts("webarena_tasks", "bfcl_v4", "polyglot_exercism", longest=3000)
    )
    text = tasks[Deck(len(tasks), rng).draw(total)]
    later = (cut.turn > 0) & (rng.random(total) < 0.8)
    text = np.where(later, ground.texts.numbers(_results(rng, total)), text)
    old = rng.random(size) < knobs.previous
    older = ground.texts.number(_PROMPT.replace("{v}", "0.41"))
    newer = ground.texts.number(_PROMPT.replace("{v}", "0.42") + _NEWER)
    tools_older = ground.tools.number(json.dumps(_TOOLS, separators=(",", ":")))
    tools_newer = ground.tools.number(json.dumps([*_TOOLS, _PLAN], separators=(",", ":")))
    ground.send(
        rng,
        who[cut.owner],
        cut.at,
        text=text,
        system=np.where(old, older, newer)[cut.owner],
        tools=np.where(old, tools_older, tools_newer)[cut.owner],
        before=cut.before,
        conversation=cut.conversation,
        reply=Reply.ACTION,
        tokens_out=answer_lengths(rng, rng.integers(800, 4000, total), trace="code"),
        overrides={"model": np.full(total, 1)},
    )
