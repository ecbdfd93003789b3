"""A case as STIX objects: simple indicators that anybody can use, and around them the campaign that they belong to.

A receiver may drop everything but the indicators (MISP drops several types) and still has what it can act on. All ids follow from the
case, so the same case twice is the same objects twice.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from stillwatch.core import Technique
from stillwatch.forum.indicators import UNCORROBORATED, CaseFacts, Indicator
from stillwatch.forum.stix import phrases
from stillwatch.forum.stix.atlas import atlas_objects
from stillwatch.forum.stix.extension import extension_objects, publisher
from stillwatch.forum.stix.ids import (
    ATLAS,
    CONDUCT,
    INDICATOR_EXTENSION,
    NEW_SCO_EXTENSION,
    PAP_IDS,
    TLP_IDS,
    observable_id,
    stix_id,
)
from stillwatch.forum.stix.markings import iep_id, marking_objects
from stillwatch.forum.stix.pattern import Compared, pattern_of
from stillwatch.forum.words import Kind, Pap, Switches, Tlp, decade, stamp

__all__ = ["Sanitised", "Sender", "case_code", "case_objects", "common_objects", "member_id", "sdo"]

Object = dict[str, Any]
_ALONE, _TOGETHER = phrases.FIXED[1], phrases.FIXED[0]
_CAMPAIGN, _UNNAMED = phrases.FIXED[2], phrases.FIXED[3]
_BY_KIND = {Kind.TECHNIQUE: "technique", Kind.MODEL: "model", Kind.TLS: "tls_client", Kind.RHYTHM: "rhythm"}


@dataclass(frozen=True, kw_only=True, slots=True)
class Sender:
    """Who sends, under which markings, on which legal basis, by which profile of the sanitiser. `code` is eight hex digits, no name."""

    code: str
    tlp: Tlp
    pap: Pap
    switches: Switches
    basis: str
    basis_until: dt.date
    profile: str

    @property
    def marks(self) -> list[str]:
        """The ids of the three markings."""
        return [TLP_IDS[self.tlp], PAP_IDS[self.pap], iep_id(self.switches, self.tlp)]


@dataclass(frozen=True, kw_only=True, slots=True)
class Sanitised:
    """The record of what was removed, by its SHA-256, and the code of who signed it off (empty: nobody)."""

    record: str
    by: str


def member_id(code: str) -> str:
    """The identity of the member with this code."""
    return stix_id("identity", "member", code)


def case_code(case: str) -> str:
    """A neutral code for a case, which says nothing to anybody else."""
    return stix_id("campaign", case).partition("--")[2][:8]


def common_objects(sender: Sender) -> list[Object]:
    """What every object of a sender refers to: markings, extension definitions and identities."""
    member = {
        "type": "identity",
        "spec_version": "2.1",
        "id": member_id(sender.code),
        "created": "2026-11-01T00:00:00.000Z",
        "modified": "2026-11-01T00:00:00.000Z",
        "name": phrases.member_name(sender.code),
        "identity_class": "organization",
    }
    return [*marking_objects(sender.tlp, sender.pap, sender.switches), publisher(), *extension_objects(), member]


def sdo(kind: str, made: str, sender: Sender, today: dt.date, **fields: Any) -> Object:
    """An object with the properties that all of a sender's have."""
    return {
        "type": kind,
        "spec_version": "2.1",
        "id": made,
        "created_by_ref": member_id(sender.code),
        "created": stamp(today),
        "modified": stamp(today),
        "object_marking_refs": sender.marks,
        **fields,
    }


def case_objects(
    facts: CaseFacts, indicators: Sequence[Indicator], sender: Sender, *, sanitised: Sanitised, today: dt.date
) -> list[Object]:
    """The objects of a case, without what `common_objects` gives.

    Args:
        facts: of a case; decided and sealed, or the rules will refuse what is made.
        indicators: those of the case that leave.
        sender: who sends.
        sanitised: the record of what was removed.
        today: the day of sending.
    """
    case, first, last = facts.case, stamp(facts.first_seen), stamp(facts.last_seen)
    campaign, cluster = stix_id("campaign", case), stix_id("intrusion-set", case)
    sure = min(UNCORROBORATED, max((one.confidence for one in indicators), default=15))
    made = [_indicator(one, facts, sender, sanitised) for one in indicators]
    seen = _observables(indicators)
    watched = stix_id("observed-data", case)
    atlas = _techniques(indicators)
    made += [
        sdo(
            "campaign",
            campaign,
            sender,
            today,
            name=phrases.campaign_name(case_code(case)),
            description=_CAMPAIGN,
            objective=phrases.about(facts.objective),
            first_seen=first,
            last_seen=last,
            confidence=sure,
        ),
        sdo(
            "intrusion-set",
            cluster,
            sender,
            today,
            name=f"Cluster {case_code(case)}",
            description=_UNNAMED,
            first_seen=first,
            confidence=sure,
        ),
        *atlas,
    ]
    if seen:
        refs = sorted(one["id"] for one in seen)
        number = decade(facts.accounts)
        made += seen
        made.append(
            sdo(
                "observed-data",
                watched,
                sender,
                today,
                first_observed=first,
                last_observed=last,
                number_observed=number,
                object_refs=refs,
            )
        )
    networks = [one for one in indicators if one.kind in (Kind.SUBNET, Kind.ASN)]
    ties = [(one.id, "indicates", campaign) for one in indicators]
    if networks:
        place = stix_id("infrastructure", case)
        made.append(_infrastructure(place, facts, networks, sender, today))
        ties += [(campaign, "uses", place)] + [(one.id, "indicates", place) for one in networks]
        ties += [(place, "consists-of", one["id"]) for one in seen if one["type"] == "autonomous-system"]
    ties += [(campaign, "attributed-to", cluster)] + [(campaign, "uses", one["id"]) for one in atlas]
    ties += [(one.id, "based-on", watched) for one in indicators if one.kind in _BY_KIND]
    for source, word, target in ties:
        tie = stix_id("relationship", source, word, target)
        made.append(
            sdo(
                "relationship",
                tie,
                sender,
                today,
                relationship_type=word,
                source_ref=source,
                target_ref=target,
                confidence=sure,
            )
        )
    made.append(_folder(facts, made, sender, today))
    return made


