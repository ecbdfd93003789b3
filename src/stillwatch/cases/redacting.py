"""A copy of a sealed file with some items taken out, which still proves every item that is left."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from stillwatch.cases.archive import pack
from stillwatch.cases.dsse import envelope
from stillwatch.cases.sealing import MANIFEST, REDACTION
from stillwatch.cases.signing import Signer
from stillwatch.cases.verifying import REDACTION_FORM, Verified
from stillwatch.core.errors import CaseError

__all__ = ["redacted"]

_NEVER = ("case", "exculpatory")
"""Kinds that stay: a copy that names no case proves nothing, and one without what speaks for the accused misleads."""


def redacted(sealed: Verified, why: Mapping[str, str], *, at: str, signers: Sequence[Signer]) -> bytes:
    """The copy without these items, each with its reason. Redacting a redacted copy again keeps what was said of the earlier ones.

    Raises:
        CaseError: when an item is not in the file, or is of a kind that stays.
    """
    kinds = {item.number: item.kind for item in sealed.items}
    for number in why:
        if number not in kinds:
            raise CaseError(f"item {number}: not in this file")
        if kinds[number] in _NEVER:
            raise CaseError(f"item {number}: is the part {kinds[number]!r}, which stays in every copy")
    gone = {number: reason for number, (_, reason) in sealed.removed.items()} | dict(why)
    told = {"at": at, "removed": [{"item": number, "why": gone[number]} for number in sorted(gone)]}
    digest = hashlib.sha256(sealed.files[MANIFEST]).hexdigest()
    signed = envelope(REDACTION_FORM, digest, MANIFEST, told, signers)
    left = {
        name: data
        for name, data in sealed.files.items()
        if name.removeprefix("items/").removesuffix(".json") not in gone
    }
    return pack({**left, REDACTION: signed})
