"""Was that model trained on ours, and on whose harvest: tests of a suspect with a stated null, and what they could not have seen."""

from stillwatch.audit.accuse import Verdicts, accuse, along_one_martingale, any_dependence
from stillwatch.audit.agreement import AGREEMENT, agreement
from stillwatch.audit.answer import INNOCENT, WHAT_THE_HASHES_SHOW, answer_lines
from stillwatch.audit.asked import Asked, Shown
from stillwatch.audit.asking import AskedOf, ask_plan
from stillwatch.audit.betting import BETTING, betting
from stillwatch.audit.canary_variants import CANARY_VARIANTS, canary_variants, variant_for
from stillwatch.audit.clearing import CLEARING, Clearing, clear, smallest_share
from stillwatch.audit.collected import collected, write_served
from stillwatch.audit.conditions import fit_items
from stillwatch.audit.corpus import Corpus, read_corpus
from stillwatch.audit.corpus_copies import CORPUS_COPIES, corpus_copies
from stillwatch.audit.decoy_keys import DECOY_KEYS, decoy_keys
from stillwatch.audit.endpoint import Endpoint, NoAnswer
from stillwatch.audit.equality import EQUALITY, equality
from stillwatch.audit.exposure import account_items
from stillwatch.audit.green_mass import GREEN_MASS, green_mass, mass_lift
from stillwatch.audit.keyed import (
    KEYED_TESTS,
    Keys,
    derive_keys,
    greenness,
    make_master,
    read_keys,
    read_master,
    word_tokens,
    write_keys,
)
from stillwatch.audit.live import Budget, Live, OutOfBudget, recorded_of
from stillwatch.audit.marks import Pairs, account_key, draw_keys, green, key_digest, pairs
from stillwatch.audit.next_words import NEXT_WORDS, next_words, said_word
from stillwatch.audit.overlap import SIMILARITIES
from stillwatch.audit.palimpsest import PALIMPSEST, order_digest, palimpsest, read_order
from stillwatch.audit.places import Step, places, read_places
from stillwatch.audit.plan import Plan, Stop, draw_up, read_plan, write_plan
from stillwatch.audit.radioactivity import RADIOACTIVITY, radioactivity
from stillwatch.audit.rare_artefacts import (
    RARE_ARTEFACTS,
    Artefact,
    artefacts_digest,
    rare_artefacts,
    read_artefacts,
)
from stillwatch.audit.recorded import Recorded, read_served, read_suspect, write_suspect
from stillwatch.audit.records import AuditTest, Capability, Condition, Finding, Question, Served, State
from stillwatch.audit.replies import Interface
from stillwatch.audit.run import Outcome, carry_out, read_outcome, write_outcome
from stillwatch.audit.sibling_continuation import (
    SIBLING_CONTINUATION,
    continuation_finding,
    continuations,
    half_of_words,
    sibling_continuation,
)
from stillwatch.audit.sibling_likelihood import SIBLING_LIKELIHOOD, gains, sibling_likelihood
from stillwatch.audit.sibling_overlap import SIBLING_OVERLAP, overlaps, sibling_overlap
from stillwatch.audit.spectra import SPECTRA, spectra
from stillwatch.audit.suspect import (
    Answering,
    Holding,
    Scoring,
    Suspect,
    Weighing,
    answering,
    holding,
    scoring,
    weighing,
)
from stillwatch.audit.text_source import TEXT_SOURCE, text_source
from stillwatch.audit.timeline import Timeline
from stillwatch.audit.twin_contrast import TWIN_CONTRAST, contrast_finding, parting, twin_contrast, twin_likelihood
from stillwatch.audit.unit_order import HIDDEN_UNITS, UNIT_ORDER, unit_order
from stillwatch.audit.wanted import Kind, Wanted, wanted
from stillwatch.audit.weights import Weights, read_weights

TESTS = {
    one.name: one
    for one in (
        SIBLING_OVERLAP,
        SIBLING_LIKELIHOOD,
        AGREEMENT,
        TEXT_SOURCE,
        EQUALITY,
        DECOY_KEYS,
        BETTING,
        CANARY_VARIANTS,
        CORPUS_COPIES,
        RARE_ARTEFACTS,
        CLEARING,
        PALIMPSEST,
        UNIT_ORDER,
        SPECTRA,
        RADIOACTIVITY,
        GREEN_MASS,
        TWIN_CONTRAST,
        SIBLING_CONTINUATION,
        NEXT_WORDS,
    )
}
"""Every test by name, as it is declared before anything is asked."""

__all__ = [
    "CORPUS_COPIES",
    "HIDDEN_UNITS",
    "INNOCENT",
    "KEYED_TESTS",
    "NEXT_WORDS",
    "SIMILARITIES",
    "TESTS",
    "WHAT_THE_HASHES_SHOW",
    "Answering",
    "Artefact",
    "Asked",
    "AskedOf",
    "AuditTest",
    "Budget",
    "Capability",
    "Clearing",
    "Condition",
    "Corpus",
    "Endpoint",
    "Finding",
    "Holding",
    "Interface",
    "Keys",
    "Kind",
    "Live",
    "NoAnswer",
    "OutOfBudget",
    "Outcome",
    "Pairs",
    "Plan",
    "Question",
    "Recorded",
    "Scoring",
    "Served",
    "Shown",
    "State",
    "Step",
    "Stop",
    "Suspect",
    "Timeline",
    "Verdicts",
    "Wanted",
    "Weighing",
    "Weights",
    "account_items",
    "account_key",
    "accuse",
    "agreement",
    "along_one_martingale",
    "answer_lines",
    "answering",
    "any_dependence",
    "artefacts_digest",
    "ask_plan",
    "betting",
    "canary_variants",
    "carry_out",
    "clear",
    "collected",
    "continuation_finding",
    "continuations",
    "contrast_finding",
    "corpus_copies",
    "decoy_keys",
    "derive_keys",
    "draw_keys",
    "draw_up",
    "equality",
    "fit_items",
    "gains",
    "green",
    "green_mass",
    "greenness",
    "half_of_words",
    "holding",
    "key_digest",
    "make_master",
    "mass_lift",
    "next_words",
    "order_digest",
    "overlaps",
    "pairs",
    "palimpsest",
    "parting",
    "places",
    "radioactivity",
    "rare_artefacts",
    "read_artefacts",
    "read_corpus",
    "read_keys",
    "read_master",
    "read_order",
    "read_outcome",
    "read_places",
    "read_plan",
    "read_served",
    "read_suspect",
    "read_weights",
    "recorded_of",
    "said_word",
    "scoring",
    "sibling_continuation",
    "sibling_likelihood",
    "sibling_overlap",
    "smallest_share",
    "spectra",
    "text_source",
    "twin_contrast",
    "twin_likelihood",
    "unit_order",
    "variant_for",
    "wanted",
    "weighing",
    "word_tokens",
    "write_keys",
    "write_outcome",
    "write_plan",
    "write_served",
    "write_suspect",
]
