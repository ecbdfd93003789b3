"""The forum: what one lab may tell another, by rules that are code, over STIX and TAXII."""

from __future__ import annotations

from stillwatch.forum.exports.forms import Form, written_as
from stillwatch.forum.incoming import TakenIn, feedback, take_in
from stillwatch.forum.indicators import CaseFacts, Indicator, LeftOut, Thing, indicators_of
from stillwatch.forum.kept import keep_record, left_before, passed_on, record_said, share, with_launched
from stillwatch.forum.lint import Linted, lint
from stillwatch.forum.one_by_one import Against, by_the_rules
from stillwatch.forum.opinions.contest import Ground, answer, contest
from stillwatch.forum.opinions.lattice import State, corroboration
from stillwatch.forum.opinions.saying import Doubt, not_harvesting, said, seen_too
from stillwatch.forum.preview import Preview, preview, sender_of, spare_withdrawals, withdrawal
from stillwatch.forum.pushing import against_pushing, record_push
from stillwatch.forum.rules.policy import Policy, policy_from, read_policy
from stillwatch.forum.rules.rule import Override, Refusal, Setting, outgoing
from stillwatch.forum.stix.reading import read_objects
from stillwatch.forum.words import Carrier, ForumError, Kind, Lane, Pap, Switches, Tlp, Way
from stillwatch.forum.writing.versions import REASONS

__all__ = [
    "REASONS",
    "Against",
    "Carrier",
    "CaseFacts",
    "Doubt",
    "Form",
    "ForumError",
    "Ground",
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
    "State",
    "Switches",
    "TakenIn",
    "Thing",
    "Tlp",
    "Way",
    "against_pushing",
    "answer",
    "by_the_rules",
    "contest",
    "corroboration",
    "feedback",
    "indicators_of",
    "keep_record",
    "left_before",
    "lint",
    "not_harvesting",
    "outgoing",
    "passed_on",
    "policy_from",
    "preview",
    "read_objects",
    "read_policy",
    "record_push",
    "record_said",
    "said",
    "seen_too",
    "sender_of",
    "share",
    "spare_withdrawals",
    "take_in",
    "with_launched",
    "withdrawal",
    "written_as",
]
