"""Every table of a workspace: `tables_read` holds what came in, `tables_found` what was concluded from it, `tables_shared` what was told.

These are the contract between rooms. A room reads and writes tables only as they stand there; `engine.store` checks
each write. A change of a column is a change of `CONTRACT_VERSION` and a line in `docs/decisions/`; new columns are added at the end.

Hashes and pseudonyms are signed 64-bit integers, so that every engine can hold them. `None` means unknown, never zero.
"""

from __future__ import annotations

from stillwatch.engine.contract import Column, Table
from stillwatch.engine.tables_found import (
    ACCOUNT_EVIDENCE,
    ACTOR_EVIDENCE,
    ACTOR_LINEAGE,
    ACTOR_LOOKS,
    ACTOR_MEMBERS,
    ACTORS,
    ARTIFACTS,
    CALIBRATION,
    FAMILIES,
    HISTORIES,
    LINKS,
    LOOKS,
    RUNS,
    SIGNUPS,
    STANDING,
    TOPICS,
)
from stillwatch.engine.tables_read import ACCOUNT_FACTS, EXCHANGES, FEATURES, LABELS, PURPOSES, REJECTS, RELEASES
from stillwatch.engine.tables_shared import INDICATORS_IN, INDICATORS_OUT, OPINIONS_IN, TAGGED_IN

__all__ = ["CONTRACT_VERSION", "TABLES", "Column", "Table", "table"]

CONTRACT_VERSION = 1
"""Raised when a column changes its meaning or type; a workspace of a newer version is refused, an older one migrated."""

TABLES: dict[str, Table] = {
    one.name: one
    for one in (
        EXCHANGES,
        FEATURES,
        ACCOUNT_FACTS,
        RELEASES,
        LABELS,
        PURPOSES,
        ARTIFACTS,
        SIGNUPS,
        TOPICS,
        FAMILIES,
        ACCOUNT_EVIDENCE,
        CALIBRATION,
        HISTORIES,
        LOOKS,
        LINKS,
        ACTORS,
        ACTOR_MEMBERS,
        ACTOR_LINEAGE,
        ACTOR_LOOKS,
        ACTOR_EVIDENCE,
        STANDING,
        INDICATORS_OUT,
        INDICATORS_IN,
        OPINIONS_IN,
        TAGGED_IN,
        REJECTS,
        RUNS,
    )
}
"""Every table by name."""


def table(name: str) -> Table:
    """Return the contract of the table `name`.

    >>> table("releases").names()
    ['model', 'at']
    """
    return TABLES[name]
