"""R15. Each lane carries its own: what is under embargo, for a government or under legal hold never comes by the peers' lane."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.rule import Batch, Refusal, Rule, Setting, refusal
from stillwatch.forum.words import Lane

__all__ = ["LANE_TYPES", "RULE"]

LANE_TYPES = {
    Lane.EMBARGO: frozenset(
        {"vulnerability", "note", "identity", "marking-definition", "extension-definition", "course-of-action"}
    ),
    Lane.GOVERNMENT: frozenset(
        {
            "report",
            "campaign",
            "intrusion-set",
            "threat-actor",
            "infrastructure",
            "indicator",
            "identity",
            "note",
            "relationship",
            "attack-pattern",
            "marking-definition",
            "extension-definition",
        }
    ),
    Lane.HOLD: frozenset[str](),
}
"""What the other lanes carry; nothing leaves by legal hold."""

_OTHERS = {"vulnerability": Lane.EMBARGO, "threat-actor": Lane.GOVERNMENT, "malware": Lane.EMBARGO}


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Every object is of its lane's types."""
    for one in batch:
        kind = str(one.get("type"))
        if setting.lane is Lane.PEER:
            if kind in _OTHERS:
                yield refusal(
                    "R15",
                    one,
                    ".type",
                    f"belongs to the lane {_OTHERS[kind]}",
                    "Send it there, to those whom that lane names",
                )
        elif kind not in LANE_TYPES[setting.lane]:
            yield refusal(
                "R15",
                one,
                ".type",
                f"does not travel by the lane {setting.lane}",
                "Send it by the lane that it belongs to",
            )


RULE = Rule(code="R15", title="One lane for each kind of thing", check=check)
