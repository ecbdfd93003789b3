"""Tags: identifiers blinded by two custodians, comparable among labs and meaningless to everybody else."""

from __future__ import annotations

from stillwatch.forum.tags.board import Board, Match, Support, board_of, merged, read_board, write_board
from stillwatch.forum.tags.buckets import bucket, bucket_bits, prefixes
from stillwatch.forum.tags.canonical import RULES, canonical
from stillwatch.forum.tags.carried import Carried, Role, list_objects, lists_in
from stillwatch.forum.tags.client import Tagged, tag_values
from stillwatch.forum.tags.committed import Committee, Statement, committee, read_statements
from stillwatch.forum.tags.custodian import Custodian
from stillwatch.forum.tags.from_cases import Opened, Vault, of_cases, open_for_tagging, record_tags
from stillwatch.forum.tags.keys import destroy_closed, new_epoch, read_epochs
from stillwatch.forum.tags.kinds import Kind, Tag
from stillwatch.forum.tags.members import add_member, drop_member
from stillwatch.forum.tags.overlap_sessions import (
    House,
    answer_overlap,
    ask_overlap,
    consent_to_overlap,
    count_overlap,
    which_overlap,
)
from stillwatch.forum.tags.reach import Reach, pin, read_reach
from stillwatch.forum.tags.refusals import NotProven, Refusal, RequestRefused, TagError, Unreachable, ValueRefused

__all__ = [
    "RULES",
    "Board",
    "Carried",
    "Committee",
    "Custodian",
    "House",
    "Kind",
    "Match",
    "NotProven",
    "Opened",
    "Reach",
    "Refusal",
    "RequestRefused",
    "Role",
    "Statement",
    "Support",
    "Tag",
    "TagError",
    "Tagged",
    "Unreachable",
    "ValueRefused",
    "Vault",
    "add_member",
    "answer_overlap",
    "ask_overlap",
    "board_of",
    "bucket",
    "bucket_bits",
    "canonical",
    "committee",
    "consent_to_overlap",
    "count_overlap",
    "destroy_closed",
    "drop_member",
    "list_objects",
    "lists_in",
    "merged",
    "new_epoch",
    "of_cases",
    "open_for_tagging",
    "pin",
    "prefixes",
    "read_board",
    "read_epochs",
    "read_reach",
    "read_statements",
    "record_tags",
    "tag_values",
    "which_overlap",
    "write_board",
]
