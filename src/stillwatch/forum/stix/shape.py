"""A small language of closed shapes: what a field may hold, in words for a refusal and as JSON Schema for everybody else."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

__all__ = [
    "Field",
    "Shape",
    "flag",
    "instant",
    "list_of",
    "mapping",
    "nested",
    "one_of",
    "ref",
    "same",
    "text",
    "whole",
]

Wrong = Iterator[tuple[str, str]]
"""Faults as (path below the field, what was expected). What was got is never repeated: it may be a name."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Field:
    """One field: what is wrong with a value, its JSON Schema, and whether it must be there."""

    wrong: Callable[[Any], Wrong]
    schema: Mapping[str, Any]
    required: bool = True

    @property
    def optional(self) -> Field:
        """The same field, which may be left out."""
        return replace(self, required=False)


Shape = Mapping[str, Field]
"""A closed object: no field but these."""


def nested(shape: Shape) -> Field:
    """An object of this shape and no other field."""

    def wrong(value: Any) -> Wrong:
        if not isinstance(value, dict):
            yield "", "expected an object"
            return
        for name in value.keys() - shape.keys():
            yield f".{name}" if _PLAIN.fullmatch(name) else ".(odd name)", "is no field of this object"
        for name, field in shape.items():
            if name in value:
                for path, expected in field.wrong(value[name]):
                    yield f".{name}{path}", expected
            elif field.required:
                yield f".{name}", "is missing"

    return Field(
        wrong=wrong,
        schema={
            "type": "object",
            "properties": {name: dict(field.schema) for name, field in shape.items()},
            "required": sorted(name for name, field in shape.items() if field.required),
            "additionalProperties": False,
        },
    )


def mapping(names: Mapping[str, Field]) -> Field:
    """An object with at least one of these fields and no other."""
    inner = nested({name: field.optional for name, field in names.items()})

    def wrong(value: Any) -> Wrong:
        yield from inner.wrong(value)
        if value == {}:
            yield "", "expected at least one field"

    return Field(wrong=wrong, schema={**inner.schema, "minProperties": 1})


def list_of(field: Field, *, most: int, least: int = 1) -> Field:
    """A list of different values of one kind."""

    def wrong(value: Any) -> Wrong:
        if not isinstance(value, list) or not least <= len(value) <= most:
            yield "", f"expected a list of {least} to {most}"
            return
        for place, one in enumerate(value):
            for path, expected in field.wrong(one):
                yield f"[{place}]{path}", expected

    return Field(
        wrong=wrong, schema={"type": "array", "items": dict(field.schema), "minItems": least, "maxItems": most}
    )


def text(pattern: str, expected: str, *, most: int = 400) -> Field:
    """A string that a regular expression matches whole."""
    matcher = re.compile(pattern)

    def wrong(value: Any) -> Wrong:
        if not isinstance(value, str) or len(value) > most or not matcher.fullmatch(value):
            yield "", f"expected {expected}"

    return Field(wrong=wrong, schema={"type": "string", "pattern": f"^(?:{pattern})$", "maxLength": most})


def one_of(*values: Any) -> Field:
    """One of a few values; of an enumeration, their texts."""
    values = tuple(getattr(one, "value", one) for one in values)

    def wrong(value: Any) -> Wrong:
        if not any(value == one and type(value) is type(one) for one in values):
            yield "", f"expected one of {', '.join(map(str, values))}"

    return Field(wrong=wrong, schema={"enum": list(values)})


def same(value: Any) -> Field:
    """This value and no other."""
    return one_of(value)


def whole(low: int, high: int) -> Field:
    """A whole number within bounds."""

    def wrong(value: Any) -> Wrong:
        if not isinstance(value, int) or isinstance(value, bool) or not low <= value <= high:
            yield "", f"expected a whole number from {low} to {high}"

    return Field(wrong=wrong, schema={"type": "integer", "minimum": low, "maximum": high})


flag = one_of(True, False)
"""True or false."""

_PLAIN = re.compile(r"[a-z0-9_-]{1,80}")
_UUID = r"[0-9a-f]{8}-[0-9a-f]{4}-[1-8][0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}"


def ref(*types: str) -> Field:
    """An id of an object of one of these types."""
    named = " or ".join(types)
    return text(rf"(?:{'|'.join(map(re.escape, types))})--{_UUID}", f"the id of a {named}")


_instant = text(
    r"\d{4}-(?:0[1-9]|1[0-2])-(?:0[1-9]|[12]\d|3[01])T(?:[01]\d|2[0-3]):[0-5]\d:[0-5]\d(?:\.\d{1,6})?Z",
    "a time such as 2026-11-22T00:00:00.000Z",
)


def _no_moment(value: Any) -> Wrong:
    """Also of the right form, but a day that no calendar has."""
    faults = list(_instant.wrong(value))
    if not faults:
        try:
            dt.datetime.fromisoformat(value)
        except ValueError:
            faults = [("", "expected a day that there is")]
    yield from faults


instant = replace(_instant, wrong=_no_moment)
"""A moment as STIX writes it."""
