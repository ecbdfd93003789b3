"""R7. The switches of IEP 2.0 are there, fit the PAP, and are read before anything is done with an object."""

from __future__ import annotations

from collections.abc import Iterator

from stillwatch.forum.rules.r06_markings import is_marked
from stillwatch.forum.rules.rule import Batch, Object, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.markings import marks_of
from stillwatch.forum.words import ACTIONS, Pap, Switches

__all__ = ["MOST_BY_PAP", "RULE", "permits", "strictest"]

MOST_BY_PAP = {
    Pap.RED: "none",
    Pap.AMBER: "internally-visible-actions",
    Pap.GREEN: "externally-visible-indirect-actions",
    Pap.CLEAR: "externally-visible-direct-actions",
}
"""The widest action that each PAP leaves room for."""

_NOTHING = Switches(permitted_actions="none")
_MEND = "Set the switches in forum.toml ([switches]) so that they fit the PAP"


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Every marked object has one IEP marking, and it permits no more than the PAP."""
    for one in batch:
        if not is_marked(one):
            continue
        _, paps, switches, _ = _marks(one)
        here = ".object_marking_refs"
        if len(switches) != 1:
            yield refusal(
                "R7",
                one,
                here,
                f"has {len(switches)} IEP 2.0 markings, expected one",
                _MEND,
            )
        elif paps and ACTIONS.index(switches[0].permitted_actions) > ACTIONS.index(MOST_BY_PAP[paps[0]]):
            yield refusal("R7", one, here, "permits more than its PAP", _MEND)


def permits(one: Object, use: str) -> bool:
    """Whether an object may be used so: to `match` in one's own traffic, `notify` those affected, name its `provider`, `resell` it, or
    `act` where the actor could see it. What has no switches permits matching alone.
    """
    switches = strictest(one)
    return {
        "match": ACTIONS.index(switches.permitted_actions) >= ACTIONS.index("internally-visible-actions")
        or switches is _NOTHING,
        "act": ACTIONS.index(switches.permitted_actions) >= ACTIONS.index("externally-visible-indirect-actions"),
        "notify": switches.affected_party_notifications == "may",
        "provider": switches.provider_attribution in ("may", "must"),
        "resell": switches.unmodified_resale == "may",
    }[use]


def strictest(one: Object) -> Switches:
    """The switches of an object; of none or several, those that permit nothing."""
    _, _, switches, _ = _marks(one)
    return switches[0] if len(switches) == 1 else _NOTHING


def _marks(one: Object) -> tuple[object, list[Pap], list[Switches], object]:
    refs = one.get("object_marking_refs")
    return marks_of([ref for ref in refs if isinstance(ref, str)] if isinstance(refs, list) else [])


RULE = Rule(code="R7", title="Switches of the exchange policy", check=check)
