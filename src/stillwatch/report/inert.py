"""Outside text made harmless to look at: no control, no direction change, nothing hidden.

Prompts, file names and client names come from outside. Escaping for HTML is the template engine's work; this is about
what survives escaping: terminal escapes, right-to-left overrides that reorder a line ("Trojan Source",
CVE-2021-42574), invisible characters that carry hidden text, and lone surrogates that cannot be written as UTF-8.
"""

from __future__ import annotations

import re

__all__ = ["inert"]

_DIRECTION = "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_HIDDEN = "\u00ad\u200b\u2060\u2061\u2062\u2063\u2064\ufeff"
_SUSPECT = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ud800-\udfff\U000e0000-\U000e0fff" + _DIRECTION + _HIDDEN + "]"
)


def _shown(match: re.Match[str]) -> str:
    character = match.group()
    code = ord(character)
    if character in "\r\u2028\u2029":
        return "\n" if code > 0x2000 else ""
    if code < 0x20:
        return chr(0x2400 + code)
    if character in _DIRECTION:
        return f"[U+{code:04X}]"
    if character in _HIDDEN or code >= 0xE0000:
        return ""
    return "\N{REPLACEMENT CHARACTER}"


def inert(text: str) -> str:
    """Outside text with its invisible and commanding characters shown or dropped; letters of every script stay.

    Control characters become their pictures, direction controls their code points, hidden characters vanish. Newlines
    and tabs stay.

    >>> inert("a\\x1b[31mb")
    'a␛[31mb'
    >>> inert("abc\\u202edcba")
    'abc[U+202E]dcba'
    """
    return _SUSPECT.sub(_shown, text)
