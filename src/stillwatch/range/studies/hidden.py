"""Prompts that nobody has seen, for campaigns to ask: a folder that the user brings with `--hidden`."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path

import pyarrow.parquet as pq

from stillwatch.core.errors import Error
from stillwatch.range.names import Names
from stillwatch.range.pack import Pack

__all__ = ["HiddenPack", "hidden_pack"]

_LEAST = 200
_TEXT_COLUMNS = ("prompt", "text", "instruction", "question")


@dataclass(frozen=True, kw_only=True)
class HiddenPack(Pack):
    """A pack whose every request for texts of sources is answered with hidden prompts; passages and answers stay the pack's."""

    hidden: tuple[str, ...]
    base: Pack
    content: str

    def texts(self, *names: str, lang: str | None = None, longest: int = 6000, shortest: int = 0) -> list[str]:
        """The hidden prompts within the lengths; all of them where none is."""
        wanted = (("hidden",), None, longest, shortest)
        if wanted not in self._chosen:
            fitting = [text for text in self.hidden if shortest <= len(text) <= longest]
            self._chosen[wanted] = fitting or list(self.hidden)
        return self._chosen[wanted]

    def passages(self, part: str, *, longest: int = 2200, lang: str | None = None) -> list[str]:
        """Those of the pack."""
        return self.base.passages(part, longest=longest, lang=lang)

    def follow_ups(self) -> list[str]:
        """Those of the pack."""
        return self.base.follow_ups()

    def names(self) -> Names:
        """The texts of the pack by number; hidden ones are numbered after them when they are asked for."""
        return self.base.names()


def hidden_pack(folder: Path, base: Pack) -> HiddenPack:
    """The prompts in a folder that nobody has seen: `.txt` (one a line), `.jsonl` or `.parquet` (a column prompt, text, instruction
    or question).

    Raises:
        Error: when there is no such folder, or fewer than 200 distinct prompts in it.
    """
    if not folder.is_dir():
        raise Error(f"{folder}: no such folder of hidden prompts")
    found: dict[str, None] = {}
    for path in sorted(folder.rglob("*")):
        for text in _read(path):
            if text.strip():
                found[text.strip()] = None
    if len(found) < _LEAST:
        raise Error(
            f"{folder}: got {len(found)} distinct prompts in .txt, .jsonl and .parquet files, expected at least {_LEAST}: "
            "fewer would be asked again and again, and be found for that"
        )
    told = hashlib.blake2b("\x1f".join(found).encode("utf-8", "surrogatepass"), digest_size=8).hexdigest()
    return HiddenPack(folder=base.folder, hidden=tuple(found), base=base, content=told)


def _read(path: Path) -> list[str]:
    if path.suffix == ".txt":
        return path.read_text(encoding="utf-8", errors="replace").splitlines()
    if path.suffix == ".jsonl":
        rows = []
        for line, told in enumerate(path.read_text(encoding="utf-8", errors="replace").splitlines(), 1):
            try:
                row = json.loads(told)
            except ValueError as error:
                raise Error(f"{path}:{line}: not JSON ({error})") from error
            rows.append(row)
        return [text for row in rows if isinstance(row, dict) and (text := _first(row)) is not None]
    if path.suffix == ".parquet":
        columns = [name for name in _TEXT_COLUMNS if name in pq.read_schema(path).names]
        return (
            [text or "" for text in pq.read_table(path, columns=columns[:1])[columns[0]].to_pylist()] if columns else []
        )
    return []


def _first(row: dict[str, object]) -> str | None:
    return next((text for name in _TEXT_COLUMNS if isinstance(text := row.get(name), str)), None)
