"""The room of what stays: cases, the journal of every step, and files sealed so that a stranger can check them."""

from __future__ import annotations

from stillwatch.cases.book import Book
from stillwatch.cases.continuing import continue_case, propose
from stillwatch.cases.declared import NEEDS_APPROVAL, Declared, Purpose
from stillwatch.cases.desk import Desk, subject_of
from stillwatch.cases.exhibit import EXHIBIT_BYTES, Exhibit, ExhibitGiven, name_mark, sealed_exhibit
from stillwatch.cases.exhibits import add_exhibit, auditor_keys, revoke_exhibit, trusted_auditors
from stillwatch.cases.feedback import draw, label, leave, lift
from stillwatch.cases.fold import cases_from
from stillwatch.cases.forgetting import Ground, forget
from stillwatch.cases.heard import Feedback, Label, Pause, Sample, Verdict, feedback_from
from stillwatch.cases.holds import hold, holds, holds_in, release
from stillwatch.cases.impact import Impact, impact_estimates, impact_lines
from stillwatch.cases.journal import Entry, Journal, JournalFault, Private, Told, journal_faults
from stillwatch.cases.leaving import SEALED_KINDS, export, redact, seal, stamp
from stillwatch.cases.opening import CaseTest, Exculpatory, Lookalike, Member, Opening
from stillwatch.cases.proposed import Proposed, Undoable, all_proposed, decline, follow, proposed, undo, undoable
from stillwatch.cases.purposes import approve_purpose, declare_purpose, end_purpose
from stillwatch.cases.record import FORGOTTEN, Case, ClaimRaised, Event, RulingGiven, State
from stillwatch.cases.rotating import followed, rotate, rotations
from stillwatch.cases.rotation import Rotation
from stillwatch.cases.ruling import ANSWER_WITHIN, LASTS, NEEDS_TWO, Reason, Ruling
from stillwatch.cases.signing import PublicKey, Signer, collector, make_key, read_public, read_signer, retired, vouching
from stillwatch.cases.stamping import AskAuthority, Stamp, read_authority
from stillwatch.cases.statement import Claim, Confidence, Factor, FactorShown, Statement
from stillwatch.cases.told import case_lines, exhibit_words, standing_words
from stillwatch.cases.two_hands import Leave, ask_to_export, let_go, sealed_files, waiting
from stillwatch.cases.verifying import Item, Verified, verified

__all__ = [
    "ANSWER_WITHIN",
    "EXHIBIT_BYTES",
    "FORGOTTEN",
    "LASTS",
    "NEEDS_APPROVAL",
    "NEEDS_TWO",
    "SEALED_KINDS",
    "AskAuthority",
    "Book",
    "Case",
    "CaseTest",
    "Claim",
    "ClaimRaised",
    "Confidence",
    "Declared",
    "Desk",
    "Entry",
    "Event",
    "Exculpatory",
    "Exhibit",
    "ExhibitGiven",
    "Factor",
    "FactorShown",
    "Feedback",
    "Ground",
    "Impact",
    "Item",
    "Journal",
    "JournalFault",
    "Label",
    "Leave",
    "Lookalike",
    "Member",
    "Opening",
    "Pause",
    "Private",
    "Proposed",
    "PublicKey",
    "Purpose",
    "Reason",
    "Rotation",
    "Ruling",
    "RulingGiven",
    "Sample",
    "Signer",
    "Stamp",
    "State",
    "Statement",
    "Told",
    "Undoable",
    "Verdict",
    "Verified",
    "add_exhibit",
    "all_proposed",
    "approve_purpose",
    "ask_to_export",
    "auditor_keys",
    "case_lines",
    "cases_from",
    "collector",
    "continue_case",
    "declare_purpose",
    "decline",
    "draw",
    "end_purpose",
    "exhibit_words",
    "export",
    "feedback_from",
    "follow",
    "followed",
    "forget",
    "hold",
    "holds",
    "holds_in",
    "impact_estimates",
    "impact_lines",
    "journal_faults",
    "label",
    "leave",
    "let_go",
    "lift",
    "make_key",
    "name_mark",
    "propose",
    "proposed",
    "read_authority",
    "read_public",
    "read_signer",
    "redact",
    "release",
    "retired",
    "revoke_exhibit",
    "rotate",
    "rotations",
    "seal",
    "sealed_exhibit",
    "sealed_files",
    "stamp",
    "standing_words",
    "subject_of",
    "trusted_auditors",
    "undo",
    "undoable",
    "verified",
    "vouching",
    "waiting",
]
