"""The settings that docs/adapters.md shows, so that what is tested is what people copy."""

from __future__ import annotations

import re
from pathlib import Path

__all__ = ["PAGE", "snippet"]

PAGE = (Path(__file__).parents[3] / "docs" / "adapters.md").read_text("utf-8")


def snippet(name: str) -> str:
    """The fenced block that begins with `# name:`, or the JSON of Portkey."""
    blocks: list[tuple[str, str]] = re.findall(r"```(\w*)\n(.*?)```", PAGE, re.DOTALL)
    if name == "portkey":
        return next(text for kind, text in blocks if kind == "json")
    return next(text for kind, text in blocks if kind == "yaml" and text.startswith(f"# {name}:"))
