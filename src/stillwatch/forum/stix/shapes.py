"""The shapes of the objects of the peers' lane: closed, so that what nobody thought of cannot leave."""

from __future__ import annotations

from collections.abc import Mapping

from stillwatch.cases.ruling import Reason
from stillwatch.core import Technique
from stillwatch.forum.stix.ids import ATLAS, CONDUCT, INDICATOR_EXTENSION, NEW_SCO_EXTENSION, TAG_LIST, TAG_PART
from stillwatch.forum.stix.pattern import JA, RHYTHMS, TEMPLATE_PATTERN
from stillwatch.forum.stix.phrases import PHRASE
from stillwatch.forum.stix.shape import (
    Field,
    Shape,
    flag,
    instant,
    list_of,
    mapping,
    nested,
    one_of,
    ref,
    same,
    text,
    whole,
)
from stillwatch.forum.stix.tag_shapes import LIST_FIELDS, PART_FIELDS
from stillwatch.forum.words import Kind, Lane

__all__ = ["INDICATOR_FIELDS", "OBSERVED_FIELDS", "SHAPES"]

_phrase = text(PHRASE, "a sentence of the phrase book (free text does not travel between peers)")
_digest = text(r"[0-9a-f]{64}", "a SHA-256 in hex")
_code = text(r"[0-9a-f]{8}", "a code of eight hex digits")
_day = text(r"\d{4}-\d\d-\d\d", "a day such as 2026-11-22")
_key = text(r"[a-z][a-z0-9-]{0,30}", "a key such as us-peer")
_sure = whole(0, 100)
_seen = whole(1, 999_999_999)
_markings = list_of(ref("marking-definition"), most=8)
_atlas = nested(
    {
        "source_name": same("mitre-atlas"),
        "external_id": text(r"AML\.[TM]\d{4}(?:\.\d{3})?", "an ATLAS id"),
        "url": text(
            r"https://atlas\.mitre\.org/techniques/AML\.T\d{4}(?:\.\d{3})?", "the address of an ATLAS technique"
        ).optional,
    }
)

_REASONS = ("withdrawn", "contested", "false-positive", "out-of-date", "not-harvesting", "want-more-information")
_ASKING = (
    "have-you-seen", "seen-here", "not-seen-here", "no-answer-here", "seen-elsewhere", "not-seen-elsewhere", "no-answer",
)  # fmt: skip

INDICATOR_FIELDS: Shape = {
    "extension_type": same("property-extension"),
    "kind": one_of(*Kind),
    "lane": same(Lane.PEER.value),
    "purpose": same("security-detection"),
    "stands_alone": flag,
    "accounts_seen": _seen,
    "corroboration": one_of("seed", "corroborated", "established", "disputed"),
    "evidence_digest": _digest.optional,
    "review": nested(
        {
            "human": same(True),
            "on": _day.optional,
            "reviewer": _code.optional,
            "reason": one_of(*Reason).optional,
        }
    ),
    "legal_basis": nested({"key": _key, "until": _day}),
    "sanitised": nested({"profile": _key, "record": _digest, "by": _code.optional}),
    "live": same(True).optional,
}
"""Our property extension of `indicator`. What a person has to add may be missing here: R5 and R14 refuse that and say why."""

OBSERVED_FIELDS: Shape = {
    "technique": one_of(*Technique).optional,
    "model": text(r"[A-Za-z0-9][A-Za-z0-9._:@/-]{0,79}", "the public name of a model").optional,
    "tls_client": text(JA, "a JA3 or JA4 fingerprint").optional,
    "rhythm": one_of(*RHYTHMS).optional,
}
"""The properties of our observable."""


def _sdo(type_: str, fields: Mapping[str, Field]) -> Shape:
    return {
        "type": same(type_),
        "spec_version": same("2.1"),
        "id": ref(type_),
        "created_by_ref": ref("identity"),
        "created": instant,
        "modified": instant,
        "revoked": flag.optional,
        "confidence": _sure.optional,
        "object_marking_refs": _markings,
        **fields,
    }


_INDICATOR = _sdo(
    "indicator",
    {
        "name": _phrase,
        "description": _phrase,
        "indicator_types": list_of(one_of("malicious-activity", "anomalous-activity"), most=1),
        "pattern": text(r"[\x20-\x7e]{1,4000}", "a pattern", most=4000),
        "pattern_type": one_of("stix", TEMPLATE_PATTERN),
        "pattern_version": same("2.1").optional,
        "valid_from": instant,
        "valid_until": instant.optional,
        "confidence": _sure,
        "extensions": mapping({INDICATOR_EXTENSION: nested(INDICATOR_FIELDS)}),
    },
)

