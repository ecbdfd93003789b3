"""Objects as a bundle, whose id follows from the objects and their versions."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from stillwatch.forum.stix.ids import stix_id

__all__ = ["bundle"]


def bundle(objects: Iterable[dict[str, Any]]) -> dict[str, Any]:
    """Objects as a STIX bundle: the same objects in the same versions are the same bundle."""
    held = list(objects)
    versions = [[one["id"], one.get("modified", one.get("created", ""))] for one in held]
    return {"type": "bundle", "id": stix_id("bundle", versions), "objects": held}