def _indicator(one: Indicator, facts: CaseFacts, sender: Sender, sanitised: Sanitised) -> Object:
    pattern, kind = pattern_of(Compared(kind=one.kind, value=one.value))
    review: Object = {"human": True}
    if facts.reason is not None and facts.reviewer is not None and facts.decided_on is not None:
        review |= {"on": facts.decided_on.isoformat(), "reviewer": facts.reviewer, "reason": facts.reason.value}
    told: Object = {
        "extension_type": "property-extension",
        "kind": one.kind.value,
        "lane": "peer",
        "purpose": "security-detection",
        "stands_alone": one.stands_alone,
        "accounts_seen": one.accounts_seen,
        "corroboration": "seed",
        "review": review,
        "legal_basis": {"key": sender.basis, "until": sender.basis_until.isoformat()},
        "sanitised": {"profile": sender.profile, "record": sanitised.record}
        | ({"by": sanitised.by} if sanitised.by else {}),
    }
    if facts.evidence is not None:
        told["evidence_digest"] = facts.evidence
    return sdo(
        "indicator",
        one.id,
        sender,
        one.valid_from,
        name=phrases.indicator_name(one.kind),
        description=_ALONE if one.stands_alone else _TOGETHER,
        indicator_types=["malicious-activity" if one.stands_alone else "anomalous-activity"],
        pattern=pattern,
        pattern_type=kind,
        **({"pattern_version": "2.1"} if kind == "stix" else {}),
        valid_from=stamp(one.valid_from),
        valid_until=stamp(one.valid_until),
        confidence=one.confidence,
        extensions={INDICATOR_EXTENSION: told},
    )


def _infrastructure(
    made: str, facts: CaseFacts, networks: Sequence[Indicator], sender: Sender, today: dt.date
) -> Object:
    """Where a campaign came from. It holds no address: subnets stand in their own indicators, which end."""
    return sdo(
        "infrastructure",
        made,
        sender,
        today,
        name=phrases.infrastructure_name(case_code(facts.case)),
        description=phrases.NETWORKS,
        infrastructure_types=["unknown"],
        first_seen=stamp(min(one.first_seen for one in networks)),
        last_seen=stamp(max(one.last_seen for one in networks)),
        confidence=max(one.confidence for one in networks),
    )


def _observables(indicators: Iterable[Indicator]) -> list[Object]:
    """The observables that hold no address: networks by number, and ways of using the API."""
    found: dict[str, Object] = {}
    for one in indicators:
        if one.kind is Kind.ASN:
            kind, own = "autonomous-system", {"number": int(one.value)}
        elif one.kind in _BY_KIND:
            kind, own = CONDUCT, {_BY_KIND[one.kind]: one.value}  # type: ignore[dict-item]
        else:
            continue
        made: Object = {"type": kind, "spec_version": "2.1", "id": observable_id(kind, own), **own}
        if kind == CONDUCT:
            made["extensions"] = {NEW_SCO_EXTENSION: {"extension_type": "new-sco"}}
        found[made["id"]] = made
    return [found[key] for key in sorted(found)]


def _techniques(indicators: Sequence[Indicator]) -> list[Object]:
    """The techniques of ATLAS that the indicators speak of, as ATLAS publishes them."""
    kinds = {one.kind for one in indicators}
    asked = {one.value for one in indicators if one.kind is Kind.TECHNIQUE}
    named = ["AML.T0024.002", "AML.T0040"]
    named += ["AML.T0065"] if Kind.TEMPLATE in kinds or asked & set(Technique) else []
    named += ["AML.T0021"]
    known = {one["id"]: one for one in atlas_objects()}
    return [known[ATLAS[name].stix] for name in named]


def _folder(facts: CaseFacts, made: Sequence[Object], sender: Sender, today: dt.date) -> Object:
    """A report once two people decided, a grouping before."""
    held = [one["id"] for one in made if one["type"] not in ("autonomous-system", CONDUCT)]
    name = phrases.campaign_name(case_code(facts.case))
    if facts.concluded:
        return sdo(
            "report",
            stix_id("report", facts.case),
            sender,
            today,
            name=name,
            description=_CAMPAIGN,
            report_types=["campaign"],
            published=stamp(today),
            object_refs=held,
        )
    return sdo(
        "grouping",
        stix_id("grouping", facts.case),
        sender,
        today,
        name=name,
        context="suspicious-activity",
        object_refs=held,
    )
