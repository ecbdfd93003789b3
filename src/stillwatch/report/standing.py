"""What every report says, whatever it found: the words, the method in short, and what no scan of logs can see."""

from __future__ import annotations

__all__ = ["GLOSSARY", "METHOD", "STANDING_LIMITS"]

GLOSSARY: tuple[tuple[str, str], ...] = (
    ("exchange", "one request with its response"),
    ("account", "who is billed"),
    ("family", "prompts that share a template or are near copies"),
    ("scaffold", "the constant part of a family"),
    ("actor", "the accounts that one operator seems to run"),
    ("harvest", "the exchanges of an actor that carry its families or techniques"),
    ("yield", "distinct prompts that were answered: what has been obtained"),
    ("signal", "something measured about an account, a family or an actor"),
    ("evidence", "a signal turned into a p-value or an e-value against a stated null"),
    ("null", "the innocent account of things that a test tries to contradict, in words a reader can check"),
    ("p-value", "how often the null alone would give a result at least this extreme; small counts against the null"),
    (
        "e-value",
        "a bet against the null: its average is at most 1 when the null holds, so 1,000 is rare; large counts against the null",
    ),
    ("lookalike", "an innocent population that resembles an attack"),
    ("held out", "not used to find the candidate: the half of the hours that only tests read"),
    ("set aside", "an innocent explanation fits, or the evidence did not pass; kept on file, no action"),
    ("undecided", "too little data for an answer; not a finding, and not a clearance"),
)

METHOD: tuple[tuple[str, str], ...] = (
    (
        "Featurise",
        "Each exchange becomes numbers: hashes of its template, a coarse topic, techniques of asking, counters. Text is not kept.",
    ),
    (
        "Weigh accounts",
        "Each signal of an account is compared with accounts of the same product type, and becomes evidence.",
    ),
    (
        "Find and test actors",
        "Shared things and templates in half of the hours suggest candidates; the other half tests them.",
    ),
    (
        "Decide",
        "Candidates pass only if their evidence beats the error budget over all candidates; innocent explanations can set one aside.",
    ),
)

STANDING_LIMITS: tuple[str, ...] = (
    "A finding is a proposal to look. It is no proof of intent, of a breach of terms, or of what was trained.",
    "An operator whose requests are distributed exactly as ordinary customers' requests are cannot be told apart by their content.",
    "What was obtained through another provider, a reseller's own logs or a stolen data set leaves no trace in these logs.",
    "Accounts that share nothing in the logs, use no common template and stay small are seen only through their own signals.",
    "No signal reads nationality, ethnicity, language or country; none may be added by hand to a finding.",
    "Small numbers of accounts are judged mostly by shared things; below about 50 accounts a template alone is not enough.",
)
