"""Techniques of MITRE ATLAS as ATLAS publishes them: nobody makes them anew, so they travel in this form and no other."""

from __future__ import annotations

from typing import Any

from stillwatch.forum.stix.ids import ATLAS

__all__ = ["atlas_objects"]


def atlas_objects() -> list[dict[str, Any]]:
    """Every technique that the forum knows, in the order of its number."""
    return [
        {
            "type": "attack-pattern",
            "spec_version": "2.1",
            "id": one.stix,
            "created": one.created,
            "modified": one.modified,
            "name": one.name,
            "kill_chain_phases": [{"kill_chain_name": "mitre-atlas", "phase_name": phase} for phase in one.phases],
            "external_references": [
                {
                    "source_name": "mitre-atlas",
                    "external_id": name,
                    "url": f"https://atlas.mitre.org/techniques/{name}",
                }
            ],
        }
        for name, one in sorted(ATLAS.items())
    ]
