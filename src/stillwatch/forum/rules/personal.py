"""What looks like somebody's own: addresses, numbers, cards, accounts, keys and the handles of this house, in every reading of a text.

Misled by: names of people, which no rule tells from other words. That is why free text does not travel between peers at all (R1): this
is the second fence, and the only one for the lanes in which people write.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from functools import lru_cache

from stillwatch.core import unhandle
from stillwatch.forum.rules.readings import readings

__all__ = ["personal"]

_MAIL = re.compile(r"[\w.+'-]{1,64}@[\w-]{1,63}(?:\.[\w-]{1,63}){1,8}")
_DIGITS = re.compile(r"(?<![\w.])\+?\(?\d(?:[\s().\-/]{0,3}\d){7,18}(?![\w])")
_DATE = re.compile(r"(?:19|20)\d\d-[01]\d-[0-3]\d(?:[t ][0-2]\d:[0-5]\d(?::[0-5]\d(?:\.\d{1,6})?)?z?)?")
_IPV4 = re.compile(r"(?<![\d./])(?:\d{1,3}\.){3}\d{1,3}(?![\d.]*\.\d)")
_IPV6 = re.compile(r"(?<![\w:])[0-9a-f:]*:[0-9a-f:]*:[0-9a-f:.]*(?![\w:])")
_IBAN = re.compile(r"\b[a-z]{2}\d{2}(?: ?[a-z0-9]{4}){2,7} ?[a-z0-9]{0,4}\b")
_KEY = re.compile(
    r"\b(?:sk|pk|rk|ghp|gho|ghs|glpat|hf|xox[abprs]|akia|asia|aiza|ya29)[-_][a-z0-9_-]{10,}|-----begin |\beyj[a-z0-9_-]{12,}\."
)
_QUERY = re.compile(r"://[^\s]{3,}[?#][^\s]{3,}|://[^\s/@]{1,200}@")
_HANDLE = re.compile(r"\b[axfoe]-[0-9a-z]{13}\b")
_ACCOUNT = re.compile(r"\b(?:acct|account|user|org|cust|customer|tenant|req|msg|chatcmpl|proj)[-_][a-z0-9]{8,}\b")


@lru_cache(maxsize=2048)
def personal(text: str) -> tuple[str, ...]:
    """What kinds of personal thing a text holds, in words; nothing of the text.

    >>> personal("write to mary (at) example (dot) org")
    ('an e-mail address',)
    >>> personal("a quiet day")
    ()
    """
    return tuple(dict.fromkeys(what for reading in readings(text) for what in _found(reading)))


def _found(text: str) -> Iterator[str]:
    if _MAIL.search(text):
        yield "an e-mail address"
    undated = _DATE.sub(" ", text)
    for match in _DIGITS.finditer(undated):
        digits = re.sub(r"\D", "", match[0])
        if 13 <= len(digits) <= 19 and _luhn(digits):
            yield "the number of a payment card"
        elif len(digits) >= 9 and not _IPV4.fullmatch(match[0].strip()):
            yield "a telephone number or another long number"
    if any(_is_address(match[0]) for match in _IPV4.finditer(text)) or any(
        _is_address(match[0]) for match in _IPV6.finditer(text)
    ):
        yield "a network address"
    if any(_iban(re.sub(r"\s", "", match[0])) for match in _IBAN.finditer(text)):
        yield "the number of a bank account"
    if _KEY.search(text):
        yield "a key or token"
    if _QUERY.search(text):
        yield "a link with a login or a query"
    if any(_is_handle(match[0]) for match in _HANDLE.finditer(text)) or _ACCOUNT.search(text):
        yield "a handle of an account or organisation"


def _luhn(digits: str) -> bool:
    doubled = (int(d) * (1 + place % 2) for place, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0


def _iban(text: str) -> bool:
    if not 15 <= len(text) <= 34:
        return False
    return int("".join(str(int(c, 36)) for c in text[4:] + text[:4])) % 97 == 1


def _is_address(text: str) -> bool:
    try:
        address = ipaddress.ip_address(text.rstrip("."))
    except ValueError:
        return False
    return not (address.version == 6 and len(text) < 6)


def _is_handle(text: str) -> bool:
    try:
        unhandle(text)
    except ValueError:
        return False
    return True
