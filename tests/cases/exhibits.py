"""An audit's exhibit made for a test: signed by an auditor whom a desk may believe, or by a stranger."""

from __future__ import annotations

import datetime as dt
from typing import Any

from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from stillwatch.cases import Confidence, Exhibit, Signer, Statement, name_mark, sealed_exhibit
from stillwatch.core import Part

__all__ = ["AUDITOR", "NOW", "STRANGER", "exhibit", "file"]

AUDITOR = Signer(Ed25519PrivateKey.from_private_bytes(b"a" * 32))
STRANGER = Signer(Ed25519PrivateKey.from_private_bytes(b"s" * 32))
NOW = "2026-11-20T10:00:00Z"
SALT = "5a" * 32


def exhibit(*named: str, suspect: str = "student-1", allow: bool | None = True, text: str = "") -> Exhibit:
    """What an audit found that names these accounts; `text` stands behind everything that it says."""
    words = (
        (Part.OBSERVED, "least p 0.0002"),
        (Part.INFERRED, "trained on it"),
        (Part.EXCULPATORY, "it was published"),
    )
    said = [(part, sentence + text) for part, sentence in words]
    return Exhibit(
        suspect=suspect + text,
        outcome="0f" * 32,
        plan="1e" * 32,
        version="0",
        alpha=0.01,
        accounts=7,
        salt=SALT,
        marks=tuple(sorted(name_mark(SALT, one) for one in named)),
        statements=tuple(
            Statement(part=p, confidence=Confidence.MODERATE, sentence=s, ground="audit") for p, s in said
        ),
        dates=(f"Dates allow exposure. That is no evidence for it.{text}",),
        dates_allow=allow,
        harvest_begun=dt.date(2026, 9, 1),
        harvest_ended=dt.date(2026, 10, 15),
    )


def file(*named: str, by: Signer = AUDITOR, **facts: Any) -> bytes:
    """Its file, signed."""
    return sealed_exhibit(exhibit(*named, **facts), [by], at=NOW)
