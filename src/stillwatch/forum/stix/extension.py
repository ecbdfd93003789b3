"""The definitions of our extensions as STIX objects, with their JSON Schemas."""

from __future__ import annotations

from typing import Any

from stillwatch.cases.canonical import canonical
from stillwatch.forum.stix.ids import (
    CONDUCT,
    INDICATOR_EXTENSION,
    NEW_SCO_EXTENSION,
    PUBLISHER,
    TAG_LIST,
    TAGS_EXTENSION,
)
from stillwatch.forum.stix.shape import nested
from stillwatch.forum.stix.shapes import INDICATOR_FIELDS, OBSERVED_FIELDS, SHAPES
from stillwatch.forum.stix.tag_shapes import LIST_FIELDS, PART_FIELDS

__all__ = ["extension_objects", "publisher", "schemas", "tags_extension"]

_CREATED = "2026-11-01T00:00:00.000Z"
_DRAFT = "https://json-schema.org/draft/2020-12/schema"


def schemas() -> dict[str, dict[str, Any]]:
    """JSON Schemas by file name: of both extensions, and of every type of object in the peers' lane."""
    own = {
        "indicator-extension": nested(INDICATOR_FIELDS).schema,
        f"{CONDUCT}-properties": nested(OBSERVED_FIELDS).schema,
        f"{TAG_LIST}-properties": {"oneOf": [nested(LIST_FIELDS).schema, nested(PART_FIELDS).schema]},
        **{f"object-{name}": nested(shape).schema for name, shape in SHAPES.items()},
    }
    return {f"{name}.json": {"$schema": _DRAFT, "title": name, **schema} for name, schema in own.items()}


def publisher() -> dict[str, Any]:
    """The identity behind the extension definitions and the forum's own markings."""
    return {
        "type": "identity",
        "spec_version": "2.1",
        "id": PUBLISHER,
        "created": _CREATED,
        "modified": _CREATED,
        "name": "Stillwatch",
        "identity_class": "organization",
    }


def extension_objects() -> list[dict[str, Any]]:
    """The extension definitions of indicators and what they are seen by, each with its schema as text."""
    told = schemas()
    return [
        _definition(
            INDICATOR_EXTENSION,
            "Review, basis and corroboration of an indicator",
            "property-extension",
            told["indicator-extension.json"],
        ),
        _definition(
            NEW_SCO_EXTENSION,
            "Use of a model API",
            "new-sco",
            told[f"{CONDUCT}-properties.json"],
            version="1.0.1",
            modified="2026-11-22T00:00:00.000Z",
        ),
    ]


def tags_extension() -> dict[str, Any]:
    """The definition of lists of tags; it travels with these alone."""
    made = schemas()[f"{TAG_LIST}-properties.json"]
    return _definition(TAGS_EXTENSION, "Blinded tags", "new-sdo", made, modified="2026-11-23T00:00:00.000Z")


def _definition(
    made: str, name: str, kind: str, schema: dict[str, Any], *, version: str = "1.0.0", modified: str = _CREATED
) -> dict[str, Any]:
    return {
        "type": "extension-definition",
        "spec_version": "2.1",
        "id": made,
        "created_by_ref": PUBLISHER,
        "created": _CREATED,
        "modified": modified,
        "name": name,
        "schema": canonical(schema).decode(),
        "version": version,
        "extension_types": [kind],
    }
