"""Support bots: a company's customers asking about cards, orders and bookings."""

from __future__ import annotations

from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT"]

PRODUCT = Product(
    name="support",
    share=85,
    median=450,
    spread=160,
    shelves=(
        Shelf(weight=1, sources=("banking77",)),
        Shelf(weight=1, sources=("bitext_support",)),
        Shelf(weight=1, sources=("clinc150",)),
        Shelf(weight=1, sources=("sgd_user_turns",)),
    ),
    held_by="companies",
    hours="service",
    week="service",
    pace="service",
    turns=300,
    own_words=150,
    system="support",
    end_users=130,
    programs={"sdk": 7, "async": 3},
    plans={"payg": 40, "team": 40, "scale": 20},
    stream=180,
)
