"""The corridor where rooms meet, one screen per job."""

from __future__ import annotations

from stillwatch.pipeline.asked import seen_here
from stillwatch.pipeline.audit_exhibit import audit_exhibit
from stillwatch.pipeline.backup import Backup, back_up, check_backup, restore
from stillwatch.pipeline.bystanders import (
    Bystander,
    bystanders,
    find_bystanders,
    looked_for,
    open_bystander,
    tell_bystander,
)
from stillwatch.pipeline.capacity import Needs, needs
from stillwatch.pipeline.case_opening import case_opening, impact_of
from stillwatch.pipeline.case_paper import PAPERS, CasePaper, case_paper
from stillwatch.pipeline.checkup import checkup
from stillwatch.pipeline.clearing import Cleared, clear_accounts, unflagged_accounts
from stillwatch.pipeline.deliveries import Deliveries, Delivery
from stillwatch.pipeline.expand import expand_seed, families_like, seed_of
from stillwatch.pipeline.finding import Finding, Health
from stillwatch.pipeline.heard import Heard, Match, heard
from stillwatch.pipeline.identities import identifiers, keep_identities
from stillwatch.pipeline.list_prices import ListPrices, list_value, read_prices
from stillwatch.pipeline.lookalike_errors import LookalikeError, lookalike_errors
from stillwatch.pipeline.one_account import Drawers, ExchangeLine, Text, exchanges_of, open_texts
from stillwatch.pipeline.places import models_and_pathways
from stillwatch.pipeline.policy_replay import Replayed, replay_policy
from stillwatch.pipeline.pulse import Pulse, metric_lines
from stillwatch.pipeline.read_logs import Progress, Read
from stillwatch.pipeline.recompute import Compared, Recomputed, recompute, seal_features
from stillwatch.pipeline.scan import Inputs, Scanned, last_view, scan, view_of
from stillwatch.pipeline.sealed_log import Included, checked_proof, grown, log_checkpoint, log_proof
from stillwatch.pipeline.seek import Lead, Sought, seek
from stillwatch.pipeline.sharing import case_facts
from stillwatch.pipeline.standing import publish_standing, standing_file, standing_of
from stillwatch.pipeline.tagged import keep_tagged
from stillwatch.pipeline.tidying import Tidied, tidy
from stillwatch.pipeline.tidying import due as tidy_due
from stillwatch.pipeline.timeline_marks import decision_marks, stop_marks
from stillwatch.pipeline.vault import raw_names
from stillwatch.pipeline.watching import Busy, Round, Schedule, Watcher
from stillwatch.pipeline.webhooks import Webhook, add_webhook, make_secret, read_webhooks, remove_webhook

__all__ = [
    "PAPERS",
    "Backup",
    "Busy",
    "Bystander",
    "CasePaper",
    "Cleared",
    "Compared",
    "Deliveries",
    "Delivery",
    "Drawers",
    "ExchangeLine",
    "Finding",
    "Health",
    "Heard",
    "Included",
    "Inputs",
    "Lead",
    "ListPrices",
    "LookalikeError",
    "Match",
    "Needs",
    "Progress",
    "Pulse",
    "Read",
    "Recomputed",
    "Replayed",
    "Round",
    "Scanned",
    "Schedule",
    "Sought",
    "Text",
    "Tidied",
    "Watcher",
    "Webhook",
    "add_webhook",
    "audit_exhibit",
    "back_up",
    "bystanders",
    "case_facts",
    "case_opening",
    "case_paper",
    "check_backup",
    "checked_proof",
    "checkup",
    "clear_accounts",
    "decision_marks",
    "exchanges_of",
    "expand_seed",
    "families_like",
    "find_bystanders",
    "grown",
    "heard",
    "identifiers",
    "impact_of",
    "keep_identities",
    "keep_tagged",
    "last_view",
    "list_value",
    "log_checkpoint",
    "log_proof",
    "lookalike_errors",
    "looked_for",
    "make_secret",
    "metric_lines",
    "models_and_pathways",
    "needs",
    "open_bystander",
    "open_texts",
    "publish_standing",
    "raw_names",
    "read_prices",
    "read_webhooks",
    "recompute",
    "remove_webhook",
    "replay_policy",
    "restore",
    "scan",
    "seal_features",
    "seed_of",
    "seek",
    "seen_here",
    "standing_file",
    "standing_of",
    "stop_marks",
    "tell_bystander",
    "tidy",
    "tidy_due",
    "unflagged_accounts",
    "view_of",
]