_IN_FOLDERS = (
    "indicator", "campaign", "intrusion-set", "infrastructure", "relationship", "observed-data", "attack-pattern",
)  # fmt: skip

SHAPES: dict[str, Shape] = {
    "indicator": _INDICATOR,
    "campaign": _sdo(
        "campaign",
        {"name": _phrase, "description": _phrase, "first_seen": instant, "last_seen": instant, "objective": _phrase},
    ),
    "intrusion-set": _sdo("intrusion-set", {"name": _phrase, "description": _phrase, "first_seen": instant}),
    "infrastructure": _sdo(
        "infrastructure",
        {
            "name": _phrase,
            "description": _phrase,
            "infrastructure_types": list_of(same("unknown"), most=1),
            "first_seen": instant,
            "last_seen": instant,
        },
    ),
    "attack-pattern": {
        "type": same("attack-pattern"),
        "spec_version": same("2.1"),
        "id": ref("attack-pattern"),
        "created": instant,
        "modified": instant,
        "name": _phrase,
        "kill_chain_phases": list_of(
            nested(
                {
                    "kill_chain_name": same("mitre-atlas"),
                    "phase_name": one_of(*sorted({phase for one in ATLAS.values() for phase in one.phases})),
                }
            ),
            most=4,
        ),
        "external_references": list_of(_atlas, most=1),
    },
    "relationship": _sdo(
        "relationship",
        {
            "relationship_type": one_of("indicates", "attributed-to", "uses", "based-on", "consists-of"),
            "source_ref": ref("indicator", "campaign", "intrusion-set", "infrastructure"),
            "target_ref": ref(
                "campaign", "intrusion-set", "attack-pattern", "observed-data", "infrastructure", "autonomous-system"
            ),
        },
    ),
    "sighting": _sdo(
        "sighting",
        {
            "description": _phrase.optional,
            "first_seen": instant,
            "last_seen": instant,
            "count": _seen,
            "sighting_of_ref": ref("indicator", "campaign", "intrusion-set"),
            "where_sighted_refs": list_of(ref("identity"), most=1),
            "summary": same(True),
        },
    ),
    "note": _sdo(
        "note",
        {
            "abstract": one_of(*_REASONS, *_ASKING).optional,
            "content": _phrase,
            "object_refs": list_of(
                ref("indicator", "campaign", "intrusion-set", "infrastructure", "sighting", "note"), most=200
            ),
        },
    ),
    "opinion": _sdo(
        "opinion",
        {
            "opinion": one_of("strongly-disagree", "disagree", "neutral", "agree", "strongly-agree"),
            "object_refs": list_of(ref("indicator", "campaign", "intrusion-set"), most=200),
        },
    ),
    "grouping": _sdo(
        "grouping",
        {
            "name": _phrase,
            "context": same("suspicious-activity"),
            "object_refs": list_of(
                ref(*_IN_FOLDERS),
                most=2000,
            ),
        },
    ),
    "report": _sdo(
        "report",
        {
            "name": _phrase,
            "description": _phrase,
            "report_types": list_of(same("campaign"), most=1),
            "published": instant,
            "object_refs": list_of(
                ref(*_IN_FOLDERS),
                most=2000,
            ),
        },
    ),
    "observed-data": _sdo(
        "observed-data",
        {
            "first_observed": instant,
            "last_observed": instant,
            "number_observed": _seen,
            "object_refs": list_of(ref("autonomous-system", CONDUCT), most=50),
        },
    ),
    "identity": {
        "type": same("identity"),
        "spec_version": same("2.1"),
        "id": ref("identity"),
        "created": instant,
        "modified": instant,
        "name": _phrase,
        "identity_class": same("organization"),
    },
    "autonomous-system": {
        "type": same("autonomous-system"),
        "spec_version": same("2.1"),
        "id": ref("autonomous-system"),
        "number": whole(1, (1 << 32) - 1),
    },
    CONDUCT: {
        "type": same(CONDUCT),
        "spec_version": same("2.1"),
        "id": ref(CONDUCT),
        "extensions": mapping({NEW_SCO_EXTENSION: nested({"extension_type": same("new-sco")})}),
        **OBSERVED_FIELDS,
    },
    TAG_LIST: _sdo(TAG_LIST, LIST_FIELDS),
    TAG_PART: _sdo(TAG_PART, PART_FIELDS),
}
"""What an object of each type may hold. Marking and extension definitions are known by their ids and equal ours to the byte."""
