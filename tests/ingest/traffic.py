"""Small logs made in place for the tests of this room."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from stillwatch.core.pseudonym import Pseudonymiser
from stillwatch.ingest import ReadOptions, plan, read_chunk

NAMES = Pseudonymiser(b"a key for tests, 32 bytes long..")
NOW = 1_760_000_000_000_000
"""2025-10-09T08:53:20Z in microseconds."""

Rows = list[dict[str, Any]]


def row(i: int, **more: Any) -> dict[str, Any]:
    """One exchange in our own column names."""
    return {
        "at": 1_759_000_000 + i,
        "account": f"acct-{i % 5}",
        "prompt": f"prompt {i}",
        "output": f"answer {i}",
        "input_tokens": 10 + i,
        "output_tokens": 5,
        "request": f"req-{i}",
        **more,
    }


def lines(rows: Rows) -> bytes:
    """Rows as JSON lines."""
    return b"".join(json.dumps(one, ensure_ascii=False).encode() + b"\n" for one in rows)


def capture(i: int = 0, *, body: Any = None, response: Any = None, status: int = 200, **more: Any) -> dict[str, Any]:
    """One chat capture."""
    asked = {"model": "m", "messages": [{"role": "user", "content": f"prompt {i}"}]} if body is None else body
    choices = [{"message": {"content": "answer"}, "finish_reason": "stop"}]
    answered = {"id": f"chatcmpl-{i}", "choices": choices} if response is None else response
    return {
        "started_at": "2025-10-01T10:00:00Z",
        "client": {"ip": "203.0.113.7"},
        "request": {"path": "/v1/chat/completions", "headers": {"authorization": "Bearer sk-...aaaa"}, "body": asked},
        "response": {"status": status, "headers": {}, "body": answered},
        **more,
    }


def read(path: Path | list[Path], options: ReadOptions | None = None) -> tuple[Rows, Rows, dict[str, int]]:
    """(rows, rejects, notes) of files, through the room's door."""
    options = options or ReadOptions(now=NOW)
    rows: Rows = []
    rejects: Rows = []
    notes: dict[str, int] = {}
    for chunk in plan(path if isinstance(path, list) else [path], options).chunks:
        result = read_chunk(chunk, NAMES, options)
        rows += result.batch.to_pylist()
        rejects += result.rejects.to_pylist()
        for note, count in result.notes.items():
            notes[note] = notes.get(note, 0) + count
    return rows, rejects, notes
