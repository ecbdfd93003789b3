"""Agent fleets: companies that run an agent of their own with tools; long conversations in which a program answers the model."""

from __future__ import annotations

import numpy as np

from stillwatch.range import words
from stillwatch.range.ground import Reply
from stillwatch.range.products.product import Product, Shelf

__all__ = ["PRODUCT", "results"]

_RESULTS = (
    '{{"ok": true, "rows": {n}, "{w}": "{v}-{k}"}}', "{n} results for {v} {w}; first: {w}-{k}", "ERROR {k}: {w} not found in {v}",
    '{{"status": "{v}", "id": {n}, "next": "/{w}/{k}"}}', "done: {v} {w} ({k} of {n})", "HTTP 200\n{w}: {n}\n{v}: {k}",
    '[{{"{w}": {n}}}, {{"{w}": {k}}}]', "Screenshot taken. The page shows a list of {n} {w}; the button {v} is in row {k}.",
)  # fmt: skip
_THINGS = (
    "orders",
    "tickets",
    "invoices",
    "contacts",
    "flights",
    "rooms",
    "payments",
    "files",
    "issues",
    "pages",
    "stock",
    "leads",
)
_DOINGS = (
    "search",
    "open",
    "update",
    "close",
    "book",
    "refund",
    "export",
    "compare",
    "list",
    "assign",
    "confirm",
    "retry",
)


def results(rng: np.random.Generator) -> list[str]:
    """A stock of what tools answer."""
    found: dict[str, None] = {}
    for a, b, c, d, e in rng.integers(0, 1 << 30, (16_000, 5)).tolist():
        text = _RESULTS[a % len(_RESULTS)].format(
            n=b % 9000, k=c % 700, w=_THINGS[d % len(_THINGS)], v=_DOINGS[e % len(_DOINGS)]
        )
        found[text] = None
    return list(found)


PRODUCT = Product(
    name="agents",
    share=60,
    median=300,
    spread=160,
    growth=16,
    shelves=(
        Shelf(weight=5, sources=("webarena_tasks", "bfcl_v4"), longest=2500),
        Shelf(weight=3, sources=("tau2_tasks", "sgd_user_turns"), longest=2500),
        Shelf(weight=4, made=lambda rng: words.code_tasks(rng, 6000)),
    ),
    held_by="companies",
    hours="service",
    week="service",
    pace="service",
    turns=900,
    most_turns=30,
    pause=14,
    later=Shelf(weight=1, made=results),
    later_share=235,
    own_words=220,
    system="agents",
    tools=256,
    reply=Reply.ACTION,
    trace="code",
    context=True,
    bursts=True,
    reasoning=120,
    compacts=8,
    programs={"async": 6, "sdk": 3},
    plans={"payg": 30, "team": 40, "scale": 30},
    sizes=(25, 60, 15),
    stream=90,
)
