"""Ids that follow from content (UUIDv5), those of others that we reuse, and none that follows from who is in a case."""

from __future__ import annotations

import uuid
from dataclasses import dataclass
from typing import Any

from stillwatch.cases.canonical import canonical
from stillwatch.forum.words import Pap, Tlp

__all__ = [
    "ATLAS",
    "CONDUCT",
    "IEP_EXTENSION",
    "INDICATOR_EXTENSION",
    "NEW_SCO_EXTENSION",
    "PAP_IDS",
    "PUBLISHER",
    "TAGS_EXTENSION",
    "TAG_LIST",
    "TAG_PART",
    "TLP_EXTENSION",
    "TLP_IDS",
    "Technique",
    "observable_id",
    "stix_id",
]

_NAMESPACE = uuid.uuid5(uuid.NAMESPACE_URL, "urn:stillwatch:forum:1")
_OBSERVABLES = uuid.UUID("00abedb4-aa42-466c-9c01-fed23315a9b7")
"""Namespace of the ids of cyber-observables (STIX 2.1, 2.9)."""

CONDUCT = "x-model-api-use"
"""Our one new observable: a way of using a model API. It holds no text and no name."""

TAG_LIST, TAG_PART = "x-blinded-tags", "x-blinded-tags-part"
"""A list of tags that its maker signed, and the parts that it names by digest."""

TLP_EXTENSION = "extension-definition--60a3c5c5-0d10-413e-aab3-9e08dde9e88d"
IEP_EXTENSION = "extension-definition--762e2e97-ee51-43e5-a9ea-165fbb862c4a"

TLP_IDS = {
    Tlp.CLEAR: "marking-definition--94868c89-83c2-464b-929b-a1a8aa3c8487",
    Tlp.GREEN: "marking-definition--bab4a63c-aed9-4cf5-a766-dfca5abac2bb",
    Tlp.AMBER: "marking-definition--55d920b0-5e8b-4f79-9ee9-91f868d9b421",
    Tlp.AMBER_STRICT: "marking-definition--939a9414-2ddd-4d32-a0cd-375ea402b003",
    Tlp.RED: "marking-definition--e828b379-4e03-4974-9ac4-e53a884c97c1",
}
"""TLP 2.0 by the OASIS extension (oasis-open/cti-stix-common-objects); the ids of TLP 1 differ."""


def stix_id(kind: str, *facts: Any) -> str:
    """The id of an object of this type with these facts: equal facts, equal id, on every machine.

    >>> stix_id("indicator", "C-1", "asn", "64500") == stix_id("indicator", "C-1", "asn", "64500")
    True
    """
    return f"{kind}--{uuid.uuid5(_NAMESPACE, canonical([kind, *facts]).decode())}"


def observable_id(kind: str, contributing: dict[str, Any]) -> str:
    """The id of a cyber-observable: UUIDv5 of its id contributing properties in canonical JSON (STIX 2.1, 2.9)."""
    return f"{kind}--{uuid.uuid5(_OBSERVABLES, canonical(contributing).decode())}"


PUBLISHER = stix_id("identity", "stillwatch")
INDICATOR_EXTENSION = stix_id("extension-definition", "indicator", 1)
NEW_SCO_EXTENSION = stix_id("extension-definition", CONDUCT, 1)
TAGS_EXTENSION = stix_id("extension-definition", TAG_LIST, 1)
PAP_IDS = {pap: stix_id("marking-definition", "pap", pap.value) for pap in Pap}


@dataclass(frozen=True, kw_only=True, slots=True)
class Technique:
    """One technique of MITRE ATLAS: its STIX id there, which is reused and never made anew, and the version that we know."""

    name: str
    stix: str
    phases: tuple[str, ...]
    created: str
    modified: str


ATLAS = {
    "AML.T0024.002": Technique(
        name="Extract AI Model",
        stix="attack-pattern--3f567912-629a-5e0b-ab0c-0102977c2d6c",
        phases=("exfiltration",),
        created="2021-05-13T00:00:00.000Z",
        modified="2025-12-23T00:00:00.000Z",
    ),
    "AML.T0008.005": Technique(
        name="AI Service Proxies",
        stix="attack-pattern--647ac4ac-b2bc-53f7-ab83-81f421a1f0b5",
        phases=("resource-development",),
        created="2026-03-30T00:00:00.000Z",
        modified="2026-03-30T00:00:00.000Z",
    ),
    "AML.T0021": Technique(
        name="Establish Accounts",
        stix="attack-pattern--d3d7763a-58e1-5e38-84fd-3abea967cb08",
        phases=("resource-development",),
        created="2022-01-24T00:00:00.000Z",
        modified="2023-01-18T00:00:00.000Z",
    ),
    "AML.T0012": Technique(
        name="Valid Accounts",
        stix="attack-pattern--ed66b442-059b-54cb-a806-620e6f8109a6",
        phases=("initial-access", "privilege-escalation"),
        created="2022-01-24T00:00:00.000Z",
        modified="2025-12-24T00:00:00.000Z",
    ),
    "AML.T0040": Technique(
        name="AI Model Inference API Access",
        stix="attack-pattern--5ac1f849-523e-51bf-a1e9-1a97ab91cc91",
        phases=("ai-model-access",),
        created="2021-05-13T00:00:00.000Z",
        modified="2025-03-12T00:00:00.000Z",
    ),
    "AML.T0065": Technique(
        name="LLM Prompt Crafting",
        stix="attack-pattern--6e148299-0460-5d0b-9741-467437464d3d",
        phases=("resource-development",),
        created="2025-03-12T00:00:00.000Z",
        modified="2025-03-12T00:00:00.000Z",
    ),
}
"""Techniques of ATLAS that harvesting uses, by their ids there (bundle of version 5.6)."""
