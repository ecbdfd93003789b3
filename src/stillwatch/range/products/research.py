"""Research: people who read sources with the model, in working hours and into the night."""

from __future__ import annotations

from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="research",
    share=60,
    median=90,
    spread=130,
    shelves=(
        Shelf(weight=5, sources=("medquad", "nq_open", "mt_bench")),
        Shelf(weight=3, passages=("summarise",)),
        Shelf(weight=2, passages=("rag_qa",)),
    ),
    turns=180,
    system="research",
    systems=100,
    own_words=235,
    programs={"sdk": 6, "browser": 4},
    sizes=(25, 55, 20),
    stream=128,
    context=True,
    reasoning=80,
)
