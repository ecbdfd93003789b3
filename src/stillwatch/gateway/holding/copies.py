"""Whether a text says again what it must not: in the same words, spaced out, backwards, in rot13, base64 or hex, cut wherever it likes.

What must not be said is cut into pieces of 24 letters and digits that follow one another; a text is looked at from every letter on. So a
copy of 47 letters or more holds one whole piece, wherever it begins. Case, spaces, punctuation and invisible characters do not count.
"""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
import re
import string
import unicodedata
from collections.abc import Iterable

__all__ = ["PIECE", "Looked", "Passages", "plain"]

PIECE = 24
_PIECES = 4096
"""Pieces that are remembered of one text; beyond that every second one goes, so that memory stays bounded and longer copies are needed."""
_VARIED = 6
"""Letters that differ in a piece at least: a row of dashes, zeros or table cells is nobody's secret."""
_KEPT = 8192
"""Characters of a run of code that are kept until it ends."""
_SHORT = 8

_OTHER = re.compile(r"[\W_]+")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{32,}(?:\r?\n[A-Za-z0-9+/_-]{16,})*")
_HEX = re.compile(r"(?:[0-9A-Fa-f]{2}(?:[ :,\n]|\\x|0x){0,2}){24,}")
_OF_BASE64 = string.ascii_letters + string.digits + "+/_-=\r\n"
_OF_HEX = string.hexdigits + " :,\\x\n"


def plain(text: str) -> str:
    """Letters and digits alone, in one case and one spelling.

    >>> plain("S t-e\u200bp  ONE.")
    'stepone'
    """
    return _OTHER.sub("", unicodedata.normalize("NFKC", text).casefold())


class Passages:
    """Text that must not be said again. It may grow; what is remembered of it is bounded.

    Args:
        texts: what is there from the beginning; those too short for pieces are looked for whole, from 8 letters on.
    """

    __slots__ = ("_forms", "_left", "_numbers", "_skip", "_stride", "length", "short")

    def __init__(self, texts: Iterable[str] = ()) -> None:
        self._forms: dict[str, tuple[int, bool]] = {}
        self._numbers = 0
        self._left = ""
        self._stride, self._skip = 1, 0
        self.length = 0
        self.short: tuple[str, ...] = ()
        for text in texts:
            bare = plain(text)
            if len(bare) >= 2 * PIECE:
                self._left = ""
                self.add(text)
            elif len(bare) >= _SHORT:
                self.short += tuple(dict.fromkeys((bare, *_codes(bare))))

    def add(self, text: str) -> None:
        """Take in the next piece of the text."""
        bare = plain(text)
        self.length += len(bare)
        rest = self._left + bare
        whole = len(rest) // PIECE * PIECE
        for at in range(0, whole, PIECE):
            self._skip = (self._skip + 1) % self._stride
            if not self._skip:
                self._remember(rest[at : at + PIECE])
        self._left = rest[whole:]

    def _remember(self, piece: str) -> None:
        if len(set(piece)) < _VARIED:
            return
        self._numbers += 1
        for form in _codes(piece):
            self._forms.setdefault(form, (self._numbers, True))
        self._forms[piece] = (self._numbers, False)
        if len(self._forms) > 4 * _PIECES:
            kept = set(sorted({number for number, _ in self._forms.values()})[::2])
            self._forms = {form: found for form, found in self._forms.items() if found[0] in kept}
            self._stride *= 2

    @property
    def digest(self) -> str | None:
        """What tells whether two hosts protect the same text, and gives none of it away; nothing where there is none."""
        told = "\0".join(sorted([*self._forms, *self.short]))
        return hashlib.sha256(told.encode("utf-8", "surrogatepass")).hexdigest()[:16] if told else None

    @property
    def worth(self) -> int:
        """Letters of the text that one piece found stands for."""
        return PIECE * self._stride

    def find(self, bare: str, words: set[int], coded: set[int], *, decoded: bool = False) -> None:
        """Note the numbers of pieces that stand in a text of letters and digits: in the same words, or in a code."""
        forms = self._forms
        if not forms:
            return
        for at in range(len(bare) - PIECE + 1):
            found = forms.get(bare[at : at + PIECE])
            if found is not None:
                (coded if decoded or found[1] else words).add(found[0])


class Looked:
    """What was found so far of some passages in a text that comes in pieces of any size."""

    __slots__ = ("_passages", "_raw", "_tail", "coded", "short", "words")

    def __init__(self, passages: Passages) -> None:
        self._passages = passages
        self._tail = self._raw = ""
        self.words: set[int] = set()
        self.coded: set[int] = set()
        self.short = False

    def look(self, text: str) -> None:
        """Look at the next piece."""
        passages = self._passages
        bare = self._tail + plain(text)
        passages.find(bare, self.words, self.coded)
        if passages.short:
            self.short = self.short or any(one in bare for one in passages.short)
        self._tail = bare[-2 * PIECE :] if passages.short else bare[1 - PIECE :]
        self._raw += text
        for decoded in _decoded(self._raw):
            inner = plain(decoded)
            passages.find(inner, self.words, self.coded, decoded=True)
            self.short = self.short or any(one in inner for one in passages.short)
        runs = [_open_run(self._raw, letters) for letters in (_OF_BASE64, _OF_HEX)]
        self._raw = max(runs, key=len)[-_KEPT:]

    @property
    def pieces(self) -> int:
        """Pieces found, in words or in a code."""
        return len(self.words | self.coded)

    @property
    def copied(self) -> int:
        """Letters said again in the same words."""
        return len(self.words) * self._passages.worth


def _open_run(text: str, letters: str) -> str:
    """The end of a text that may be the beginning of a code which goes on in the next piece."""
    return text[len(text.rstrip(letters)) :]


def _codes(bare: str) -> tuple[str, str, str]:
    turned = codecs.encode(bare, "rot13")
    return bare[::-1], turned, turned[::-1]


def _decoded(text: str) -> Iterable[str]:
    for run in _HEX.findall(text):
        digits = re.sub(r"\\x|0x|[ :,\n]", "", run)
        yield bytes.fromhex(digits[: len(digits) // 2 * 2]).decode("utf-8", "ignore")
    for run in _BASE64.findall(text):
        joined = run.replace("\r", "").replace("\n", "").replace("-", "+").replace("_", "/")
        for start in range(4):  # letters that stand before it may have shifted it
            cut = joined[start:]
            try:
                yield base64.b64decode(cut[: len(cut) // 4 * 4]).decode("utf-8", "ignore")
            except (binascii.Error, ValueError):
                continue
