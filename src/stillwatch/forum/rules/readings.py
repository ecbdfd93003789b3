"""All the ways in which a text can be read: as it stands, in one spelling, and with what was hidden in encodings laid open.

Full-width letters, combining marks, invisible characters, look-alike letters of other scripts, digits of any script, percent signs,
entities, escapes, base64, base32, hex, tag characters and spaced-out letters all come out as plain text. Bounded, so that no text
makes it slow; that a bound was reached is told (`unread`). Misled by: ciphers (even rot13), words inside pictures, and languages in which
one says it in other words.
"""

from __future__ import annotations

import base64
import binascii
import html
import quopri
import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache
from urllib.parse import unquote

__all__ = ["one_spelling", "readings", "unread"]

_MOST = 60
_LAYERS = 4
_LONGEST = 20_000
_LATIN = {
    **dict(zip("аеорсухіјѕԁһӏԛԝѵвкмнтгпзьё", "aeopcyxijsdhlqwvbkmhtrn3be", strict=True)),
    **dict(zip("αβγδεζηικλμνορτυχω", "abydeznikamvoptuxw", strict=True)),
    **dict(zip("ıłøđħŧƅɑɡɩɪʏʀ", "llodhtbagiiyr", strict=True)),
    **dict(zip("օսոհցքյ", "ounhgpj", strict=True)),
    **dict(zip("․‧·•。｡。", ".......", strict=False)),
    "＠": "@", "﹫": "@", "∂": "d", "ⅼ": "l", "‐": "-", "‑": "-", "–": "-", "—": "-", "−": "-", "⁄": "/", "∕": "/", "ß": "ss",
}  # fmt: skip
_LOOKALIKE = str.maketrans(_LATIN)
_CASED = str.maketrans(_LATIN | {one.upper(): latin.upper() for one, latin in _LATIN.items() if len(one.upper()) == 1})
_AT = re.compile(
    r"(?<!\s)\s*[\[({<]\s*(?:at|@|arobase|arroba|собака|在)\s*[\])}>]\s*|(?<!\s)\s+at\s+(?=[\w.-]+\s*(?:[\[({<.]|\sdot\s))"
)
_DOT = re.compile(r"(?<!\s)\s*[\[({<]\s*(?:dot|\.|point|punkt|punto|точка|点)\s*[\])}>]\s*|(?<=\w)\s+dot\s+(?=\w)")
_SPACED = re.compile(r"(?<!\S)(?:\S[ \t|*]{1,2}){3,}\S(?!\S)")
_DOTTED = re.compile(r"(?<!\w)(?:\w[._|*-]){3,}\w(?!\w)")
_BASE64 = re.compile(r"[A-Za-z0-9+/_-]{12,}={0,2}")
_BASE32 = re.compile(r"[A-Z2-7]{16,}={0,6}")
_HEX = re.compile(r"(?:[0-9a-fA-F]{2}[\s:]?){8,}")
_ESCAPES = re.compile(r"\\u\{([0-9a-fA-F]{1,6})\}|\\u([0-9a-fA-F]{4})|\\x([0-9a-fA-F]{2})")


def readings(text: str) -> tuple[str, ...]:
    """Every reading of a text, the plainest first; all in one spelling.

    >>> "mary@example.org" in readings("ｍａｒｙ＠ｅｘａｍｐｌｅ．ｏｒｇ")
    True
    >>> "mary@example.org" in readings("see bWFyeUBleGFtcGxlLm9yZw==")
    True
    """
    return _read(text)[0]


def unread(text: str) -> bool:
    """Whether a text is too long or too coded to be read in full, so that more may lie in it than `readings` tells.

    >>> unread("a quiet day"), unread("%252525252540" * 2)
    (False, True)
    """
    return _read(text)[1]


