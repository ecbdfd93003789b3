"""What a reader may be told: which format, which clock, which limits."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

__all__ = ["ReadOptions"]


@dataclass(frozen=True, kw_only=True, slots=True)
class ReadOptions:
    """How logs are read. The same options on the same files give the same rows.

    Attributes:
        force: name of a format; no sniffing then.
        mapping: TOML file that maps columns (format `columns`).
        now: the clock in microseconds since 1970; times later than a day after it are rejected. Unknown: only times after 2100 are.
        default_account: account of exchanges whose log names nobody.
        max_line_bytes: a longer line is passed over without being held, and reported.
        max_document_bytes: a JSON document (not lines) larger than this is refused; it would have to be held whole.
        chunk_bytes: raw bytes in a unit of work, about.
        chunk_rows: rows in a unit of work, about.
    """

    force: str | None = None
    mapping: Path | None = None
    now: int | None = None
    default_account: str | None = None
    max_line_bytes: int = 32 << 20
    max_document_bytes: int = 128 << 20
    chunk_bytes: int = 16 << 20
    chunk_rows: int = 50_000
