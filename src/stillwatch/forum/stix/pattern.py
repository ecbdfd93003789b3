"""The patterns that we write: one comparison each, of a closed set of forms, read back by the same table."""

from __future__ import annotations

import ipaddress
import json
import re
from collections.abc import Callable
from dataclasses import dataclass

from stillwatch.cases.canonical import canonical
from stillwatch.core import Technique
from stillwatch.forum.stix.ids import CONDUCT
from stillwatch.forum.words import Kind

__all__ = ["JA", "RHYTHMS", "TEMPLATE_PATTERN", "Compared", "pattern_of", "read_pattern", "wrong_value"]

TEMPLATE_PATTERN = "x-prompt-template"
"""`pattern_type` of template fingerprints: canonical JSON of slot types and hashes of words, no text."""

JA = r"[0-9a-f]{32}|[a-z]\d{2}[a-z]\d{4}[0-9a-z]{2}_[0-9a-f]{12}_[0-9a-f]{12}"
"""A JA3 or JA4 fingerprint of a TLS client."""

RHYTHMS = ("round_the_clock", "business_hours", "short_bursts")
"""Shapes of a group's day; no clock time is told."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Compared:
    """What a pattern compares: a kind of thing with one value."""

    kind: Kind
    value: str


_AGENT = "network-traffic:extensions.'http-request-ext'.request_header.'User-Agent'"
_FORMS: dict[Kind, tuple[str, ...]] = {
    Kind.SUBNET: ("[ipv4-addr:value ISSUBSET '{}']", "[ipv6-addr:value ISSUBSET '{}']"),
    Kind.ASN: ("[autonomous-system:number = {}]",),
    Kind.TLS: (f"[{CONDUCT}:tls_client = '{{}}']",),
    Kind.USER_AGENT: (f"[{_AGENT} = '{{}}']",),
    Kind.TECHNIQUE: (f"[{CONDUCT}:technique = '{{}}']",),
    Kind.MODEL: (f"[{CONDUCT}:model = '{{}}']",),
    Kind.RHYTHM: (f"[{CONDUCT}:rhythm = '{{}}']",),
}
_READERS = [
    (kind, re.compile(re.escape(form).replace(r"\{\}", r"((?:[^'\\]|\\['\\])*)" if "'{}'" in form else r"(\d{1,10})")))
    for kind, forms in _FORMS.items()
    for form in forms
]
_JA = re.compile(JA)
_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,79}")
_AGENT_WORDS = re.compile(r"[A-Za-z0-9][A-Za-z0-9 ._/;:()+,-]{1,199}")
_SLOT = re.compile(r"(?:number|code|address|quote|words|text)")
_BITS = re.compile(r"[0-9a-f]{12}")


def pattern_of(compared: Compared) -> tuple[str, str]:
    """The pattern and its type.

    >>> pattern_of(Compared(kind=Kind.ASN, value="64500"))
    ('[autonomous-system:number = 64500]', 'stix')

    Raises:
        ValueError: when the value is none of its kind.
    """
    if (wrong := wrong_value(compared)) is not None:
        raise ValueError(wrong)
    if compared.kind is Kind.TEMPLATE:
        return compared.value, TEMPLATE_PATTERN
    forms = _FORMS[compared.kind]
    six = compared.kind is Kind.SUBNET and ":" in compared.value
    return forms[int(six)].format(compared.value.replace("\\", "\\\\").replace("'", "\\'")), "stix"


def read_pattern(pattern: str, pattern_type: str) -> Compared | None:
    """What a pattern compares, or None where it is not one of the forms that we know.

    >>> read_pattern("[ipv4-addr:value ISSUBSET '198.51.100.0/24']", "stix").value
    '198.51.100.0/24'
    """
    if pattern_type == TEMPLATE_PATTERN:
        found = Compared(kind=Kind.TEMPLATE, value=pattern)
        return found if wrong_value(found) is None else None
    for kind, reader in _READERS:
        match = reader.fullmatch(pattern) if pattern_type == "stix" else None
        if match is not None:
            found = Compared(kind=kind, value=re.sub(r"\\(.)", r"\1", match[1]))
            right = wrong_value(found) is None and pattern_of(found)[0] == pattern
            return found if right else None
    return None


def wrong_value(compared: Compared) -> str | None:
    """What is wrong with a value of its kind, or None. The value is not repeated."""
    return _WRONG[compared.kind](compared.value)


def _wrong_subnet(value: str) -> str | None:
    try:
        net = ipaddress.ip_network(value)
    except ValueError:
        return "expected a subnet such as 198.51.100.0/24"
    widest, narrowest = (16, 24) if net.version == 4 else (32, 48)
    if str(net) != value or not widest <= net.prefixlen <= narrowest:
        return f"expected an IPv{net.version} subnet of /{widest} to /{narrowest} in its usual form: one address names one household"
    if (
        net.is_loopback
        or net.is_link_local
        or net.is_multicast
        or any(net.overlaps(p) for p in _INSIDE if p.version == net.version)
    ):
        return "expected a public subnet: this one is private, shared by a carrier's customers, or local"
    return None


_INSIDE = [
    ipaddress.ip_network(one)
    for one in ("10.0.0.0/8", "172.16.0.0/12", "192.168.0.0/16", "100.64.0.0/10", "0.0.0.0/8", "fc00::/7")
]


def _wrong_asn(value: str) -> str | None:
    good = value.isascii() and value.isdigit() and 0 < int(value) < 1 << 32 and str(int(value)) == value
    return None if good else "expected the number of an autonomous system"


def _wrong_template(value: str) -> str | None:
    expected = "expected a template fingerprint: slots and hashes in canonical JSON"
    try:
        told = json.loads(value)
        if canonical(told).decode() != value or set(told) != {"version", "shape", "words", "hashes", "least"}:
            return expected
        shape_right = all(
            (isinstance(one, int) and not isinstance(one, bool) and one > 0 and one & (one - 1) == 0)
            or (isinstance(one, str) and _SLOT.fullmatch(one))
            for one in told["shape"]
        )
        hashes_right = told["hashes"] == sorted(set(told["hashes"])) and all(
            _BITS.fullmatch(one) for one in told["hashes"]
        )
        sizes_right = 0 < len(told["hashes"]) <= 64 and 0 < len(told["shape"]) <= 32
        rest_right = told["version"] == 1 and told["words"] == 4 and told["least"] == 0.5
    except (ValueError, TypeError, KeyError, AttributeError, RecursionError):
        return expected
    return None if shape_right and hashes_right and sizes_right and rest_right else expected


_WRONG: dict[Kind, Callable[[str], str | None]] = {
    Kind.SUBNET: _wrong_subnet,
    Kind.ASN: _wrong_asn,
    Kind.TLS: lambda v: None if _JA.fullmatch(v) else "expected a JA3 or JA4 fingerprint",
    Kind.USER_AGENT: lambda v: (
        None if _AGENT_WORDS.fullmatch(v) else "expected a user agent in plain ASCII, up to 200 characters"
    ),
    Kind.TEMPLATE: _wrong_template,
    Kind.TECHNIQUE: lambda v: None if v in set(Technique) else f"expected one of {', '.join(Technique)}",
    Kind.MODEL: lambda v: None if _NAME.fullmatch(v) else "expected the public name of a model",
    Kind.RHYTHM: lambda v: None if v in RHYTHMS else f"expected one of {', '.join(RHYTHMS)}",
}
