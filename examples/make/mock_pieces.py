"""What the mock's answers are made of: times, ids, pieces of text, server-sent events, log-probabilities."""

from __future__ import annotations

import hashlib
import json
import re
from datetime import datetime
from typing import Any

__all__ = ["SALT", "iso", "made_up", "sse", "text_of", "token_logprobs", "words"]


def iso(moment: datetime) -> str:
    """Write a time as captures have it: ISO 8601 in UTC to the millisecond."""
    return moment.strftime("%Y-%m-%dT%H:%M:%S.") + f"{moment.microsecond // 1000:03d}Z"


SALT = [""]


def made_up(kind: str, number: int, length: int = 24) -> str:
    """Make an id that looks like a provider's, is the same in every run and differs between samples."""
    return hashlib.sha256(f"{SALT[0]}{kind}/{number}".encode()).hexdigest()[:length]


def words(text: str) -> list[str]:
    """Cut an answer into the pieces in which it is streamed."""
    return re.findall(r"\s*\S{1,8}|\s+", text)


def text_of(content: Any) -> str:
    """Text of a message's content in any of the four shapes."""
    if isinstance(content, str):
        return content
    if isinstance(content, list):
        return "".join(p.get("text", "") for p in content if isinstance(p, dict) and not p.get("thought"))
    return ""


def sse(data: Any, event: str | None = None) -> str:
    """One server-sent event."""
    head = f"event: {event}\n" if event else ""
    body = data if isinstance(data, str) else json.dumps(data, ensure_ascii=False, separators=(",", ":"))
    return f"{head}data: {body}\n\n"


def token_logprobs(text: str, top: int) -> list[dict[str, Any]]:
    """Made-up log-probabilities for the pieces of a text."""
    out = []
    for i, piece in enumerate(words(text)):
        p = -0.01 * (i % 7 + 1)
        tops = [{"token": piece if k == 0 else f"alt{k}", "logprob": p - 1.5 * k, "bytes": None} for k in range(top)]
        out.append({"token": piece, "logprob": p, "bytes": list(piece.encode()), "top_logprobs": tops})
    return out
