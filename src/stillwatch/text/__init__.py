"""Words to numbers: texts in any language as hashes, templates, topics and techniques, without keeping text."""

from stillwatch.text.asking import Level, asking
from stillwatch.text.elicitation import elicitation, lexicon, techniques
from stillwatch.text.features import text_features
from stillwatch.text.hashes import exact_hashes, prompt_hashes
from stillwatch.text.project import Embedder, Projection
from stillwatch.text.shingles import anchors, shingles
from stillwatch.text.skeleton import skeletons
from stillwatch.text.topic import CELLS, cells
from stillwatch.text.words import Words, words

__all__ = [
    "CELLS",
    "Embedder",
    "Level",
    "Projection",
    "Words",
    "anchors",
    "asking",
    "cells",
    "elicitation",
    "exact_hashes",
    "lexicon",
    "prompt_hashes",
    "shingles",
    "skeletons",
    "techniques",
    "text_features",
    "words",
]
