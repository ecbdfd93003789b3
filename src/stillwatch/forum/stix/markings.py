"""Marking definitions that we emit and know: TLP 2.0 by the OASIS extension, PAP as a statement, and IEP 2.0 switches."""

from __future__ import annotations

import itertools
from dataclasses import asdict
from typing import Any

from stillwatch.forum.stix.ids import IEP_EXTENSION, PAP_IDS, PUBLISHER, TLP_EXTENSION, TLP_IDS, stix_id
from stillwatch.forum.words import ACTIONS, Pap, Switches, Tlp

__all__ = ["SWITCHES", "Marks", "fixed_markings", "iep_id", "marking_objects", "marks_of"]

_TLP_CREATED = "2022-10-01T00:00:00.000Z"
"""Part of the published objects, like their ids."""
_OURS_CREATED = "2026-11-01T00:00:00.000Z"
_TLP_1 = {
    Tlp.CLEAR: "white",
    Tlp.GREEN: "green",
    Tlp.AMBER: "amber",
    Tlp.AMBER_STRICT: "amber",
    Tlp.RED: "red",
}
"""The IEP draft knows the colours of TLP 1 alone; the TLP 2.0 marking beside it decides."""

MAY = ("may", "must-not")


def iep_id(switches: Switches, tlp: Tlp) -> str:
    """The id of the marking with these switches."""
    return stix_id("marking-definition", "iep", _TLP_1[tlp], asdict(switches))


def _every() -> dict[str, Switches]:
    found: dict[str, Switches] = {}
    for actions, notify, attribution, resale, encrypt in itertools.product(
        ACTIONS, MAY, ("may", "must", "must-not"), MAY, ("must", "may")
    ):
        one = Switches(
            permitted_actions=actions,
            affected_party_notifications=notify,
            provider_attribution=attribution,
            unmodified_resale=resale,
            encrypt_in_transit=encrypt,
        )
        found.update((iep_id(one, tlp), one) for tlp in (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.RED))
    return found


SWITCHES = _every()
"""The switches of every IEP marking that a house of the forum can make, by its id: none has to travel with each object."""

Marks = tuple[list[Tlp], list[Pap], list[Switches], list[str]]
"""TLP, PAP and IEP markings of an object, and the markings that are none of these."""

_TLP_OF = {ref: tlp for tlp, ref in TLP_IDS.items()}
_PAP_OF = {ref: pap for pap, ref in PAP_IDS.items()}


def marks_of(refs: list[str]) -> Marks:
    """What the marking references of an object say."""
    return (
        [_TLP_OF[ref] for ref in refs if ref in _TLP_OF],
        [_PAP_OF[ref] for ref in refs if ref in _PAP_OF],
        [SWITCHES[ref] for ref in refs if ref in SWITCHES],
        [ref for ref in refs if ref not in _TLP_OF and ref not in _PAP_OF and ref not in SWITCHES],
    )


def marking_objects(tlp: Tlp, pap: Pap, switches: Switches) -> list[dict[str, Any]]:
    """The three marking definitions that an object with these markings refers to."""
    return [_tlp(tlp), _pap(pap), _iep(switches, tlp)]


def fixed_markings() -> list[dict[str, Any]]:
    """Every marking definition that there is in the forum."""
    ieps = [
        _iep(switches, tlp)
        for switches in dict.fromkeys(SWITCHES.values())
        for tlp in (Tlp.CLEAR, Tlp.GREEN, Tlp.AMBER, Tlp.RED)
    ]
    return [*map(_tlp, Tlp), *map(_pap, Pap), *ieps]


def _tlp(tlp: Tlp) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": TLP_IDS[tlp],
        "created": _TLP_CREATED,
        "name": f"TLP:{tlp.value.upper()}",
        "extensions": {TLP_EXTENSION: {"extension_type": "property-extension", "tlp_2_0": tlp.value}},
    }


def _pap(pap: Pap) -> dict[str, Any]:
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": PAP_IDS[pap],
        "created_by_ref": PUBLISHER,
        "created": _OURS_CREATED,
        "name": f"PAP:{pap.value.upper()}",
        "definition_type": "statement",
        "definition": {"statement": f"PAP:{pap.value.upper()}"},
    }


def _iep(switches: Switches, tlp: Tlp) -> dict[str, Any]:
    made = iep_id(switches, tlp)
    return {
        "type": "marking-definition",
        "spec_version": "2.1",
        "id": made,
        "created_by_ref": PUBLISHER,
        "created": _OURS_CREATED,
        "name": "IEP 2.0",
        "extensions": {
            IEP_EXTENSION: {
                "extension_type": "property-extension",
                **asdict(switches),
                "tlp": _TLP_1[tlp],
                "iep_id": made.partition("--")[2],
                "iep_version": 2.0,
                "description": "Policy of the forum for this object.",
                "start_date": _OURS_CREATED,
            }
        },
    }
