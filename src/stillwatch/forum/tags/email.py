"""E-mail addresses in the one spelling that all labs make a tag of.

Rules, version 1. (1) NFKC, white space around it removed, nothing invisible. (2) One `@`; no quotes, comments, display names or address
literals. (3) The domain by IDNA 2008 after the mapping of UTS 46, as A-labels in small letters; two labels at least. (4) The local part
in small letters (case folded, then NFKC). (5) Mailboxes that a provider is known to deliver together are one: see `_PROVIDERS`. For every
other domain a `+suffix` and dots stay, because elsewhere they may be another person's.
"""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass

import idna

from stillwatch.forum.tags.plain_text import visible
from stillwatch.forum.tags.refusals import ValueRefused

__all__ = ["canonical_domain", "canonical_email", "is_public_mail"]

_KIND = "email"
_PLAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)(?:\.[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?)*", re.ASCII)
"""Domains that IDNA leaves as they are; anything else, A-labels among it, goes through it, which takes a hundred times as long."""
_ATOM = frozenset("!#$%&'*+-/=?^_`{|}~")
_ASCII = re.compile(r"[a-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[a-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
"""Local parts as nearly all are, read at once."""


@dataclass(frozen=True, kw_only=True, slots=True)
class _Provider:
    """How a provider delivers: what begins a suffix that it ignores, whether it ignores dots, and its main domain."""

    main: str
    suffix: str = "+"
    dots_ignored: bool = False


_PROVIDERS = {
    "gmail.com": _Provider(main="gmail.com", dots_ignored=True),
    "googlemail.com": _Provider(main="gmail.com", dots_ignored=True),
    "outlook.com": _Provider(main="outlook.com"),
    "hotmail.com": _Provider(main="hotmail.com"),
    "live.com": _Provider(main="live.com"),
    "msn.com": _Provider(main="msn.com"),
    "icloud.com": _Provider(main="icloud.com"),
    "me.com": _Provider(main="me.com"),
    "mac.com": _Provider(main="mac.com"),
    "fastmail.com": _Provider(main="fastmail.com"),
    "proton.me": _Provider(main="proton.me"),
    "protonmail.com": _Provider(main="protonmail.com"),
    "pm.me": _Provider(main="pm.me"),
}
"""Domains whose sub-addressing is public and stable. A domain is added only with a new version of the rules and a new epoch."""

_PUBLIC = frozenset(
    (
        *_PROVIDERS,
        "yahoo.com",
        "aol.com",
        "gmx.de",
        "gmx.net",
        "web.de",
        "mail.ru",
        "yandex.ru",
        "qq.com",
        "163.com",
        "126.com",
    )
)


def canonical_email(raw: str) -> str:
    """The address that a mailbox is known by.

    >>> canonical_email(" J.Doe+news@GoogleMail.com ")
    'jdoe@gmail.com'

    Raises:
        ValueRefused: when it is no plain address.
    """
    text = visible(_KIND, raw)
    local, at, domain = text.rpartition("@")
    if not at or "@" in local:
        raise ValueRefused(_KIND, "expected one @, with something on both sides")
    domain = canonical_domain(_KIND, domain)
    local = local.lower() if local.isascii() else unicodedata.normalize("NFKC", local.casefold())
    if not _ASCII.fullmatch(local) and not all(atom and all(map(_in_atom, atom)) for atom in local.split(".")):
        raise ValueRefused(
            _KIND, "the local part has a character, quote, comment or dot that a plain address does not have"
        )
    provider = _PROVIDERS.get(domain)
    if provider is not None:
        local = local.partition(provider.suffix)[0]
        local = local.replace(".", "") if provider.dots_ignored else local
        domain = provider.main
    if not local or len(local.encode()) > 64:
        raise ValueRefused(_KIND, "the local part is empty or longer than 64 bytes")
    return f"{local}@{domain}"


def canonical_domain(kind: str, raw: str) -> str:
    """A domain name as A-labels in small letters.

    Raises:
        ValueRefused: when it is none of two labels or more, or a numeric address.
    """
    domain = raw.rstrip(".").lower()
    try:
        if not _PLAIN.fullmatch(domain) or "--" in domain:
            domain = idna.encode(domain, uts46=True, std3_rules=True).decode("ascii").lower()
    except (idna.IDNAError, UnicodeError) as error:
        raise ValueRefused(kind, "the domain is no name that IDNA 2008 allows") from error
    if "." not in domain or len(domain) > 253 or domain.rpartition(".")[2].isdigit():
        raise ValueRefused(kind, "the domain needs two labels or more, and is no numeric address")
    return domain


def _in_atom(letter: str) -> bool:
    """Whether an atom of RFC 5322, or of RFC 6531 beyond ASCII, may hold it: letters, marks, digits and a few signs."""
    return letter in _ATOM or unicodedata.category(letter)[0] in "LMN"


def is_public_mail(domain: str) -> bool:
    """Whether anybody can have a mailbox there, so that the domain says nothing about who."""
    return domain in _PUBLIC
