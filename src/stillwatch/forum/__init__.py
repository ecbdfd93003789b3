"""The forum: what one lab may tell another, by rules that are code, over STIX and TAXII."""

from __future__ import annotations

from stillwatch.forum.exports.forms import Form, written_as
from stillwatch.forum.indicators import CaseFacts, Indicator, LeftOut, Thing, indicators_of
from stillwatch.forum.kept import left_before, passed_on, share
from stillwatch.forum.lint import Linted, lint
from stillwatch.forum.preview import Preview, preview, withdrawal
from stillwatch.forum.rules.policy import Policy, policy_from, read_policy
from stillwatch.forum.rules.rule import Override, Refusal, Setting
from stillwatch.forum.stix.reading import read_objects
from stillwatch.forum.stix.versions import REASONS
from stillwatch.forum.words import Carrier, ForumError, Kind, Lane, Pap, Switches, Tlp, Way

__all__ = [
    "REASONS",
    "Carrier",
    "CaseFacts",
    "Form",
    "ForumError",
    "Indicator",
    "Kind",
    "Lane",
    "LeftOut",
    "Linted",
    "Override",
    "Pap",
    "Policy",
    "Preview",
    "Refusal",
    "Setting",
    "Switches",
    "Thing",
    "Tlp",
    "Way",
    "indicators_of",
    "left_before",
    "lint",
    "passed_on",
    "policy_from",
    "preview",
    "read_objects",
    "read_policy",
    "share",
    "withdrawal",
    "written_as",
]
