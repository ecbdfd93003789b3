"""Every sentence that may stand in an object that leaves: a phrase book, so that no text of a customer or an analyst can be among them."""

from __future__ import annotations

import re

from stillwatch.core import Technique
from stillwatch.forum.stix.ids import ATLAS
from stillwatch.forum.words import Kind, Objective

__all__ = ["PHRASE", "about", "campaign_name", "indicator_name", "member_name"]

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
)
"""Sentences without a slot."""


def indicator_name(kind: Kind) -> str:
    """The name of an indicator."""
    return f"{_KINDS[kind]} of a harvesting operation"


def campaign_name(code: str) -> str:
    """The name of a campaign: a neutral code of eight characters."""
    return f"Harvest {code}"


def member_name(code: str) -> str:
    """The name of a member: a code, never a company's name."""
    return f"Member {code}"


def about(objective: Objective) -> str:
    """What a campaign seems to be after."""
    return f"Seems to be after {_OBJECTIVES[objective]}."


_CODE = r"[0-9a-f]{8}"
_SENTENCES = (
    *(re.escape(one) for one in FIXED),
    *(re.escape(indicator_name(kind)) for kind in Kind),
    *(re.escape(about(one)) for one in Objective),
    *(re.escape(one.name) for one in ATLAS.values()),
    *(re.escape(one.value) for one in Technique),
    rf"Harvest {_CODE}",
    rf"Member {_CODE}",
    rf"Cluster {_CODE}",
)
PHRASE = "|".join(_SENTENCES)
"""A regular expression that matches a phrase and nothing else."""
