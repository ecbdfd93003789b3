"""Back-ends of search: a question of a member of staff under the passages that were found for it."""

from __future__ import annotations

from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="rag",
    share=75,
    median=300,
    spread=160,
    shelves=(
        Shelf(weight=5, sources=("nq_open", "medquad")),
        Shelf(weight=2, sources=("wildchat_structural",), longest=400),
        Shelf(weight=1, sources=("xquad_questions",), lang="en"),
        Shelf(weight=1, sources=("xquad_questions",), lang="de"),
    ),
    held_by="companies",
    week="office",
    pace="service",
    turns=130,
    frames=(
        "Context:\n{b}\n\nQuestion: {a}", "{a}\n\n---\n{b}", "Passages:\n[1] {b}\n\nUser question: {a}", "<docs>{b}</docs>\n{a}",
        "{b}\n\nQ: {a}\nA:", "Use the following to answer.\n\n{b}\n\n### Question\n{a}", "Search results:\n{b}\n\nAsked by staff: {a}",
        "[document]\n{b}\n[/document]\n[question]{a}[/question]",
    ),
    framed=256,
    second=Shelf(weight=1, passages=("rag_qa", "summarise"), lang="en"),
    own_words=40,
    system="rag",
    programs={"async": 5, "sdk": 4},
    plans={"payg": 40, "team": 40, "scale": 20},
    stream=77,
    trace="long",
    context=True,
)  # fmt: skip
