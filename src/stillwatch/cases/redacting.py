"""A copy of a sealed file with some items taken out, which still proves every item that is left."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping, Sequence

from stillwatch.cases.archive import pack
from stillwatch.cases.dsse import envelope
from stillwatch.cases.sealing import MANIFEST, REDACTION, STAYS
from stillwatch.cases.signing import Signer
from stillwatch.cases.verifying import REDACTION_FORM, Verified
from stillwatch.core.errors import CaseError

__all__ = ["redacted"]


def redacted(
    sealed: Verified,
    why: Mapping[str, str],
    *,
    at: str,
    signers: Sequence[Signer],
    handed_on: Mapping[str, bytes] | None = None,
) -> bytes:
    """The copy without these items (number, or kind for all of a kind), each with its reason.

    Redacting a redacted copy again keeps what was said of the earlier ones.

    Args:
        handed_on: statements, by their names in the file, that lead from a key under the seal to the signer's.

    Raises:
        CaseError: when an item is not in the file, or is of a kind that stays.
    """
    gone = {number: reason for number, (_, reason) in sealed.removed.items()}
    for name, reason in why.items():
        chosen = [item for item in sealed.items if name in (item.number, item.kind)]
        if not chosen:
            raise CaseError(f"item {name}: not in this file")
        for item in chosen:
            if item.kind in STAYS:
                raise CaseError(f"item {item.number}: is the part {item.kind!r}, which stays in every copy")
            gone[item.number] = reason
    told = {"at": at, "removed": [{"item": number, "why": gone[number]} for number in sorted(gone)]}
    digest = hashlib.sha256(sealed.files[MANIFEST]).hexdigest()
    signed = envelope(REDACTION_FORM, digest, MANIFEST, told, signers)
    left = {
        name: data
        for name, data in sealed.files.items()
        if name.removeprefix("items/").removesuffix(".json") not in gone
    }
    return pack({**left, **(handed_on or {}), REDACTION: signed})
