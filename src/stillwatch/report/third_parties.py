"""What in a text belongs to third parties and has no business on a desk: live credentials, mail addresses, cards, bank accounts.

Relayed traffic carries other people's secrets. Each find has a kind, a place and, for a credential, who issued it, so that the issuer
can be told without anybody reading it. Shapes with a checksum are checked. Found by pattern: names, addresses and prose about people
are not.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

__all__ = ["Find", "covered", "third_parties"]

_MOST = 2_000_000
"""Characters of a text that are looked at."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Find:
    """One stretch of a text: what it is, where, and who can make it void; the text itself is not in here."""

    kind: str
    start: int
    end: int
    issuer: str = ""


_PATTERNS: tuple[tuple[str, str, re.Pattern[str]], ...] = (
    (
        "credential",
        "",
        re.compile(r"-----BEGIN (?:[A-Z]{2,12} ){0,3}PRIVATE KEY-----[^-]{0,8000}(?:-----END [A-Z ]{3,40}-----)?"),
    ),
    ("credential", "Anthropic", re.compile(r"\bsk-ant-[A-Za-z0-9_-]{20,200}")),
    ("credential", "OpenAI", re.compile(r"\bsk-(?!ant-)(?:proj-|svcacct-)?[A-Za-z0-9_-]{20,200}")),
    ("credential", "GitHub", re.compile(r"\b(?:gh[pousr]_[A-Za-z0-9]{30,80}|github_pat_[A-Za-z0-9_]{30,120})")),
    ("credential", "GitLab", re.compile(r"\bglpat-[A-Za-z0-9_-]{18,60}")),
    ("credential", "Amazon Web Services", re.compile(r"\b(?:AKIA|ASIA)[A-Z0-9]{16}\b")),
    ("credential", "Google", re.compile(r"\bAIza[A-Za-z0-9_-]{35}|\bya29\.[A-Za-z0-9_-]{20,300}")),
    ("credential", "Slack", re.compile(r"\bxox[abeoprs]-[A-Za-z0-9-]{10,120}")),
    ("credential", "Stripe", re.compile(r"\b[rs]k_(?:live|test)_[A-Za-z0-9]{16,120}")),
    ("credential", "Hugging Face", re.compile(r"\bhf_[A-Za-z0-9]{30,60}")),
    ("credential", "", re.compile(r"\beyJ[A-Za-z0-9_-]{10,2000}\.[A-Za-z0-9_-]{10,4000}\.[A-Za-z0-9_-]{10,1000}")),
    ("credential", "", re.compile(r"(?<=://)[^\s/@:]{1,80}:[^\s/@]{1,120}(?=@)")),
    ("mail address", "", re.compile(r"\b[A-Za-z0-9][\w.+-]{0,63}@(?:[A-Za-z0-9-]{1,63}\.){1,8}[A-Za-z]{2,24}\b")),
    ("bank account", "", re.compile(r"\b[A-Z]{2}\d{2}(?: ?[A-Z0-9]{4}){2,7}(?: ?[A-Z0-9]{1,4})?\b")),
    ("payment card", "", re.compile(r"(?<![\d.-])\d(?:[ -]?\d){12,18}(?![\d.-])")),
)


def third_parties(text: str) -> Iterator[Find]:
    """What is found in a text, in order of place; of two that overlap, the one that comes first in the list of kinds.

    >>> [(one.kind, one.issuer) for one in third_parties("mail jo@example.org, key AKIAABCDEFGHIJKLMNOP")]
    [('mail address', ''), ('credential', 'Amazon Web Services')]
    """
    taken: list[Find] = []
    for kind, issuer, pattern in _PATTERNS:
        for match in pattern.finditer(text, 0, _MOST):
            start, end = match.span()
            if _sound(kind, match.group()) and all(end <= one.start or one.end <= start for one in taken):
                taken.append(Find(kind=kind, start=start, end=end, issuer=issuer))
    yield from sorted(taken, key=lambda one: one.start)


def covered(text: str) -> str:
    """The text with every find replaced by its kind.

    >>> covered("write to jo@example.org")
    'write to ‹mail address, quarantined›'
    """
    parts, place = [], 0
    for one in third_parties(text):
        parts += [text[place : one.start], f"‹{one.kind}, quarantined›"]
        place = one.end
    return "".join([*parts, text[place:]])


def _sound(kind: str, value: str) -> bool:
    """Whether the checksum of a card (Luhn) or a bank account (ISO 13616, modulo 97) holds."""
    if kind == "payment card":
        digits = [int(c) for c in value if c.isdigit()]
        doubled = [d if place % 2 == 0 else (2 * d - 9 if d > 4 else 2 * d) for place, d in enumerate(reversed(digits))]
        return sum(doubled) % 10 == 0 and len(set(digits)) > 1
    if kind == "bank account":
        plain = value.replace(" ", "")
        return 15 <= len(plain) <= 34 and int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1
    return True
