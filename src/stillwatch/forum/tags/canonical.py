"""Identifiers in the one spelling that all labs make a tag of, or a refusal that says the rule and never the value.

Two labs find the same tag only when they spell the same thing the same way. `tests/forum/tags/vectors.json` holds what every
implementation must give; its `rules` number rises with any change, and a change takes effect with a new epoch only.
"""

from __future__ import annotations

import re
import unicodedata
import uuid
from collections.abc import Callable

from stillwatch.forum.tags.email import canonical_domain, canonical_email, is_public_mail
from stillwatch.forum.tags.kinds import Kind
from stillwatch.forum.tags.phone import canonical_phone
from stillwatch.forum.tags.plain_text import visible
from stillwatch.forum.tags.refusals import ValueRefused

__all__ = ["RULES", "canonical"]

RULES = 1
"""Version of the rules."""


def canonical(kind: Kind, raw: str) -> str:
    """A raw value in canonical spelling.

    >>> canonical(Kind.CARD, "par:500167alfxl0hdyi24ukkm7m3xx11")
    'par:500167ALFXL0HDYI24UKKM7M3XX11'

    Raises:
        ValueRefused: when it is no identifier of this kind, or says nothing about who.
    """
    return _RULES[kind](raw)


def _card(raw: str) -> str:
    """A card by a token that others made of it, never by its number.

    `par:` is the Payment Account Reference of EMVCo (29 letters and digits), the same at every merchant; `NAME:` is a processor's own
    fingerprint, of use only where labs share the processor and its scope.
    """
    text = visible(Kind.CARD, raw)
    scheme, colon, token = text.partition(":")
    bare = re.sub(r"[\s.\-]", "", token if colon else text)
    if re.fullmatch(r"\d{12,19}", bare):
        raise ValueRefused(Kind.CARD, "looks like a card number: only a token is taken, a number must not come here")
    if not colon:
        raise ValueRefused(
            Kind.CARD, "expected SCHEME:TOKEN, such as par:... or the name of the processor that made it"
        )
    scheme = scheme.lower()
    if scheme == "par":
        token = token.upper()
        if not re.fullmatch(r"[A-Z0-9]{29}", token):
            raise ValueRefused(Kind.CARD, "a Payment Account Reference has 29 letters and digits")
    elif not re.fullmatch(r"[a-z][a-z0-9-]{1,31}", scheme) or not re.fullmatch(r"[\x21-\x7e]{12,128}", token):
        raise ValueRefused(Kind.CARD, "expected SCHEME:TOKEN with a token of 12 to 128 visible ASCII characters")
    return f"{scheme}:{token}"


def _device(raw: str) -> str:
    """A device by an identifier that is its own: an advertising id, an IMEI, or a hash that labs agreed how to compute."""
    text = visible(Kind.DEVICE, raw)
    scheme, _, value = text.partition(":")
    scheme, value = scheme.lower(), value.strip().lower()
    if scheme in ("gaid", "idfa", "idfv"):
        try:
            found = uuid.UUID(value)
        except ValueError as error:
            raise ValueRefused(Kind.DEVICE, f"{scheme} is a UUID") from error
        if len(set(found.hex)) < 4:
            raise ValueRefused(Kind.DEVICE, "is the placeholder of devices that tell nothing: it would join strangers")
        return f"{scheme}:{found}"
    if scheme == "imei":
        digits = re.sub(r"[\s\-/]", "", value)
        if not re.fullmatch(r"\d{15}", digits) or not digits.isascii() or not _luhn(digits) or len(set(digits)) < 3:
            raise ValueRefused(Kind.DEVICE, "an IMEI has 15 digits of which the last checks the others")
        return f"imei:{digits}"
    if re.fullmatch(r"fp-[a-z0-9.-]{1,24}", scheme):
        if not re.fullmatch(r"[0-9a-f]{32,128}", value) or len(set(value)) < 4:
            raise ValueRefused(Kind.DEVICE, "a fingerprint is 32 to 128 hexadecimal digits, and not all the same")
        return f"{scheme}:{value}"
    raise ValueRefused(
        Kind.DEVICE, "expected gaid:, idfa:, idfv:, imei: or fp-NAME: (a fingerprint that labs agreed how to compute)"
    )


def _registration(raw: str) -> str:
    """What accounts were registered with, as `name=value` pairs joined by semicolons; names from a closed list, sorted."""
    found: dict[str, str] = {}
    for pair in visible(Kind.REGISTRATION, raw).split(";"):
        name, equals, value = (part.strip() for part in pair.partition("="))
        name = name.lower()
        if not equals or name not in _TRAITS or name in found or not value:
            raise ValueRefused(
                Kind.REGISTRATION, f"expected NAME=VALUE; ... with names from {', '.join(_TRAITS)}, each once"
            )
        found[name] = _TRAITS[name](value)
    narrow = found.keys() - {"shape"}
    if not narrow or (narrow == {"domain"} and is_public_mail(found["domain"])):
        raise ValueRefused(
            Kind.REGISTRATION, "fits too many strangers: a name shape or a public mail domain is no trait"
        )
    return ";".join(f"{name}={found[name]}" for name in sorted(found))


def _domain(value: str) -> str:
    return canonical_domain(Kind.REGISTRATION, value)


def _shape(value: str) -> str:
    if not re.fullmatch(r"[Aa9._\-]{3,64}", value):
        raise ValueRefused(Kind.REGISTRATION, "shape is written with A, a, 9, dot, underscore and hyphen")
    return value


def _code(value: str) -> str:
    text = unicodedata.normalize("NFKC", " ".join(value.split()).casefold())
    if not 6 <= len(text) <= 128:
        raise ValueRefused(Kind.REGISTRATION, "a code has 6 to 128 characters")
    return text


_TRAITS: dict[str, Callable[[str], str]] = {
    "company": _code,
    "domain": _domain,
    "referral": _code,
    "reseller": _code,
    "shape": _shape,
    "website": _domain,
}

_RULES: dict[Kind, Callable[[str], str]] = {
    Kind.EMAIL: canonical_email,
    Kind.PHONE: canonical_phone,
    Kind.CARD: _card,
    Kind.DEVICE: _device,
    Kind.REGISTRATION: _registration,
}


def _luhn(digits: str) -> bool:
    doubled = (int(d) * (2 if place % 2 else 1) for place, d in enumerate(reversed(digits)))
    return sum(d - 9 if d > 9 else d for d in doubled) % 10 == 0
