"""A log of everything that happened at the hub, which its members can hold it to."""

from __future__ import annotations

from stillwatch.forum.log import tree
from stillwatch.forum.log.auditing import Audited, Month, audit, months
from stillwatch.forum.log.checkpoint import Checkpoint, read_checkpoint
from stillwatch.forum.log.ledger import LEDGER_TABLES, Event, Ledger, Rows
from stillwatch.forum.log.note import Note, NoteKey, cosigned, key_text, read_key, read_note, signed, signers
from stillwatch.forum.log.tree import consistent, included, leaf_hash

__all__ = [
    "LEDGER_TABLES",
    "Audited",
    "Checkpoint",
    "Event",
    "Ledger",
    "Month",
    "Note",
    "NoteKey",
    "Rows",
    "audit",
    "consistent",
    "cosigned",
    "included",
    "key_text",
    "leaf_hash",
    "months",
    "read_checkpoint",
    "read_key",
    "read_note",
    "signed",
    "signers",
    "tree",
]
