"""What each character is: part of a word, a digit, a word of its own, or what stands between words.

The tables are built once from `unicodedata`. A character that a later Unicode version assigns counts as a letter where it is not yet
known, so that most texts read alike under every Python version; for such characters hashes may still differ between Python versions.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt

__all__ = [
    "ASCII_CLASSES",
    "ASCII_FOLDED",
    "AT",
    "COLON",
    "DIGIT",
    "DROPPED",
    "IDEOGRAPH",
    "LETTER",
    "OTHER",
    "QUOTE",
    "SPACE",
    "Characters",
    "characters",
    "folded",
]

OTHER, SPACE, QUOTE, AT, COLON, DROPPED = 0, 1, 2, 3, 4, 5
"""Classes of what separates words; DROPPED ones vanish before words are told apart."""
LETTER, DIGIT, IDEOGRAPH = 8, 9, 10
"""Classes of what words are made of: every class from LETTER on."""

_QUOTES = frozenset('"\u201c\u201d\u201e\u201f\u00ab\u00bb\u300c\u300d\u300e\u300f\u300a\u300b')
_INVISIBLE = frozenset([0x034F, 0x115F, 0x1160, 0x3164, 0xFFA0, *range(0x180B, 0x1810), *range(0xFE00, 0xFE10)])
_ALONE = (  # scripts written without spaces: each character is a word
    (0x0E01, 0x0E7F),  # Thai
    (0x0E80, 0x0EFF),  # Lao
    (0x1000, 0x109F),  # Myanmar
    (0x1780, 0x17FF),  # Khmer
    (0x2E80, 0x2FDF),  # radicals
    (0x3005, 0x3007),
    (0x3021, 0x3029),
    (0x3041, 0x30FF),  # kana
    (0x3105, 0x312F),  # bopomofo
    (0x31A0, 0x31BF),
    (0x31F0, 0x31FF),
    (0x3400, 0x4DBF),
    (0x4E00, 0x9FFF),
    (0xF900, 0xFAFF),
    (0x1AFF0, 0x1B16F),
    (0x20000, 0x3FFFF),
)
_PLAIN = ((0x3400, 0x4DC0), (0x4E00, 0xA000), (0xAC00, 0xD7A4), (0x20000, 0x2F800), (0x2FA20, 0x40000))
_END = 0x40000


def folded(text: str, *, visible: bool = False) -> str:
    """One spelling of a text: invisible characters dropped, NFKC (UAX 15), case-folded.

    `visible` says that the text has no invisible characters, which saves looking at each.

    >>> folded("Ｅxact\u200bLY \ufb01ne") == "exactly fine"
    True
    """
    if not (visible or text.isascii()):
        text = "".join([c for c in text if _class(ord(c)) != DROPPED])
    once = unicodedata.normalize("NFKC", text).casefold()
    return once if unicodedata.is_normalized("NFKC", once) else unicodedata.normalize("NFKC", once)


@cache
def _class(code: int) -> int:
    character = chr(code)
    category = unicodedata.category(character)
    if character in _QUOTES:
        return QUOTE
    if character == "@":
        return AT
    if character == ":":
        return COLON
    if category == "Cf" or code in _INVISIBLE or 0xE0000 <= code < 0xE1000:
        return DROPPED
    if category[0] == "Z" or category == "Cc":
        return SPACE
    if category == "Nd":
        return DIGIT
    if category[0] in "LMN" or category in ("Pc", "Cn"):
        return IDEOGRAPH if any(low <= code <= high for low, high in _ALONE) else LETTER
    return OTHER


ASCII_CLASSES = bytes(_class(code) if code < 128 else OTHER for code in range(256))
"""Class of each ASCII byte, for `bytes.translate`."""
ASCII_FOLDED = bytes(ord(chr(code).casefold()) if code < 128 else code for code in range(256))
"""Each ASCII byte in lower case, for `bytes.translate`."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Characters:
    """Tables by code point: what it folds to, its class, and whether folding it alone is enough.

    `context` is 0 where the character can be folded without its neighbours, 1 where it cannot (it composes, or folds to several),
    2 where it must only not stand beside another 2 (a mark that could change places with it).
    """

    folded: npt.NDArray[np.uint32]
    classes: npt.NDArray[np.uint8]
    context: npt.NDArray[np.uint8]


@cache
def characters() -> Characters:
    """Build the tables at first use (about a fifth of a second)."""
    size = 0x110000
    to = np.arange(size, dtype=np.uint32)
    classes = np.zeros(size, dtype=np.uint8)
    context = np.zeros(size, dtype=np.uint8)
    classes[0xE0000:0xE1000] = DROPPED
    plain = np.zeros(_END, dtype=bool)
    for low, high in _PLAIN:
        plain[low:high] = True
        classes[low:high] = LETTER if low == 0xAC00 else IDEOGRAPH
    plain[0xD800:0xF900] = True  # surrogates and private use: separators that fold to themselves
    composing = set(range(0x1161, 0x11FF + 1))
    loop = np.flatnonzero(~plain).tolist()
    assigned = [code for code in loop if unicodedata.category(chr(code)) != "Cn"]
    classes[loop] = LETTER
    for code in assigned:
        parts = unicodedata.decomposition(chr(code)).split()
        if len(parts) == 2 and parts[0][0] != "<":
            composing.add(int(parts[1], 16))
    for code in assigned:
        character = chr(code)
        kind = classes[code] = _class(code)
        if kind == DROPPED:
            continue
        target = folded(character)
        if len(target) == 1:
            to[code] = ord(target)
            if code in composing or ord(target) in composing:
                context[code] = 1
            elif unicodedata.combining(character) or unicodedata.combining(target):
                context[code] = 2
        elif target and all(_class(ord(c)) in (OTHER, SPACE) for c in target):
            to[code] = ord(target[0])
        else:
            context[code] = 1
    for table in (to, classes, context):
        table.flags.writeable = False
    return Characters(folded=to, classes=classes, context=context)
