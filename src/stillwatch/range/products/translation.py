"""Translation: companies that send their texts through, one request each."""

from __future__ import annotations

from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="translation",
    share=65,
    median=250,
    spread=160,
    growth=1,
    shelves=(
        Shelf(weight=3, sources=("sgd_user_turns", "bitext_support"), shortest=25),
        Shelf(weight=2, sources=("xquad_questions",), shortest=25),
        Shelf(weight=3, passages=("rag_qa",), longest=900),
    ),
    held_by="companies",
    pace="service",
    turns=100,
    most_turns=1,
    frames=(
        "Translate into German:\n{a}", "{a}\n\nTranslate the text above into French.", "en -> es: {a}", "Text:\n{a}\nTranslation:",
        "Please translate to Japanese, keep names: {a}",
    ),
    framed=110,
    own_words=220,
    system="translation",
    programs={"sdk": 7, "async": 3},
    plans={"payg": 40, "team": 40, "scale": 20},
    sizes=(65, 33, 2),
    stream=50,
)  # fmt: skip
