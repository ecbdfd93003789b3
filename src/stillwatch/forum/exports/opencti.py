"""A bundle that OpenCTI takes in: the same objects, with scores, platforms' names for patterns, and what it would drop or misread told."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.forum.exports.loss import Loss, losses
from stillwatch.forum.stix.bundles import bundle
from stillwatch.forum.stix.ids import CONDUCT, IEP_EXTENSION, INDICATOR_EXTENSION
from stillwatch.forum.stix.pattern import TEMPLATE_PATTERN

__all__ = ["opencti_bundle"]

Object = dict[str, Any]
_DROPPED = {
    CONDUCT: "OpenCTI takes no observables that it does not know",
    "extension-definition": "OpenCTI has no such entity",
}
_TYPES = {
    "ipv4-addr": "IPv4-Addr",
    "ipv6-addr": "IPv6-Addr",
    "autonomous-system": "Autonomous-System",
    "network-traffic": "Network-Traffic",
}


def opencti_bundle(objects: Sequence[Object]) -> tuple[Object, tuple[Loss, ...]]:
    """The bundle, and what is lost in it. Detection stays off: OpenCTI shows what came, and people decide."""
    dropped = {
        one["id"]
        for one in objects
        if one["type"] in _DROPPED
        or IEP_EXTENSION in one.get("extensions", {})
        or one.get("pattern_type") == TEMPLATE_PATTERN
    }
    dropped |= {
        one["id"] for one in objects if one["type"] == "observed-data" and not set(one["object_refs"]) - dropped
    }
    kept = [_fitted(one, dropped) for one in objects if one["id"] not in dropped]
    kept = [
        one for one in kept if not {one.get("source_ref"), one.get("target_ref"), one.get("sighting_of_ref")} & dropped
    ]
    return bundle(kept), losses(_lost(objects, dropped))


def _fitted(one: Object, dropped: set[str]) -> Object:
    made: Object = {
        key: [ref for ref in value if ref not in dropped] if key.endswith("_refs") else value
        for key, value in one.items()
    }
    if one["type"] == "indicator":
        ours = one["extensions"][INDICATOR_EXTENSION]
        del made["extensions"]
        made["x_opencti_score"] = one["confidence"]
        made["x_opencti_detection"] = False
        made["x_opencti_main_observable_type"] = _TYPES.get(one["pattern"][1:].partition(":")[0], "Unknown")
        made["labels"] = [f"corroboration:{ours['corroboration']}", f"kind:{ours['kind']}"]
    return made


def _lost(objects: Sequence[Object], dropped: set[str]) -> Iterator[tuple[str, str]]:
    for one in objects:
        if one["type"] == "indicator" and one["id"] in dropped:
            yield "indicator: template", "OpenCTI refuses types of pattern that it does not know"
        elif one["type"] == "indicator":
            yield (
                "indicator: review, evidence digest, legal basis, sanitiser record",
                "OpenCTI keeps no extension of others",
            )
        elif one["id"] in dropped and one["type"] == "marking-definition":
            yield "marking-definition: exchange policy (IEP)", "OpenCTI has no place for it; keep to it by hand"
        elif one["id"] in dropped:
            yield one["type"], _DROPPED.get(one["type"], "nothing is left of what it holds")
        elif one["type"] == "relationship" and {one["source_ref"], one["target_ref"]} & dropped:
            yield "relationship", "one of its ends is not taken in"
