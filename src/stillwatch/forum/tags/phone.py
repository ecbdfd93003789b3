"""Telephone numbers as E.164, in the one spelling that all labs make a tag of.

Rules, version 1. (1) Digits of any script become 0 to 9. (2) Only the international form, beginning with `+` or `00`: a national number
names no country, and a guess would be another person's. (3) Spaces, hyphens, dots, slashes and brackets are dropped, `(0)` with its zero.
(4) The country code is one that the ITU has assigned; 8 to 15 digits in all. (5) A trunk zero after the codes in `_TRUNK_ZERO` is
dropped; where zeros belong to numbers (Italy, for one) they stay. (6) +1 has ten digits after it, area and exchange from 2.
(7) No extensions, no short codes, no letters. There is no table of valid ranges here: such a table changes from month to month, and labs
with different ones would make different tags.
"""

from __future__ import annotations

import re
import unicodedata

from stillwatch.forum.tags.plain_text import visible
from stillwatch.forum.tags.refusals import ValueRefused

__all__ = ["canonical_phone"]

_KIND = "phone"
_CODES = frozenset(
    re.findall(
        r"\d+",
        "1 7 20 27 30 31 32 33 34 36 39 40 41 43 44 45 46 47 48 49 51 52 53 54 55 56 57 58 60 61 62 63 64 65 66 81 82 84 86 90 91 92 93 94"
        " 95 98 211 212 213 216 218 220 221 222 223 224 225 226 227 228 229 230 231 232 233 234 235 236 237 238 239 240 241 242 243 244"
        " 245 246 247 248 249 250 251 252 253 254 255 256 257 258 260 261 262 263 264 265 266 267 268 269 290 291 297 298 299 350 351 352"
        " 353 354 355 356 357 358 359 370 371 372 373 374 375 376 377 378 380 381 382 383 385 386 387 389 420 421 423 500 501 502 503 504"
        " 505 506 507 508 509 590 591 592 593 594 595 596 597 598 599 670 672 673 674 675 676 677 678 679 680 681 682 683 685 686 687 688"
        " 689 690 691 692 850 852 853 855 856 870 878 880 881 882 883 886 888 960 961 962 963 964 965 966 967 968 970 971 972 973 974 975"
        " 976 977 979 992 993 994 995 996 998",
    )
)
_TRUNK_ZERO = frozenset(
    re.findall(r"\d+", "27 31 32 33 41 43 44 46 49 61 64 81 82 84 86 90 91 353 358 380 385 386 972")
)
_PUNCTUATION = re.compile(r"[\s\-‐‑‒–—−.·/()\[\]]")


def canonical_phone(raw: str) -> str:
    """The number in E.164.

    >>> canonical_phone("+44 (0)20 7946-0018")
    '+442079460018'

    Raises:
        ValueRefused: when it is no whole international number.
    """
    text = visible(_KIND, raw).removeprefix("tel:")
    text = "".join(str(unicodedata.decimal(letter, letter)) for letter in text)
    text = _PUNCTUATION.sub("", text.replace("(0)", ""))
    if text.startswith("00"):
        text = "+" + text[2:]
    if not text.startswith("+"):
        raise ValueRefused(_KIND, "a national number names no country: expected the international form, +44 20 ...")
    digits = text[1:]
    if not (digits.isascii() and digits.isdigit()):
        raise ValueRefused(_KIND, "expected digits after the +; extensions and letters are refused")
    code = next((digits[:size] for size in (1, 2, 3) if digits[:size] in _CODES), None)
    if code is None:
        raise ValueRefused(_KIND, "the country code is none that the ITU has assigned")
    national = digits[len(code) :]
    if code in _TRUNK_ZERO:
        national = national.removeprefix("0")
    if code == "1" and not re.fullmatch(r"[2-9]\d\d[2-9]\d{6}", national):
        raise ValueRefused(_KIND, "+1 needs ten digits after it, with area and exchange from 2")
    if not 8 <= len(code + national) <= 15 or len(national) < 5:
        raise ValueRefused(_KIND, "expected 8 to 15 digits with the country code")
    return f"+{code}{national}"
