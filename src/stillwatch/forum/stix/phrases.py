"""Every sentence that may stand in an object that leaves: a phrase book, so that no text of a customer or an analyst can be among them."""

from __future__ import annotations

import re
from collections.abc import Callable

from stillwatch.core import Technique
from stillwatch.forum.stix.ids import ATLAS
from stillwatch.forum.words import Kind, Objective

__all__ = [
    "ASKED",
    "NETWORKS",
    "NOT_ELSEWHERE",
    "NOT_HERE",
    "NO_ANSWER",
    "PHRASE",
    "about",
    "band_elsewhere",
    "band_of",
    "campaign_name",
    "indicator_name",
    "infrastructure_name",
    "member_name",
    "seen_elsewhere",
    "seen_here",
]

_KINDS = {
    Kind.SUBNET: "Addresses",
    Kind.ASN: "Network",
    Kind.TLS: "TLS client",
    Kind.USER_AGENT: "User agent",
    Kind.TEMPLATE: "Prompt template",
    Kind.TECHNIQUE: "Way of asking",
    Kind.MODEL: "Model asked",
    Kind.RHYTHM: "Shape of the day",
}
_OBJECTIVES = {
    Objective.REASONING_TRACES: "reasoning traces",
    Objective.PREFERENCE_DATA: "grades and preferences",
    Objective.TASKS: "tasks and synthetic data",
    Objective.GENERAL_ANSWERS: "answers over a wide range",
}
FIXED = (
    "One of several marks of coordinated harvesting. Never act on it alone: look at your own traffic.",
    "A mark of coordinated harvesting. It is a reason to look, not a finding about anybody.",
    "Coordinated harvesting of a model API, as one member saw it. An allegation of conduct, not of identity.",
    "A cluster of behaviour that nobody has named.",
    "Seen here too, in our own traffic.",
    "Not harvesting, by our own evidence.",
    "Withdrawn: the case was cleared.",
    "Withdrawn: the decision was reopened.",
    "Withdrawn: it matched innocent traffic.",
    "Withdrawn: it is out of date.",
    "Contested: the originator looks at it again.",
    "Networks that the operation came through. Others use them too.",
)
"""Sentences without a slot."""

NETWORKS = FIXED[-1]
"""What is said of infrastructure."""

ASKED = "Has anybody else seen this?"
NOT_HERE = "Not seen here, and we looked."
NOT_ELSEWHERE = "Not seen by three others or more, who all looked."
NO_ANSWER = "No answer."


def indicator_name(kind: Kind) -> str:
    """The name of an indicator."""
    return f"{_KINDS[kind]} of a harvesting operation"


def campaign_name(code: str) -> str:
    """The name of a campaign: a neutral code of eight characters."""
    return f"Harvest {code}"


def infrastructure_name(code: str) -> str:
    """The name of the networks that a campaign came from."""
    return f"Networks of harvest {code}"


def member_name(code: str) -> str:
    """The name of a member: a code, never a company's name."""
    return f"Member {code}"


def about(objective: Objective) -> str:
    """What a campaign seems to be after."""
    return f"Seems to be after {_OBJECTIVES[objective]}."


def seen_here(band: int) -> str:
    """A lab's yes: a power of ten of accounts."""
    return f"Seen here by our own evidence, decade {band}."


def seen_elsewhere(band: int) -> str:
    """A yes of three labs or more: a power of ten of accounts over all of them."""
    return f"Seen by three others or more, decade {band}."


def band_of(sentence: str) -> int | None:
    """The power of ten in a lab's yes.

    >>> band_of(seen_here(100)), band_of(NOT_HERE)
    (100, None)
    """
    return _band(seen_here, sentence)


def band_elsewhere(sentence: str) -> int | None:
    """The power of ten in a yes of three labs or more.

    >>> band_elsewhere(seen_elsewhere(10)), band_elsewhere(seen_here(10))
    (10, None)
    """
    return _band(seen_elsewhere, sentence)


def _band(spoken: Callable[[int], str], sentence: str) -> int | None:
    found = re.fullmatch(spoken(0).replace("0.", rf"({_BAND})\."), sentence)
    return None if found is None else int(found[1])


_CODE = r"[0-9a-f]{8}"
_BAND = r"10{0,8}"
_SENTENCES = (
    *(re.escape(one) for one in FIXED),
    *(re.escape(indicator_name(kind)) for kind in Kind),
    *(re.escape(about(one)) for one in Objective),
    *(re.escape(one.name) for one in ATLAS.values()),
    *(re.escape(one.value) for one in Technique),
    *(re.escape(one) for one in (ASKED, NOT_HERE, NOT_ELSEWHERE, NO_ANSWER)),
    *(re.escape(one(0)).replace(r"0\.", rf"{_BAND}\.") for one in (seen_here, seen_elsewhere)),
    rf"Harvest {_CODE}",
    rf"Networks of harvest {_CODE}",
    rf"Member {_CODE}",
    rf"Cluster {_CODE}",
)
PHRASE = "|".join(_SENTENCES)
"""A regular expression that matches a phrase and nothing else."""
