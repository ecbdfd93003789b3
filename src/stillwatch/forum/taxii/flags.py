"""Which versions of an object are the first, the last, or of the newest kind of STIX: kept with each row, so that a page is one walk."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

__all__ = ["FIRST", "FIRST_OF_SPEC", "LAST", "LAST_OF_SPEC", "TOP_SPEC", "Version", "flagged"]

FIRST, LAST, FIRST_OF_SPEC, LAST_OF_SPEC, TOP_SPEC = 1, 2, 4, 8, 16


@dataclass(frozen=True, kw_only=True, slots=True)
class Version:
    """What is known of a stored version without its body. `superseded` is when a later one was added, None while there is none."""

    added: int
    version: str
    spec: str
    owner: str
    revoked: bool
    digest: bytes
    flags: int = 0
    superseded: int | None = None


def flagged(versions: Sequence[Version]) -> Iterator[Version]:
    """Those of an object's versions whose flags are not what they should be, put right."""
    if not versions:
        return
    top = max(one.spec for one in versions)
    for one in versions:
        of_spec = [other.version for other in versions if other.spec == one.spec]
        later = [other.added for other in versions if other.version > one.version]
        flags = (
            FIRST * (one.version == min(other.version for other in versions))
            | LAST * (not later)
            | FIRST_OF_SPEC * (one.version == min(of_spec))
            | LAST_OF_SPEC * (one.version == max(of_spec))
            | TOP_SPEC * (one.spec == top)
        )
        superseded = max(one.added, min(later)) if later else None
        if (flags, superseded) != (one.flags, one.superseded):
            yield replace(one, flags=flags, superseded=superseded)
