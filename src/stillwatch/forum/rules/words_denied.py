"""Which talk of prices, customers, plans and capacity a text holds: by words of many languages, by money, by shares and volumes."""

from __future__ import annotations

import re
import tomllib
from functools import cache, lru_cache
from importlib.resources import files

from stillwatch.forum.rules.readings import one_spelling, readings

__all__ = ["denied", "denied_key"]

_MONEY = re.compile(
    r"[$€£¥₹₩₽₺₪฿]\s?\d|\d\s?[$€£¥₹₩₽₺₪฿]|\b(?:usd|eur|gbp|cny|rmb|jpy|inr|krw|chf)\s?\d|\d[\d.,]*\s?(?:[kmb]n?\s)?(?:usd|eur|gbp|cny|rmb|jpy|inr|krw|chf|dollars?|euros?|yuan|yen)\b"
)
_SHARE = re.compile(r"\d\s?(?:%|٪|percent\b|per cent\b|prozent\b|pour cent\b|por ciento\b|процент)")
_VOLUME = re.compile(
    r"\d[\d.,]*\s?(?:thousand|million|billion|[kmb])?\s?(?:requests?|queries|calls|tokens?|users?|seats?|accounts?|qps|rps|tps|tpm|rpm)\b"
)
_KEYS = frozenset({
    "price", "pricing", "cost", "costs", "spend", "spending", "revenue", "discount", "margin", "billing", "invoice", "arr", "quota",
    "tier", "seats", "contract", "customer", "customers", "tenant", "tenants", "subscriber", "capacity", "gpu", "gpus", "throughput",
    "utilisation", "utilization", "roadmap", "launch", "strategy", "headcount", "market", "share", "plan", "plans", "volume", "volumes",
    "budget", "sales",
})  # fmt: skip
_PART = re.compile(r"[a-z]+")


@lru_cache(maxsize=2048)
def denied(text: str) -> tuple[str, ...]:
    """Topics that a text touches and that rivals do not discuss; nothing of the text.

    >>> denied("they pay $20 a seat")
    ('money',)
    >>> denied("Our p r i c e s")
    ('prices',)
    """
    found: dict[str, None] = {}
    for reading in readings(text):
        found.update((topic, None) for topic, matcher in _topics() if matcher.search(reading))
        found.update({"money": None} if _MONEY.search(reading) else {})
        found.update({"a share": None} if _SHARE.search(reading) else {})
        found.update({"a volume": None} if _VOLUME.search(reading) else {})
    return tuple(found)


@lru_cache(maxsize=2048)
def denied_key(name: str) -> bool:
    """Whether a field's name speaks of what is not told, in whatever case it is written.

    >>> [denied_key(n) for n in ("x_list_price", "customerName", "object_marking_refs")]
    [True, True, False]
    """
    apart = re.sub(r"(?<=[a-z0-9])(?=[A-Z])|(?<=[A-Z])(?=[A-Z][a-z])", "_", name)
    return any(
        part in _KEYS for reading in (one_spelling(apart), one_spelling(name)) for part in _PART.findall(reading)
    )


@cache
def _topics() -> tuple[tuple[str, re.Pattern[str]], ...]:
    raw = tomllib.loads(files("stillwatch.forum.rules").joinpath("denied.toml").read_text("utf-8"))
    made = []
    for topic, words in raw["topics"].items():
        spaced = "|".join(re.escape(one_spelling(w)) for w in words["spaced"])
        joined = "|".join(re.escape(one_spelling(w)) for w in words["joined"])
        made.append((topic, re.compile(rf"(?<!\w)(?:{spaced})(?!\w)|{joined}")))
    return tuple(made)
