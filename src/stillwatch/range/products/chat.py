"""Chat: people at home in the evening, in many languages."""

from __future__ import annotations

from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="chat",
    share=400,
    median=60,
    spread=120,
    growth=3,
    shelves=(
        Shelf(weight=54, sources=("oasst1_en_train", "oasst1_en_validation", "wildchat_structural", "nq_open")),
        Shelf(weight=14, sources=("wildchat_structural",)),
        Shelf(weight=10, sources=("oasst1_en_train", "chatterbot_corpus")),
        Shelf(weight=6, sources=("oasst1_fi_mt",)),
        *(
            Shelf(weight=2, sources=("xquad_questions",), lang=lang)
            for lang in ("de", "es", "ru", "zh", "ar", "tr", "vi", "el")
        ),
    ),
    hours="evening",
    week="evening",
    turns=300,
    most_turns=12,
    system="chat",
    systems=60,
    programs={"browser": 9, "sdk": 1},
    own_words=235,
    stream=243,
    by_hand=True,
    context=True,
    reasoning=40,
)