@lru_cache(maxsize=2048)
def _read(text: str) -> tuple[tuple[str, ...], bool]:
    """The readings, and whether a bound was reached before the last of them."""
    found: dict[str, None] = {}
    waiting = [(text[:_LONGEST], 0)]
    bounded = len(text) > _LONGEST
    while waiting:
        raw, depth = waiting.pop(0)
        spelt = one_spelling(raw)
        if spelt in found:
            continue
        if depth > _LAYERS or len(found) == _MOST:
            bounded = True
            break
        found[spelt] = None
        cased = _visible(raw)
        inside = (*_opened(raw), *(_opened(cased) if cased != raw else ()), *_opened(_together(cased)))
        waiting += [(opened, depth + 1) for opened in (*inside, *_respelt(spelt)) if opened]
    return tuple(found), bounded


def one_spelling(text: str) -> str:
    """The text in small Latin letters where letters look like these, ASCII digits, and nothing that cannot be seen.

    >>> one_spelling("pаypal\u200b ٣٤")
    'paypal 34'
    """
    return unicodedata.normalize("NFC", _flat(text).casefold().translate(_LOOKALIKE))


def _visible(text: str) -> str:
    """The text as an encoding needs it: one spelling, but letters keep their case."""
    return _flat(text).translate(_CASED)


def _flat(text: str) -> str:
    tagged = "".join(chr(ord(c) - 0xE0000) if 0xE0020 <= ord(c) <= 0xE007E else c for c in text)
    return "".join(_seen(c) for c in unicodedata.normalize("NFKD", unicodedata.normalize("NFKC", tagged)))


def _together(text: str) -> str:
    """Spaced-out runs drawn together; empty where there are none."""
    return _SPACED.sub(lambda m: re.sub(r"[ \t|*]", "", m[0]), text) if _SPACED.search(text) else ""


def _seen(c: str) -> str:
    if c.isascii():
        return c if c.isprintable() or c in "\n\t" else ""
    kind = unicodedata.category(c)
    if kind in ("Cf", "Mn", "Me", "Cc", "Cs", "Co") or c in "\u115f\u1160\u3164\u2800\u180e\ufe0f":
        return ""
    if kind == "Nd":
        return str(unicodedata.digit(c))
    return " " if kind.startswith("Z") else c


def _opened(raw: str) -> Iterator[str]:
    """What is inside an encoding, where it comes out as text."""
    if "%" in raw:
        yield unquote(raw)
    if "&" in raw:
        yield html.unescape(raw)
    if "\\" in raw:
        yield _ESCAPES.sub(lambda m: chr(min(int(m[1] or m[2] or m[3], 16), 0x10FFFF)), raw)
    if "=" in raw:
        yield quopri.decodestring(raw.encode("utf-8", "replace")).decode("utf-8", "replace")
    whole = re.sub(r"\s+", "", raw)
    for run in (*_BASE64.findall(raw), *([whole] if _BASE64.fullmatch(whole) else [])):
        yield from _text_of(
            run,
            lambda r: base64.b64decode(
                r.rstrip("=") + "=" * (-len(r.rstrip("=")) % 4), altchars=b"-_" if "-" in r or "_" in r else None
            ),
        )
    for run in _BASE32.findall(raw):
        yield from _text_of(run, lambda r: base64.b32decode(r.rstrip("=") + "=" * (-len(r.rstrip("=")) % 8)))
    for run in _HEX.findall(raw):
        yield from _text_of(run, lambda r: bytes.fromhex(re.sub(r"[\s:]", "", r)))


def _text_of(run: str, decode: object) -> Iterator[str]:
    try:
        data: bytes = decode(run)  # type: ignore[operator]
        text = data.decode("utf-16" if data[1::2].count(0) * 3 > len(data) else "utf-8")
    except (binascii.Error, ValueError, UnicodeDecodeError):
        return
    if len(text) >= 6 and sum(c.isprintable() for c in text) >= 0.9 * len(text):
        yield text


def _respelt(spelt: str) -> Iterator[str]:
    """The text with addresses in words written as addresses, and with spaced-out runs drawn together."""
    yield _DOT.sub(".", _AT.sub("@", spelt))
    yield _together(spelt)
    yield _DOTTED.sub(lambda m: re.sub(r"[._|*-]", "", m[0]), spelt)
