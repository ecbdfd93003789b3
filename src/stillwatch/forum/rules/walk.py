"""Every string and number of an object with its path, field names included: a rule that reads words must not miss a place."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

__all__ = ["TOO_DEEP", "Leaf", "leaves"]

_DEEP = 24
TOO_DEEP = "(too deep)"
"""Name of the leaf that stands for what lies deeper than is walked; it has no value, and R3 refuses it."""

Leaf = tuple[str, str, Any]
"""Path, field name, value. Of a mapping also each key, as a value of its own under the name `(key)`."""


def leaves(one: Mapping[str, Any]) -> Iterator[Leaf]:
    """All leaves of an object, keys included, as deep as any object of ours goes; `TOO_DEEP` stands for what lies deeper."""
    yield from _walk(one, "", "", 0)


def _walk(value: Any, path: str, name: str, depth: int) -> Iterator[Leaf]:
    if depth > _DEEP:
        yield path, TOO_DEEP, None
        return
    if isinstance(value, Mapping):
        for number, (key, inner) in enumerate(value.items()):
            plain = (
                isinstance(key, str)
                and key.isascii()
                and len(key) <= 80
                and key.replace("_", "").replace("-", "").isalnum()
            )
            here = f"{path}.{key}" if plain else f"{path}.({number})"
            yield here, "(key)", key
            yield from _walk(inner, here, key if isinstance(key, str) else "", depth + 1)
    elif isinstance(value, list | tuple):
        for number, inner in enumerate(value):
            yield from _walk(inner, f"{path}[{number}]", name, depth + 1)
    else:
        yield path, name, value
