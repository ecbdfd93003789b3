"""Batch labelling: jobs of thousands of records with a label for an answer, at any hour."""

from __future__ import annotations

from stillwatch.range.ground import Reply
from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="batch",
    share=40,
    median=900,
    spread=160,
    growth=2,
    shelves=(
        Shelf(weight=3, sources=("banking77", "clinc150"), longest=2500),
        Shelf(weight=2, sources=("medquad", "wildchat_structural"), longest=2500),
        Shelf(weight=2, sources=("sgd_user_turns", "bitext_support")),
        Shelf(weight=1, passages=("summarise",), longest=1500),
    ),
    held_by="companies",
    hours="flat",
    week="office",
    pace="jobs",
    turns=100,
    most_turns=1,
    pause=2,
    frames=(
        "Record: {a}\nLabel:", "Classify the text below.\n\n{a}", "### Input\n{a}\n### Label", '{"record": "{a}"}',
        "Text: {a}\nAnswer with one label.",
        "{a}\n\nCategory?",
    ),
    framed=200,
    own_words=100,
    system="batch",
    reply=Reply.LABEL,
    answer=(1, 6),
    programs={"async": 8, "sdk": 2},
    plans={"payg": 30, "team": 40, "scale": 30},
    sizes=(80, 18, 2),
    stream=0,
)  # fmt: skip
