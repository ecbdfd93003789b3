"""Words to numbers: texts in any language as hashes, templates, topics and techniques, without keeping text."""

from stillwatch.text.asking import Level, asking
from stillwatch.text.carrying import carrying
from stillwatch.text.elicitation import elicitation, lexicon, techniques
from stillwatch.text.familiar import Familiar, familiar, unfamiliar_shares
from stillwatch.text.features import text_features
from stillwatch.text.fingerprint import LEAST_ALIKE, WIDTH_OF_HASHES, Fingerprint, alike, template_fingerprint
from stillwatch.text.hashes import exact_hashes, prompt_hashes
from stillwatch.text.known_items import ITEM_BITS, KnownSet, known_items, sets
from stillwatch.text.meaning import TOPICS, Meanings, meaning_vectors, meanings
from stillwatch.text.project import Embedder, Projection
from stillwatch.text.scaffolds import Scaffold, read_scaffolds
from stillwatch.text.shingles import anchors, shingles
from stillwatch.text.skeleton import skeletons
from stillwatch.text.sketch import SKETCH_BITS, sketch_signs, sketches
from stillwatch.text.topic import CELLS, cells
from stillwatch.text.words import Words, words

__all__ = [
    "CELLS",
    "ITEM_BITS",
    "LEAST_ALIKE",
    "SKETCH_BITS",
    "TOPICS",
    "WIDTH_OF_HASHES",
    "Embedder",
    "Familiar",
    "Fingerprint",
    "KnownSet",
    "Level",
    "Meanings",
    "Projection",
    "Scaffold",
    "Words",
    "alike",
    "anchors",
    "asking",
    "carrying",
    "cells",
    "elicitation",
    "exact_hashes",
    "familiar",
    "known_items",
    "lexicon",
    "meaning_vectors",
    "meanings",
    "prompt_hashes",
    "read_scaffolds",
    "sets",
    "shingles",
    "skeletons",
    "sketch_signs",
    "sketches",
    "techniques",
    "template_fingerprint",
    "text_features",
    "unfamiliar_shares",
    "words",
]
