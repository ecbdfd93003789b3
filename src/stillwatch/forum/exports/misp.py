"""A MISP event (core format) of some indicators: attributes that MISP correlates, tags for markings, and what MISP has no place for."""

from __future__ import annotations

import uuid
from collections.abc import Iterator, Sequence
from typing import Any

from stillwatch.forum.exports.loss import Loss, losses
from stillwatch.forum.rules.r07_switches import permits
from stillwatch.forum.stix.ids import ATLAS, INDICATOR_EXTENSION
from stillwatch.forum.stix.markings import marks_of
from stillwatch.forum.stix.pattern import read_pattern
from stillwatch.forum.words import Kind

__all__ = ["misp_event"]

Object = dict[str, Any]
_TYPES = {
    Kind.SUBNET: ("Network activity", "ip-src"),
    Kind.ASN: ("Network activity", "AS"),
    Kind.USER_AGENT: ("Network activity", "user-agent"),
    Kind.TEMPLATE: ("Other", "text"),
    Kind.TECHNIQUE: ("Other", "text"),
    Kind.MODEL: ("Other", "text"),
    Kind.RHYTHM: ("Other", "text"),
}
_DROPPED = {
    "campaign": "an event stands for it",
    "intrusion-set": "MISP keeps clusters of known names alone",
    "infrastructure": "attributes stand for it",
    "relationship": "attributes of one event are not tied one to one",
    "grouping": "the event is the folder",
    "report": "the event is the folder",
    "observed-data": "attributes stand for it",
    "x-model-api-use": "MISP has no such object",
    "autonomous-system": "attributes stand for it",
    "opinion": "MISP has sightings of type 1 for false positives alone",
    "note": "only an event's author can comment on it",
    "identity": "an event's organisation is the instance's own",
    "extension-definition": "MISP has no extensions",
    "marking-definition": "tags stand for TLP and PAP; IEP switches have no place",
}


def misp_event(objects: Sequence[Object]) -> tuple[Object, tuple[Loss, ...]]:
    """The event, and what is lost in it.

    `to_ids` is off for whatever says something only together with others, for what may not be acted upon, and for what was withdrawn.
    """
    attributes = [made for one in objects if one["type"] == "indicator" for made in _attribute(one)]
    sightings = [_sighting(one) for one in objects if one["type"] == "sighting"]
    folder = next((one for one in objects if one["type"] in ("report", "grouping")), None)
    name = folder["name"] if folder else "Harvesting of a model API"
    made = folder["id"].partition("--")[2] if folder else str(uuid.uuid5(uuid.NAMESPACE_URL, name))
    day = (
        folder["modified"][:10]
        if folder
        else max((one["modified"][:10] for one in objects if "modified" in one), default="1970-01-01")
    )
    tags = sorted(
        {tag["name"] for one in attributes for tag in one["Tag"] if not tag["name"].startswith("stillwatch:")}
    )
    tags += [
        f'misp-galaxy:mitre-atlas-attack-pattern="{t.name} - {key}"'
        for key, t in ATLAS.items()
        if any(one["id"] == t.stix for one in objects)
    ]
    event = {
        "Event": {
            "uuid": made,
            "info": name,
            "date": day,
            "analysis": "1",
            "threat_level_id": "4",
            "distribution": "0",
            "published": False,
            "Tag": [{"name": tag} for tag in tags],
            "Attribute": attributes,
            **({"Sighting": sightings} if sightings else {}),
        }
    }
    return event, losses(_lost(objects))


def _attribute(one: Object) -> Iterator[Object]:
    compared = read_pattern(one["pattern"], one["pattern_type"])
    if compared is None:
        return
    ours = one["extensions"][INDICATOR_EXTENSION]
    if compared.kind is Kind.TLS:
        category, kind = "Network activity", "ja3-fingerprint-md5" if len(compared.value) == 32 else "text"
    else:
        category, kind = _TYPES[compared.kind]
    tlps, paps, _, _ = marks_of(one["object_marking_refs"])
    tags = [
        f"tlp:{tlps[0]}",
        f"PAP:{paps[0].upper()}",
        f'stillwatch:kind="{compared.kind}"',
        f'stillwatch:corroboration="{ours["corroboration"]}"',
    ]
    tags += [f'estimative-language:confidence-in-analytic-judgment="{"low" if one["confidence"] < 40 else "moderate"}"']
    acts = ours["stands_alone"] and permits(one, "match") and not one.get("revoked")
    yield {
        "uuid": one["id"].partition("--")[2],
        "category": category,
        "type": kind,
        "value": f"AS{compared.value}" if compared.kind is Kind.ASN else compared.value,
        "to_ids": bool(acts and compared.kind is Kind.SUBNET),
        "disable_correlation": compared.kind in (Kind.MODEL, Kind.RHYTHM, Kind.TECHNIQUE),
        "first_seen": one["valid_from"],
        "last_seen": one["valid_until"],
        "comment": f"{one['name']}. {one['description']}",
        "deleted": bool(one.get("revoked")),
        "distribution": "5",
        "Tag": [{"name": tag} for tag in tags],
    }


def _sighting(one: Object) -> Object:
    return {
        "uuid": one["id"].partition("--")[2],
        "attribute_uuid": one["sighting_of_ref"].partition("--")[2],
        "type": "0",
        "date_sighting": one["last_seen"][:10],
    }


def _lost(objects: Sequence[Object]) -> Iterator[tuple[str, str]]:
    for one in objects:
        if one["type"] == "indicator":
            yield "indicator: confidence", "MISP knows words, not numbers"
            yield "indicator: review, evidence digest, legal basis, sanitiser record", "attributes have no such fields"
            yield "indicator: exchange policy (IEP)", "MISP has no place for it; keep to it by hand"
            compared = read_pattern(one["pattern"], one["pattern_type"])
            if compared is not None and compared.kind in (Kind.TEMPLATE, Kind.TECHNIQUE, Kind.MODEL, Kind.RHYTHM):
                yield f"indicator: {compared.kind} as something to match", "kept as text alone"
        elif one["type"] in _DROPPED:
            yield one["type"], _DROPPED[one["type"]]
