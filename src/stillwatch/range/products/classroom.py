"""Classrooms: students behind the campus address, with homework in their own words, in term-time rhythm."""

from __future__ import annotations

from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="classroom",
    share=45,
    median=40,
    spread=90,
    shelves=(
        Shelf(weight=3, sources=("nq_open", "medquad")),
        Shelf(weight=2, sources=("xquad_questions",), lang="en"),
        Shelf(weight=2, sources=("wildchat_structural", "oasst1_en_train"), longest=1200),
        Shelf(weight=1, sources=("mbpp_plus", "arithmetic_word_problems")),
    ),
    held_by="campus",
    hours="evening",
    week="school",
    turns=220,
    frames=(
        "homework: {a}",
        "{a}\n\nexplain please",
        "I have to write about this: {a}",
        "{a} - can you explain like I am in first year",
    ),
    framed=90,
    own_words=225,
    programs={"browser": 1},
    plans={"education": 8, "free": 2},
    stream=243,
    by_hand=True,
    context=True,
)
