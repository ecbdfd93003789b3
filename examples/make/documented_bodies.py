"""What every documented sample needs: times, ids and the body of a chat request for a scene."""

from __future__ import annotations

import json
import uuid
from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from mock_pieces import made_up
from scenes import Scene

__all__ = ["START", "TOOL", "at", "chat_body", "guid", "iso", "lines", "turns"]


START = datetime(2026, 10, 6, 9, 0, 0, tzinfo=UTC)
TOOL = {
    "name": "read_gauge",
    "description": "Read a water gauge.",
    "parameters": {"type": "object", "properties": {"gauge": {"type": "integer"}}},
}


def at(number: int) -> datetime:
    """Time of the exchange `number`."""
    return START + timedelta(seconds=53 * number, milliseconds=(number * 317) % 1000)


def iso(moment: datetime, digits: int = 3) -> str:
    """ISO 8601 in UTC."""
    text = moment.strftime("%Y-%m-%dT%H:%M:%S.%f")
    return (text[:-6] + text[-6 : -6 + digits] if digits else text[:-7]) + "Z"


def guid(kind: str, number: int) -> str:
    """A numbered UUID."""
    return str(uuid.UUID(made_up(kind, number, 32)))


def lines(path: Path, records: Iterable[Any]) -> None:
    """Write JSON lines."""
    path.parent.mkdir(exist_ok=True)
    path.write_text("".join(json.dumps(r, ensure_ascii=False) + "\n" for r in records), encoding="utf-8")


def turns(scene: Scene) -> list[dict[str, Any]]:
    """The scene without its system text."""
    content: Any = scene.ask
    if scene.image:
        content = [{"type": "text", "text": scene.ask}, {"type": "image_url", "image_url": {"url": scene.image}}]
    return [*({"role": r, "content": t} for r, t in scene.before), {"role": "user", "content": content}]


def chat_body(scene: Scene) -> dict[str, Any]:
    """The scene as a chat-completions request."""
    system = [{"role": "system", "content": scene.system}] if scene.system else []
    body: dict[str, Any] = {
        "model": "o4-mini" if scene.reasoning else "gpt-4.1-mini",
        "messages": [*system, *turns(scene)],
        **scene.settings,
    }
    if scene.reasoning:
        body["max_completion_tokens"] = body.pop("max_tokens")
    if scene.tool:
        body["tools"] = [{"type": "function", "function": TOOL}]
    return body
