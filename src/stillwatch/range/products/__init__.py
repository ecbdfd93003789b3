"""Product types of ordinary customers, one file each. `PRODUCTS` lists them; adding one is a file and a line."""

from __future__ import annotations

from stillwatch.range.products import agents, batch, chat, classroom, coding, rag, research, support, translation
from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCTS", "Product", "Shelf"]

PRODUCTS: tuple[Product, ...] = (
    chat.PRODUCT,
    coding.PRODUCT,
    agents.PRODUCT,
    rag.PRODUCT,
    batch.PRODUCT,
    support.PRODUCT,
    translation.PRODUCT,
    classroom.PRODUCT,
    research.PRODUCT,
)
"""All product types; their shares sum to 1000."""
