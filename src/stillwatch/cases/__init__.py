"""The room of what stays: cases, the journal of every step, and files sealed so that a stranger can check them."""

from __future__ import annotations

from stillwatch.cases.desk import Desk
from stillwatch.cases.forgetting import Ground, forget
from stillwatch.cases.holds import hold, holds, release
from stillwatch.cases.journal import Journal, JournalFault, journal_faults
from stillwatch.cases.leaving import export, redact, seal
from stillwatch.cases.opening import CaseTest, Exculpatory, Impact, Lookalike, Member, Opening
from stillwatch.cases.record import FORGOTTEN, Case, ClaimRaised, Event, RulingGiven, State
from stillwatch.cases.ruling import NEEDS_TWO, Reason, Ruling
from stillwatch.cases.signing import PublicKey, Signer, make_key, read_public, read_signer
from stillwatch.cases.statement import Claim, Confidence, Factor, FactorShown, Statement
from stillwatch.cases.told import case_lines
from stillwatch.cases.verifying import Item, Verified, verified

__all__ = [
    "FORGOTTEN",
    "NEEDS_TWO",
    "Case",
    "CaseTest",
    "Claim",
    "ClaimRaised",
    "Confidence",
    "Desk",
    "Event",
    "Exculpatory",
    "Factor",
    "FactorShown",
    "Ground",
    "Impact",
    "Item",
    "Journal",
    "JournalFault",
    "Lookalike",
    "Member",
    "Opening",
    "PublicKey",
    "Reason",
    "Ruling",
    "RulingGiven",
    "Signer",
    "State",
    "Statement",
    "Verified",
    "case_lines",
    "export",
    "forget",
    "hold",
    "holds",
    "journal_faults",
    "make_key",
    "read_public",
    "read_signer",
    "redact",
    "release",
    "seal",
    "verified",
]
