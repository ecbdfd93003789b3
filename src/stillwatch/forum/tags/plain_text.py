"""Text as every kind reads it first: one spelling of what looks the same, and nothing in it that cannot be seen."""

from __future__ import annotations

import unicodedata

from stillwatch.forum.tags.refusals import ValueRefused

__all__ = ["LONGEST", "visible"]

LONGEST = 512
"""Longest raw value in characters."""


def visible(kind: str, raw: str) -> str:
    """The value in NFKC without white space around it.

    Raises:
        ValueRefused: when it is empty, too long, or holds what no reader sees: controls, formats, half characters, private use.
    """
    if len(raw) > LONGEST:
        raise ValueRefused(kind, f"longer than {LONGEST} characters")
    text = raw.strip() if raw.isascii() else unicodedata.normalize("NFKC", raw).strip()
    if not text:
        raise ValueRefused(kind, "empty")
    if text.isascii() and text.isprintable():
        return text
    if any(unicodedata.category(letter) in ("Cc", "Cf", "Cs", "Co", "Cn") for letter in text):
        raise ValueRefused(
            kind, "holds a character that cannot be seen (control, format, surrogate, private or unassigned)"
        )
    return text
