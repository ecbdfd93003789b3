"""R6. Exactly one TLP 2.0 and one PAP on everything, never milder than what it was made from, and RED never through a hub."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from stillwatch.forum.rules.closed import FIXED
from stillwatch.forum.rules.rule import Batch, Object, Refusal, Rule, Setting, refusal
from stillwatch.forum.stix.markings import Marks, marks_of
from stillwatch.forum.words import Carrier, Tlp

__all__ = ["RULE", "is_marked"]

UNMARKED = frozenset({"marking-definition", "extension-definition", "identity", "attack-pattern"})
"""Types that carry no secret: definitions, members' codes and what MITRE publishes. Observables are marked by what refers to them."""

_ONE = "Mark it with one TLP 2.0 of the OASIS extension and one PAP (forum.toml: tlp, pap)"
_REFS = ("object_refs", "source_ref", "target_ref", "sighting_of_ref")


def is_marked(one: Object) -> bool:
    """Whether an object has to carry markings: observables and definitions do not."""
    return str(one.get("type")) not in UNMARKED and "created_by_ref" in one and FIXED.get(str(one.get("id"))) is None


def check(batch: Batch, setting: Setting) -> Iterator[Refusal]:
    """Markings are there, one of each, as strict as those of everything that an object speaks of."""
    marks = {str(one.get("id")): marks_of(_refs(one)) for one in batch}
    before = {made: marks_of(_refs(one)) for made, one in setting.before.items()}
    for one in batch:
        if not is_marked(one):
            continue
        tlps, paps, _, others = marks[str(one.get("id"))]
        here = ".object_marking_refs"
        if len(tlps) != 1 or len(paps) != 1:
            yield refusal(
                "R6",
                one,
                here,
                f"has {len(tlps)} TLP 2.0 and {len(paps)} PAP markings, expected one of each",
                _ONE,
            )
            continue
        if others:
            yield refusal(
                "R6",
                one,
                here,
                "has a marking that the forum does not know (TLP 1 has other ids)",
                _ONE,
            )
        if tlps[0] is Tlp.RED and setting.carrier is Carrier.TAXII:
            yield refusal(
                "R6",
                one,
                here,
                "is TLP:RED, which is for named persons and passes through no hub",
                "Hand it over in person, as a file",
            )
        if "granular_markings" in one:
            yield refusal(
                "R6",
                one,
                ".granular_markings",
                "marks parts of an object, which readers lose",
                "Mark the whole object with the strictest marking",
            )
        for name, ref in _speaks_of(one):
            for of in (marks.get(ref), before.get(ref)):
                if of is not None and _milder(tlps[0], paps[0].strictness, of):
                    yield refusal(
                        "R6",
                        one,
                        name,
                        "is marked milder than an object that it speaks of",
                        "Give it the strictest TLP and PAP among them",
                    )


def _refs(one: Mapping[str, Any]) -> list[str]:
    refs = one.get("object_marking_refs")
    return [ref for ref in refs if isinstance(ref, str)] if isinstance(refs, list) else []


def _speaks_of(one: Object) -> Iterator[tuple[str, str]]:
    for name in _REFS:
        value = one.get(name)
        for ref in value if isinstance(value, list) else [value]:
            if isinstance(ref, str):
                yield f".{name}", ref


def _milder(tlp: Tlp, pap: int, of: Marks) -> bool:
    tlps, paps, _, _ = of
    return any(tlp.strictness < other.strictness for other in tlps) or any(pap < other.strictness for other in paps)


RULE = Rule(code="R6", title="One TLP, one PAP, never milder", check=check)
