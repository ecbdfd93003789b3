"""The pages, one module for each thing that people come for; importing this registers every page with the door."""

from __future__ import annotations

from stillwatch.console.pages import (
    accounts,
    actors,
    bystanders,
    case_files,
    case_steps,
    cases,
    exhibits,
    feedback,
    findings,
    inbox,
    log_in,
    people,
    proposals,
    purposes,
    replay,
    search,
    single_sign_on,
    today,
    webhooks,
)

__all__ = [
    "accounts",
    "actors",
    "bystanders",
    "case_files",
    "case_steps",
    "cases",
    "exhibits",
    "feedback",
    "findings",
    "inbox",
    "log_in",
    "people",
    "proposals",
    "purposes",
    "replay",
    "search",
    "single_sign_on",
    "today",
    "webhooks",
]
